import type { Page, Window } from '../lib/page.ts'
import { dayMs } from '../lib/time.ts'
import { seal, sealNonceBytes, unseal } from '../security/seal.ts'
import type { WebhookEndpointRow } from '../store/schema.ts'
import {
  insertSecret,
  insertWebhook,
  patchSecret,
  patchWebhook,
  removeSecret,
  removeSecretsOf,
  secretsOfWebhook,
  webhookById,
  webhookByUid,
  webhooksNewestFirst,
} from '../store/webhooks.ts'
import { differing } from './changes.ts'
import { Fault, found } from './errors.ts'
import type { DisabledReason } from './events.ts'
import type { Reader, Tx } from './tx.ts'
import { headersOf, type ExtraHeaders } from './webhookseals.ts'

export { disabledReasons } from '../store/schema.ts'

// Endpoints that are told of events (keva.md 9.5). What is secret is sealed under `sealing`, which is not in
// the database: the secrets that sign, and the headers that are sent along.

/** An endpoint as it may be shown; of its headers only whether it has any. */
export type Webhook = Omit<WebhookEndpointRow, 'sealedHeaders'> & { readonly hasHeaders: boolean }

type WebhookFields = {
  readonly url?: string | undefined
  readonly events?: readonly string[] | undefined
  readonly description?: string | null | undefined
  readonly isActive?: boolean | undefined
  readonly isOrdered?: boolean | undefined
  /** Null and no headers are the same. */
  readonly headers?: ExtraHeaders | null | undefined
}

export type NewWebhook = WebhookFields & {
  readonly url: string
  readonly events: readonly string[]
}

export type WebhookPatch = WebhookFields

/** An endpoint with its secret, which is in this answer alone. */
export type WithSecret = { readonly webhook: Webhook; readonly secret: string }

/** How long a secret goes on signing beside the one that has taken its place. */
export const overlapMs = dayMs

// With more, a receiver could not tell which of them is meant.
const liveSecretsMost = 3

const secretPrefix = 'whsec_'
const secretBytes = 32

/** Adds an endpoint with its first secret. */
export function createWebhook(tx: Tx, fields: NewWebhook, sealing: string): WithSecret {
  const { headers, events, ...columns } = fields
  const uid = tx.uid()
  const id = insertWebhook(tx.q, {
    ...columns,
    uid,
    events: [...new Set(events)],
    sealedHeaders: sealedHeaders(tx, headers ?? null, sealing),
    createdAt: tx.now,
    updatedAt: tx.now,
  })
  const secret = addSecret(tx, id, sealing)
  tx.emit('webhook.created', null, { id, uid, host: hostOf(fields.url) })
  return { webhook: getWebhook(tx, id), secret }
}

/** Throws `not_found` when there is none. */
export function getWebhook(reader: Reader, id: number | undefined): Webhook {
  return shown(rowOf(reader, id))
}

/** Throws `not_found` when there is none. */
export function getWebhookByUid(reader: Reader, uid: string | undefined): Webhook {
  const row = uid === undefined ? undefined : webhookByUid(reader.q, uid)
  return shown(found(row, 'webhook'))
}

/** Newest first. */
export function listWebhooks(reader: Reader, window: Window): Page<Webhook> {
  const { rows, total } = webhooksNewestFirst(reader.q, window)
  return { rows: rows.map(shown), total }
}

/**
 * Sets what differs; when nothing does, nothing happens. An endpoint that is made active again begins anew,
 * whatever it was disabled for; what waited for it is sent.
 */
export function updateWebhook(
  tx: Tx,
  id: number,
  { headers, events, ...fields }: WebhookPatch,
  sealing: string,
): Webhook {
  const row = rowOf(tx, id)
  const given = { ...fields, events: events && [...new Set(events)] }
  const changed = differing(row, given)
  const isResealed =
    headers !== undefined &&
    !isSame(
      headersOf(row, (sealed) => unseal(sealed, sealing)),
      headers ?? {},
    )
  const told = [
    ...changed.filter((name) => name !== 'isActive'),
    ...(isResealed ? ['headers'] : []),
  ]
  const isSwitched = changed.includes('isActive')
  if (told.length === 0 && !isSwitched) return shown(row)
  patchWebhook(tx.q, id, {
    ...given,
    ...(isResealed && { sealedHeaders: sealedHeaders(tx, headers, sealing) }),
    ...(isSwitched && freshState),
    updatedAt: tx.now,
  })
  const webhook = getWebhook(tx, id)
  if (told.length > 0) tx.emit('webhook.updated', null, { ...nameOf(webhook), fields: told })
  if (isSwitched && webhook.isActive) tx.emit('webhook.enabled', null, nameOf(webhook))
  if (isSwitched && !webhook.isActive) {
    tx.emit('webhook.disabled', null, { ...nameOf(webhook), reason: 'manual' })
  }
  return webhook
}

