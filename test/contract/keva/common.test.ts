import { expect } from 'bun:test'
import { contract, uid, type Row } from '../../support/contract.ts'
import { keyId, type KeyName, type TestApp } from '../../support/harness.ts'
import { ticket } from '../../support/seed.ts'
import { call } from '../../support/send.ts'
import { workspaceUid } from '../../../src/domain/installation.ts'
import { publicId } from '../../../src/lib/ids.ts'

// keva.md sections 1 to 3 and R1 to R4: what every endpoint has alike.

const listLine = 'GET /api/v1/tickets'
const empty = { data: [], pagination: { page: 1, perPage: 20, total: 0, nextCursor: null } }
const minimal = { subject: 'Hello', customerEmail: 'ann@shop.test', body: 'Where is it?' }
const unauthorized = (error: string) => ({ status: 401, reply: { error } })
const authorized = (value: string) => ({ key: null, headers: { authorization: value } })
const missingHeader = unauthorized('Missing or invalid Authorization header')
const badFormat = unauthorized('Invalid API key format')
const unknownKey = unauthorized('Invalid API key')
const revoked = unauthorized('API key has been revoked')
const expired = unauthorized('API key has expired')

contract('who may call', { key: 'keva', call: listLine }, [
  { ...missingHeader, name: 'no header', key: null },
  { ...missingHeader, name: 'an empty header', ...authorized(' ') },
  { ...missingHeader, name: 'another scheme', ...authorized('Basic a2V2YTpsaXZl') },
  { ...missingHeader, name: 'Bearer without a key', ...authorized('Bearer') },
  {
    ...missingHeader,
    name: 'a key without a scheme',
    ...authorized(`keva_live_${'0'.repeat(64)}`),
  },
  {
    ...missingHeader,
    name: 'the other contract’s header',
    key: null,
    headers: { 'x-api-key': 'k' },
  },
  { ...badFormat, name: 'another prefix', ...authorized('Bearer sk_live_123') },
  { ...badFormat, name: 'the prefix in capitals', ...authorized('Bearer KEVA_LIVE_123') },
  { ...unknownKey, name: 'the bare prefix', ...authorized('Bearer keva_live_') },
  { ...unknownKey, name: 'an unknown sk key (R3)', ...authorized('Bearer keva_live_sk_123') },
  { ...unknownKey, name: 'a very long key', ...authorized(`Bearer keva_live_${'a'.repeat(5000)}`) },
  { ...revoked, name: 'a revoked key', key: 'kevaRevoked' },
  { ...expired, name: 'an expired key, from that instant on', key: 'kevaExpired' },
  { name: 'an unrestricted key', status: 200, reply: empty },
  {
    name: 'the scheme in any case, but a key that is sent twice is no key',
    status: 200,
    reply: empty,
    async after(app) {
      const raw = app.raw('keva')
      const headers = { authorization: `Bearer ${raw}, Bearer ${raw}` }
      const sent = await call(app, listLine, { headers })
      expect(sent).toMatchObject({ status: 401, body: { error: 'Invalid API key' } })
      const lower = await call(app, listLine, { headers: { authorization: `bearer  ${raw}` } })
      expect(lower.status).toBe(200)
    },
  },
])

/** Spends a whole bucket, so that the next call is over the limit. */
const spend = (key: KeyName | null, count: number) => async (app: TestApp) => {
  for (let n = 0; n < count; n++) await call(app, listLine, { key })
}

const limited = { status: 429, reply: { error: 'Rate limit exceeded' } }
const elsewhere = { 'x-workspace-id': 'ws_elsewhere' }
const noWorkspace = { status: 404, reply: { error: 'Workspace not found' } }

