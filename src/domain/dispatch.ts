import type { Millis } from '../lib/time.ts'
import type { Outcome } from '../security/outbound.ts'
import {
  dueDeliveries,
  dueDeliveriesInOrder,
  endpointsWithDue,
  isAnythingDue,
  leaseDeliveries,
  parkDelivery,
  returnLeases,
  returnLeasesOfOthers,
  type DueDelivery,
  type DueEndpoint,
} from '../store/dispatch.ts'
import type { DeadReason, DeliveryStatus } from '../store/schema.ts'
import { healthOf, insertAttempt, settleDelivery, unparkFirst } from '../store/settlements.ts'
import { patchWebhook } from '../store/webhooks.ts'
import type { Places } from './places.ts'
import {
  failureOf,
  healthAfter,
  retryAt,
  verdictOf,
  type AttemptFailure,
  type Failed,
  type Health,
  type HealthAfter,
  type Verdict,
  type Waits,
} from './retries.ts'
import type { Reader, Tx } from './tx.ts'
import { disableWebhook } from './webhooks.ts'
import { headersOf, secretsOf, type ExtraHeaders, type Unseal } from './webhookseals.ts'

// Claim, settle, return: the database's part in an attempt. In between the process may die; then the lease is
// taken back, and the receiver gets the same bytes under the same id once more.

/** A delivery that this run of the server has leased, with all that the attempt needs. */
export type Claimed = DueDelivery & {
  readonly endpointId: number
  readonly isFailing: boolean
  readonly url: string
  readonly secrets: readonly string[]
  readonly extraHeaders: ExtraHeaders
  /** Which attempt at the delivery this is, from 1. */
  readonly attempt: number
}

export type ClaimTerms = {
  /** Of this run of the server. */
  readonly lease: string
  readonly leaseMs: Millis
  readonly places: Places
  /** Whether this run is at it already, whatever its lease says: a clock may have been set. */
  readonly isUnderWay: (deliveryId: number) => boolean
  readonly unseal: Unseal
}

export type Claim = {
  readonly claimed: readonly Claimed[]
  /** Whether to claim again, though there were places left. */
  readonly isMore: boolean
}

export function isAnyDeliveryDue({ q, now }: Reader): boolean {
  return isAnythingDue(q, now)
}

/** Leases what is due, as far as there are places, endpoint by endpoint in turn. */
export function claimDeliveries(tx: Tx, terms: ClaimTerms): Claim {
  const { q, now } = tx
  const claimed: Claimed[] = []
  const about = { all: 0, failing: 0 }
  let isMore = false
  for (const endpoint of terms.places.inTurn(endpointsWithDue(q, now))) {
    const isFailing = endpoint.failingSince !== null
    const places = terms.places.free({ endpointId: endpoint.id, isFailing }, about)
    if (places === 0) continue
    const { ready, isCut } = dueAt(tx, endpoint, { places, terms })
    isMore ||= isCut
    if (ready.length === 0) continue
    claimed.push(...withCall(tx, endpoint, ready, terms.unseal))
    about.all += ready.length
    if (isFailing) about.failing += ready.length
  }
  if (claimed.length > 0) {
    const ids = claimed.map(({ id }) => id)
    leaseDeliveries(q, ids, { lease: terms.lease, until: now + terms.leaseMs })
  }
  return { claimed, isMore }
}

type Ready = { readonly ready: readonly DueDelivery[]; readonly isCut: boolean }

// How many rows one look at an endpoint that wants order may park.
const looksPerClaim = 100

/** What may be sent to an endpoint. In order, what is behind another one waits until that is settled. */
function dueAt(
  { q, now }: Tx,
  { id: endpointId, isOrdered }: DueEndpoint,
  { places, terms }: { places: number; terms: ClaimTerms },
): Ready {
  const isIdle = ({ id }: DueDelivery) => !terms.isUnderWay(id)
  if (!isOrdered) {
    const limit = places + terms.places.takenBy(endpointId)
    const rows = dueDeliveries(q, { endpointId, now, limit })
    return { ready: rows.filter(isIdle).slice(0, places), isCut: false }
  }
  const rows = dueDeliveriesInOrder(q, { endpointId, now, limit: looksPerClaim })
  const behind = rows.filter(({ isBehind }) => isBehind === 1)
  for (const { id } of behind) parkDelivery(q, id)
  const first = rows.filter((row) => row.isBehind === 0 && isIdle(row))
  const isCut = rows.length === looksPerClaim && behind.length > 0 && first.length < places
  return { ready: first.slice(0, places), isCut }
}

