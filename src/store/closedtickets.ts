import { sql } from 'drizzle-orm'
import { select, value, type Queries } from './queries.ts'
import { tickets } from './schema.ts'

// By the index of status and creation: a ticket that was closed before a moment was made before it, too.
const closedIn = (status: 'solved' | 'closed') =>
  select({ id: tickets.id, messages: tickets.messagesCount }, (db, row) =>
    db
      .select(row)
      .from(tickets)
      .where(
        sql`${tickets.status} = ${sql.raw(`'${status}'`)} AND ${tickets.createdAt} < ${value('before')}
          AND ${tickets.closedAt} < ${value('before')}`,
      )
      .orderBy(tickets.createdAt, tickets.id)
      .limit(value('limit')),
  )

const solved = closedIn('solved')
const closed = closedIn('closed')

/** Tickets that were closed before a moment, oldest first, with how many messages each has. */
export function ticketsClosedBefore(
  q: Queries,
  before: number,
  limit: number,
): { id: number; messages: number }[] {
  return [...solved(q).all({ before, limit }), ...closed(q).all({ before, limit })]
}
