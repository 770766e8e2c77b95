import { sql, type SQL } from 'drizzle-orm'
import type { Millis } from '../lib/time.ts'
import { lightBatch } from './batches.ts'
import { command, select, value, type Queries, type Select } from './queries.ts'
import { remembered } from './rows.ts'
import { deliveries, events } from './schema.ts'

const again = command(
  () => sql`UPDATE ${deliveries} SET status = 'pending', dead_reason = NULL, settled_at = NULL,
    due_at = ${value('now')}, earlier_attempts = attempts, lease = NULL, leased_until = NULL
  WHERE id = ${value('id')} AND status <> 'pending'`,
)

// One that is being attempted just now is left to whoever attempts it.
const sooner = command(
  () => sql`UPDATE ${deliveries} SET due_at = ${value('now')}
  WHERE id = ${value('id')} AND status = 'pending' AND due_at > ${value('now')}
    AND (leased_until IS NULL OR leased_until <= ${value('now')})`,
)

const clear = command(
  () => sql`DELETE FROM ${deliveries} WHERE id IN (
    ${lightBatch(sql`SELECT id, attempts AS load FROM ${deliveries}
      WHERE endpoint_id = ${value('endpointId')} LIMIT ${value('limit')}`)})`,
)

/** Has a settled delivery sent again from now on, as often as a new one; a pending one at once. */
export function requeueDelivery(q: Queries, id: number, now: Millis): void {
  if (again(q).run({ id, now }).changes === 0) sooner(q).run({ id, now })
}

/** Clears away some deliveries of an endpoint with their attempts, and returns how many; 0 once none is left. */
export function removeDeliveriesOf(q: Queries, endpointId: number, limit: number): number {
  return clear(q).run({ endpointId, limit }).changes
}

/** Which settled deliveries of an endpoint are wanted again. */
export type Settled = {
  readonly endpointId: number
  readonly status: 'delivered' | 'dead'
  /** Any, when there is none. */
  readonly eventTypes: readonly string[]
  readonly since: Millis
  readonly until: Millis
  /** Past this event only, which was at that moment; a moment that nobody knows any more is null. */
  readonly after: { readonly at: Millis | null; readonly sequence: number }
}

/** A delivery by the event that it tells of. */
export type OfEvent = { readonly id: number; readonly sequence: number }

/** Some of those deliveries, in the order of their events. */
export function settledDeliveries(q: Queries, wanted: Settled, most: number): OfEvent[] {
  const { endpointId, status, eventTypes, since, until, after } = wanted
  const shape = [
    ...eventTypes.map((_, at) => `type${at}`),
    ...(after.at === null ? [] : ['sameMoment']),
  ]
  const list = remembered(lists, shape, () =>
    select({ id: sql<number>`id`, sequence: sql<number>`sequence` }, () => oldestFirst(shape)),
  )
  return list(q).all({
    ...Object.fromEntries(eventTypes.map((one, at) => [`type${at}`, one])),
    endpointId,
    status,
    since: Math.max(since, (after.at ?? -1) + 1),
    from: since,
    until,
    afterAt: after.at,
    after: after.sequence,
    // With its moment the position is exact, also where a clock was set back.
    floor: after.at === null ? after.sequence : 0,
    most,
  })
}

const lists = new Map<string, (q: Queries) => Select<OfEvent>>()

/** One walk of an index for each type, and for each way to be past a position. */
function oldestFirst(shape: string[]): SQL {
  const types = shape.filter((name) => name.startsWith('type'))
  const ranges = shape.includes('sameMoment') ? [isOfSameMoment, isInRange] : [isInRange]
  const ofTypes = types.map((type) => sql` AND ${deliveries.eventType} = ${value(type)}`)
  const arms = (types.length > 0 ? ofTypes : [sql``]).flatMap((ofType) =>
    ranges.map(
      (range) => sql`SELECT ${deliveries.id} AS id, ${deliveries.eventSequence} AS sequence,
          ${deliveries.createdAt} AS at
        FROM ${deliveries} WHERE ${deliveries.endpointId} = ${value('endpointId')}
          AND ${deliveries.status} = ${value('status')}${ofType} AND ${range}`,
    ),
  )
  return sql`${sql.join(arms, sql` UNION ALL `)} ORDER BY 3, 2 LIMIT ${value('most')}`
}

const isInRange = sql`${deliveries.createdAt} >= ${value('since')} AND ${deliveries.createdAt} < ${value('until')}
  AND ${deliveries.eventSequence} > ${value('floor')}`
const isOfSameMoment = sql`${deliveries.createdAt} = ${value('afterAt')} AND ${deliveries.eventSequence} > ${value('after')}
  AND ${value('afterAt')} >= ${value('from')} AND ${value('afterAt')} < ${value('until')}`

const momentOfEvent = select(
  { at: sql<number | null>`at` },
  () => sql`SELECT coalesce(
    (SELECT ${events.createdAt} FROM ${events} WHERE ${events.sequence} = ${value('sequence')}),
    (SELECT ${deliveries.createdAt} FROM ${deliveries}
      WHERE ${deliveries.endpointId} = ${value('endpointId')}
        AND ${deliveries.eventSequence} = ${value('sequence')} LIMIT 1)
  ) AS at`,
)

/** When an event happened, as far as it or a delivery of it is kept. */
export function momentOf(
  q: Queries,
  event: { readonly sequence: number; readonly endpointId: number },
): Millis | null {
  return momentOfEvent(q).get(event)?.at ?? null
}
