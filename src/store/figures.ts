import { sql, type SQL } from 'drizzle-orm'
import type { Millis } from '../lib/time.ts'
import { counter } from './meta.ts'
import { select, value, type Queries } from './queries.ts'
import {
  approvals,
  deliveries,
  deliveryCounts,
  deliveryStatuses,
  runStatuses,
  webhookEndpoints,
  workflowRuns,
  workflows,
  workflowSteps,
  workflowTimers,
  type DeliveryStatus,
  type RunStatus,
} from './schema.ts'

// What the server tells of its webhooks and workflows each time that it is asked for figures. Totals come from the
// running counts; what is due is a few seeks in the indexes of what is due, and is counted so far at most.

const deliveryTotals = select(
  { status: deliveryCounts.status, deliveries: sql<number>`sum(${deliveryCounts.deliveries})` },
  (db, row) => db.select(row).from(deliveryCounts).groupBy(deliveryCounts.status),
)

const inFlight = select(
  { deliveries: sql<number>`count(*)` },
  () =>
    sql`SELECT count(*) AS deliveries FROM (
      SELECT 1 FROM ${deliveries} WHERE ${deliveries.lease} IS NOT NULL LIMIT ${value('most')})`,
)

/** In the order in which an endpoint that is several of them is told. */
export const endpointStates = ['disabled', 'paused', 'failing', 'active'] as const

export type EndpointState = (typeof endpointStates)[number]

const endpointState = sql<EndpointState>`CASE
  WHEN ${webhookEndpoints.isActive} = 0 THEN 'disabled'
  WHEN ${webhookEndpoints.pausedUntil} > ${value('now')} THEN 'paused'
  WHEN ${webhookEndpoints.failingSince} IS NOT NULL THEN 'failing'
  ELSE 'active' END`

const endpoints = select({ state: endpointState, endpoints: sql<number>`count(*)` }, (db, row) =>
  db
    .select(row)
    .from(webhookEndpoints)
    .where(sql`${webhookEndpoints.deletedAt} IS NULL`)
    .groupBy(sql`1`),
)

/** Rows of a kind that wait for a time, and when it comes for each: an index leads there. */
type DueRows = { readonly rows: SQL; readonly at: SQL }

const callable = sql`${webhookEndpoints.isActive} = 1
  AND coalesce(${webhookEndpoints.pausedUntil}, 0) <= ${value('now')}`

const dueRows = {
  deliveries: {
    rows: sql`${webhookEndpoints} CROSS JOIN ${deliveries} ON ${callable}
      AND ${deliveries.endpointId} = ${webhookEndpoints.id}`,
    at: sql`${deliveries.dueAt}`,
  },
  runs: { rows: sql`${workflowRuns}`, at: sql`${workflowRuns.dueAt}` },
  calls: { rows: sql`${workflowSteps}`, at: sql`${workflowSteps.dueAt}` },
  timers: { rows: sql`${workflowTimers}`, at: sql`${workflowTimers.dueAt}` },
  schedules: { rows: sql`${workflows}`, at: sql`${workflows.nextRunAt}` },
  approvals: {
    rows: sql`(SELECT ${approvals.expiresAt} AS at FROM ${approvals} WHERE ${approvals.status} = 'pending')`,
    at: sql`at`,
  },
} satisfies { readonly [work: string]: DueRows }

export type DueWork = keyof typeof dueRows

const works = Object.keys(dueRows) as DueWork[]

/** The oldest is the first that its index gives; of deliveries each endpoint has a first one. */
const due = works.map((work) => {
  const { rows, at }: DueRows = dueRows[work]
  const isDue = sql`${at} <= ${value('now')}`
  const oldest =
    work === 'deliveries'
      ? sql`SELECT min(first) FROM (SELECT (
          SELECT ${at} FROM ${deliveries}
          WHERE ${deliveries.endpointId} = ${webhookEndpoints.id} AND ${isDue}
          ORDER BY ${at} LIMIT 1) AS first FROM ${webhookEndpoints} WHERE ${callable})`
      : sql`SELECT ${at} FROM ${rows} WHERE ${isDue} ORDER BY ${at} LIMIT 1`
  const statement = select(
    { since: sql<Millis | null>`since`, rows: sql<number>`rows` },
    () => sql`SELECT (${oldest}) AS since,
      (SELECT count(*) FROM (SELECT 1 FROM ${rows} WHERE ${isDue} LIMIT ${value('most')})) AS rows`,
  )
  return { work, statement }
})

/** How far what is due or in flight is counted. */
export const countedMost = 1000

export type Figures = {
  readonly deliveries: ReadonlyMap<DeliveryStatus, number>
  readonly deliveriesInFlight: number
  readonly endpoints: ReadonlyMap<EndpointState, number>
  readonly runs: ReadonlyMap<RunStatus, number>
}

export function figuresOf(q: Queries, now: Millis): Figures {
  const totals = new Map(
    deliveryTotals(q)
      .all({})
      .map((row) => [row.status, row.deliveries]),
  )
  const states = new Map(
    endpoints(q)
      .all({ now })
      .map((row) => [row.state, row.endpoints]),
  )
  return {
    deliveries: new Map(deliveryStatuses.map((status) => [status, totals.get(status) ?? 0])),
    deliveriesInFlight: inFlight(q).get({ most: countedMost })?.deliveries ?? 0,
    endpoints: new Map(endpointStates.map((state) => [state, states.get(state) ?? 0])),
    runs: new Map(runStatuses.map((status) => [status, counter(q, `runs.${status}`)])),
  }
}

/** Work that could be done now: how much, up to `countedMost`, and since when the oldest of it waits. */
export type Due = {
  readonly work: DueWork
  readonly rows: number
  readonly since: Millis | null
}

export function dueWork(q: Queries, now: Millis): Due[] {
  return due.map(({ work, statement }) => {
    const found = statement(q).get({ now, most: countedMost })
    return { work, rows: found?.rows ?? 0, since: found?.since ?? null }
  })
}
