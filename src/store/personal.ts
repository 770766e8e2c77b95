import type { Connection } from './connection.ts'
import type { Queries } from './queries.ts'

// Where the database speaks of a customer: rows that are of that person or of one of the person's tickets
// ("tied"), and rows anywhere else in which the person's address stands.

/** Whose rows are looked for. */
export type Person = {
  readonly customerId: number
  readonly customerUid: string
  /** The tickets of the person, those that were deleted among them. */
  readonly ticketIds: readonly number[]
  /** In lower case: texts that are this person wherever they stand. */
  readonly addresses: readonly string[]
}

/** A table in which there may be something of a customer. */
export type Place = {
  readonly table: string
  /** The column by which its rows are walked. */
  readonly key: string
  /** The columns in which an address may stand. */
  readonly texts: readonly string[]
  /** Holds for the rows that are tied. */
  readonly tie: string
}

export type StoredRow = { readonly [column: string]: string | number | null }

export type FoundRow = StoredRow & {
  readonly is_tied: number
}

const mine = '(SELECT value FROM json_each(@tickets))'
// An event of the customer has the customer's id, in its body.
const eventOfCustomer = "type LIKE 'customer.%' AND body ->> 'id' = @customer"
const answerNames = `instr(body, @uid) OR EXISTS (
  SELECT 1 FROM tickets AS t WHERE t.customer_id = @customer
    AND (instr(body, t.uid) OR instr(body, '"' || t.reference || '"')))`

const approvalTexts = ['draft', 'edited_draft', 'title', 'changes', 'description', 'params', 'diff']

/** Every place, in the order in which they are gone through; the customer's own row comes last of all. */
export const places: readonly Place[] = [
  // First, so that nothing goes on with what is left of the texts after them.
  place('workflow_runs', 'id', ['trigger_data', 'variables', 'error'], ticket()),
  place('workflow_steps', 'id', ['detail', 'error'], tiedBy('workflow_runs', 'run_id')),
  place('tickets', 'id', ['subject', 'escalation_reason'], 'customer_id = @customer'),
  place(
    'messages',
    'id',
    ['sender_name', 'sender_email', 'body'],
    `ticket_id IN ${mine} OR customer_id = @customer`,
  ),
  place('approvals', 'id', [...approvalTexts, 'classification', 'reasoning', 'feedback'], ticket()),
  place('notifications', 'id', ['sender_name'], ticket()),
  place('delivery_attempts', 'id', ['response_text'], tiedBy('deliveries', 'delivery_id')),
  place('deliveries', 'id', ['body'], `${ticket()} OR instr(body, @uid)`),
  // Before the events, by which some of its entries are known.
  place(
    'activity',
    'id',
    ['subject', 'detail'],
    `${ticket()} OR (kind LIKE 'customer.%' AND EXISTS (
      SELECT 1 FROM events WHERE sequence = event_sequence AND ${eventOfCustomer}))`,
  ),
  place('events', 'sequence', ['body'], `${ticket()} OR (${eventOfCustomer})`),
  place('idempotency', 'id', ['body'], `is_sealed = 0 AND (${answerNames})`),
  place('customers', 'id', ['notes', 'block_reason'], '0'),
  place('articles', 'id', ['title', 'excerpt', 'content'], '0'),
  place('canned_responses', 'id', ['title', 'content'], '0'),
]

function place(table: string, key: string, texts: readonly string[], tie: string): Place {
  return { table, key, texts, tie }
}

function ticket(): string {
  return `ticket_id IN ${mine}`
}

function tiedBy(parent: string, column: string): string {
  return `(SELECT ticket_id FROM ${parent} AS p WHERE p.id = ${column}) IN ${mine}`
}

/** The rows of a place that speak of the person, with keys above `after` and up to `until`. */
export function rowsAbout(
  q: Queries,
  where: Place,
  person: Person,
  { after, until }: { readonly after: number; readonly until: number },
): FoundRow[] {
  return q
    .prepared(where, (connection) => finder(connection, where))
    .all({
      ...boundOf(person),
      after,
      until,
    })
}

/** A row that was found, as it is stored. */
export function stored(row: FoundRow): StoredRow {
  return Object.fromEntries(Object.entries(row).filter(([column]) => column !== 'is_tied'))
}

/** The highest key of a place. */
export function lastKey(q: Queries, { table, key }: Place): number {
  const row = run(q, `SELECT max(${key}) AS last FROM ${table}`).get({}) as { last: number | null }
  return row.last ?? 0
}

