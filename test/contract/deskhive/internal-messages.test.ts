import { expect } from 'bun:test'
import { contract, type Row } from '../../support/contract.ts'
import type { TestApp } from '../../support/harness.ts'
import { agentTicket, closedTicket, lockedTicket, ticket } from '../../support/seed.ts'
import { call } from '../../support/send.ts'
import { internalRefusals } from '../refusals.ts'
import { messageView, meta, notFound } from './views.ts'

// deskhive.md section 7.

const line = '/api/v1/internal/tickets/1/messages'
const addLine = `POST ${line}`
const listLine = `GET ${line}`
const content = 'Please hold the dial.'
const message = 'Created successfully'
const said = ['message.created']
const minuteLater = (app: TestApp) => app.advance(60_000)
const at16 = '2026-05-04T08:16:00Z'

async function ticketNow(app: TestApp): Promise<unknown> {
  const { body } = await call(app, 'GET /api/v1/internal/tickets/1', { key: 'special' })
  return (body as { data: unknown }).data
}

contract(addLine, { key: 'special', call: addLine, given: ticket }, [
  {
    name: 'answers as the user who owns the key',
    body: { content },
    status: 201,
    reply: { data: messageView, message },
    events: said,
  },
  {
    name: 'answers for a key that has the scope',
    key: 'scoped',
    body: { content: `  ${content}\n`, is_internal: '0' },
    status: 201,
    reply: { data: messageView, message },
    events: said,
  },
  {
    name: 'sets when and by whom the last reply was, and changes no status',
    given: [ticket, minuteLater],
    body: { content },
    status: 201,
    reply: { data: { ...messageView, created_at: at16, updated_at: at16 }, message },
    events: said,
    async after(app) {
      expect(await ticketNow(app)).toMatchObject({
        status: 'open',
        last_reply_at: at16,
        last_reply_by: 'staff',
        updated_at: at16,
      })
    },
  },
  {
    name: 'sets both by a note too (D7)',
    given: [ticket, minuteLater],
    body: { content, is_internal: true },
    status: 201,
    reply: {
      data: { ...messageView, is_internal: true, created_at: at16, updated_at: at16 },
      message,
    },
    events: ['note.created'],
    async after(app) {
      expect(await ticketNow(app)).toMatchObject({
        last_reply_at: at16,
        last_reply_by: 'staff',
        updated_at: at16,
      })
    },
  },
  {
    name: 'answers on a locked ticket (D6)',
    given: lockedTicket,
    body: { content },
    status: 201,
    reply: { data: messageView, message },
    events: said,
  },
  {
    name: 'leaves a closed ticket closed',
    given: closedTicket,
    body: { content },
    status: 201,
    reply: { data: messageView, message },
    events: said,
    async after(app) {
      expect(await ticketNow(app)).toMatchObject({ status: 'closed' })
    },
  },
  {
    name: 'requires a content',
    body: { content: ' \n', is_internal: 'maybe' },
    status: 422,
    reply: {
      message: 'The content field is required. (and 1 more error)',
      errors: {
        content: ['The content field is required.'],
        is_internal: ['The is internal field must be true or false.'],
      },
    },
  },
  {
    name: 'refuses a content that is no text',
    body: { content: { rich: true } },
    status: 422,
    reply: {
      message: 'The content field must be a string.',
      errors: { content: ['The content field must be a string.'] },
    },
  },
  {
    ...notFound,
    name: 'does not find another ticket, whatever the body',
    call: 'POST /api/v1/internal/tickets/2/messages',
    body: {},
  },
  ...internalRefusals('POST /api/v1/internal/tickets/99/messages'),
])

const kevaSays = (body: object) =>
  ({ call: 'POST /api/v1/tickets/{ticket}/messages', key: 'keva', body }) as const

const customerSender = { id: 1, name: 'Mara Lind', avatar_url: null }
const customerView = { ...messageView, sender_type: 'Customer', sender: customerSender }

const everybody: Row = {
  name: 'shows user, agent and customer, notes included, oldest first',
  given: [
    agentTicket,
    { call: addLine, body: { content } },
    {
      call: 'POST /api/v1/external/tickets/1/messages',
      key: 'agent',
      body: { content: 'On it', is_internal: true },
    },
    kevaSays({ body: 'Thanks!', direction: 'inbound' }),
  ],
  status: 200,
  reply: {
    data: [
      messageView,
      {
        ...messageView,
        id: 3,
        content: 'On it',
        sender_type: 'Agent',
        sender_id: 2,
        sender: { id: 2, name: 'Tomas Berg', avatar_url: null },
        is_internal: true,
      },
      { ...customerView, id: 4, content: 'Thanks!' },
    ],
    meta: meta(3),
  },
}

contract(listLine, { key: 'special', call: listLine, given: ticket }, [
  { name: 'leaves the opening text out', status: 200, reply: { data: [], meta: meta(0) } },
  everybody,
  {
    name: 'shows nobody for a sender who is no customer',
    given: [
      ticket,
      kevaSays({ body: 'In copy', direction: 'inbound', senderEmail: 'bo@northwind.test' }),
    ],
    status: 200,
    reply: {
      data: [{ ...customerView, content: 'In copy', sender_id: null, sender: null }],
      meta: meta(1),
    },
  },
  {
    name: 'pages by 15',
    given: [ticket, ...Array.from({ length: 16 }, (_, at) => kevaSays({ body: `m${at}` }))],
    call: `${listLine}?page=2`,
    status: 200,
    reply: {
      data: [expect.objectContaining({ content: 'm15', sender_type: 'User' })],
      meta: meta(16, 2),
    },
  },
  { ...notFound, name: 'does not find another', call: 'GET /api/v1/internal/tickets/2/messages' },
  ...internalRefusals('GET /api/v1/internal/tickets/99/messages'),
])
