import { desc, eq, sql, type SQL } from 'drizzle-orm'
import type { Page, Range, Window } from '../lib/page.ts'
import type { Millis } from '../lib/time.ts'
import { pageOf, type Order } from './pages.ts'
import { select, value, type Queries, type Select, type Values } from './queries.ts'
import { inserter, remembered } from './rows.ts'
import {
  deliveries,
  deliveryAttempts,
  deliveryCounts,
  deliveryStatuses,
  type DeliveryStatus,
} from './schema.ts'

// As with tickets, an index gives the order, a page is cut from the ids, and totals are running counts.
// Both indexes have the status before the moment, so a list of any status is a merge of one walk for each.
// Of a range of time the total is counted, up to `countMost`.

/** Which deliveries of an endpoint; the conditions combine with AND. */
export type DeliveryFilter = {
  readonly status?: DeliveryStatus | undefined
  readonly eventType?: string | undefined
  /** From this moment on. */
  readonly since?: Millis | undefined
  /** Before this moment. */
  readonly until?: Millis | undefined
}

/** The most that is counted of a range of time, and so the end of its pages by number. */
export const countMost = 10_000

// What the last attempt came to, beside the row.
const columns = {
  id: deliveries.id,
  uid: deliveries.uid,
  endpointId: deliveries.endpointId,
  eventSequence: deliveries.eventSequence,
  eventUid: deliveries.eventUid,
  eventType: deliveries.eventType,
  status: deliveries.status,
  deadReason: deliveries.deadReason,
  attempts: deliveries.attempts,
  dueAt: deliveries.dueAt,
  lastAttemptAt: deliveries.lastAttemptAt,
  settledAt: deliveries.settledAt,
  createdAt: deliveries.createdAt,
  responseStatus: deliveryAttempts.responseStatus,
  failure: deliveryAttempts.failure,
  responseText: deliveryAttempts.responseText,
  durationMs: sql<number | null>`${deliveryAttempts.durationMs}`,
}

const lastAttempt = eq(
  deliveryAttempts.id,
  sql`(SELECT max(id) FROM ${deliveryAttempts} WHERE delivery_id = ${deliveries.id})`,
)

const one = select({ ...columns, body: deliveries.body }, (db, row) =>
  db
    .select(row)
    .from(deliveries)
    .leftJoin(deliveryAttempts, lastAttempt)
    .where(
      sql`${deliveries.id} = ${value('id')} AND ${deliveries.endpointId} = ${value('endpointId')}`,
    ),
)

const idByUid = select({ id: deliveries.id }, (db, row) =>
  db
    .select(row)
    .from(deliveries)
    .where(eq(deliveries.uid, value('uid'))),
)

const lastInserted = select({ id: deliveries.id }, (db, row) =>
  db.select(row).from(deliveries).orderBy(desc(deliveries.id)).limit(1),
)

const attemptColumns = {
  responseStatus: deliveryAttempts.responseStatus,
  failure: deliveryAttempts.failure,
  responseText: deliveryAttempts.responseText,
  durationMs: deliveryAttempts.durationMs,
  nextAttemptAt: deliveryAttempts.nextAttemptAt,
  createdAt: deliveryAttempts.createdAt,
}

const attempts = select(attemptColumns, (db, row) =>
  db
    .select(row)
    .from(deliveryAttempts)
    .where(eq(deliveryAttempts.deliveryId, value('deliveryId')))
    .orderBy(deliveryAttempts.id),
)

export type DeliveryView = Omit<NonNullable<ReturnType<ReturnType<typeof one>['get']>>, 'body'>
export type WholeDelivery = DeliveryView & { readonly body: string }
export type AttemptView = NonNullable<ReturnType<ReturnType<typeof attempts>['get']>>

export const insertDelivery = inserter(deliveries)

export function deliveryOf(q: Queries, endpointId: number, id: number): WholeDelivery | undefined {
  return one(q).get({ endpointId, id })
}

export function deliveryIdByUid(q: Queries, uid: string): number | undefined {
  return idByUid(q).get({ uid })?.id
}

/** The delivery that was written last of all, to whichever endpoint. */
export function lastDeliveryId(q: Queries): number | undefined {
  return lastInserted(q).get({})?.id
}

/** Every attempt at a delivery, oldest first. */
export function attemptsOf(q: Queries, deliveryId: number): AttemptView[] {
  return attempts(q).all({ deliveryId })
}

