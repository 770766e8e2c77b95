// Every row that writes, with a call that succeeds: what the tests of bad input start from.

import { createArticle } from '../../src/domain/articles.ts'
import { cannedResponses, customFields, knowledgeCategories } from '../../src/domain/catalog.ts'
import { externalEndpoints, internalEndpoints } from '../../src/http/deskhive/index.ts'
import type { Endpoint } from '../../src/http/endpoint.ts'
import { endpoints as kevaEndpoints, pageEndpoints } from '../../src/http/keva/index.ts'
import { publicId } from '../../src/lib/ids.ts'
import { openTestApp, type KeyName, type TestApp } from '../support/harness.ts'
import {
  asPerson,
  knownRefreshToken,
  knownSessions,
  signedIn,
  signInBody,
} from '../support/people.ts'
import { agentTicket, catalog } from '../support/seed.ts'
import { delivery } from '../support/webhooks.ts'
import type { KeyChoice } from '../support/send.ts'
import { startedWorkflow } from '../support/workflowseed.ts'
import { platform, proposed, reply } from './keva/proposals.ts'

export type Served = {
  readonly endpoint: Endpoint
  readonly dialect: 'keva' | 'deskhive'
  /** `POST /api/v1/tickets/:id/messages` */
  readonly name: string
  readonly key: KeyChoice
}

function below(prefix: string, key: KeyName, endpoints: readonly Endpoint[]): Served[] {
  const dialect = key === 'keva' ? 'keva' : 'deskhive'
  return endpoints.map((endpoint) => {
    const name = `${endpoint.method} ${prefix}${endpoint.path}`
    const person = prefix.endsWith('internal') ? asPerson.internal : asPerson.external
    return { endpoint, dialect, name, key: endpoint.access === 'person' ? person : key }
  })
}

/** Every row that asks for a key, once, at its authoritative address, and in the shape of its page. */
export const servedRows: readonly Served[] = [
  ...below('/api/v1', 'keva', kevaEndpoints),
  ...below(
    '/api',
    'keva',
    pageEndpoints.filter(({ path }) => !/^\/(?:tickets|webhooks|events)/.test(path)),
  ),
  ...below('/api/v1/internal', 'special', internalEndpoints),
  ...below('/api/v1/external', 'agent', externalEndpoints),
]

export const writes = servedRows.filter(({ endpoint }) => endpoint.method !== 'GET')

/** A call's line, with the ids that `openDesk` has, or with another one. */
export function lineOf({ name, dialect }: Served, id?: string): string {
  if (id !== undefined) return inner(name.replace(':id', id))
  if (name.includes('/workflow')) {
    const own = dialect === 'keva' ? '{workflow}' : '1'
    return inner(name.replace(':id', own), dialect === 'keva' ? '{execution}' : '1')
  }
  if (name.includes('/approvals/')) return name.replace(':id', '{approval}')
  if (name.includes('/api/v1/webhooks/')) {
    return name.replace(':id', '{webhook}').replace(':deliveryId', '{delivery}')
  }
  if (name.includes('/api/customers/') || name.includes('/api/v1/customers/')) {
    return name.replace(':id', '{customer}')
  }
  if (name.includes('/kb/')) return name.replace(':id', '{entry}')
  if (dialect === 'keva') return name.replace(':id', '{ticket}')
  const [, own = '1'] = ownIds.find(([path]) => name.includes(path)) ?? []
  return inner(name.replace(':id', own))
}

/** A line with the ids of what lies below a record. */
function inner(line: string, execution = '1'): string {
  return line
    .replace(':messageId', '1')
    .replace(':deliveryId', '1')
    .replace(':executionId', execution)
    .replace(':version', '1')
}

/** The record of a noun whose first one is no good: the key of nobody here, and the first agent. */
const ownIds = [
  ['/api-keys/', '8'],
  ['/agents/', '2'],
] as const

const newWebhook = { url: 'https://hooks.test/in', events: ['*'] }

const ticketChange = { status: 'closed', priority: 'low' }

