import { z } from 'zod'
import {
  deadReasons,
  deliveryStatuses,
  getDelivery,
  listDeliveries,
  redeliver,
  sendTest,
  type Delivery,
  type DeliveryFilter,
  type FullDelivery,
} from '../../../domain/deliveries.ts'
import { replay } from '../../../domain/replays.ts'
import type { Reader } from '../../../domain/tx.ts'
import { integerId, publicId } from '../../../lib/ids.ts'
import { isoSeconds, isoSecondsOrNull } from '../../../lib/time.ts'
import type { Endpoint } from '../../endpoint.ts'
import { asList, read, readQuery } from '../../fields.ts'
import { payloadOf } from '../../payloads.ts'
import { deliveryTypes, refuseBoundless, subscriptions } from '../../webhooks.ts'
import { list, listed, pagingOf, pagingQuery, single, told } from '../envelope.ts'
import { nullableWord, optionalInteger, optionalMoment } from '../fields.ts'
import { date } from '../shapes.ts'
import { webhookIn } from './webhooks.ts'

const perPage = 15
const queued = 'Queued successfully'

const attemptKeys = {
  response_status: z.int().nullable(),
  failure: z.string().nullable(),
  response_body: z.string().nullable(),
  duration_ms: z.int().nullable(),
  next_attempt_at: date.nullable(),
}

const keys = {
  id: z.int(),
  event_id: z.string(),
  event_type: z.string(),
  sequence: z.int(),
  status: z.enum(deliveryStatuses),
  dead_reason: z.enum(deadReasons).nullable(),
  attempts: z.int(),
  ...attemptKeys,
  last_attempt_at: date.nullable(),
  settled_at: date.nullable(),
  created_at: date,
}

const shape = z.strictObject(keys).meta({ id: 'Delivery' })

const wholeShape = z
  .strictObject({
    ...keys,
    payload: z.looseObject({}),
    history: z.array(z.strictObject({ number: z.int(), ...attemptKeys, created_at: date })),
  })
  .meta({ id: 'WholeDelivery' })

function present(delivery: Delivery) {
  return {
    id: delivery.id,
    // As receivers know it: the payload is the same for everybody.
    event_id: publicId('event', delivery.eventUid),
    event_type: delivery.eventType,
    sequence: delivery.eventSequence,
    status: delivery.status,
    dead_reason: delivery.deadReason,
    attempts: delivery.attempts,
    response_status: delivery.responseStatus,
    failure: delivery.failure,
    response_body: delivery.responseText,
    duration_ms: delivery.durationMs,
    next_attempt_at: isoSecondsOrNull(delivery.dueAt),
    last_attempt_at: isoSecondsOrNull(delivery.lastAttemptAt),
    settled_at: isoSecondsOrNull(delivery.settledAt),
    created_at: isoSeconds(delivery.createdAt),
  }
}

function presentWhole(delivery: FullDelivery) {
  return {
    ...present(delivery),
    payload: JSON.parse(delivery.body) as object,
    history: delivery.history.map((attempt, at) => ({
      number: at + 1,
      response_status: attempt.responseStatus,
      failure: attempt.failure,
      response_body: attempt.responseText,
      duration_ms: attempt.durationMs,
      next_attempt_at: isoSecondsOrNull(attempt.nextAttemptAt),
      created_at: isoSeconds(attempt.createdAt),
    })),
  }
}

const range = z.object({ since: optionalMoment(), until: optionalMoment() })

const replayed = z.object({
  from: optionalMoment(),
  to: optionalMoment(),
  types: z.preprocess(asList, subscriptions().nullable().optional()),
  status: nullableWord(['delivered', 'dead']),
  after: optionalInteger(0),
})

const replayAnswer = z
  .strictObject({
    queued: z.int().min(0),
    next_after: z.int().min(0).nullable().meta({ description: 'What to send as `after` to go on' }),
    has_more: z.boolean(),
  })
  .meta({ id: 'Replay' })

const queuedWhole = { status: 200, shape: told(wholeShape, queued) } as const

export const deliveries: readonly Endpoint[] = [
  {
    method: 'POST',
    path: '/webhooks/:id/test',
    scope: 'webhooks:update',
    tag: 'Webhooks',
    summary: 'Have a test event delivered to this webhook alone',
    answer: queuedWhole,
    run({ tx, params }) {
      const data = presentWhole(sendTest(tx, webhookIn(tx, params).id))
      return { status: 200, body: { data, message: queued } }
    },
  },
  {
    method: 'POST',
    path: '/webhooks/:id/replay',
    scope: 'webhooks:update',
    tag: 'Webhooks',
    summary:
      'Send events of a range again, in order, some at a time; those never sent are sent too',
    body: replayed,
    answer: { status: 200, shape: told(replayAnswer, queued) },
    run({ tx, params, body }) {
      const { id } = webhookIn(tx, params)
      const {
        from = null,
        to = null,
        types = null,
        status = null,
        after = null,
      } = read(tx, replayed, body)
      const wanted = { from, to, types, status, after }
      refuseBoundless(wanted)
      const { queued: count, nextAfter } = replay(tx, id, wanted, payloadOf)
      const data = { queued: count, next_after: nextAfter, has_more: nextAfter !== null }
      return { status: 200, body: { data, message: queued } }
    },
  },
  {
    method: 'GET',
    path: '/webhooks/:id/deliveries',
    scope: 'webhooks:read',
    tag: 'Webhooks',
    summary: 'List deliveries, newest first; of a range of time, `total` goes up to ten thousand',
    query: z.object({
      ...pagingQuery(perPage),
      status: z.enum(deliveryStatuses).optional(),
      event_type: z.enum(deliveryTypes).optional(),
      ...range.shape,
    }),
    answer: { status: 200, shape: list(shape) },
    run({ tx, params, query }) {
      const { id } = webhookIn(tx, params)
      const filter = filterOf(tx, query)
      const paging = pagingOf(query, perPage)
      const page = filter ? listDeliveries(tx, id, filter, paging.range) : { rows: [], total: 0 }
      return { status: 200, body: listed(paging, page, present) }
    },
  },
  {
    method: 'GET',
    path: '/webhooks/:id/deliveries/:deliveryId',
    scope: 'webhooks:read',
    tag: 'Webhooks',
    summary: 'Read a delivery with its payload and every attempt',
    answer: { status: 200, shape: single(wholeShape) },
    run({ tx, params }) {
      const { id } = webhookIn(tx, params)
      const data = presentWhole(getDelivery(tx, id, integerId(params['deliveryId'] ?? '')))
      return { status: 200, body: { data } }
    },
  },
  {
    method: 'POST',
    path: '/webhooks/:id/deliveries/:deliveryId/redeliver',
    scope: 'webhooks:update',
    tag: 'Webhooks',
    summary: 'Send a delivery again, the same event with the same bytes',
    answer: queuedWhole,
    run({ tx, params }) {
      const { id } = webhookIn(tx, params)
      const data = presentWhole(redeliver(tx, id, integerId(params['deliveryId'] ?? '')))
      return { status: 200, body: { data, message: queued } }
    },
  },
]

/** Undefined when a word is one that no delivery has, so that the list is empty (deskhive.md section 4). */
function filterOf(reader: Reader, query: URLSearchParams): DeliveryFilter | undefined {
  const { since, until } = readQuery(reader, range, query)
  const asked = query.get('status') || undefined
  const status = deliveryStatuses.find((one) => one === asked)
  if (asked !== undefined && !status) return undefined
  return { status, eventType: query.get('event_type') || undefined, since, until }
}
