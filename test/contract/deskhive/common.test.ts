import { expect } from 'bun:test'
import { contract, type Row } from '../../support/contract.ts'
import { keyId, type KeyName, type TestApp } from '../../support/harness.ts'
import { catalog, lockedTicket, mara, ticket } from '../../support/seed.ts'
import { call } from '../../support/send.ts'
import { messageView, meta, ticketView } from './views.ts'

// deskhive.md sections 1 to 3: what every endpoint has alike.

const listLine = 'GET /api/v1/internal/tickets'
const empty = { status: 200, reply: { data: [], meta: meta(0) } }
const noKey = { status: 400, reply: { message: 'Missing header: X-API-KEY' } }
const badKey = { status: 401, reply: { message: 'Invalid API key' } }
const notFound = { status: 404, reply: { message: 'Not found' } }
const sent = (value: string) => ({ key: null, headers: { 'x-api-key': value } })

contract('who may call', { key: 'special', call: listLine }, [
  { ...noKey, name: 'no header', key: null },
  { ...noKey, name: 'a blank header', ...sent(' ') },
  {
    ...noKey,
    name: 'the other contract’s header',
    key: null,
    headers: { authorization: 'Basic eDp4' },
  },
  { ...badKey, name: 'an unknown key', ...sent('x') },
  { ...badKey, name: 'a very long key', ...sent('x'.repeat(5000)) },
  { ...badKey, name: 'a revoked key', key: 'internalRevoked' },
  { ...badKey, name: 'an expired key, from that instant on', key: 'internalExpired' },
  { ...badKey, name: 'a key of the other group (D1)', key: 'agent' },
  { ...empty, name: 'a special key' },
  { ...empty, name: 'a key with the scope', key: 'scoped' },
  {
    ...empty,
    name: 'whoever wants HTML gets JSON all the same',
    headers: { accept: 'text/html' },
    async after(app) {
      const raw = app.raw('special')
      const twice = await call(app, listLine, { headers: { 'x-api-key': `${raw}, ${raw}` } })
      expect(twice.status).toBe(401)
    },
  },
])

const spend = (key: KeyName, line: string) => async (app: TestApp) => {
  for (let n = 0; n < 600; n++) await call(app, line, { key })
}

const limited = { status: 429, reply: { message: 'Too Many Attempts.' } }
const forbidden = { status: 403, reply: { message: 'Forbidden scope' } }

/** Ticket 1 of Tomas, whom the key stands for no longer. */
const agentGone = (app: TestApp) =>
  app.sql(`UPDATE api_keys SET expires_at = 1 WHERE id = ${keyId('inactiveAgent')}`)

contract('the order of checks (deskhive.md 2.1), each before the next', {}, [
  { ...notFound, name: '1 path before 3 header', call: 'GET /api/v1/internal/nothing' },
  {
    ...limited,
    name: '2 rate limit before 3 header',
    call: listLine,
    given: async (app) => {
      for (let n = 0; n < 60; n++) await call(app, listLine)
    },
  },
  {
    ...limited,
    name: '2 rate limit before 6 scope',
    key: 'plain',
    call: listLine,
    given: spend('plain', listLine),
  },
  {
    ...limited,
    name: '2 rate limit before 5 agent',
    key: 'agentless',
    call: 'GET /api/v1/external/tickets',
    given: spend('agentless', 'GET /api/v1/external/tickets'),
  },
  { ...noKey, name: '3 header before 4 key', call: listLine },
  {
    ...badKey,
    name: '4 key before 5 agent',
    key: 'inactiveAgent',
    call: 'GET /api/v1/external/tickets',
    given: agentGone,
  },
  {
    status: 401,
    reply: { message: 'Unauthorized' },
    name: '5 agent before 7 record',
    key: 'agentless',
    call: 'GET /api/v1/external/tickets/99',
  },
  { ...forbidden, name: '6 scope before 7 record', key: 'plain', call: `${listLine}/99` },
  {
    ...forbidden,
    name: '6 scope before the body is read',
    key: 'plain',
    call: 'POST /api/v1/internal/tickets',
    body: '{',
  },
  {
    ...notFound,
    name: '7 record before 8 state',
    key: 'otherAgent',
    call: 'POST /api/v1/external/tickets/1/messages',
    given: lockedTicket,
    body: { content: 'x' },
  },
  {
    ...notFound,
    name: '7 record before 9 input',
    key: 'special',
    call: 'PUT /api/v1/internal/tickets/99',
    body: { status: 'x' },
  },
  {
    name: '8 state before 9 input',
    key: 'agent',
    call: 'POST /api/v1/external/tickets/1/messages',
    given: lockedTicket,
    body: {},
    status: 403,
    reply: { message: 'Ticket is locked' },
  },
])

