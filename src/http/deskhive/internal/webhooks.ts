import { z } from 'zod'
import type { Reader, Tx } from '../../../domain/tx.ts'
import {
  createWebhook,
  deleteWebhook,
  disabledReasons,
  getWebhook,
  listWebhooks,
  overlapMs,
  rotateSecret,
  updateWebhook,
  type Webhook,
} from '../../../domain/webhooks.ts'
import { integerId } from '../../../lib/ids.ts'
import { isoSeconds, isoSecondsOrNull } from '../../../lib/time.ts'
import { withPreparation, type Call, type Endpoint } from '../../endpoint.ts'
import { asList, partial } from '../../fields.ts'
import { extraHeaders, readVetted, subscriptions, vetting, type Vetted } from '../../webhooks.ts'
import {
  created,
  deleted,
  list,
  listed,
  pagingOf,
  pagingQuery,
  single,
  told,
  updated,
} from '../envelope.ts'
import { flag, optionalText, text } from '../fields.ts'
import { date } from '../shapes.ts'

const perPage = 15

const fields = z.object({
  url: text(2000),
  events: z.preprocess(asList, subscriptions()),
  is_active: flag(),
  description: optionalText(500),
  headers: extraHeaders().nullable().optional(),
  is_ordered: flag(),
})

const changes = partial(fields) as unknown as typeof fields

const keys = {
  id: z.int(),
  url: z.string(),
  events: z.array(z.string()),
  is_active: z.boolean(),
  description: z.string().nullable(),
  is_ordered: z.boolean(),
  has_headers: z.boolean(),
  disabled_reason: z.enum(disabledReasons).nullable(),
  disabled_at: date.nullable(),
  failing_since: date.nullable(),
  created_at: date,
  updated_at: date,
}

const shape = z.strictObject(keys).meta({ id: 'Webhook' })
const shapeOnce = z.strictObject({ ...keys, secret: z.string() }).meta({ id: 'NewWebhook' })
const shapeRotated = z
  .strictObject({ ...keys, secret: z.string(), previous_secret_expires_at: date })
  .meta({ id: 'RotatedWebhook' })

function present(webhook: Webhook) {
  return {
    id: webhook.id,
    url: webhook.url,
    events: webhook.events,
    is_active: webhook.isActive,
    description: webhook.description,
    is_ordered: webhook.isOrdered,
    has_headers: webhook.hasHeaders,
    disabled_reason: webhook.disabledReason,
    disabled_at: isoSecondsOrNull(webhook.disabledAt),
    failing_since: isoSecondsOrNull(webhook.failingSince),
    created_at: isoSeconds(webhook.createdAt),
    updated_at: isoSeconds(webhook.updatedAt),
  }
}

/** The endpoints of keva.md 9.5, for admins: the same records in the shapes of this contract. */
export const webhooks: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/webhooks',
    scope: 'webhooks:list',
    tag: 'Webhooks',
    summary: 'List webhooks, newest first',
    query: z.object(pagingQuery(perPage)),
    answer: { status: 200, shape: list(shape) },
    run({ tx, query }) {
      const paging = pagingOf(query, perPage)
      return { status: 200, body: listed(paging, listWebhooks(tx, paging.range), present) }
    },
  },
  withPreparation({
    method: 'POST',
    path: '/webhooks',
    scope: 'webhooks:create',
    tag: 'Webhooks',
    summary: 'Add a webhook; its secret is in this answer alone',
    body: fields,
    answer: { status: 201, shape: told(shapeOnce, created) },
    isSecret: true,
    takesSecret: true,
    prepare: ({ body }, services) => vetting(body, services),
    run({ tx, body }, vetted) {
      const wanted = columnsOf(readVetted(tx, fields, body, vetted))
      const { webhook, secret } = createWebhook(tx, wanted, vetted.sealing)
      return { status: 201, body: { data: { ...present(webhook), secret }, message: created } }
    },
  }),
  {
    method: 'GET',
    path: '/webhooks/:id',
    scope: 'webhooks:read',
    tag: 'Webhooks',
    summary: 'Read a webhook',
    answer: { status: 200, shape: single(shape) },
    run: ({ tx, params }) => ({ status: 200, body: { data: present(webhookIn(tx, params)) } }),
  },
  withPreparation({
    ...updating('PUT'),
    summary: 'Change a webhook; url and events must be given',
    body: fields,
    run: (call, vetted) => changeWebhook(call, vetted, fields),
  }),
  withPreparation({
    ...updating('PATCH'),
    summary: 'Change a webhook; what is left out stays',
    body: changes,
    run: (call, vetted) => changeWebhook(call, vetted, changes),
  }),
  {
    method: 'DELETE',
    path: '/webhooks/:id',
    scope: 'webhooks:delete',
    tag: 'Webhooks',
    summary: 'Delete a webhook and what waits for it',
    answer: { status: 200, shape: told(z.null(), deleted) },
    run({ tx, params }) {
      deleteWebhook(tx, webhookIn(tx, params).id)
      return { status: 200, body: { data: null, message: deleted } }
    },
  },
  withPreparation({
    method: 'POST',
    path: '/webhooks/:id/rotate-secret',
    scope: 'webhooks:update',
    tag: 'Webhooks',
    summary: 'Make a new secret, shown in this answer alone; the one before signs for a day more',
    answer: { status: 200, shape: told(shapeRotated, updated) },
    isSecret: true,
    prepare({ tx, params }, { sealing }) {
      webhookIn(tx, params)
      return () => Promise.resolve(sealing())
    },
    run({ tx, params }, sealing) {
      const { webhook, secret } = rotateSecret(tx, webhookIn(tx, params).id, sealing)
      const expiry = { previous_secret_expires_at: isoSeconds(tx.now + overlapMs) }
      const data = { ...present(webhook), secret, ...expiry }
      return { status: 200, body: { data, message: updated } }
    },
  }),
]

/** The webhook in a path. Throws `not_found`. */
export function webhookIn(reader: Reader, params: { readonly [name: string]: string }): Webhook {
  return getWebhook(reader, integerId(params['id'] ?? ''))
}

function updating<M extends 'PUT' | 'PATCH'>(method: M) {
  return {
    method,
    path: '/webhooks/:id',
    scope: 'webhooks:update',
    tag: 'Webhooks',
    answer: { status: 200, shape: told(shape, updated) },
    takesSecret: true,
    prepare: ({ tx, params, body }: Call<Reader>, services: Parameters<typeof vetting>[1]) =>
      vetting(body, services, webhookIn(tx, params).url),
  } as const
}

function changeWebhook({ tx, params, body }: Call<Tx>, vetted: Vetted, table: typeof fields) {
  const { id } = webhookIn(tx, params)
  const wanted = columnsOf(readVetted(tx, table, body, vetted))
  const webhook = updateWebhook(tx, id, wanted, vetted.sealing)
  return { status: 200, body: { data: present(webhook), message: updated } }
}

function columnsOf({
  is_active: isActive,
  is_ordered: isOrdered,
  ...same
}: z.output<typeof fields>) {
  return { ...same, isActive, isOrdered }
}
