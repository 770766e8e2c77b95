// Fills a data folder: `bun bench/seed.ts DIR`, then asked for a number of tickets. Everything is
// written by the domain, a minute apart in time, four in ten left open as on a desk in use.

import { openDesk } from '../src/app.ts'
import { createKey } from '../src/domain/keys.ts'
import { installedAdminId } from '../src/domain/staff.ts'
import { updateTicket, type TicketStatus } from '../src/domain/tickets.ts'
import { systemActor, type Desk, type Tx } from '../src/domain/tx.ts'
import { ticketRow } from '../src/store/tickets.ts'
import { machine, openTicket } from './desk.ts'
import { answerParent } from './helpers.ts'

export type Seeded = {
  readonly keva: readonly string[]
  readonly internal: readonly string[]
  /** A sample of the tickets, spread over all of them. */
  readonly sample: readonly { readonly id: number; readonly uid: string }[]
}

// One key may make a million calls a minute at most; several keep the limit out of long runs.
const keysOfEach = 4
const sampleMost = 1000
const groupSize = 256
const minuteMs = 60_000

const [directory] = process.argv.slice(2)
if (directory === undefined) throw new Error('usage: bun bench/seed.ts DIR')

answerParent(async (count: number): Promise<Seeded> => {
  const began = Date.now() - count * minuteMs
  let written = 0
  const clock = () => began + written * minuteMs
  using opened = await openDesk(directory, 'own', machine(clock))
  const { desk } = opened
  const keys = await desk.write(systemActor, makeKeys)
  const ids: number[] = []
  while (ids.length < count) {
    const group = Array.from({ length: Math.min(groupSize, count - ids.length) }, (_, at) => {
      const n = ids.length + at
      return desk.write(systemActor, (tx) => {
        written = n
        return openSettled(tx, n)
      })
    })
    ids.push(...(await Promise.all(group)))
  }
  return { ...keys, sample: sampleOf(desk, ids) }
})

/** Keys with a scope list each, so that a call pays for the check. */
function makeKeys(tx: Tx): Pick<Seeded, 'keva' | 'internal'> {
  const ownerId = installedAdminId(tx) ?? null
  const common = { isSpecial: false, ownerId, agentId: null, expiresAt: null }
  const make = (kind: 'keva' | 'internal', scopes: readonly string[]) =>
    Array.from(
      { length: keysOfEach },
      (_, n) => createKey(tx, { ...common, kind, name: `bench ${n}`, scopes }).raw,
    )
  return {
    keva: make('keva', [
      'messages:write',
      'messages:read',
      'tickets:write',
      'tickets:read',
      'events:read',
    ]),
    internal: make('internal', ['customers:list', 'tickets:list', 'tickets:read']),
  }
}

/** Of each ten tickets, so many end up in each status. */
const shares: readonly [TicketStatus, number][] = [
  ['open', 3],
  ['in_progress', 1],
  ['on_hold', 1],
  ['solved', 2],
  ['closed', 3],
]

const statuses = shares.flatMap(([status, share]) => Array<TicketStatus>(share).fill(status))

function openSettled(tx: Tx, n: number): number {
  const id = openTicket(tx, n, true)
  const to = statuses[n % statuses.length] ?? 'open'
  if (to !== 'open') updateTicket(tx, id, { status: { to, unless: [] } })
  return id
}

function sampleOf(desk: Desk, ids: readonly number[]): Seeded['sample'] {
  const step = Math.max(1, Math.floor(ids.length / sampleMost))
  return desk.read(systemActor, ({ q }) =>
    ids.flatMap((id, at) => {
      const row = at % step === 0 ? ticketRow(q, id) : undefined
      return row ? [{ id, uid: row.uid }] : []
    }),
  )
}