/** Tells an endpoint nothing more, until somebody makes it active again; one that is not stays as it is. */
export function disableWebhook(
  tx: Tx,
  id: number,
  reason: Exclude<DisabledReason, 'manual'>,
): void {
  const row = rowOf(tx, id)
  if (!row.isActive) return
  patchWebhook(tx.q, id, {
    isActive: false,
    disabledReason: reason,
    disabledAt: tx.now,
    updatedAt: tx.now,
  })
  tx.emit('webhook.disabled', null, { ...nameOf(row), reason })
}

/**
 * Deletes an endpoint: nothing is sent to it any more, and its secrets are gone. Its deliveries are cleared
 * away later, in small batches.
 */
export function deleteWebhook(tx: Tx, id: number): void {
  const row = rowOf(tx, id)
  removeSecretsOf(tx.q, id)
  patchWebhook(tx.q, id, {
    isActive: false,
    sealedHeaders: null,
    deletedAt: tx.now,
    updatedAt: tx.now,
  })
  tx.emit('webhook.deleted', null, nameOf(row))
}

/** Signs with a new secret too; those before go on for `overlapMs`, and no more than three are live. */
export function rotateSecret(tx: Tx, id: number, sealing: string): WithSecret {
  const row = rowOf(tx, id)
  const secrets = secretsOfWebhook(tx.q, id)
  const live = secrets.filter(({ expiresAt }) => expiresAt === null || expiresAt > tx.now)
  const kept = new Set(live.slice(0, liveSecretsMost - 1))
  for (const secret of secrets) {
    if (!kept.has(secret)) removeSecret(tx.q, secret.id)
    else if (secret.expiresAt === null) {
      patchSecret(tx.q, secret.id, { expiresAt: tx.now + overlapMs })
    }
  }
  const secret = addSecret(tx, id, sealing)
  patchWebhook(tx.q, id, { updatedAt: tx.now })
  tx.emit('webhook.secret_rotated', null, nameOf(row))
  return { webhook: getWebhook(tx, id), secret }
}

/** Has an endpoint told of a test, and no other. Throws `refused` for one that is not active. */
export function testWebhook(tx: Tx, id: number): void {
  const row = rowOf(tx, id)
  refuseInactive(row)
  tx.emit('webhook.test', null, nameOf(row))
}

/** Throws `refused` for an endpoint that is not active: what is queued for it would only wait. */
export function refuseInactive({ isActive }: Pick<Webhook, 'isActive'>): void {
  if (!isActive) throw new Fault('refused', 'inactiveWebhook')
}

const freshState = {
  disabledReason: null,
  disabledAt: null,
  failingSince: null,
  pausedUntil: null,
} as const

function rowOf(reader: Reader, id: number | undefined): WebhookEndpointRow {
  return found(id === undefined ? undefined : webhookById(reader.q, id), 'webhook')
}

function shown({ sealedHeaders: sealed, ...row }: WebhookEndpointRow): Webhook {
  return { ...row, hasHeaders: sealed !== null }
}

function nameOf({ id, uid, url }: Pick<Webhook, 'id' | 'uid' | 'url'>) {
  return { id, uid, host: hostOf(url) }
}

function hostOf(url: string): string {
  return URL.parse(url)?.host ?? ''
}

function addSecret(tx: Tx, endpointId: number, sealing: string): string {
  const secret = `${secretPrefix}${tx.random(secretBytes).toBase64()}`
  const sealedSecret = seal(secret, sealing, tx.random(sealNonceBytes))
  insertSecret(tx.q, { endpointId, sealedSecret, createdAt: tx.now })
  return secret
}

function sealedHeaders(tx: Tx, headers: ExtraHeaders | null, sealing: string): string | null {
  if (!headers || Object.keys(headers).length === 0) return null
  return seal(JSON.stringify(headers), sealing, tx.random(sealNonceBytes))
}

function isSame(some: ExtraHeaders, others: ExtraHeaders): boolean {
  return Bun.deepEquals(some, others)
}