/** Newest first. */
export function deliveriesNewestFirst(
  q: Queries,
  endpointId: number,
  filter: DeliveryFilter,
  window: Window,
): Page<DeliveryView> {
  const { status, eventType, since = 0, until = Number.MAX_SAFE_INTEGER } = filter
  const shape = [...(status ? ['status'] : []), ...(eventType === undefined ? [] : ['eventType'])]
  const values = { endpointId, status, eventType, since, until, before: until }
  const isRange = filter.since !== undefined || filter.until !== undefined
  const total = isRange ? countIn(q, shape, values) : runningCount(q, shape, values)
  const rowsIn = (order: Order, range: Values) =>
    listOf(shape, order)(q).all({ ...values, ...range })
  if ('after' in window) {
    const { limit, after } = window
    const before = Math.min(until, after.at)
    const past = { limit, offset: 0, before, afterAt: after.at, afterId: after.id }
    return { rows: listOf([...shape, 'after'], 'newest')(q).all({ ...values, ...past }), total }
  }
  return isRange ? rangePage(window, total, rowsIn) : pageOf(window, total, rowsIn)
}

/** A total that may be short of the truth says nothing of the other end. */
function rangePage<Row>(
  { limit, offset }: Range,
  total: number,
  rowsIn: (order: Order, values: Values) => Row[],
): Page<Row> {
  if (offset >= total) return { rows: [], total }
  return { rows: rowsIn('newest', { limit: Math.min(limit, total - offset), offset }), total }
}

type List<Row> = (q: Queries) => Select<Row>

const lists = new Map<string, List<DeliveryView>>()
const counts = new Map<string, List<{ total: number }>>()
const runningCounts = new Map<string, List<{ total: number }>>()

function listOf(shape: string[], order: Order): List<DeliveryView> {
  return remembered(lists, [...shape, order], () =>
    select(columns, (db, row) =>
      db
        .select(row)
        .from(
          sql`(${pageIds(shape, order)}) AS page CROSS JOIN ${deliveries} ON ${deliveries.id} = page.id`,
        )
        .leftJoin(deliveryAttempts, lastAttempt)
        .orderBy(...pageOrder[order]),
    ),
  )
}

const pageOrder: { readonly [O in Order]: SQL[] } = {
  newest: [sql`page.at DESC`, sql`page.id DESC`],
  oldest: [sql`page.at`, sql`page.id`],
}

/** The ids of one page, from an index alone. */
function pageIds(shape: string[], order: Order): SQL {
  const by = order === 'newest' ? sql`2 DESC, 1 DESC` : sql`2, 1`
  return sql`${walks(shape)} ORDER BY ${by} LIMIT ${value('limit')} OFFSET ${value('offset')}`
}

/** One walk of an index for each status, and for each way to be past a position. */
function walks(shape: string[]): SQL {
  const statuses = shape.includes('status')
    ? [value('status')]
    : deliveryStatuses.map((status) => sql.raw(`'${status}'`))
  const pasts = shape.includes('after') ? [isOfSameMoment, isInRange] : [isInRange]
  const arms = statuses.flatMap((status) =>
    pasts.map((past) => {
      const conditions = [
        sql`${deliveries.endpointId} = ${value('endpointId')}`,
        ...(shape.includes('eventType')
          ? [sql`${deliveries.eventType} = ${value('eventType')}`]
          : []),
        sql`${deliveries.status} = ${status}`,
        past,
      ]
      return sql`SELECT ${deliveries.id} AS id, ${deliveries.createdAt} AS at
        FROM ${deliveries} WHERE ${sql.join(conditions, sql` AND `)}`
    }),
  )
  return sql.join(arms, sql` UNION ALL `)
}

// `before` is the nearer of the end of the range and the position, so that a walk has one end only.
const isInRange = sql`${deliveries.createdAt} >= ${value('since')} AND ${deliveries.createdAt} < ${value('before')}`
const isOfSameMoment = sql`${deliveries.createdAt} = ${value('afterAt')} AND ${deliveries.id} < ${value('afterId')}
  AND ${value('afterAt')} >= ${value('since')} AND ${value('afterAt')} < ${value('until')}`

function countIn(q: Queries, shape: string[], values: Values): number {
  const count = remembered(counts, shape, () =>
    select(
      { total: sql<number>`total` },
      () => sql`SELECT count(*) AS total FROM (${walks(shape)} LIMIT ${value('most')})`,
    ),
  )
  return count(q).get({ ...values, most: countMost })?.total ?? 0
}

function runningCount(q: Queries, shape: string[], values: Values): number {
  const count = remembered(runningCounts, shape, () => {
    const conditions = [
      sql`${deliveryCounts.endpointId} = ${value('endpointId')}`,
      ...(shape.includes('eventType')
        ? [sql`${deliveryCounts.eventType} = ${value('eventType')}`]
        : []),
      ...(shape.includes('status') ? [sql`${deliveryCounts.status} = ${value('status')}`] : []),
    ]
    return select(
      { total: sql<number>`coalesce(sum(${deliveryCounts.deliveries}), 0)` },
      (db, row) =>
        db
          .select(row)
          .from(deliveryCounts)
          .where(sql.join(conditions, sql` AND `)),
    )
  })
  return count(q).get(values)?.total ?? 0
}
