import { desc, eq, sql } from 'drizzle-orm'
import type { Page, Range } from '../lib/page.ts'
import { cell, command, select, value, type Queries } from './queries.ts'
import { activity, staff, type ActivityRow } from './schema.ts'

const insert = command((db) =>
  db.insert(activity).values({
    eventSequence: cell('eventSequence'),
    kind: cell('kind'),
    subject: cell('subject'),
    detail: cell('detail'),
    ticketId: cell('ticketId'),
    staffId: cell('staffId'),
    ipAddress: cell('ipAddress'),
    createdAt: cell('createdAt'),
  }),
)

// Two subqueries, since SQLite goes to the end of an index for one aggregate and scans it for two.
const ends = select(
  { first: sql<number>`first`, last: sql<number>`last` },
  () => sql`SELECT
    coalesce((SELECT min(${activity.id}) FROM ${activity}), 1) AS first,
    coalesce((SELECT max(${activity.id}) FROM ${activity}), 0) AS last`,
)

const between = select(
  {
    id: activity.id,
    kind: activity.kind,
    subject: activity.subject,
    detail: activity.detail,
    staffId: activity.staffId,
    staffName: staff.name,
    ipAddress: activity.ipAddress,
    createdAt: activity.createdAt,
  },
  (db, row) =>
    db
      .select(row)
      .from(activity)
      .leftJoin(staff, eq(staff.id, activity.staffId))
      .where(sql`${activity.id} > ${value('after')} AND ${activity.id} <= ${value('last')}`)
      .orderBy(desc(activity.id)),
)

/** An entry and the name that its person has now; null once the person is gone. */
export type ActivityView = Omit<
  NonNullable<ReturnType<ReturnType<typeof between>['get']>>,
  'staffName'
> & { readonly staffName: string | null }

export function insertActivity(q: Queries, row: Omit<ActivityRow, 'id'>): void {
  insert(q).run(row)
}

/** Newest first. Ids have no gaps, so neither a page nor the total walks past other entries. */
export function activityPage(q: Queries, { limit, offset }: Range): Page<ActivityView> {
  const { first, last } = ends(q).get({}) ?? { first: 1, last: 0 }
  const wanted = last - offset
  return {
    rows: between(q).all({ after: wanted - limit, last: wanted }),
    total: last - first + 1,
  }
}
