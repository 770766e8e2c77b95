import { eq, sql } from 'drizzle-orm'
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

const after = select(
  {
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
  },
  (db, row) =>
    db
      .select(row)
      .from(events)
      .where(sql`${events.sequence} > ${value('after')}`)
      .orderBy(events.sequence)
      .limit(value('limit')),
)

const last = select({ sequence: sql<number>`coalesce(max(sequence), 0)` }, (db, row) =>
  db.select(row).from(events),
)

/** The sequence of the newest event, 0 when there is none. */
export function lastSequence(q: Queries): number {
  return last(q).get({})?.sequence ?? 0
}

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
