import { sql } from 'drizzle-orm'
import { lightBatch } from './batches.ts'
import { cell, command, value, type Queries } from './queries.ts'
import { deliveries, webhookEndpoints } from './schema.ts'

// Endpoint by endpoint through the index of what waits; what is in flight is settled when it comes back.
const bury = command((db) =>
  db
    .update(deliveries)
    .set({
      status: 'dead',
      deadReason: 'disabled',
      dueAt: null,
      settledAt: sql`${cell('now')}`,
    })
    .where(
      sql`${deliveries.id} IN (
        SELECT waiting.id FROM ${webhookEndpoints}
        CROSS JOIN ${deliveries} AS waiting ON waiting.endpoint_id = ${webhookEndpoints.id}
        WHERE ${webhookEndpoints.isActive} = 0 AND ${webhookEndpoints.disabledReason} IS NOT NULL
          AND waiting.status = 'pending' AND waiting.lease IS NULL
        LIMIT ${value('limit')}
      )`,
    ),
)

const removeSettled = command((db) =>
  db.delete(deliveries).where(
    sql`${deliveries.id} IN (${lightBatch(sql`
      SELECT id, attempts AS load FROM ${deliveries}
      WHERE ${deliveries.status} = ${value('status')} AND ${deliveries.settledAt} < ${value('before')}
      ORDER BY ${deliveries.settledAt} LIMIT ${value('limit')}`)})`,
  ),
)

/** Ends what waits at endpoints that were disabled for how they fared, at most `limit`; returns how many. */
export function buryDeliveries(q: Queries, now: number, limit: number): number {
  return bury(q).run({ now, limit }).changes
}

/** Removes what was settled before that moment with its attempts, oldest first, at most `limit`; returns how many. */
export function removeSettledDeliveries(
  q: Queries,
  which: { readonly status: 'delivered' | 'dead'; readonly before: number; readonly limit: number },
): number {
  return removeSettled(q).run(which).changes
}
