import { sql, type SQL } from 'drizzle-orm'
import type { Position } from '../lib/page.ts'
import type { Millis } from '../lib/time.ts'
import { lightBatch } from './batches.ts'
import { command, select, value, type Queries, type Select } from './queries.ts'
import { remembered } from './rows.ts'
import { deliveries } from './schema.ts'

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
export type Replayed = {
  readonly endpointId: number
  readonly statuses: readonly ('delivered' | 'dead')[]
  /** Any, when there is none. */
  readonly eventTypes: readonly string[]
  readonly since: Millis
  readonly until: Millis
  /** Past this delivery only. */
  readonly after: Position | null
}

/** Some of those deliveries, in the order in which they were written. */
export function settledDeliveries(q: Queries, wanted: Replayed, most: number): Position[] {
  const { endpointId, statuses, eventTypes, since, until, after } = wanted
  const shape = [
    ...statuses.map((_, at) => `status${at}`),
    ...eventTypes.map((_, at) => `type${at}`),
    ...(after ? ['after'] : []),
  ]
  const list = remembered(lists, shape, () =>
    select({ at: sql<number>`at`, id: sql<number>`id` }, () => oldestFirst(shape)),
  )
  return list(q).all({
    ...Object.fromEntries(statuses.map((one, at) => [`status${at}`, one])),
    ...Object.fromEntries(eventTypes.map((one, at) => [`type${at}`, one])),
    endpointId,
    since: after ? Math.max(since, after.at + 1) : since,
    from: since,
    until,
    afterAt: after?.at,
    afterId: after?.id,
    most,
  })
}

const lists = new Map<string, (q: Queries) => Select<Position>>()

/** One walk of an index for each status and type, and for each way to be past a position. */
function oldestFirst(shape: string[]): SQL {
  const statuses = shape.filter((name) => name.startsWith('status'))
  const types = shape.filter((name) => name.startsWith('type'))
  const ranges = shape.includes('after') ? [isOfSameMoment, isInRange] : [isInRange]
  const ofTypes = types.map((type) => sql` AND ${deliveries.eventType} = ${value(type)}`)
  const arms = statuses.flatMap((status) =>
    (types.length > 0 ? ofTypes : [sql``]).flatMap((ofType) =>
      ranges.map(
        (range) => sql`SELECT ${deliveries.createdAt} AS at, ${deliveries.id} AS id
          FROM ${deliveries} WHERE ${deliveries.endpointId} = ${value('endpointId')}
            AND ${deliveries.status} = ${value(status)}${ofType} AND ${range}`,
      ),
    ),
  )
  return sql`${sql.join(arms, sql` UNION ALL `)} ORDER BY 1, 2 LIMIT ${value('most')}`
}

const isInRange = sql`${deliveries.createdAt} >= ${value('since')} AND ${deliveries.createdAt} < ${value('until')}`
const isOfSameMoment = sql`${deliveries.createdAt} = ${value('afterAt')} AND ${deliveries.id} > ${value('afterId')}
  AND ${value('afterAt')} >= ${value('from')} AND ${value('afterAt')} < ${value('until')}`
