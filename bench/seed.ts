// Fills a data folder: `bun bench/seed.ts DIR`, then asked for a number of tickets. Everything is
// written by the domain, a minute apart in time, four in ten left open as on a desk in use; SQL writes
// the answers, in a fraction of the time.

import { openDesk } from '../src/app.ts'
import { createKey } from '../src/domain/keys.ts'
import { installedAdminId } from '../src/domain/staff.ts'
import { updateTicket, type TicketStatus } from '../src/domain/tickets.ts'
import { systemActor, type Desk, type Tx } from '../src/domain/tx.ts'
import { ticketRow } from '../src/store/tickets.ts'
import { machine, openTicket } from './desk.ts'
import { answerParent } from './helpers.ts'
import { repliesOfEach, replyText } from './tickets.ts'

export type Seeded = {
  readonly keva: readonly string[]
  readonly internal: readonly string[]
  /** A sample of the tickets, spread over all of them. */
  readonly sample: readonly {
    readonly id: number
    readonly uid: string
    readonly createdAt: number
  }[]
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
  using house = await openDesk(directory, 'own', machine(clock))
  const { desk } = house
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
    const opened = await Promise.all(group)
    await desk.write(systemActor, (tx) => answerAll(tx, opened))
    ids.push(...opened)
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

const connectionKey = {}

/** Some answers for each ticket, in turn the desk's and the customer's, and in the full-text index. */
function answerAll(tx: Tx, ids: readonly number[]): void {
  const { client } = tx.q.prepared(connectionKey, (connection) => {
    connection.client.function('reply_text', (n) => replyText(Number(n)))
    return connection
  })
  const of = `IN (SELECT value FROM json_each('${JSON.stringify(ids)}'))`
  const { most } = client
    .prepare<[], { most: number }>('SELECT max(id) AS most FROM messages')
    .get() ?? { most: 0 }
  client.exec(`
    WITH RECURSIVE replies (n) AS (
      SELECT 0 UNION ALL SELECT n + 1 FROM replies WHERE n < ${repliesOfEach - 1})
    INSERT INTO messages (uid, ticket_id, sender_kind, body, created_at, updated_at)
    SELECT 'r' || id || '-' || n, id, iif(n % 2 = 0, 'staff', 'customer'),
      reply_text(id * ${repliesOfEach} + n), created_at + n, created_at + n
    FROM tickets CROSS JOIN replies WHERE id ${of} ORDER BY id, n;
    UPDATE tickets SET messages_count = messages_count + ${repliesOfEach},
      last_reply_at = created_at, last_reply_by = 'customer', last_public_message_by = 'customer'
    WHERE id ${of};
    INSERT INTO search (rowid, subject, body)
    SELECT id, '', body FROM messages WHERE id > ${most}`)
}

function sampleOf(desk: Desk, ids: readonly number[]): Seeded['sample'] {
  const step = Math.max(1, Math.floor(ids.length / sampleMost))
  return desk.read(systemActor, ({ q }) =>
    ids.flatMap((id, at) => {
      const row = at % step === 0 ? ticketRow(q, id) : undefined
      return row ? [{ id, uid: row.uid, createdAt: row.createdAt }] : []
    }),
  )
}