const bodies: { readonly [path: string]: object } = {
  'POST /api/v1/tickets': { subject: 'Hello', customerEmail: 'ann@shop.test', body: 'Where?' },
  'PATCH /api/v1/tickets/:id': ticketChange,
  'POST /api/v1/tickets/:id/messages': { body: 'Hi' },
  'POST /api/v1/approvals': { ...platform, ticketId: null },
  'PATCH /api/v1/approvals/:id': { decision: 'approved', editedDraft: 'Hello' },
  'POST /api/approvals': { ...platform, ticketId: null },
  'PATCH /api/approvals/:id': { decision: 'approved', editedDraft: 'Hello' },
  'POST /api/v1/kb': { title: 'Error E-07', content: 'Switch it **off**.', category: 'Errors' },
  'PATCH /api/v1/kb/:id': { title: 'Error E-07', category: 'Errors' },
  'DELETE /api/v1/kb/:id': {},
  'POST /api/kb': { title: 'Error E-07', content: 'Switch it **off**.', category: 'Errors' },
  'PATCH /api/kb/:id': { title: 'Error E-07', category: 'Errors' },
  'DELETE /api/kb/:id': {},
  'POST /api/v1/customers': { email: 'bo@x.test', company: 'Shop' },
  'PATCH /api/v1/customers/:id': { company: 'Shop' },
  'POST /api/customers': { email: 'bo@x.test', company: 'Shop' },
  'PATCH /api/customers/:id': { company: 'Shop' },
  'POST /api/v1/webhooks': newWebhook,
  'PATCH /api/v1/webhooks/:id': { events: ['ticket.*'] },
  'DELETE /api/v1/webhooks/:id': {},
  'POST /api/v1/webhooks/:id/rotate-secret': {},
  'POST /api/v1/webhooks/:id/test': {},
  'POST /api/v1/webhooks/:id/replay': { types: ['ticket.*'] },
  'POST /api/v1/webhooks/:id/deliveries/:deliveryId/redeliver': {},
  'POST /api/v1/internal/webhooks': newWebhook,
  'PUT /api/v1/internal/webhooks/:id': newWebhook,
  'PATCH /api/v1/internal/webhooks/:id': { events: ['ticket.*'] },
  'DELETE /api/v1/internal/webhooks/:id': {},
  'POST /api/v1/internal/webhooks/:id/rotate-secret': {},
  'POST /api/v1/internal/webhooks/:id/test': {},
  'POST /api/v1/internal/webhooks/:id/replay': { types: ['ticket.*'] },
  'POST /api/v1/internal/webhooks/:id/deliveries/:deliveryId/redeliver': {},
  'POST /api/v1/workflows': { name: 'Route', isActive: false },
  'PATCH /api/v1/workflows/:id': { name: 'Route' },
  'DELETE /api/v1/workflows/:id': {},
  'POST /api/v1/workflows/:id/simulate': { last: 10 },
  'POST /api/v1/workflows/:id/trigger': { data: { a: 1 } },
  'POST /api/v1/workflows/:id/versions/:version/restore': {},
  'POST /api/v1/webhooks/workflow/:id': { a: 1 },
  'POST /api/workflows': { name: 'Route', isActive: false },
  'PATCH /api/workflows/:id': { name: 'Route' },
  'DELETE /api/workflows/:id': {},
  'POST /api/workflows/:id/simulate': { last: 10 },
  'POST /api/workflows/:id/trigger': { data: { a: 1 } },
  'POST /api/workflows/:id/versions/:version/restore': {},
  'POST /api/webhooks/workflow/:id': { a: 1 },
  'POST /api/v1/internal/workflows': { name: 'Route', is_active: false },
  'PUT /api/v1/internal/workflows/:id': { name: 'Route' },
  'PATCH /api/v1/internal/workflows/:id': { name: 'Route' },
  'DELETE /api/v1/internal/workflows/:id': {},
  'POST /api/v1/internal/workflows/:id/simulate': { last: 10 },
  'POST /api/v1/internal/workflows/:id/trigger': { data: { a: 1 } },
  'POST /api/v1/internal/workflows/:id/versions/:version/restore': {},
  'POST /api/v1/internal/tickets': { customer_id: 1, title: 'Hello', content: 'Where?' },
  'PUT /api/v1/internal/tickets/:id': ticketChange,
  'PATCH /api/v1/internal/tickets/:id': ticketChange,
  'DELETE /api/v1/internal/tickets/:id': {},
  'POST /api/v1/internal/tickets/:id/messages': { content: 'Hi' },
  'POST /api/v1/internal/departments': { name: 'Workshop' },
  'PUT /api/v1/internal/departments/:id': { name: 'Workshop' },
  'PATCH /api/v1/internal/departments/:id': { name: 'Workshop' },
  'DELETE /api/v1/internal/departments/:id': {},
  'POST /api/v1/internal/categories': { name: 'Manuals' },
  'PUT /api/v1/internal/categories/:id': { name: 'Manuals' },
  'PATCH /api/v1/internal/categories/:id': { name: 'Manuals' },
  'DELETE /api/v1/internal/categories/:id': {},
  'POST /api/v1/internal/labels': { name: 'Urgent', color: '#abc' },
  'PUT /api/v1/internal/labels/:id': { name: 'Urgent', color: '#abc' },
  'PATCH /api/v1/internal/labels/:id': { name: 'Urgent', color: '#abc' },
  'DELETE /api/v1/internal/labels/:id': {},
  'POST /api/v1/internal/products': { name: 'Kiln' },
  'PUT /api/v1/internal/products/:id': { name: 'Kiln' },
  'PATCH /api/v1/internal/products/:id': { name: 'Kiln' },
  'DELETE /api/v1/internal/products/:id': {},
  'POST /api/v1/internal/knowledge-categories': { name: 'First firing' },
  'PUT /api/v1/internal/knowledge-categories/:id': { name: 'First firing' },
  'PATCH /api/v1/internal/knowledge-categories/:id': { name: 'First firing' },
  'DELETE /api/v1/internal/knowledge-categories/:id': {},
  'POST /api/v1/internal/knowledge-articles': { title: 'Error E-07' },
  'PUT /api/v1/internal/knowledge-articles/:id': { title: 'Error E-07' },
  'PATCH /api/v1/internal/knowledge-articles/:id': { title: 'Error E-07' },
  'DELETE /api/v1/internal/knowledge-articles/:id': {},
  'POST /api/v1/internal/canned-responses': { title: 'Thanks' },
  'PUT /api/v1/internal/canned-responses/:id': { title: 'Thanks' },
  'PATCH /api/v1/internal/canned-responses/:id': { title: 'Thanks' },
  'DELETE /api/v1/internal/canned-responses/:id': {},
  'POST /api/v1/internal/custom-fields': { label: 'Serial', type: 'text' },
  'PUT /api/v1/internal/custom-fields/:id': { label: 'Serial', type: 'text' },
  'PATCH /api/v1/internal/custom-fields/:id': { label: 'Serial', type: 'text' },
  'DELETE /api/v1/internal/custom-fields/:id': {},
  'POST /api/v1/internal/customers': { name: 'Bo', email: 'bo@x.test' },
  'PUT /api/v1/internal/customers/:id': { name: 'Bo', email: 'bo@x.test' },
  'PATCH /api/v1/internal/customers/:id': { name: 'Bo' },
  'POST /api/v1/internal/customers/:id/export': {},
  'POST /api/v1/internal/customers/:id/erase': {},
  'POST /api/v1/internal/agents': { name: 'Bo', email: 'bo@x.test', password: 'correct horse' },
  'PUT /api/v1/internal/agents/:id': { name: 'Bo', email: 'bo@x.test', password: 'correct horse' },
  'PATCH /api/v1/internal/agents/:id': { name: 'Bo' },
  'DELETE /api/v1/internal/agents/:id': {},
  'POST /api/v1/internal/api-keys': { name: 'Shop', type: 'internal' },
  'PUT /api/v1/internal/api-keys/:id': { name: 'Shop', type: 'internal' },
  'PATCH /api/v1/internal/api-keys/:id': { name: 'Shop' },
  'DELETE /api/v1/internal/api-keys/:id': {},
  'PUT /api/v1/internal/settings': { sd_auto_close_days: 14 },
  'PATCH /api/v1/internal/settings': { sd_auto_close_days: 14 },
  'PUT /api/v1/external/profile': { name: 'Bo', notification_settings: { ticket_reply: false } },
  'PATCH /api/v1/external/profile': { phone: '1' },
  'PUT /api/v1/external/tickets/:id': ticketChange,
  'PATCH /api/v1/external/tickets/:id': ticketChange,
  'POST /api/v1/external/tickets/:id/close': {},
  'POST /api/v1/external/tickets/:id/messages': { content: 'Hi' },
  'POST /api/v1/external/tickets/:id/messages/:messageId/like': {},
  'POST /api/v1/internal/session': signInBody('internal'),
  'POST /api/v1/internal/session/refresh': { refresh_token: knownRefreshToken('internal') },
  'DELETE /api/v1/internal/session': {},
  'POST /api/v1/external/session': signInBody('external'),
  'POST /api/v1/external/session/refresh': { refresh_token: knownRefreshToken('external') },
  'DELETE /api/v1/external/session': {},
  'POST /api/v1/external/notifications/:id/read': {},
  'POST /api/v1/external/notifications/read-all': {},
}