const notAllowed = (line: string, allow: string): Row => ({
  name: line,
  call: line,
  status: 405,
  reply: { message: 'Method not allowed' },
  answers: { allow },
})

contract('other paths and methods', { key: 'special' }, [
  notAllowed('PUT /api/v1/internal/tickets', 'GET, HEAD, POST'),
  notAllowed('POST /api/v1/internal/tickets/1', 'GET, HEAD, PUT, PATCH, DELETE'),
  notAllowed('DELETE /api/v1/internal/tickets/1/messages', 'GET, HEAD, POST'),
  notAllowed('DELETE /api/v1/internal/customers', 'GET, HEAD, POST'),
  notAllowed('POST /api/v1/internal/api-keys/1', 'GET, HEAD, PUT, PATCH, DELETE'),
  notAllowed('POST /api/v1/internal/connection-check', 'GET, HEAD'),
  notAllowed('OPTIONS /api/v1/internal/tickets', 'GET, HEAD, POST'),
  notAllowed('POST /api/v1/external/tickets', 'GET, HEAD'),
  notAllowed('DELETE /api/v1/external/tickets/1', 'GET, HEAD, PUT, PATCH'),
  notAllowed('PUT /api/v1/external/tickets/1/messages', 'GET, HEAD, POST'),
  ...[
    '/api/v1/internal',
    '/api/v1/internal/',
    '/api/v1/external',
    '/api/v1/internal/tickets/1/2/3',
  ].map((path): Row => ({ ...notFound, name: `GET ${path}`, call: `GET ${path}` })),
  { ...notFound, name: 'a path in capitals', call: 'GET /api/v1/internal/TICKETS' },
  {
    ...notFound,
    name: 'a scope’s noun that is not served yet',
    call: 'GET /api/v1/internal/reports',
  },
  { name: 'HEAD', call: `HEAD /api/v1/internal/tickets`, status: 200, reply: undefined },
  {
    name: 'HEAD without a key',
    call: `HEAD /api/v1/internal/tickets`,
    key: null,
    status: 400,
    reply: undefined,
  },
  {
    name: 'HEAD of an agent',
    call: `HEAD /api/v1/external/tickets`,
    key: 'agent',
    status: 200,
    reply: undefined,
  },
])

/** A multipart body of these fields. */
function multipart(fields: readonly (readonly [string, string])[]): FormData {
  const form = new FormData()
  for (const [name, value] of fields) form.append(name, value)
  return form
}

const fields = [
  ['customer_id', '1'],
  ['title', ' Invoice shows wrong VAT '],
  ['content', 'It says 25 % and should say 12 %.'],
] as const

const createLine = 'POST /api/v1/internal/tickets'
const changeLine = 'PUT /api/v1/internal/tickets/1'
const opened = {
  status: 201,
  reply: { data: ticketView, message: 'Created successfully' },
  events: ['ticket.created', 'message.created'],
}
const labelled = {
  status: 200,
  events: ['ticket.updated'],
  reply: {
    data: {
      ...ticketView,
      is_locked: true,
      labels: [
        { id: 2, name: 'Waiting', color: '#2e86c1' },
        { id: 1, name: 'Regression', color: '#b03a2e' },
      ],
    },
    message: 'Updated successfully',
  },
}

