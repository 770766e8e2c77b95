// The floor of creation: `bun bench/floor.ts DIR`, asked for how long. One loop in one process, no
// HTTP, no keys, no fields to read and nothing presented: the domain writes the rows of a ticket,
// each in a closure of its own, in groups that share a commit. 'single' puts a group into one closure.

import { openDesk } from '../src/app.ts'
import { systemActor, type Desk } from '../src/domain/tx.ts'
import { machine, openTicket } from './desk.ts'
import { answerParent } from './helpers.ts'

export type FloorAsk = { readonly seconds: number; readonly closures: 'many' | 'single' }
export type FloorReply = { readonly perSecond: number }

const groupSize = 64

const [directory] = process.argv.slice(2)
if (directory === undefined) throw new Error('usage: bun bench/floor.ts DIR')
const { desk } = await openDesk(directory, 'own', machine())
let written = 0

answerParent(async ({ seconds, closures }: FloorAsk): Promise<FloorReply> => {
  const write = closures === 'many' ? writeMany : writeSingle
  const began = performance.now()
  const before = written
  while (performance.now() - began < seconds * 1000) {
    await write(desk, written)
    written += groupSize
  }
  return { perSecond: ((written - before) * 1000) / (performance.now() - began) }
})

async function writeMany(desk: Desk, from: number): Promise<void> {
  const one = (_: unknown, at: number) =>
    desk.write(systemActor, (tx) => openTicket(tx, from + at, false))
  await Promise.all(Array.from({ length: groupSize }, one))
}

async function writeSingle(desk: Desk, from: number): Promise<void> {
  await desk.write(systemActor, (tx) => {
    for (let at = 0; at < groupSize; at++) openTicket(tx, from + at, false)
  })
}
