import type { Millis } from '../lib/time.ts'
import { buryDeliveries, removeSettledDeliveries } from '../store/dispatchends.ts'
import type { Tx } from './tx.ts'

/** How long deliveries are kept once they are settled. */
export type Kept = { readonly deliveredMs: Millis; readonly deadMs: Millis }

/** Forgets deliveries that were settled long enough ago, with their attempts; returns how many. */
export function forgetSettled({ q, now }: Tx, { deliveredMs, deadMs }: Kept, most: number): number {
  const before = now - deliveredMs
  const delivered = removeSettledDeliveries(q, { status: 'delivered', before, limit: most })
  const limit = most - delivered
  return delivered + removeSettledDeliveries(q, { status: 'dead', before: now - deadMs, limit })
}

/**
 * Gives up what waits for endpoints that were disabled because they are gone or failed for too long, so that
 * it is listed with its reason and can be replayed; returns how much. What waits for an endpoint that a
 * person switched off goes on waiting.
 */
export function buryWaiting({ q, now }: Tx, most: number): number {
  return buryDeliveries(q, now, most)
}
