import { eq, sql } from 'drizzle-orm'
import type { Millis } from '../lib/time.ts'
import { cell, command, select, value, type Queries } from './queries.ts'
import { events, tickets, type EventRow } from './schema.ts'

const insert = command((db) =>
  db.insert(events).values({
    uid: cell('uid'),
    type: cell('type'),
    ticketId: cell('ticketId'),
    ticketSequence: cell('ticketSequence'),
    actorKind: cell('actorKind'),
    actorKeyId: cell('actorKeyId'),
    actorStaffId: cell('actorStaffId'),
    ipAddress: cell('ipAddress'),
    body: cell('body'),
    createdAt: cell('createdAt'),
  }),
)

const sequenceOfTicket = select({ sequence: tickets.eventSequence }, (db, row) =>
  db
    .select(row)
    .from(tickets)
    .where(eq(tickets.id, value('id'))),
)

const keepSequence = command((db) =>
  db
    .update(tickets)
    .set({ eventSequence: sql`${cell('sequence')}` })
    .where(eq(tickets.id, value('id'))),
)

/** What a recorded event is read as. */
export const eventColumns = {
  sequence: events.sequence,
  uid: events.uid,
  type: events.type,
  ticketId: events.ticketId,
  ticketSequence: events.ticketSequence,
  actorKind: events.actorKind,
  actorKeyId: events.actorKeyId,
  actorStaffId: events.actorStaffId,
  ipAddress: events.ipAddress,
  body: events.body,
  createdAt: events.createdAt,
}

const after = select(eventColumns, (db, named) =>
  db
    .select(named)
    .from(events)
    .where(sql`${events.sequence} > ${value('after')}`)
    .orderBy(events.sequence)
    .limit(value('limit')),
)

// The range of sequences bounds what is looked at, however few events are of these types.
const isWanted = sql`${events.sequence} > ${value('after')} AND ${events.sequence} <= ${value('through')}
  AND ${events.type} IN (SELECT value FROM json_each(${value('types')}))`

// Its size is in the head of a row, so that no body is read for it.
const sizesOfTypes = select(
  { sequence: events.sequence, bytes: sql<number>`octet_length(${events.body})` },
  (db, named) =>
    db.select(named).from(events).where(isWanted).orderBy(events.sequence).limit(value('limit')),
)

const ofTypes = select(eventColumns, (db, named) =>
  db.select(named).from(events).where(isWanted).orderBy(events.sequence),
)

// What numbers events has the last number also when its event is gone.
const lastGiven = select(
  { sequence: sql<number>`seq` },
  () => sql`SELECT seq AS sequence FROM sqlite_sequence WHERE name = 'events'`,
)

const firstKept = select({ sequence: events.sequence }, (db, named) =>
  db.select(named).from(events).orderBy(events.sequence).limit(1),
)

// Sequences are the order of what happened; a clock that was wrong for a while is not. What an event is to
// the disk, its size, is in the head of its row.
const forgetThrough = command(
  () => sql`DELETE FROM ${events} WHERE ${events.sequence} <= (
    SELECT max(sequence) FROM (
      SELECT sequence, created_at, sum(bytes) OVER (ORDER BY sequence) - bytes AS bytes_before FROM (
        SELECT sequence, created_at, octet_length(body) AS bytes FROM events
        ORDER BY sequence LIMIT ${value('most')}
      )
    ) WHERE created_at < ${value('before')} AND bytes_before < ${value('bytesMost')}
  )`,
)

/** Appends to the spine and returns the sequence that the event got. */
export function insertEvent(q: Queries, event: Omit<EventRow, 'sequence'>): number {
  return insert(q).run(event).lastId
}

/** The last number that was given in the ticket's own sequence. */
export function ticketSequence(q: Queries, ticketId: number): number {
  return sequenceOfTicket(q).get({ id: ticketId })?.sequence ?? 0
}

export function setTicketSequence(q: Queries, ticketId: number, sequence: number): void {
  keepSequence(q).run({ id: ticketId, sequence })
}

/** Events past a sequence, in order. */
export function eventsAfter(q: Queries, sequence: number, limit: number): EventRow[] {
  return after(q).all({ after: sequence, limit })
}

export type Stretch = {
  readonly after: number
  /** The last sequence that is looked at. */
  readonly through: number
  readonly types: readonly string[]
  /** So many events, and so many bytes but for the last of them. */
  readonly limit: number
  readonly bytesMost: number
}

/** Events of some types in a stretch of sequences, in order, and how far that got. */
export function eventsOfTypes(
  q: Queries,
  stretch: Stretch,
): { readonly rows: EventRow[]; readonly reached: number } {
  const { after, limit, bytesMost } = stretch
  const types = JSON.stringify(stretch.types)
  const wanted = sizesOfTypes(q).all({ after, through: stretch.through, types, limit })
  let bytes = 0
  const fullAt = wanted.findIndex(
    (one, at) => (bytes += one.bytes) >= bytesMost || at + 1 === limit,
  )
  const reached = wanted[fullAt]?.sequence ?? stretch.through
  return { rows: ofTypes(q).all({ after, through: reached, types }), reached }
}

/** The last sequence that was given, whether its event is kept or not; 0 before the first. */
export function lastSequence(q: Queries): number {
  return lastGiven(q).get({})?.sequence ?? 0
}

/** The sequence of the oldest event that is kept, or undefined when none is. */
export function oldestSequence(q: Queries): number | undefined {
  return firstKept(q).get({})?.sequence
}

/**
 * Removes events from before a moment, oldest first, so many at most, and so many bytes but for the last of
 * them; an event that came before one of them goes with it. Returns how many it removed.
 */
export function removeEvents(
  q: Queries,
  limits: { readonly before: Millis; readonly most: number; readonly bytesMost: number },
): number {
  return forgetThrough(q).run(limits).changes
}
