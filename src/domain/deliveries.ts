import type { Page, Window } from '../lib/page.ts'
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
import { removeDeliveriesOf, requeueDelivery } from '../store/redelivery.ts'
import { deletedWebhookId, removeWebhookRow } from '../store/webhooks.ts'
import { found } from './errors.ts'
import type { Reader, Tx } from './tx.ts'
import { getWebhook, refuseInactive, testWebhook } from './webhooks.ts'

export type { DeliveryFilter } from '../store/deliverylists.ts'
export { deadReasons, deliveryStatuses, type DeliveryStatus } from '../store/schema.ts'

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

/** Clears away what is left of endpoints that were deleted, and returns how many deliveries it was. */
export function forgetDeletedWebhooks(tx: Tx, most: number): number {
  const id = deletedWebhookId(tx.q)
  if (id === undefined) return 0
  const cleared = removeDeliveriesOf(tx.q, id, most)
  if (cleared === 0) removeWebhookRow(tx.q, id)
  return cleared
}