contract(
  'the order of checks (keva.md 2.5), each before the next',
  { call: 'POST /api/v1/tickets' },
  [
    { ...missingHeader, name: '1 header before 2 prefix', ...authorized('Token nothing') },
    { ...badFormat, name: '2 prefix before 3 known', ...authorized('Bearer nothing') },
    {
      ...unknownKey,
      name: '3 known before everything of the key',
      ...authorized('Bearer keva_live_x'),
    },
    {
      ...revoked,
      name: '4 revoked before 5 expired',
      key: 'kevaRevoked',
      given: (app) =>
        app.sql(`UPDATE api_keys SET expires_at = 1 WHERE id = ${keyId('kevaRevoked')}`),
    },
    {
      ...expired,
      name: '5 expired before 6 rate limit: an expired key does not spend the bucket of its own',
      key: 'kevaExpired',
    },
    {
      ...limited,
      name: '6 rate limit before 7 scope',
      key: 'kevaReader',
      given: spend('kevaReader', 100),
    },
    {
      name: '7 scope before 8 workspace',
      key: 'kevaReader',
      headers: elsewhere,
      status: 403,
      reply: { error: 'Insufficient scope' },
    },
    {
      ...noWorkspace,
      name: '8 workspace before 9 validation',
      key: 'keva',
      headers: elsewhere,
      body: {},
    },
    {
      ...noWorkspace,
      name: '8 workspace before the body is read',
      key: 'keva',
      headers: elsewhere,
      body: '{',
    },
    {
      name: '7 scope before the body is read',
      key: 'kevaReader',
      body: '{',
      status: 403,
      reply: { error: 'Insufficient scope' },
    },
    {
      ...noWorkspace,
      name: '8 workspace before the record',
      key: 'keva',
      call: `GET /api/v1/tickets/tkt_${'0'.repeat(26)}?workspace_id=ws_elsewhere`,
    },
    {
      name: 'the record before its new values',
      key: 'keva',
      call: `PATCH /api/v1/tickets/tkt_${'0'.repeat(26)}`,
      body: { status: 'x' },
      status: 404,
      reply: { error: 'Ticket not found' },
    },
    {
      name: 'the path before everything',
      call: 'GET /api/v1/nothing',
      status: 404,
      reply: { error: 'Not found' },
    },
  ],
)

/** The workspace that there is, as `{workspace}`. */
function workspace(app: TestApp): void {
  app.named.set('workspace', publicId('workspace', app.read(workspaceUid) ?? ''))
}

contract('the workspace (keva.md 2.4, R4)', { key: 'keva', call: listLine, given: workspace }, [
  { name: 'workspace_id', call: `${listLine}?workspace_id={workspace}`, status: 200, reply: empty },
  { name: 'workspaceId', call: `${listLine}?workspaceId={workspace}`, status: 200, reply: empty },
  {
    name: 'the query beats the header',
    call: `${listLine}?workspaceId={workspace}`,
    headers: elsewhere,
    status: 200,
    reply: empty,
  },
  { ...noWorkspace, name: 'another in the header', headers: elsewhere },
  { ...noWorkspace, name: 'another in workspace_id', call: `${listLine}?workspace_id=ws_x` },
  { ...noWorkspace, name: 'another in workspaceId', call: `${listLine}?workspaceId=ws_x` },
  { ...noWorkspace, name: 'an empty one', call: `${listLine}?workspace_id=` },
  {
    name: 'both names, and twice',
    call: `${listLine}?workspace_id={workspace}&workspaceId={workspace}&workspaceId={workspace}`,
    status: 200,
    reply: empty,
  },
  {
    ...noWorkspace,
    name: 'two that differ',
    call: `${listLine}?workspace_id={workspace}&workspaceId=ws_x`,
  },
  {
    ...noWorkspace,
    name: 'another behind the first',
    call: `${listLine}?workspace_id={workspace}&workspace_id=ws_x`,
  },
  {
    name: 'on a write of the other surface',
    call: 'POST /api/customers?workspaceId={workspace}',
    body: { email: 'bo@shop.test' },
    status: 201,
    reply: expect.objectContaining({ email: 'bo@shop.test' }),
    events: ['customer.created'],
  },
  {
    ...noWorkspace,
    name: 'another on a write of the other surface',
    call: 'POST /api/customers',
    headers: elsewhere,
    body: {},
  },
  {
    name: 'the header',
    status: 200,
    reply: empty,
    async after(app) {
      const headers = { 'x-workspace-id': app.named.get('workspace') ?? '' }
      expect((await call(app, listLine, { key: 'keva', headers })).status).toBe(200)
    },
  },
])