/** Sets columns of one row. */
export function setTexts(
  q: Queries,
  { table, key }: Place,
  id: number,
  texts: { readonly [column: string]: string | null },
): void {
  const assigned = Object.keys(texts).map((column) => `${column} = @${column}`)
  run(q, `UPDATE ${table} SET ${assigned.join(', ')} WHERE ${key} = @id`).run({ ...texts, id })
}

/** A customer's row as it is stored. */
export function customerRow(q: Queries, customerId: number): StoredRow {
  const sql = 'SELECT * FROM customers WHERE id = @customerId'
  return run(q, sql).get({ customerId }) as StoredRow
}

/** What a ticket's own fields hold. */
export function customValuesOf(q: Queries, ticketIds: readonly number[]): StoredRow[] {
  const sql = `SELECT v.ticket_id, f.label, v.value FROM ticket_custom_values AS v
    JOIN custom_fields AS f ON f.id = v.custom_field_id WHERE v.ticket_id IN ${mine}`
  return run(q, sql).all({ tickets: JSON.stringify(ticketIds) }) as StoredRow[]
}

export function removeCustomValues(q: Queries, ticketIds: readonly number[]): number {
  const sql = `DELETE FROM ticket_custom_values WHERE ticket_id IN ${mine}`
  return run(q, sql).run({ tickets: JSON.stringify(ticketIds) }).changes
}

/** The tickets that a customer has, and the addresses and names that the customer wrote under. */
export function tracesIn(q: Queries, customerId: number) {
  const tickets = run(q, 'SELECT id FROM tickets WHERE customer_id = @customerId')
  const senders = run(
    q,
    `SELECT DISTINCT sender_email AS email, sender_name AS name FROM messages
     WHERE customer_id = @customerId AND sender_kind = 'customer'`,
  )
  return {
    ticketIds: (tickets.all({ customerId }) as { id: number }[]).map(({ id }) => id),
    senders: senders.all({ customerId }) as { email: string | null; name: string | null }[],
  }
}

/** What events tell of a customer under other addresses, and of tickets that there are no more. */
export function tracesInEvents(
  q: Queries,
  person: Person,
  { after, until }: { readonly after: number; readonly until: number },
): { ticket_id: number | null; email: string | null }[] {
  const sql = `SELECT ticket_id, body ->> 'email' AS email FROM events
    WHERE sequence > +@after AND sequence <= +@until AND ((${eventOfCustomer})
      OR (type = 'ticket.created' AND lower(body ->> 'customerEmail') IN
        (SELECT value FROM json_each(@addresses))))`
  return run(q, sql).all({ ...boundOf(person), after, until }) as {
    ticket_id: number | null
    email: string | null
  }[]
}

const indexes = ['search', 'customer_search', 'article_search'] as const
const pagesPerStep = 8

/** Begins to rewrite the full-text indexes, since what was taken out of them is still in their old pages. */
export function beginMerge(q: Queries): void {
  for (const index of indexes) mergeStep(q, index, -pagesPerStep)
}

/** Goes on with that, a few pages at a time; false when all is done. */
export function goOnMerging(q: Queries): boolean {
  return indexes.some((index) => mergeStep(q, index, pagesPerStep) >= changesOfMerge)
}

// A step that finds nothing to do changes one row, its own.
const changesOfMerge = 2

function mergeStep(q: Queries, index: string, pages: number): number {
  const total = run(q, 'SELECT total_changes() AS n')
  const before = (total.get({}) as { n: number }).n
  run(q, `INSERT INTO ${index} (${index}, rank) VALUES ('merge', @pages)`).run({ pages })
  return (total.get({}) as { n: number }).n - before
}

function boundOf({ customerId, customerUid, ticketIds, addresses }: Person) {
  return {
    customer: customerId,
    uid: customerUid,
    tickets: JSON.stringify(ticketIds),
    addresses: JSON.stringify(addresses),
  }
}

function finder({ client }: Connection, { table, key, texts, tie }: Place) {
  const text = texts.map((column) => `coalesce(lower(${column}), '')`).join(` || ' ' || `)
  return client.prepare<object, FoundRow>(`
    SELECT *, (${tie}) AS is_tied FROM ${table}
    WHERE ${key} > +@after AND ${key} <= +@until AND ((${tie}) OR EXISTS (
      SELECT 1 FROM json_each(@addresses) AS a WHERE instr(${text}, a.value)))
    ORDER BY ${key}`)
}

const keys = new Map<string, object>()

/** A statement by its text, prepared once for each connection. */
function run(q: Queries, sql: string) {
  let key = keys.get(sql)
  if (!key) keys.set(sql, (key = {}))
  return q.prepared(key, ({ client }) => client.prepare<object>(sql))
}
