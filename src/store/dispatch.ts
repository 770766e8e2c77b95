import { and, eq, sql } from 'drizzle-orm'
import { cell, command, select, value, type Queries } from './queries.ts'
import { deliveries, webhookEndpoints } from './schema.ts'

// The outbox as the delivery loop sees it. What is due is asked endpoint by endpoint, each by the index on its
// own due rows, so that no backlog of one is ever walked through for another. In flight a row is due again
// when its lease ends. Of what is due together the earlier event comes first, whenever its row was written.

const dueEndpoint = {
  id: webhookEndpoints.id,
  url: webhookEndpoints.url,
  isOrdered: webhookEndpoints.isOrdered,
  failingSince: webhookEndpoints.failingSince,
  sealedHeaders: webhookEndpoints.sealedHeaders,
}

const callable = sql`${webhookEndpoints.isActive} = 1
  AND coalesce(${webhookEndpoints.pausedUntil}, 0) <= ${value('now')}
  AND EXISTS (
    SELECT 1 FROM ${deliveries}
    WHERE ${deliveries.endpointId} = ${webhookEndpoints.id} AND ${deliveries.dueAt} <= ${value('now')}
  )`

const endpointsDue = select(dueEndpoint, (db, row) =>
  db.select(row).from(webhookEndpoints).where(callable).orderBy(webhookEndpoints.id),
)

const anyDue = select({ id: webhookEndpoints.id }, (db, row) =>
  db.select(row).from(webhookEndpoints).where(callable).limit(1),
)

const dueRow = {
  id: deliveries.id,
  uid: deliveries.uid,
  eventUid: deliveries.eventUid,
  eventType: deliveries.eventType,
  ticketId: deliveries.ticketId,
  hops: deliveries.hops,
  body: deliveries.body,
  attempts: deliveries.attempts,
  earlierAttempts: deliveries.earlierAttempts,
}

const isDue = and(
  eq(deliveries.endpointId, value('endpointId')),
  sql`${deliveries.dueAt} <= ${value('now')}`,
)

const due = select(dueRow, (db, row) =>
  db
    .select(row)
    .from(deliveries)
    .where(isDue)
    .orderBy(deliveries.dueAt, deliveries.eventSequence)
    .limit(value('limit')),
)

/** Whether an earlier one of the same ticket is not settled yet. */
const isBehind = sql<number>`EXISTS (
  SELECT 1 FROM ${deliveries} AS before
  WHERE before.endpoint_id = ${deliveries.endpointId} AND before.ticket_id = ${deliveries.ticketId}
    AND before.status = 'pending' AND before.event_sequence < ${deliveries.eventSequence}
)`

const dueInOrder = select({ ...dueRow, isBehind }, (db, row) =>
  db
    .select(row)
    .from(deliveries)
    .where(isDue)
    .orderBy(deliveries.dueAt, deliveries.eventSequence)
    .limit(value('limit')),
)

/** As `cell`, also for what may be null. */
const given = (name: string) => sql`${cell(name)}`

const lease = command((db) =>
  db
    .update(deliveries)
    .set({
      lease: given('lease'),
      leasedUntil: given('until'),
      dueAt: given('until'),
      attempts: sql`${deliveries.attempts} + 1`,
    })
    .where(sql`${deliveries.id} IN (SELECT value FROM json_each(${value('ids')}))`),
)

const park = command((db) =>
  db
    .update(deliveries)
    .set({ dueAt: null })
    .where(eq(deliveries.id, value('id'))),
)

/** Due at once, and as if the attempt had not been: nobody knows what came of it. */
const returned = {
  lease: null,
  leasedUntil: null,
  dueAt: given('now'),
  attempts: sql`${deliveries.attempts} - 1`,
}

const returnOthers = command((db) =>
  db
    .update(deliveries)
    .set(returned)
    .where(sql`${deliveries.lease} IS NOT NULL AND ${deliveries.lease} <> ${value('lease')}`),
)

const returnOwn = command((db) =>
  db
    .update(deliveries)
    .set(returned)
    .where(eq(deliveries.lease, value('lease'))),
)

export type DueEndpoint = NonNullable<ReturnType<ReturnType<typeof endpointsDue>['get']>>
export type DueDelivery = NonNullable<ReturnType<ReturnType<typeof due>['get']>>

/** The endpoints that may be called now and have something to be told. */
export function endpointsWithDue(q: Queries, now: number): DueEndpoint[] {
  return endpointsDue(q).all({ now })
}

export function isAnythingDue(q: Queries, now: number): boolean {
  return anyDue(q).get({ now }) !== undefined
}

type Terms = { readonly endpointId: number; readonly now: number; readonly limit: number }

/** What is due at an endpoint, earliest first. */
export function dueDeliveries(q: Queries, terms: Terms): DueDelivery[] {
  return due(q).all(terms)
}

/** The same, with whether an earlier delivery of the same ticket comes first. */
export function dueDeliveriesInOrder(
  q: Queries,
  terms: Terms,
): (DueDelivery & { isBehind: number })[] {
  return dueInOrder(q).all(terms)
}

/** Leases rows and counts the attempts; they come due again when the lease ends. */
export function leaseDeliveries(
  q: Queries,
  ids: readonly number[],
  by: { readonly lease: string; readonly until: number },
): void {
  lease(q).run({ ids: JSON.stringify(ids), ...by })
}

/** Takes a row out of what is due until the one before it is settled. */
export function parkDelivery(q: Queries, id: number): void {
  park(q).run({ id })
}

/** Makes due what other runs of the server had in flight; returns how much that was. */
export function returnLeasesOfOthers(q: Queries, lease: string, now: number): number {
  return returnOthers(q).run({ lease, now }).changes
}

/** Makes due what this run has in flight. */
export function returnLeases(q: Queries, lease: string, now: number): number {
  return returnOwn(q).run({ lease, now }).changes
}
