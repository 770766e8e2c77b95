import { and, eq, lte, sql } from 'drizzle-orm'
import type { Millis } from '../lib/time.ts'
import { select, value, type Queries, type Select } from './queries.ts'
import { remembered } from './rows.ts'
import { customers, messages, tickets } from './schema.ts'
import { fits, shapeOf, valuesOf, type TicketFilter } from './ticketfilters.ts'
import { pageSource } from './ticketlists.ts'

// What a search looks at: messages and tickets that pass a filter, of which no more are read than it asks
// for. The filter is a condition on rows that the search has found, never the way to them.

/** A message that may be found, and the ticket that it would be found with. */
export type Candidate = {
  readonly id: number
  readonly ticketId: number
  readonly createdAt: Millis
  /** How much of its body is read, in bytes. */
  readonly size: number
}

export type FoundTicket = { readonly id: number; readonly createdAt: Millis }

/** Up to which message a search looks, and how much it takes. */
export type Reading = { readonly upTo: number; readonly limit: number }

const newest = select({ id: sql<number>`id` }, () => sql`SELECT max(id) AS id FROM ${messages}`)

/** The id of the message that was added last, or 0. */
export function newestMessageId(q: Queries): number {
  return newest(q).get({})?.id ?? 0
}

/** Of a longer body the beginning is read. */
const bodyMost = sql.raw('65536')

const candidateColumns = {
  id: messages.id,
  ticketId: messages.ticketId,
  createdAt: tickets.createdAt,
  size: sql<number>`min(octet_length(${messages.body}), ${bodyMost})`,
}

const byWord = new Map<string, (q: Queries) => Select<Candidate>>()
const byList = new Map<string, (q: Queries) => Select<Candidate>>()

/** The newest messages that match and pass the filter, among the `matches` newest that match. */
export function messagesMatching(
  q: Queries,
  filter: TicketFilter,
  { expression, matches, ...reading }: Reading & { expression: string; matches: number },
): Candidate[] {
  const shape = shapeOf(filter)
  const statement = remembered(byWord, shape, () =>
    select(candidateColumns, (db, row) =>
      db
        .select(row)
        .from(
          sql`(SELECT rowid AS id FROM search
          WHERE search MATCH ${value('expression')} AND rowid <= ${value('upTo')}
          ORDER BY rowid DESC LIMIT ${value('matches')}) AS hit`,
        )
        .crossJoin(messages)
        .crossJoin(tickets)
        .where(and(eq(messages.id, sql`hit.id`), eq(tickets.id, messages.ticketId), fits(shape)))
        .limit(value('limit')),
    ),
  )
  return statement(q).all({ ...valuesOf(filter), expression, matches, ...reading })
}

/** Messages of the filter's tickets; `within` is a filter that has few, at most so many. */
export function messagesOfFew(
  q: Queries,
  filter: TicketFilter,
  { within, tickets: most, ...reading }: Reading & { within: TicketFilter; tickets: number },
): Candidate[] {
  const shape = shapeOf(filter)
  const few = shapeOf(within)
  const statement = remembered(byList, [...few, 'all', ...shape], () =>
    select(candidateColumns, (db, row) =>
      db
        .select(row)
        .from(pageSource(few, 'newest'))
        .crossJoin(messages)
        .where(and(eq(messages.ticketId, tickets.id), lte(messages.id, value('upTo')), fits(shape)))
        .limit(value('messages')),
    ),
  )
  const { upTo, limit } = reading
  // Both may have departments; those of the few are all of the agent's, and hold for the condition too.
  const values = { ...valuesOf(filter), ...valuesOf(within), upTo, messages: limit }
  return statement(q).all({ ...values, limit: most, offset: 0 })
}

const texts = select(
  {
    id: messages.id,
    subject: sql<string>`iif(${messages.isOpening}, ${tickets.subject}, '')`,
    body: sql<string>`substr(${messages.body}, 1, ${bodyMost})`,
  },
  (db, row) =>
    db
      .select(row)
      .from(sql`json_each(${value('ids')}) AS hit`)
      .crossJoin(messages)
      .crossJoin(tickets)
      .where(and(eq(messages.id, sql`hit.value`), eq(tickets.id, messages.ticketId))),
)

export type MessageText = NonNullable<ReturnType<ReturnType<typeof texts>['get']>>

/** What these messages say; an opening one says the subject, too. */
export function textsOfMessages(q: Queries, ids: readonly number[]): MessageText[] {
  return texts(q).all({ ids: JSON.stringify(ids) })
}

const people = select(
  {
    id: customers.id,
    text: sql<string>`concat_ws(' | ', ${customers.name}, ${customers.email}, ${customers.company})`,
  },
  (db, row) =>
    db
      .select(row)
      .from(
        sql`(SELECT rowid AS id FROM customer_search
        WHERE customer_search MATCH ${value('expression')}
        ORDER BY rowid DESC LIMIT ${value('limit')}) AS hit`,
      )
      .crossJoin(customers)
      .where(eq(customers.id, sql`hit.id`)),
)

/** The customers who match, those who were added last first, and what they are found by. */
export function customersMatching(
  q: Queries,
  expression: string,
  limit: number,
): { readonly id: number; readonly text: string }[] {
  return people(q).all({ expression, limit })
}

const ofPeople = new Map<string, (q: Queries) => Select<FoundTicket & { customerId: number }>>()

/** Tickets that pass the filter, among the `each` newest of each of these customers. */
export function ticketsOfCustomers(
  q: Queries,
  filter: TicketFilter,
  customerIds: readonly number[],
  each: number,
): (FoundTicket & { readonly customerId: number })[] {
  const shape = shapeOf(filter)
  const statement = remembered(ofPeople, shape, () =>
    select({ ...foundColumns, customerId: sql<number>`person.value` }, (db, row) =>
      db
        .select(row)
        .from(sql`json_each(${value('people')}) AS person CROSS JOIN ${byIdAlone}`)
        .where(
          sql`${tickets.id} IN (
            SELECT id FROM tickets AS own WHERE own.customer_id = person.value
            ORDER BY own.created_at DESC, own.id DESC LIMIT ${value('each')}
          ) AND ${fits(shape)}`,
        ),
    ),
  )
  return statement(q).all({ ...valuesOf(filter), people: JSON.stringify(customerIds), each })
}

const referred = new Map<string, (q: Queries) => Select<FoundTicket>>()

/** Tickets that pass the filter and have one of these references. */
export function ticketsReferred(
  q: Queries,
  filter: TicketFilter,
  references: readonly string[],
): FoundTicket[] {
  const shape = shapeOf(filter)
  const statement = remembered(referred, shape, () =>
    select(foundColumns, (db, row) =>
      db
        .select(row)
        .from(byIdAlone)
        .where(
          sql`${tickets.id} IN (
            SELECT id FROM tickets AS named
            WHERE named.reference IN (SELECT value FROM json_each(${value('references')}))
          ) AND ${fits(shape)}`,
        ),
    ),
  )
  return statement(q).all({ ...valuesOf(filter), references: JSON.stringify(references) })
}

// An index of a filter's columns would lead through all the tickets that pass.
const byIdAlone = sql`${tickets} NOT INDEXED`

const foundColumns = {
  id: sql<number>`tickets.id`,
  createdAt: sql<number>`tickets.created_at`,
}
