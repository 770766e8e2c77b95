import SQLite from 'better-sqlite3'
import { copyFileSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { workFolder } from './shim.ts'
import type { Acknowledged, Ticket, Write, Writer } from './writers.ts'

/** Everything about the stored writes that the judges ask for. */
export type Rows = {
  readonly tickets: ReadonlyMap<string, TicketRow>
  readonly messages: ReadonlyMap<string, MessageRow>
  readonly customers: ReadonlySet<string>
}

type TicketRow = {
  readonly id: number
  readonly uid: string
  readonly subject: string
  readonly status: string
  readonly email: string | null
  readonly opening: string | null
  /** Events of the ticket that are neither its creation nor a message. */
  readonly changes: number
}

type MessageRow = {
  readonly id: number
  readonly uid: string
  readonly body: string
  readonly ticket_id: number
}

const ticketSql = `
  SELECT t.id, t.uid, t.subject, t.status, c.email, m.body AS opening,
    (SELECT count(*) FROM events e
      WHERE e.ticket_id = t.id AND e.type NOT IN ('ticket.created', 'message.created')) AS changes
  FROM tickets t
  LEFT JOIN customers c ON c.id = t.customer_id
  LEFT JOIN messages m ON m.ticket_id = t.id AND m.is_opening = 1`

/** What may never be found, by the rows that show it. "Whole or absent" is these. */
const wrongs: Readonly<Record<string, string>> = {
  'ticket without its customer': `SELECT id FROM tickets
    WHERE customer_id IS NULL OR customer_id NOT IN (SELECT id FROM customers)`,
  'ticket without exactly one opening message': `SELECT t.id FROM tickets t
    LEFT JOIN messages m ON m.ticket_id = t.id AND m.is_opening = 1
    GROUP BY t.id HAVING count(m.id) <> 1`,
  'ticket without exactly one ticket.created': `SELECT t.id FROM tickets t
    LEFT JOIN events e ON e.ticket_id = t.id AND e.type = 'ticket.created'
    GROUP BY t.id HAVING count(e.sequence) <> 1`,
  'ticket with unequal messages and message.created': `SELECT t.id FROM tickets t
    WHERE (SELECT count(*) FROM messages m WHERE m.ticket_id = t.id) <>
      (SELECT count(*) FROM events e WHERE e.ticket_id = t.id AND e.type = 'message.created')`,
  'unequal customers and customer.created': `SELECT n FROM (
    SELECT (SELECT count(*) FROM customers) -
      (SELECT count(*) FROM events WHERE type = 'customer.created') AS n) WHERE n <> 0`,
  'gap in the sequence of events': `SELECT n FROM (
    SELECT count(*) AS n, min(sequence) AS low, max(sequence) AS high FROM events)
    WHERE n > 0 AND (low <> 1 OR high <> n)`,
  "gap in a ticket's sequence of events": `SELECT ticket_id FROM events
    WHERE ticket_id IS NOT NULL GROUP BY ticket_id
    HAVING min(ticket_sequence) <> 1 OR max(ticket_sequence) <> count(*)
      OR count(DISTINCT ticket_sequence) <> count(*)`,
  'event of a ticket that is not there': `SELECT sequence FROM events
    WHERE ticket_id IS NOT NULL AND ticket_id NOT IN (SELECT id FROM tickets)`,
  'two tickets of one key': 'SELECT min(id) FROM tickets GROUP BY subject HAVING count(*) > 1',
  'two messages of one key': 'SELECT min(id) FROM messages GROUP BY body HAVING count(*) > 1',
  'running count of tickets that is off': `SELECT n FROM (
    SELECT (SELECT count(*) FROM tickets) - (SELECT coalesce(sum(tickets), 0)
      FROM ticket_counts WHERE dimension = 'all') AS n) WHERE n <> 0`,
}

/**
 * Opens a copy of a dead server's database, lets SQLite recover it, and gives it to `look`. The
 * original and its log stay as the death left them.
 */
export function inspect<T>(data: string, look: (db: SQLite.Database) => T): T {
  const folder = workFolder('copy')
  try {
    for (const name of ['deskbox.db', 'deskbox.db-wal', 'deskbox.db-journal']) {
      if (existsSync(join(data, name))) copyFileSync(join(data, name), join(folder, name))
    }
    using db = closing(new SQLite(join(folder, 'deskbox.db')))
    return look(db.client)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function closing(client: SQLite.Database): Disposable & { readonly client: SQLite.Database } {
  return { client, [Symbol.dispose]: () => client.close() }
}

/** What is wrong with a file, whoever wrote it: pages, references, and rows that miss another. */
export function faultsOf(db: SQLite.Database): string[] {
  const found: string[] = []
  const verdict = db.pragma('integrity_check', { simple: true })
  if (verdict !== 'ok') found.push(`integrity_check: ${String(verdict)}`)
  const orphans = db.pragma('foreign_key_check') as unknown[]
  if (orphans.length > 0) found.push(`foreign_key_check: ${orphans.length} rows`)
  for (const [what, sql] of Object.entries(wrongs)) {
    const rows = db.prepare(sql).pluck().all()
    if (rows.length > 0) found.push(`${what}: ${rows.length}, such as ${String(rows[0])}`)
  }
  return found
}

export function rowsOf(db: SQLite.Database): Rows {
  const tickets = db.prepare(ticketSql).all() as TicketRow[]
  const messages = db.prepare('SELECT id, uid, body, ticket_id FROM messages').all() as MessageRow[]
  const emails = db.prepare('SELECT email FROM customers').pluck().all().map(String)
  return {
    tickets: new Map(tickets.map((row) => [row.subject, row])),
    messages: new Map(messages.map((row) => [row.body, row])),
    customers: new Set(emails),
  }
}

/** What a writer was told. */
export type Informed = Pick<Writer, 'acknowledged' | 'tickets' | 'unanswered'>

/** What these writers were told is stored, and is not, or not as they were told. */
export function missing(writers: readonly Informed[], rows: Rows): string[] {
  return writers.flatMap((writer) => [
    ...writer.acknowledged.flatMap((one) => missingWrite(one, rows)),
    ...writer.tickets.flatMap((ticket) => missingChanges(ticket, writer.unanswered, rows)),
  ])
}

function missingWrite({ write, answer }: Acknowledged, rows: Rows): string[] {
  const what = `${write.kind} ${write.marker}`
  if (write.email && !rows.customers.has(write.email)) return [`${what}: no customer`]
  if (write.kind === 'message') return missingMessage(what, write, answer.id, rows)
  if (write.kind !== 'ticket') return []
  const row = rows.tickets.get(subjectOf(write.marker))
  if (!row) return [`${what}: no row`]
  if (!isCalled(row, answer.id)) return [`${what}: is ${row.id}, was told ${answer.id}`]
  if (row.email !== write.email) return [`${what}: belongs to ${String(row.email)}`]
  const text = write.body['body'] ?? write.body['content']
  return row.opening === text ? [] : [`${what}: another opening message`]
}

function missingMessage(what: string, write: Write, id: string, rows: Rows): string[] {
  const row = rows.messages.get(String(write.body['body'] ?? write.body['content']))
  if (!row) return [`${what}: no row`]
  if (!isCalled(row, id)) return [`${what}: is ${row.id}, was told ${id}`]
  const ticket = write.ticket && rows.tickets.get(subjectOf(write.ticket.marker))
  return ticket?.id === row.ticket_id ? [] : [`${what}: on another ticket`]
}

function missingChanges(ticket: Ticket, unanswered: Write | undefined, rows: Rows): string[] {
  const row = rows.tickets.get(subjectOf(ticket.marker))
  const what = `status of ticket ${ticket.marker}`
  if (!row) return []
  if (row.changes < ticket.changes) return [`${what}: ${row.changes} events`]
  const isUnsure = unanswered?.kind === 'status' && unanswered.ticket === ticket
  const stored = ticket.status === 'pending' ? 'on_hold' : ticket.status
  if (isUnsure || row.status === stored) return []
  return [`${what}: ${row.status}, was told ${stored}`]
}

/** Whether a row is the one that a dialect shows under `id`. */
function isCalled(row: { readonly id: number; readonly uid: string }, id: string): boolean {
  return id === String(row.id) || id.replace(/^(tkt|msg)_/, '') === row.uid
}

export function subjectOf(marker: string): string {
  return `Ticket ${marker}`
}