/** A body that the row takes. */
export function bodyOf({ name }: Served): { readonly [field: string]: unknown } {
  const body = bodies[name]
  if (!body) throw new Error(`No test knows a body for ${name}`)
  return { ...body }
}

/** The fields that the row declares. */
export function fieldsOf({ endpoint }: Served): string[] {
  return Object.keys(endpoint.body?.shape ?? {})
}

/** An app with a ticket of Tomas, a catalog, sessions, and limits that no test meets. */
export async function openDesk(): Promise<TestApp> {
  const perMinute = 1_000_000
  const rates = {
    kevaPerMinute: perMinute,
    supportDeskPerMinute: perMinute,
    unauthenticatedPerMinute: perMinute,
  }
  const app = await openTestApp({ rates })
  catalog(app)
  const uid = await app.write((tx) => {
    cannedResponses.create(tx, { title: 'Welcome' })
    customFields.create(tx, { label: 'Bought on', type: 'date' })
    knowledgeCategories.create(tx, { name: 'Welcome' })
    return createArticle(tx, { title: 'Welcome' }).uid
  })
  app.named.set('entry', publicId('article', uid))
  await agentTicket(app)
  await startedWorkflow(app)
  await signedIn(app)
  await knownSessions(app)
  await proposed({ ...reply, ticketId: app.named.get('ticket') })(app)
  await delivery(app)
  return app
}