function withCall(
  tx: Tx,
  { id: endpointId, url, failingSince, sealedHeaders }: DueEndpoint,
  rows: readonly DueDelivery[],
  unseal: Unseal,
): Claimed[] {
  const secrets = secretsOf(tx, endpointId, unseal)
  const extraHeaders = headersOf({ sealedHeaders }, unseal)
  const endpoint = { endpointId, isFailing: failingSince !== null, url, secrets, extraHeaders }
  return rows.map((row) => ({ ...row, ...endpoint, attempt: row.attempts + 1 }))
}

/** How a delivery stands after an attempt. */
export type Settled = {
  readonly status: DeliveryStatus
  readonly failure: AttemptFailure | null
  readonly nextAttemptAt: Millis | null
}

export type SettleTerms = {
  /** Of this run of the server. */
  readonly lease: string
  readonly waits: Waits
}

/**
 * Writes down what came of an attempt, and what follows from it for the delivery and its endpoint. Undefined,
 * and nothing written, when the delivery is another attempt's by now.
 */
export function settleAttempt(
  tx: Tx,
  claimed: Claimed,
  outcome: Outcome,
  { lease, waits }: SettleTerms,
): Settled | undefined {
  const { q, now } = tx
  const { id, endpointId, attempt, ticketId } = claimed
  const endpoint = healthOf(q, endpointId)
  const verdict = verdictOf(outcome)
  const failed = failedOf(claimed, outcome, now)
  const health = endpoint && healthAfter(endpoint, verdict, failed, waits)
  const isOver = !endpoint || endpoint.disabledReason !== null || health?.disable !== null
  const nextAt = () => (isOver ? null : retryAt({ ...failed, chance: chanceOf(tx) }, waits))
  const ending = endingOf(verdict, nextAt, isOver)
  const settledAt = ending.status === 'pending' ? null : now
  const row = { id, lease, attempt, ...ending, lastAttemptAt: now, settledAt }
  if (!settleDelivery(q, row)) return undefined
  const failure = failureOf(outcome)
  insertAttempt(q, {
    deliveryId: id,
    number: attempt,
    responseStatus: outcome.status,
    failure,
    responseText: outcome.status === null ? null : beginningOf(outcome.text),
    durationMs: outcome.durationMs,
    nextAttemptAt: ending.dueAt,
    createdAt: now,
  })
  if (settledAt !== null && ticketId !== null) unparkFirst(q, { endpointId, ticketId, now })
  if (endpoint && health) applyHealth(tx, endpoint, health)
  return { status: ending.status, failure, nextAttemptAt: ending.dueAt }
}

function failedOf(
  { attempt, earlierAttempts }: Claimed,
  { retryAfter }: Outcome,
  now: Millis,
): Omit<Failed, 'chance'> {
  // Queued anew by a person, a delivery begins its schedule anew.
  return { attempt: attempt - earlierAttempts, retryAfter, now }
}

function chanceOf({ random }: Tx): number {
  return new DataView(random(4).buffer).getUint32(0) / 2 ** 32
}

type Ending = {
  readonly status: Settled['status']
  readonly deadReason: DeadReason | null
  readonly dueAt: Millis | null
}

/** `isOver` says that the endpoint is told nothing more. */
function endingOf(verdict: Verdict, nextAt: () => Millis | null, isOver: boolean): Ending {
  const dead = (deadReason: Ending['deadReason']) =>
    ({ status: 'dead', deadReason, dueAt: null }) as const
  if (verdict === 'delivered') return { status: 'delivered', deadReason: null, dueAt: null }
  if (verdict === 'gone' || verdict === 'blocked') return dead(verdict)
  if (isOver) return dead('disabled')
  const dueAt = nextAt()
  if (dueAt === null) return dead('exhausted')
  return { status: 'pending', deadReason: null, dueAt }
}

function applyHealth(
  tx: Tx,
  endpoint: Health & { readonly id: number },
  { failingSince, pausedUntil, disable }: HealthAfter,
): void {
  if (failingSince !== endpoint.failingSince || pausedUntil !== endpoint.pausedUntil) {
    patchWebhook(tx.q, endpoint.id, { failingSince, pausedUntil })
  }
  if (disable) disableWebhook(tx, endpoint.id, disable)
}

const responseBytesKept = 1024

function beginningOf(text: string): string {
  // No character is more than three bytes for each unit of its text.
  if (3 * text.length <= responseBytesKept) return text
  const bytes = Buffer.from(text).subarray(0, responseBytesKept)
  // As a stream, so that a character that was cut in two is left out.
  return new TextDecoder().decode(bytes, { stream: true })
}

/** Makes due what earlier runs of the server had in flight when they ended; returns how much that was. */
export function takeBackDeliveries({ q, now }: Tx, lease: string): number {
  return returnLeasesOfOthers(q, lease, now)
}

/** Makes due what this run has in flight and will not see the end of; returns how much that is. */
export function giveBackDeliveries({ q, now }: Tx, lease: string): number {
  return returnLeases(q, lease, now)
}