contract('forms (deskhive.md section 1)', { key: 'special' }, [
  {
    ...opened,
    name: 'urlencoded',
    call: createLine,
    given: mara,
    body: new URLSearchParams(Object.fromEntries(fields)),
  },
  { ...opened, name: 'multipart', call: createLine, given: mara, body: multipart(fields) },
  {
    ...labelled,
    name: 'a list by empty brackets',
    call: changeLine,
    given: [ticket, catalog],
    body: new URLSearchParams('labels[]=2&labels[]=1&is_locked=1'),
  },
  {
    ...labelled,
    name: 'a list by numbers',
    call: changeLine,
    given: [ticket, catalog],
    body: multipart([
      ['labels[0]', '2'],
      ['labels[1]', '1'],
      ['is_locked', '1'],
    ]),
  },
  {
    ...labelled,
    name: 'a list by numbers with gaps, as from a form with rows taken out',
    call: changeLine,
    given: [ticket, catalog],
    body: new URLSearchParams('labels[3]=2&labels[]=1&is_locked=1'),
  },
  {
    name: 'the elements of such a list, each by its own number',
    call: changeLine,
    given: [ticket, catalog],
    body: new URLSearchParams('labels[7]=1&labels[3]=9&labels[5]=x'),
    status: 422,
    reply: {
      message: 'The selected labels.3 is invalid. (and 1 more error)',
      errors: {
        'labels.3': ['The selected labels.3 is invalid.'],
        'labels.5': ['The selected labels.5 is invalid.'],
      },
    },
  },
  {
    name: 'no list where a key is a word',
    call: changeLine,
    given: [ticket, catalog],
    body: new URLSearchParams('labels[]=1&labels[first]=2'),
    status: 422,
    reply: {
      message: 'The labels field must be an array.',
      errors: { labels: ['The labels field must be an array.'] },
    },
  },
  {
    ...labelled,
    name: 'what comes last under a name',
    call: changeLine,
    given: [ticket, catalog],
    body: new URLSearchParams('labels=9&labels[0]=9&labels[1]=1&labels[0]=2&is_locked=1'),
  },
  {
    name: 'a blank field is null',
    call: changeLine,
    given: [ticket, catalog],
    body: new URLSearchParams('category_id=&assigned_to='),
    status: 200,
    reply: { data: ticketView, message: 'Updated successfully' },
  },
  {
    name: 'a reply',
    call: 'POST /api/v1/internal/tickets/1/messages',
    given: ticket,
    body: new URLSearchParams('content=Please+hold+the+dial.&is_internal=0'),
    status: 201,
    reply: { data: messageView, message: 'Created successfully' },
    events: ['message.created'],
  },
  {
    name: 'the same findings',
    call: createLine,
    body: new URLSearchParams('title='),
    status: 422,
    reply: expect.objectContaining({
      message: 'The customer id field is required. (and 2 more errors)',
    }),
  },
  {
    name: 'a list with a bad element',
    call: changeLine,
    given: ticket,
    body: new URLSearchParams('labels[]=9'),
    status: 422,
    reply: {
      message: 'The selected labels.0 is invalid.',
      errors: { 'labels.0': ['The selected labels.0 is invalid.'] },
    },
  },
])

/** What one contract sets, the other shows. */
const across: readonly Row[] = [
  ['in_progress', 'open'],
  ['on_hold', 'pending'],
  ['closed', 'closed'],
].map(([status = '', shown = '']): Row => ({
  name: `${status} is ${shown} in Keva`,
  key: 'keva',
  call: 'GET /api/v1/tickets/{ticket}',
  given: [ticket, { call: changeLine, key: 'special', body: { status } }],
  status: 200,
  reply: { data: expect.objectContaining({ status: shown }) },
}))

contract('across the contracts', { key: 'special', given: ticket }, [
  ...across,
  {
    name: 'urgent is critical',
    call: `${listLine}/1`,
    given: [
      ticket,
      { call: 'PATCH /api/v1/tickets/{ticket}', key: 'keva', body: { priority: 'urgent' } },
    ],
    status: 200,
    reply: { data: expect.objectContaining({ priority: 'critical' }) },
  },
  {
    name: 'critical is urgent',
    call: 'GET /api/v1/tickets/{ticket}',
    key: 'keva',
    given: [ticket, { call: changeLine, key: 'special', body: { priority: 'critical' } }],
    status: 200,
    reply: { data: expect.objectContaining({ priority: 'urgent' }) },
  },
  {
    name: 'tags are labels',
    call: `${listLine}/1`,
    given: [
      ticket,
      { call: 'PATCH /api/v1/tickets/{ticket}', key: 'keva', body: { tags: ['vip'] } },
    ],
    status: 200,
    reply: {
      data: expect.objectContaining({
        labels: [{ id: 1, name: 'vip', color: expect.stringMatching(/^#[0-9a-f]{6}$/) }],
      }),
    },
  },
  {
    name: 'labels are tags',
    call: 'GET /api/v1/tickets/{ticket}',
    key: 'keva',
    given: [ticket, catalog, { call: changeLine, key: 'special', body: { labels: [2, 1] } }],
    status: 200,
    reply: { data: expect.objectContaining({ tags: ['Waiting', 'Regression'] }) },
  },
])
