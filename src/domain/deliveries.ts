import type { Page, Position, Window } from '../lib/page.ts'
import type { Millis } from '../lib/time.ts'
import {
  attemptsOf,
  deliveriesNewestFirst,
  deliveryIdByUid,
  deliveryOf,
  lastDeliveryId,
  type AttemptView,
  type DeliveryFilter,
  type DeliveryView,
  type WholeDelivery,
} from '../store/deliverylists.ts'
import { removeDeliveriesOf, requeueDelivery, settledDeliveries } from '../store/redelivery.ts'
import { deletedWebhookId, removeWebhookRow } from '../store/webhooks.ts'
import { Fault, found } from './errors.ts'
import { subscribes, webhookTypes } from './subscriptions.ts'
import type { Reader, Tx } from './tx.ts'
import { getWebhook, refuseInactive, testWebhook } from './webhooks.ts'

export type { DeliveryFilter } from '../store/deliverylists.ts'
export type { DeliveryStatus } from '../store/schema.ts'

/** The telling of one event to one endpoint, and what the last attempt at it came to. */
export type Delivery = DeliveryView

/** A delivery with the bytes that are sent and every attempt, oldest first. */
export type FullDelivery = WholeDelivery & { readonly history: readonly AttemptView[] }

/** Newest first. The total of a range of time is counted up to ten thousand. */
export function listDeliveries(
  reader: Reader,
  endpointId: number,
  filter: DeliveryFilter,
  window: Window,
): Page<Delivery> {
  return deliveriesNewestFirst(reader.q, endpointId, filter, window)
}

/** Throws `not_found` for another endpoint's. */
export function getDelivery(
  reader: Reader,
  endpointId: number,
  id: number | undefined,
): FullDelivery {
  const delivery = id === undefined ? undefined : deliveryOf(reader.q, endpointId, id)
  const { q } = reader
  const whole = found(delivery, 'delivery')
  return { ...whole, history: attemptsOf(q, whole.id) }
}

/** The id behind a public uid, or undefined. */
export function deliveryIdOf(reader: Reader, uid: string | undefined): number | undefined {
  return uid === undefined ? undefined : deliveryIdByUid(reader.q, uid)
}

/** Has an endpoint told of a test, at once. Throws `refused` for one that is not active. */
export function sendTest(tx: Tx, endpointId: number): FullDelivery {
  testWebhook(tx, endpointId)
  return getDelivery(tx, endpointId, lastDeliveryId(tx.q))
}

/**
 * Has a delivery sent again, with the same event and bytes: a settled one as often as a new one would be, a
 * pending one at once. Throws `refused` when the endpoint is not active.
 */
export function redeliver(tx: Tx, endpointId: number, id: number | undefined): FullDelivery {
  refuseInactive(getWebhook(tx, endpointId))
  const delivery = getDelivery(tx, endpointId, id)
  requeueDelivery(tx.q, delivery.id, tx.now)
  return getDelivery(tx, endpointId, id)
}

export type Replay = {
  /** Exact types and patterns; any, when there is none. */
  readonly types: readonly string[] | null
  readonly from: Millis | null
  /** Before this moment. */
  readonly to: Millis | null
  /** Those that came through and those that did not, unless one is named. */
  readonly status: 'delivered' | 'dead' | null
  /** The last one of a replay before, to go on past it; `invalid` when this endpoint has none such. */
  readonly afterId: number | undefined
}

export type Replayed = {
  readonly queued: number
  /** The last one that was queued. */
  readonly last: Delivery | null
  readonly hasMore: boolean
}

/** So many at most are queued at once, lest others wait for the one transaction. */
const replayMost = 1000

/**
 * Has settled deliveries sent again, in the order of their events; those that are pending are on their way
 * already. Throws `refused` when the endpoint is not active.
 */
export function replay(tx: Tx, endpointId: number, wanted: Replay): Replayed {
  refuseInactive(getWebhook(tx, endpointId))
  const { types, from, to, status } = wanted
  const eventTypes = types ? webhookTypes.filter((type) => subscribes(types, type)) : []
  const settled = settledDeliveries(
    tx.q,
    {
      endpointId,
      eventTypes,
      statuses: status ? [status] : ['delivered', 'dead'],
      since: from ?? 0,
      until: to ?? Number.MAX_SAFE_INTEGER,
      after: positionOf(tx, endpointId, wanted.afterId),
    },
    replayMost + 1,
  )
  const queued = settled.slice(0, replayMost)
  for (const { id } of queued) requeueDelivery(tx.q, id, tx.now)
  const last = queued.at(-1)
  return {
    queued: queued.length,
    last: last ? getDelivery(tx, endpointId, last.id) : null,
    hasMore: settled.length > replayMost,
  }
}

/** Clears away what is left of endpoints that were deleted, and returns how many deliveries it was. */
export function forgetDeletedWebhooks(tx: Tx, most: number): number {
  const id = deletedWebhookId(tx.q)
  if (id === undefined) return 0
  const cleared = removeDeliveriesOf(tx.q, id, most)
  if (cleared === 0) removeWebhookRow(tx.q, id)
  return cleared
}

function positionOf(reader: Reader, endpointId: number, id: number | undefined): Position | null {
  if (id === undefined) return null
  const delivery = deliveryOf(reader.q, endpointId, id)
  if (!delivery) throw new Fault('invalid', 'body', [{ field: 'after', rule: 'exists' }])
  return { at: delivery.createdAt, id: delivery.id }
}
