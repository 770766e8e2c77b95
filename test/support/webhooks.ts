// Endpoints of webhooks and what they are told, as tests find them.

import { sendTest } from '../../src/domain/deliveries.ts'
import { createWebhook, type NewWebhook, type WebhookPatch } from '../../src/domain/webhooks.ts'
import { secretsOf } from '../../src/domain/webhookseals.ts'
import { publicId } from '../../src/lib/ids.ts'
import { unseal } from '../../src/security/seal.ts'
import type { TestApp } from './harness.ts'

export const hookUrl = 'https://hooks.test/in/s3cret-path'

/** What seals the secrets of an app. */
export function sealingOf(app: TestApp): string {
  const { sealing } = JSON.parse(app.signing.read() ?? '') as { sealing: string }
  return sealing
}

/** Adds an endpoint that is told of everything, unless it says otherwise; its public id is `{webhook}`. */
export async function webhook(app: TestApp, fields: WebhookPatch = {}): Promise<number> {
  const wanted: NewWebhook = { url: hookUrl, events: ['*'], ...given(fields) }
  const made = await app.write((tx) => createWebhook(tx, wanted, sealingOf(app)).webhook)
  app.named.set('webhook', publicId('webhook', made.uid))
  return made.id
}

function given(fields: WebhookPatch): Partial<NewWebhook> {
  return fields as Partial<NewWebhook>
}

/** An endpoint with the delivery of a test, whose public id is `{delivery}`. */
export async function delivery(app: TestApp, fields: WebhookPatch = {}): Promise<void> {
  const id = await webhook(app, fields)
  const sent = await app.write((tx) => sendTest(tx, id))
  app.named.set('delivery', publicId('delivery', sent.uid))
}

/** The secrets that sign for an endpoint now. */
export function liveSecrets(app: TestApp, id = 1): string[] {
  return app.read((reader) => secretsOf(reader, id, (sealed) => unseal(sealed, sealingOf(app))))
}

type Stored = {
  readonly [column: string]: unknown
  readonly body: string
  readonly event_type: string
  readonly endpoint_id: number
}

/** Every delivery that there is, as it is stored. */
export function storedDeliveries(app: TestApp): Stored[] {
  return JSON.parse(app.dump().get('deliveries') ?? '[]') as Stored[]
}

/** What an attempt at a delivery writes down. */
export function attempted(
  id: number,
  { status, at, response = 500 }: { status: string; at: number; response?: number },
) {
  return (app: TestApp): void => {
    const isSettled = status !== 'pending'
    const settled = isSettled ? `settled_at = ${at}, due_at = NULL` : `due_at = ${at + 60_000}`
    const reason = status === 'dead' ? "'exhausted'" : 'NULL'
    app.sql(`UPDATE deliveries SET status = '${status}', dead_reason = ${reason}, attempts = attempts + 1,
        last_attempt_at = ${at}, ${settled} WHERE id = ${id};
      INSERT INTO delivery_attempts (delivery_id, number, response_status, failure, response_text,
        duration_ms, next_attempt_at, created_at)
      SELECT id, attempts, ${response}, ${response < 300 ? 'NULL' : "'rejected'"}, 'so it was', 41, due_at, ${at}
        FROM deliveries WHERE id = ${id};`)
  }
}
