import { desc, sql } from 'drizzle-orm'
import type { Millis } from '../lib/time.ts'
import { select, value, type Queries } from './queries.ts'
import { tickets } from './schema.ts'

const ofSpan = select({ id: tickets.id, createdAt: tickets.createdAt }, (db, row) =>
  db
    .select(row)
    .from(tickets)
    .where(
      sql`(${tickets.createdAt}, ${tickets.id}) < (${value('createdAt')}, ${value('id')})
        AND ${tickets.createdAt} >= ${value('from')}`,
    )
    .orderBy(desc(tickets.createdAt), desc(tickets.id))
    .limit(value('limit')),
)

/** Where a walk over tickets from the newest back has come to. */
export type Place = { readonly createdAt: Millis; readonly id: number }

/** The tickets before a place that were opened at `from` or later, the newest first. */
export function ticketsBefore(q: Queries, place: Place, from: Millis, limit: number): Place[] {
  return ofSpan(q).all({ ...place, from, limit })
}
