import { expect } from 'bun:test'
import { updateTicket } from '../../../src/domain/tickets.ts'
import { contract, type Row } from '../../support/contract.ts'
import { keyId, staff, type TestApp } from '../../support/harness.ts'
import {
  agentTicket,
  catalog,
  closedTicket,
  lockedTicket,
  openTicket,
  ticket,
} from '../../support/seed.ts'
import { call } from '../../support/send.ts'
import { externalRefusals } from '../refusals.ts'
import { agentTicketView, messageView, meta, notFound, ofTomas, tomas } from './views.ts'

// deskhive.md section 21, 2.3.

const view = { ...agentTicketView, ...ofTomas }
const line = '/api/v1/external/tickets'
const listLine = `GET ${line}`
const at16 = '2026-05-04T08:16:00Z'
const minuteLater = (app: TestApp) => app.advance(60_000)

contract(listLine, { key: 'agent', call: listLine, given: agentTicket }, [
  {
    name: 'shows the agent’s tickets, with all three parts of the envelope (D2)',
    status: 200,
    reply: { status: true, data: [view], meta: meta(1) },
  },
  {
    name: 'shows no ticket of others, nor of nobody',
    given: [
      ticket,
      async (app) => {
        await openTicket(app, {})
        await app.write((tx) => updateTicket(tx, 2, { assignedTo: staff.noor }))
      },
    ],
    status: 200,
    reply: { status: true, data: [], meta: meta(0) },
  },
  {
    name: 'shows no ticket any more that went to another agent',
    given: [
      agentTicket,
      (app) => app.write((tx) => updateTicket(tx, 1, { assignedTo: staff.noor })),
    ],
    status: 200,
    reply: { status: true, data: [], meta: meta(0) },
  },
  {
    name: 'opens for the key of an agent who is active again',
    key: 'inactiveAgent',
    given: (app) => app.sql(`UPDATE staff SET is_active = 1 WHERE id = ${staff.ida}`),
    status: 200,
    reply: { status: true, data: [], meta: meta(0) },
  },
  ...externalRefusals(listLine),
])

/** Tickets 1 to 17 of Tomas; 1 is closed, 2 in progress and urgent, 3 in department 1. */
async function seventeen(app: TestApp): Promise<void> {
  catalog(app)
  for (let id = 1; id <= 17; id++) {
    await openTicket(app, {
      ...(id === 2 && { priority: 'urgent' }),
      ...(id === 3 && { departmentId: 1 }),
    })
    await app.write((tx) => updateTicket(tx, id, { assignedTo: staff.tomas }))
  }
  await app.write((tx) => updateTicket(tx, 1, { status: { to: 'solved', unless: [] } }))
  await app.write((tx) => updateTicket(tx, 2, { status: { to: 'in_progress', unless: [] } }))
}

const filtered = (query: string, ids: readonly number[], shown: object): Row => ({
  name: query,
  call: `${listLine}?${query}`,
  status: 200,
  reply: (body: { data: { id: number }[]; meta: object }) => {
    expect(body.data.map((one) => one.id)).toEqual([...ids])
    expect(body.meta).toEqual(shown)
  },
})

contract('pages and filters of GET /external/tickets', { key: 'agent', given: seventeen }, [
  filtered('', [17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3], meta(17)),
  filtered('page=2', [2, 1], meta(17, 2)),
  filtered('per_page=999&page=2', [], meta(17, 2, 200)),
  filtered('status=closed', [1], meta(1)),
  filtered('status=in_progress', [2], meta(1)),
  filtered('priority=critical', [2], meta(1)),
  filtered('department_id=1', [3], meta(1)),
  filtered('department_id=1&status=closed', [], meta(0)),
  filtered('status=nonsense', [], meta(0)),
  filtered('customer_id=99&per_page=1', [17], meta(17, 1, 1)),
  filtered('assigned_to=99&per_page=1', [17], meta(17, 1, 1)),
])