const shown = {
  id: uid('tkt'),
  subject: 'Hello',
  status: 'open',
  priority: 'medium',
  customerEmail: 'ann@shop.test',
  customerName: null,
  source: 'api',
  assignedTo: null,
  resolutionType: null,
  tags: [],
  createdAt: '2026-05-04T08:15:00Z',
  updatedAt: '2026-05-04T08:15:00Z',
}

/** Every endpoint below one base: the same rows, so the same answers (R1, R10). */
const below = (base: string): Row[] => {
  const given = [{ call: `POST ${base}/tickets`, body: minimal, as: 'made' }]
  const page = { page: 1, perPage: 20, total: 1, nextCursor: null }
  const opening = { direction: 'inbound', body: 'Where is it?', isInternal: false }
  return [
    {
      name: 'opens',
      call: `POST ${base}/tickets`,
      body: minimal,
      status: 201,
      reply: { data: shown },
      events: ['customer.created', 'ticket.created', 'message.created'],
    },
    {
      name: 'lists',
      call: `GET ${base}/tickets`,
      given,
      status: 200,
      reply: { data: [shown], pagination: page },
    },
    {
      name: 'reads',
      call: `GET ${base}/tickets/{made}`,
      given,
      status: 200,
      reply: { data: shown },
    },
    {
      name: 'changes',
      call: `PATCH ${base}/tickets/{made}`,
      given,
      body: { status: 'pending' },
      status: 200,
      reply: { data: { ...shown, status: 'pending' } },
      events: ['ticket.updated'],
    },
    {
      name: 'lists messages',
      call: `GET ${base}/tickets/{made}/messages`,
      given,
      status: 200,
      reply: { data: [expect.objectContaining(opening)], pagination: page },
    },
    {
      name: 'answers',
      call: `POST ${base}/tickets/{made}/messages`,
      given,
      body: { body: 'On its way' },
      status: 201,
      reply: { data: expect.objectContaining({ direction: 'outbound', body: 'On its way' }) },
      events: ['message.created'],
    },
    { ...missingHeader, name: 'asks for a key', key: null, call: `GET ${base}/tickets` },
    {
      name: 'does not know another path',
      call: `GET ${base}/nothing`,
      status: 404,
      reply: { error: 'Not found' },
    },
    {
      name: 'does not know another method of the list',
      call: `DELETE ${base}/tickets`,
      status: 405,
      reply: { error: 'Method not allowed' },
      answers: { allow: 'GET, HEAD, POST' },
    },
    {
      name: 'does not know another method of a ticket',
      call: `DELETE ${base}/tickets/{made}`,
      status: 405,
      reply: { error: 'Method not allowed' },
      answers: { allow: 'GET, HEAD, PATCH' },
    },
    { name: 'answers HEAD', call: `HEAD ${base}/tickets`, status: 200, reply: undefined },
    {
      name: 'answers HEAD as it would GET',
      call: `HEAD ${base}/tickets/tkt_x`,
      status: 404,
      reply: undefined,
    },
  ]
}

for (const base of ['/api/v1', '/v1', '/api'])
  contract(`below ${base}`, { key: 'keva' }, below(base))

contract('parameters that are sent twice', { key: 'keva', given: ticket }, [
  {
    name: 'count as they were sent first',
    call: `${listLine}?per_page=7&per_page=x&status=closed&status=bogus`,
    status: 200,
    reply: { data: [], pagination: { page: 1, perPage: 7, total: 0, nextCursor: null } },
  },
])

contract('one store below all bases', { key: 'keva', given: ticket }, [
  {
    name: 'the limit is counted across them (R10)',
    call: 'GET /v1/tickets/{ticket}',
    given: [ticket, { call: 'GET /api/tickets' }, { call: 'GET /api/v1/tickets' }],
    status: 200,
    reply: expect.anything(),
    answers: { 'x-ratelimit-remaining': '97' },
  },
  {
    name: 'a customer of the one surface is that of the other, by the same id',
    call: 'GET /api/customers/{made}',
    given: [{ call: 'POST /api/v1/customers', body: { email: 'bo@shop.test' }, as: 'made' }],
    status: 200,
    reply: (body: { id: string }) => expect(body.id).toMatch(/^cust_/),
    async after(app, { body }) {
      const { body: same } = await call(app, 'GET /v1/customers/{made}', { key: 'keva' })
      expect(same).toEqual({ data: body })
    },
  },
])
