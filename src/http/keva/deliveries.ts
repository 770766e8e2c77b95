import { z } from 'zod'
import {
  deadReasons,
  deliveryIdOf,
  deliveryStatuses,
  getDelivery,
  listDeliveries,
  redeliver,
  sendTest,
  type Delivery,
  type FullDelivery,
} from '../../domain/deliveries.ts'
import { replay } from '../../domain/replays.ts'
import type { Reader } from '../../domain/tx.ts'
import { publicId, uidOf } from '../../lib/ids.ts'
import { isoSeconds, isoSecondsOrNull } from '../../lib/time.ts'
import type { Endpoint } from '../endpoint.ts'
import { read, readQuery } from '../fields.ts'
import { payloadOf } from '../payloads.ts'
import { deliveryTypes, refuseBoundless, subscriptions } from '../webhooks.ts'
import { moment, oneOf } from './fields.ts'
import { date } from './shapes.ts'
import { envelopeList, v1 } from './surface.ts'
import { webhookIn } from './webhooks.ts'

const attemptKeys = {
  responseStatus: z.int().nullable(),
  failure: z.string().nullable(),
  responseBody: z.string().nullable(),
  durationMs: z.int().nullable(),
  nextAttemptAt: date.nullable(),
}

const keys = {
  id: z.string(),
  eventId: z.string(),
  eventType: z.string(),
  sequence: z.int(),
  status: z.enum(deliveryStatuses),
  deadReason: z.enum(deadReasons).nullable(),
  attempts: z.int(),
  ...attemptKeys,
  lastAttemptAt: date.nullable(),
  settledAt: date.nullable(),
  createdAt: date,
}

/** keva.md 9.5, and what an attempt came to. */
const shape = z.strictObject(keys).meta({ id: 'Delivery' })

const wholeShape = z
  .strictObject({
    ...keys,
    payload: z.looseObject({}),
    history: z.array(z.strictObject({ number: z.int(), ...attemptKeys, createdAt: date })),
  })
  .meta({ id: 'WholeDelivery' })

export function presentDelivery(delivery: Delivery) {
  return {
    id: publicId('delivery', delivery.uid),
    eventId: publicId('event', delivery.eventUid),
    eventType: delivery.eventType,
    sequence: delivery.eventSequence,
    status: delivery.status,
    deadReason: delivery.deadReason,
    attempts: delivery.attempts,
    responseStatus: delivery.responseStatus,
    failure: delivery.failure,
    responseBody: delivery.responseText,
    durationMs: delivery.durationMs,
    nextAttemptAt: isoSecondsOrNull(delivery.dueAt),
    lastAttemptAt: isoSecondsOrNull(delivery.lastAttemptAt),
    settledAt: isoSecondsOrNull(delivery.settledAt),
    createdAt: isoSeconds(delivery.createdAt),
  }
}

function presentWhole(delivery: FullDelivery) {
  return {
    ...presentDelivery(delivery),
    payload: JSON.parse(delivery.body) as object,
    history: delivery.history.map((attempt, at) => ({
      number: at + 1,
      responseStatus: attempt.responseStatus,
      failure: attempt.failure,
      responseBody: attempt.responseText,
      durationMs: attempt.durationMs,
      nextAttemptAt: isoSecondsOrNull(attempt.nextAttemptAt),
      createdAt: isoSeconds(attempt.createdAt),
    })),
  }
}

const filters = z.object({
  status: oneOf(deliveryStatuses).optional(),
  type: z.enum(deliveryTypes).optional(),
  since: moment().optional(),
  until: moment().optional(),
})

const replayed = z.object({
  from: moment().nullable().optional(),
  to: moment().nullable().optional(),
  types: subscriptions().nullable().optional(),
  status: oneOf(['delivered', 'dead']).nullable().optional(),
  after: z.int().min(0).nullable().optional(),
})

const replayAnswer = z
  .strictObject({
    queued: z.int().min(0),
    nextAfter: z.int().min(0).nullable().meta({ description: 'What to send as `after` to go on' }),
    hasMore: z.boolean(),
  })
  .meta({ id: 'Replay' })

const list = envelopeList('deliveries')
const whole = { status: 200, shape: v1.single(wholeShape) } as const

export const deliveries: readonly Endpoint[] = [
  {
    method: 'POST',
    path: '/webhooks/:id/test',
    scope: 'webhooks:write',
    tag: 'Webhooks',
    summary: 'Have a test event delivered to this endpoint alone',
    answer: whole,
    run({ tx, params }) {
      return { status: 200, body: v1.body(presentWhole(sendTest(tx, webhookIn(tx, params).id))) }
    },
  },
  {
    method: 'POST',
    path: '/webhooks/:id/replay',
    scope: 'webhooks:write',
    tag: 'Webhooks',
    summary:
      'Send events of a range again, in order, some at a time; those never sent are sent too',
    body: replayed,
    answer: { status: 200, shape: v1.single(replayAnswer) },
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
      const { queued, nextAfter } = replay(tx, id, wanted, payloadOf)
      return { status: 200, body: v1.body({ queued, nextAfter, hasMore: nextAfter !== null }) }
    },
  },
  {
    method: 'GET',
    path: '/webhooks/:id/deliveries',
    scope: 'webhooks:read',
    tag: 'Webhooks',
    summary: 'List deliveries, newest first; of a range of time, `total` goes up to ten thousand',
    query: list.query(filters),
    answer: list.answer(shape),
    run({ tx, params, query }) {
      const { id } = webhookIn(tx, params)
      const { type: eventType, ...rest } = readQuery(tx, filters, query)
      const filter = { ...rest, eventType }
      const body = list.body(
        query,
        (window) => listDeliveries(tx, id, filter, window),
        presentDelivery,
      )
      return { status: 200, body }
    },
  },
  {
    method: 'GET',
    path: '/webhooks/:id/deliveries/:deliveryId',
    scope: 'webhooks:read',
    tag: 'Webhooks',
    summary: 'Read a delivery with its payload and every attempt',
    answer: whole,
    run({ tx, params }) {
      const { id } = webhookIn(tx, params)
      const delivery = getDelivery(tx, id, idOf(tx, params['deliveryId'] ?? ''))
      return { status: 200, body: v1.body(presentWhole(delivery)) }
    },
  },
  {
    method: 'POST',
    path: '/webhooks/:id/deliveries/:deliveryId/redeliver',
    scope: 'webhooks:write',
    tag: 'Webhooks',
    summary: 'Send a delivery again, the same event with the same bytes',
    answer: whole,
    run({ tx, params }) {
      const { id } = webhookIn(tx, params)
      const delivery = redeliver(tx, id, idOf(tx, params['deliveryId'] ?? ''))
      return { status: 200, body: v1.body(presentWhole(delivery)) }
    },
  },
]

function idOf(reader: Reader, id: string): number | undefined {
  return deliveryIdOf(reader, uidOf('delivery', id))
}
