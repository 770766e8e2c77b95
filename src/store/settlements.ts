import { and, eq, isNull, sql } from 'drizzle-orm'
import { cell, command, select, value, type Queries } from './queries.ts'
import {
  deliveries,
  deliveryAttempts,
  webhookEndpoints,
  type DeadReason,
  type DeliveryStatus,
} from './schema.ts'

// What an attempt leaves behind: its own row, how its delivery stands, and what waited behind that.

/** As `cell`, also for what may be null. */
const given = (name: string) => sql`${cell(name)}`

const settle = command((db) =>
  db
    .update(deliveries)
    .set({
      status: given('status'),
      deadReason: given('deadReason'),
      dueAt: given('dueAt'),
      lease: null,
      leasedUntil: null,
      lastAttemptAt: given('lastAttemptAt'),
      settledAt: given('settledAt'),
    })
    .where(
      and(
        eq(deliveries.id, value('id')),
        eq(deliveries.lease, value('lease')),
        eq(deliveries.attempts, value('attempt')),
      ),
    ),
)

const unpark = command((db) =>
  db
    .update(deliveries)
    .set({ dueAt: given('now') })
    .where(
      sql`${deliveries.id} = (
        SELECT id FROM ${deliveries}
        WHERE ${deliveries.endpointId} = ${value('endpointId')}
          AND ${deliveries.ticketId} = ${value('ticketId')} AND ${deliveries.status} = 'pending'
        ORDER BY ${deliveries.eventSequence} LIMIT 1
      ) AND ${deliveries.dueAt} IS NULL`,
    ),
)

const attempted = command((db) =>
  db.insert(deliveryAttempts).values({
    deliveryId: cell('deliveryId'),
    number: cell('number'),
    responseStatus: cell('responseStatus'),
    failure: cell('failure'),
    responseText: cell('responseText'),
    durationMs: cell('durationMs'),
    nextAttemptAt: cell('nextAttemptAt'),
    createdAt: cell('createdAt'),
  }),
)

const health = select(
  {
    id: webhookEndpoints.id,
    isActive: webhookEndpoints.isActive,
    disabledReason: webhookEndpoints.disabledReason,
    failingSince: webhookEndpoints.failingSince,
    pausedUntil: webhookEndpoints.pausedUntil,
  },
  (db, row) =>
    db
      .select(row)
      .from(webhookEndpoints)
      .where(and(eq(webhookEndpoints.id, value('id')), isNull(webhookEndpoints.deletedAt))),
)

export type Settlement = {
  readonly id: number
  readonly lease: string
  readonly attempt: number
  readonly status: DeliveryStatus
  readonly deadReason: DeadReason | null
  readonly dueAt: number | null
  readonly lastAttemptAt: number
  readonly settledAt: number | null
}

/** Settles an attempt; false when the row is another's by now, or gone. */
export function settleDelivery(q: Queries, settlement: Settlement): boolean {
  return settle(q).run(settlement).changes === 1
}

export type Attempt = Omit<typeof deliveryAttempts.$inferSelect, 'id'>

/** Writes down an attempt. */
export function insertAttempt(q: Queries, attempt: Attempt): void {
  attempted(q).run(attempt)
}

/** How an endpoint stands, or undefined when it was deleted. */
export function healthOf(q: Queries, id: number) {
  return health(q).get({ id })
}

/** Makes the first unsettled row of a ticket due, if it was parked. */
export function unparkFirst(
  q: Queries,
  row: { readonly endpointId: number; readonly ticketId: number; readonly now: number },
): void {
  unpark(q).run(row)
}
