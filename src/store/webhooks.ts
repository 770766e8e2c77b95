import { and, desc, eq, getTableColumns, isNotNull, isNull, sql } from 'drizzle-orm'
import type { Page, Window } from '../lib/page.ts'
import type { Millis } from '../lib/time.ts'
import { keysetValues } from './pages.ts'
import { command, select, value, type Queries } from './queries.ts'
import { inserter, patcher } from './rows.ts'
import { webhookEndpoints, webhookSecrets, type WebhookEndpointRow } from './schema.ts'

const columns = getTableColumns(webhookEndpoints)
const isThere = isNull(webhookEndpoints.deletedAt)

const byId = select(columns, (db, row) =>
  db
    .select(row)
    .from(webhookEndpoints)
    .where(and(eq(webhookEndpoints.id, value('id')), isThere)),
)

const byUid = select(columns, (db, row) =>
  db
    .select(row)
    .from(webhookEndpoints)
    .where(and(eq(webhookEndpoints.uid, value('uid')), isThere)),
)

const newestFirst = [desc(webhookEndpoints.createdAt), desc(webhookEndpoints.id)]

const byNumber = select(columns, (db, row) =>
  db
    .select(row)
    .from(webhookEndpoints)
    .where(isThere)
    .orderBy(...newestFirst)
    .limit(value('limit'))
    .offset(value('offset')),
)

// A desk has few endpoints: a walk over those of one moment costs nothing.
const isPast = sql`(${webhookEndpoints.createdAt}, ${webhookEndpoints.id}) < (${value('afterAt')}, ${value('afterId')})`

const past = select(columns, (db, row) =>
  db
    .select(row)
    .from(webhookEndpoints)
    .where(and(isThere, isPast))
    .orderBy(...newestFirst)
    .limit(value('limit')),
)

const count = select({ total: sql<number>`count(*)` }, (db, row) =>
  db.select(row).from(webhookEndpoints).where(isThere),
)

const subscriber = { id: webhookEndpoints.id, events: webhookEndpoints.events }

const active = select(subscriber, (db, row) =>
  db
    .select(row)
    .from(webhookEndpoints)
    .where(and(eq(webhookEndpoints.isActive, true), isThere))
    .orderBy(webhookEndpoints.id),
)

const deleted = select({ id: webhookEndpoints.id }, (db, row) =>
  db.select(row).from(webhookEndpoints).where(isNotNull(webhookEndpoints.deletedAt)).limit(1),
)

const removeRow = command((db) =>
  db.delete(webhookEndpoints).where(eq(webhookEndpoints.id, value('id'))),
)

const secretColumns = {
  id: webhookSecrets.id,
  sealedSecret: webhookSecrets.sealedSecret,
  expiresAt: webhookSecrets.expiresAt,
}

const secretsNewestFirst = select(secretColumns, (db, row) =>
  db
    .select(row)
    .from(webhookSecrets)
    .where(eq(webhookSecrets.endpointId, value('endpointId')))
    .orderBy(desc(webhookSecrets.id)),
)

const removeSecretRow = command((db) =>
  db.delete(webhookSecrets).where(eq(webhookSecrets.id, value('id'))),
)

const removeSecretRows = command((db) =>
  db.delete(webhookSecrets).where(eq(webhookSecrets.endpointId, value('endpointId'))),
)

/** An endpoint that is told of events, and of which. */
export type Subscriber = { readonly id: number; readonly events: readonly string[] }

export type SealedSecret = {
  readonly id: number
  readonly sealedSecret: string
  /** Null for the one that no other has taken the place of. */
  readonly expiresAt: Millis | null
}

export const insertWebhook = inserter(webhookEndpoints)
export const patchWebhook = patcher(webhookEndpoints)
export const insertSecret = inserter(webhookSecrets)
export const patchSecret = patcher(webhookSecrets)

export function webhookById(q: Queries, id: number): WebhookEndpointRow | undefined {
  return byId(q).get({ id })
}

export function webhookByUid(q: Queries, uid: string): WebhookEndpointRow | undefined {
  return byUid(q).get({ uid })
}

/** Newest first. */
export function webhooksNewestFirst(q: Queries, window: Window): Page<WebhookEndpointRow> {
  const total = count(q).get({})?.total ?? 0
  const rows = 'after' in window ? past(q).all(keysetValues(window)) : byNumber(q).all(window)
  return { rows, total }
}

/** The endpoints that are active, oldest first. */
export function activeSubscribers(q: Queries): Subscriber[] {
  return active(q).all({})
}

/** An endpoint that was deleted and whose row is still there. */
export function deletedWebhookId(q: Queries): number | undefined {
  return deleted(q).get({})?.id
}

export function removeWebhookRow(q: Queries, id: number): void {
  removeRow(q).run({ id })
}

/** Newest first, those that have expired included. */
export function secretsOfWebhook(q: Queries, endpointId: number): SealedSecret[] {
  return secretsNewestFirst(q).all({ endpointId })
}

export function removeSecret(q: Queries, id: number): void {
  removeSecretRow(q).run({ id })
}

export function removeSecretsOf(q: Queries, endpointId: number): void {
  removeSecretRows(q).run({ endpointId })
}
