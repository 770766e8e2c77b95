import { eq, sql } from 'drizzle-orm'
import { command, select, value, type Queries } from './queries.ts'
import { events, tickets, type EventRow } from './schema.ts'

const insert = command((db) =>
  db.insert(events).values({
    uid: value('uid'),
    type: value('type'),
    ticketId: value('ticketId'),
    ticketSequence: value('ticketSequence'),
    actorKind: value('actorKind'),
    actorKeyId: value('actorKeyId'),
    actorStaffId: value('actorStaffId'),
    ipAddress: value('ipAddress'),
    body: value('body'),
    createdAt: value('createdAt'),
  }),
)

const nextOfTicket = select({ next: tickets.eventSequence }, (db, row) =>
  db
    .update(tickets)
    .set({ eventSequence: sql`${tickets.eventSequence} + 1` })
    .where(eq(tickets.id, value('id')))
    .returning(row),
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

/** Appends to the spine and returns the sequence that the event got. */
export function insertEvent(q: Queries, event: Omit<EventRow, 'sequence'>): number {
  return insert(q).run(event).lastId
}

/** The next number in the ticket's own sequence, which the ticket keeps. */
export function nextTicketSequence(q: Queries, ticketId: number): number | null {
  return nextOfTicket(q).get({ id: ticketId })?.next ?? null
}

/** Events past a sequence, in order. */
export function eventsAfter(q: Queries, sequence: number, limit: number): EventRow[] {
  return after(q).all({ after: sequence, limit })
}
