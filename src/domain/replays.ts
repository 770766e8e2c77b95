import type { Millis } from '../lib/time.ts'
import { lastSequence, oldestSequence } from '../store/events.ts'
import { momentOf, requeueDelivery, settledDeliveries } from '../store/redelivery.ts'
import {
  eventsOf,
  firstToldSequence,
  sequenceFrom,
  settledInStretch,
  untoldInStretch,
} from '../store/replays.ts'
import { recordedEvent } from './events.ts'
import { tell, type PayloadOf } from './outbox.ts'
import { subscribes, webhookTypes } from './subscriptions.ts'
import type { Tx } from './tx.ts'
import { getWebhook, refuseInactive } from './webhooks.ts'

// Telling an endpoint once more, or for the first time: what it was told of goes out again with the same
// bytes, and what is still among the events goes out also where there is no delivery of it, because the
// endpoint was not there yet, was off, or has been told so long ago that this is forgotten.

export type Replay = {
  /** Exact types and patterns; any, when there is none. */
  readonly types: readonly string[] | null
  readonly from: Millis | null
  /** Before this moment. */
  readonly to: Millis | null
  /** Only deliveries that came through, or only those that did not. */
  readonly status: 'delivered' | 'dead' | null
  /** Past the event with this sequence only. */
  readonly after: number | null
}

export type Replayed = {
  readonly queued: number
  /** The sequence to go on past, or null at the end. */
  readonly nextAfter: number | null
}

// What is queued at once holds up who wants to write.
const queuedMost = 250
const bytesMost = 256 * 1024
const examinedMost = 5000

/**
 * Has an endpoint told of events, in their order; what is pending is on its way already. It may queue little,
 * or nothing, without being at the end. Throws `refused` when the endpoint is not active.
 */
export function replay(tx: Tx, endpointId: number, wanted: Replay, payloadOf: PayloadOf): Replayed {
  const webhook = getWebhook(tx, endpointId)
  refuseInactive(webhook)
  const { status } = wanted
  if (status) return tellAgain(tx, endpointId, { ...wanted, status })
  return tellAll(tx, { id: endpointId, words: webhook.events }, wanted, payloadOf)
}

/** Deliveries that ended so. */
function tellAgain(
  { q, now }: Tx,
  endpointId: number,
  { types, from, to, status, after }: Replay & { readonly status: 'delivered' | 'dead' },
): Replayed {
  const sequence = after ?? 0
  const settled = settledDeliveries(
    q,
    {
      endpointId,
      eventTypes: types ? typesOf(types) : [],
      status,
      since: from ?? 0,
      until: to ?? Number.MAX_SAFE_INTEGER,
      after: { at: momentOf(q, { sequence, endpointId }), sequence },
    },
    queuedMost + 1,
  )
  const queued = settled.slice(0, queuedMost)
  for (const { id } of queued) requeueDelivery(q, id, now)
  const isMore = settled.length > queuedMost
  return { queued: queued.length, nextAfter: isMore ? (queued.at(-1)?.sequence ?? null) : null }
}

/** An event of a stretch, with its delivery if there is one. */
type Item = { readonly sequence: number; readonly id?: number; readonly bytes?: number }

/** Every event of a stretch that is wanted, told before or not. */
function tellAll(
  tx: Tx,
  endpoint: { readonly id: number; readonly words: readonly string[] },
  wanted: Replay,
  payloadOf: PayloadOf,
): Replayed {
  const { types, from, to } = wanted
  const { after, through, end } = stretchOf(tx, endpoint.id, wanted)
  const stretch = { endpointId: endpoint.id, after, through, limit: queuedMost + 1 }
  const [since, until] = [from ?? 0, to ?? Number.MAX_SAFE_INTEGER]
  const told = types && typesOf(types)
  const settled = settledInStretch(tx.q, stretch, { since, until, types: told })
  const own = typesOf(endpoint.words).filter((type) => !told || told.includes(type))
  const items: Item[] = [...settled, ...untoldInStretch(tx.q, stretch, own)]
  const { taken, isCut } = beginningOf(items.toSorted((a, b) => a.sequence - b.sequence))
  let queued = 0
  for (const { id } of taken) {
    if (id === undefined) continue
    requeueDelivery(tx.q, id, tx.now)
    queued++
  }
  const untold = taken.filter(({ id }) => id === undefined).map(({ sequence }) => sequence)
  for (const row of eventsOf(tx.q, untold)) {
    const event = recordedEvent(row)
    if (event.createdAt < since || event.createdAt >= until) continue
    const payload = payloadOf(event)
    if (!payload) continue
    tell(tx, endpoint.id, event, JSON.stringify(payload))
    queued++
  }
  const position = isCut ? (taken.at(-1)?.sequence ?? through) : through
  return { queued, nextAfter: position < end ? position : null }
}

/** So many, and so many bytes of what is yet to be written but for the last of them. */
function beginningOf(items: readonly Item[]): { taken: readonly Item[]; isCut: boolean } {
  let bytes = 0
  const fullAt = items.findIndex(
    (item, at) => (bytes += item.bytes ?? 0) >= bytesMost || at + 1 === queuedMost,
  )
  if (fullAt < 0 || fullAt + 1 === items.length) return { taken: items, isCut: false }
  return { taken: items.slice(0, fullAt + 1), isCut: true }
}

/** What is looked at now, and the sequence at which all that is wanted ends. */
function stretchOf({ q }: Tx, endpointId: number, { from, to, after }: Replay) {
  const head = lastSequence(q)
  const oldest = oldestSequence(q) ?? head + 1
  const kept = { oldest, head }
  const first = from === null ? oldest : sequenceFrom(q, from, kept)
  // Deliveries may be kept for longer than their events.
  const isFromStart = first === oldest
  const begin = isFromStart ? Math.min(firstToldSequence(q, endpointId) ?? oldest, oldest) : first
  const end = to === null ? head : sequenceFrom(q, to, kept) - 1
  const start = Math.max(after ?? 0, begin - 1)
  return { after: start, through: Math.min(start + examinedMost, end), end }
}

/** The types that some words subscribe to. */
function typesOf(words: readonly string[]): string[] {
  return webhookTypes.filter((type) => subscribes(words, type))
}