contract(`${listLine}/{id}`, { key: 'agent', call: `${listLine}/1`, given: agentTicket }, [
  { name: 'shows the twenty keys', status: 200, reply: { status: true, data: view } },
  { ...notFound, name: 'does not find another’s', key: 'otherAgent' },
  { ...notFound, name: 'does not find nobody’s', given: ticket },
  { ...notFound, name: 'does not find another', call: `${listLine}/2` },
  ...externalRefusals(`${listLine}/99`),
])

const content = 'Please hold the dial.'
const addLine = `POST ${line}/1/messages`
const messagesLine = `${listLine}/1/messages`
const agentMessage = {
  ...messageView,
  sender_type: 'Agent',
  sender_id: 2,
  sender: { ...tomas, avatar_url: null },
}
const message = 'Created successfully'

contract(addLine, { key: 'agent', call: addLine, given: agentTicket }, [
  {
    name: 'answers as the agent',
    given: [agentTicket, minuteLater],
    body: { content },
    status: 201,
    reply: {
      status: true,
      data: { ...agentMessage, created_at: at16, updated_at: at16 },
      message,
    },
    events: ['message.created'],
    async after(app) {
      const [event] = app.eventsAfter(app.lastSequence() - 1)
      expect(event).toMatchObject({ actorStaffId: staff.tomas, actorKeyId: keyId('agent') })
      const { body } = await call(app, 'GET /api/v1/internal/tickets/1', { key: 'special' })
      expect(body).toMatchObject({ data: { last_reply_at: at16, last_reply_by: 'staff' } })
    },
  },
  {
    name: 'leaves a note',
    body: { content, is_internal: '1' },
    status: 201,
    reply: { status: true, data: { ...agentMessage, is_internal: true }, message },
    events: ['note.created'],
  },
  {
    name: 'leaves a closed ticket closed',
    given: closedTicket,
    body: { content },
    status: 201,
    reply: { status: true, data: agentMessage, message },
    events: ['message.created'],
  },
  {
    name: 'refuses on a locked ticket (smoke 12)',
    given: lockedTicket,
    body: { content },
    status: 403,
    reply: { message: 'Ticket is locked' },
  },
  {
    name: 'refuses a note on a locked ticket too',
    given: lockedTicket,
    body: { content, is_internal: true },
    status: 403,
    reply: { message: 'Ticket is locked' },
  },
  {
    name: 'looks at the lock before the body (2.1)',
    given: lockedTicket,
    body: {},
    status: 403,
    reply: { message: 'Ticket is locked' },
  },
  {
    name: 'requires a content',
    body: { is_internal: 2 },
    status: 422,
    reply: {
      message: 'The content field is required. (and 1 more error)',
      errors: {
        content: ['The content field is required.'],
        is_internal: ['The is internal field must be true or false.'],
      },
    },
  },
  { ...notFound, name: 'does not find another’s', key: 'otherAgent', body: { content } },
  { ...notFound, name: 'does not find another', call: `POST ${line}/2/messages`, body: {} },
  ...externalRefusals(`POST ${line}/99/messages`),
])

contract(messagesLine, { key: 'agent', call: messagesLine, given: agentTicket }, [
  {
    name: 'is empty at first, and pages by 30',
    status: 200,
    reply: { status: true, data: [], meta: meta(0, 1, 30) },
  },
  {
    name: 'shows the oldest first, notes included',
    given: [
      agentTicket,
      { call: addLine, body: { content } },
      { call: addLine, body: { content: 'Note', is_internal: true } },
    ],
    status: 200,
    reply: {
      status: true,
      data: [agentMessage, { ...agentMessage, id: 3, content: 'Note', is_internal: true }],
      meta: meta(2, 1, 30),
    },
  },
  {
    name: 'pages',
    call: `${messagesLine}?per_page=1&page=2`,
    given: [
      agentTicket,
      { call: addLine, body: { content: 'First' } },
      { call: addLine, body: { content } },
    ],
    status: 200,
    reply: { status: true, data: [{ ...agentMessage, id: 3 }], meta: meta(2, 2, 1) },
  },
  { ...notFound, name: 'does not find another’s', key: 'otherAgent' },
  { ...notFound, name: 'does not find another', call: `${listLine}/2/messages` },
  ...externalRefusals(`${listLine}/99/messages`),
])
