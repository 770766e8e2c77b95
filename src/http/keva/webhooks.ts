import { z } from 'zod'
import type { Reader, Tx } from '../../domain/tx.ts'
import {
  createWebhook,
  deleteWebhook,
  disabledReasons,
  getWebhookByUid,
  listWebhooks,
  overlapMs,
  rotateSecret,
  updateWebhook,
  type Webhook,
} from '../../domain/webhooks.ts'
import { publicId, uidOf } from '../../lib/ids.ts'
import { isoSeconds, isoSecondsOrNull } from '../../lib/time.ts'
import { withPreparation, type Endpoint } from '../endpoint.ts'
import { extraHeaders, readVetted, subscriptions, vetting } from '../webhooks.ts'
import { flag, optionalText, text } from './fields.ts'
import { date } from './shapes.ts'
import { envelopeList, gone, removed, v1 } from './surface.ts'

const urlMax = 2000
const descriptionMax = 500

/** keva.md 9.5. */
const fields = {
  url: text(urlMax),
  events: subscriptions(),
  isActive: flag(),
  description: optionalText(descriptionMax),
  headers: extraHeaders().nullable().optional(),
  ordered: flag(),
}

const creation = z.object(fields)
const change = z.object({
  ...fields,
  url: text(urlMax).optional(),
  events: subscriptions().optional(),
})

const keys = {
  id: z.string(),
  url: z.string(),
  events: z.array(z.string()),
  isActive: z.boolean(),
  description: z.string().nullable(),
  ordered: z.boolean(),
  hasHeaders: z.boolean(),
  disabledReason: z.enum(disabledReasons).nullable(),
  disabledAt: date.nullable(),
  failingSince: date.nullable(),
  createdAt: date,
  updatedAt: date,
}

const shape = z.strictObject(keys).meta({ id: 'Webhook' })
const shapeOnce = z.strictObject({ ...keys, secret: z.string() }).meta({ id: 'NewWebhook' })
const shapeRotated = z
  .strictObject({ ...keys, secret: z.string(), previousSecretExpiresAt: date })
  .meta({ id: 'RotatedWebhook' })

export function presentWebhook(webhook: Webhook) {
  return {
    id: publicId('webhook', webhook.uid),
    url: webhook.url,
    events: webhook.events,
    isActive: webhook.isActive,
    description: webhook.description,
    ordered: webhook.isOrdered,
    hasHeaders: webhook.hasHeaders,
    disabledReason: webhook.disabledReason,
    disabledAt: isoSecondsOrNull(webhook.disabledAt),
    failingSince: isoSecondsOrNull(webhook.failingSince),
    createdAt: isoSeconds(webhook.createdAt),
    updatedAt: isoSeconds(webhook.updatedAt),
  }
}

const list = envelopeList('webhooks')
const answer = { status: 200, shape: v1.single(shape) } as const

export const webhooks: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/webhooks',
    scope: 'webhooks:read',
    tag: 'Webhooks',
    summary: 'List webhook endpoints, newest first',
    query: list.query(),
    answer: list.answer(shape),
    run: ({ tx, query }) => ({
      status: 200,
      body: list.body(query, (window) => listWebhooks(tx, window), presentWebhook),
    }),
  },
  withPreparation({
    method: 'POST',
    path: '/webhooks',
    scope: 'webhooks:write',
    tag: 'Webhooks',
    summary: 'Add a webhook endpoint; its secret is in this answer alone',
    body: creation,
    answer: { status: 201, shape: v1.single(shapeOnce) },
    isSecret: true,
    takesSecret: true,
    prepare: ({ body }, services) => vetting(body, services),
    run({ tx, body }, vetted) {
      const wanted = columnsOf(readVetted(tx, creation, body, vetted))
      const { webhook, secret } = createWebhook(tx, wanted, vetted.sealing)
      return { status: 201, body: v1.body({ ...presentWebhook(webhook), secret }) }
    },
  }),
  {
    method: 'GET',
    path: '/webhooks/:id',
    scope: 'webhooks:read',
    tag: 'Webhooks',
    summary: 'Read a webhook endpoint',
    answer,
    run: ({ tx, params }) => ({
      status: 200,
      body: v1.body(presentWebhook(webhookIn(tx, params))),
    }),
  },
  withPreparation({
    method: 'PATCH',
    path: '/webhooks/:id',
    scope: 'webhooks:write',
    tag: 'Webhooks',
    summary: 'Change a webhook endpoint; what is left out stays',
    body: change,
    answer,
    takesSecret: true,
    prepare: ({ tx, params, body }, services) => vetting(body, services, webhookIn(tx, params).url),
    run({ tx, params, body }, vetted) {
      const { id } = webhookIn(tx, params)
      const wanted = columnsOf(readVetted(tx, change, body, vetted))
      const webhook = updateWebhook(tx, id, wanted, vetted.sealing)
      return { status: 200, body: v1.body(presentWebhook(webhook)) }
    },
  }),
  {
    method: 'DELETE',
    path: '/webhooks/:id',
    scope: 'webhooks:write',
    tag: 'Webhooks',
    summary: 'Delete a webhook endpoint and what waits for it',
    answer: removed,
    run({ tx, params }) {
      deleteWebhook(tx, webhookIn(tx, params).id)
      return gone
    },
  },
  withPreparation({
    method: 'POST',
    path: '/webhooks/:id/rotate-secret',
    scope: 'webhooks:write',
    tag: 'Webhooks',
    summary: 'Make a new secret, shown in this answer alone; the one before signs for a day more',
    answer: { status: 200, shape: v1.single(shapeRotated) },
    isSecret: true,
    prepare({ tx, params }, { sealing }) {
      webhookIn(tx, params)
      return () => Promise.resolve(sealing())
    },
    run({ tx, params }, sealing) {
      const { webhook, secret } = rotateSecret(tx, webhookIn(tx, params).id, sealing)
      const previousSecretExpiresAt = isoSeconds(tx.now + overlapMs)
      const body = v1.body({ ...presentWebhook(webhook), secret, previousSecretExpiresAt })
      return { status: 200, body }
    },
  }),
]

/** The endpoint in a path. Throws `not_found`. */
export function webhookIn(reader: Reader | Tx, params: { readonly [name: string]: string }) {
  return getWebhookByUid(reader, uidOf('webhook', params['id'] ?? ''))
}

function columnsOf<
  F extends { readonly ordered?: boolean | undefined; readonly url?: string | undefined },
>({ ordered: isOrdered, ...same }: F) {
  return { ...same, ...(same.url !== undefined && { url: same.url.trim() }), isOrdered }
}
