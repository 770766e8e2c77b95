// The floor of creation: `bun bench/floor.ts DIR`, asked for so many seconds. One loop, without HTTP,
// keys, fields to read or anything to present: the domain writes the rows of a ticket in a closure,
// and 64 closures share a commit.

import { openDesk } from '../src/app.ts'
import { systemActor, type Desk } from '../src/domain/tx.ts'
import { machine, openTicket } from './desk.ts'
import { answerParent } from './helpers.ts'

export type FloorReply = { readonly perSecond: number }

const groupSize = 64

const [directory] = process.argv.slice(2)
if (directory === undefined) throw new Error('usage: bun bench/floor.ts DIR')
const { desk } = await openDesk(directory, 'own', machine())
let written = 0

answerParent(async (seconds: number): Promise<FloorReply> => {
  const began = performance.now()
  const before = written
  while (performance.now() - began < seconds * 1000) {
    await writeGroup(desk, written)
    written += groupSize
  }
  return { perSecond: ((written - before) * 1000) / (performance.now() - began) }
})

async function writeGroup(desk: Desk, from: number): Promise<void> {
  const one = (_: unknown, at: number) =>
    desk.write(systemActor, (tx) => openTicket(tx, from + at, false))
  await Promise.all(Array.from({ length: groupSize }, one))
}
