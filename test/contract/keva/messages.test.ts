import { expect } from 'bun:test'
import { updateTicket } from '../../../src/domain/tickets.ts'
import { contract, uid, type Row } from '../../support/contract.ts'
import type { TestApp } from '../../support/harness.ts'
import { closedTicket, lockedTicket, ticket } from '../../support/seed.ts'
import { call } from '../../support/send.ts'
import { kevaRefusals } from '../refusals.ts'

// keva.md 4.7.

const opening = {
  id: uid('msg'),
  ticketId: uid('tkt'),
  direction: 'inbound',
  senderEmail: 'mara@northwind.test' as string | null,
  senderName: 'Mara Lind' as string | null,
  body: 'It says 25 % and should say 12 %.',
  isInternal: false,
  createdAt: '2026-05-04T08:15:00Z',
}

const answer = {
  ...opening,
  direction: 'outbound',
  senderEmail: null,
  senderName: null,
  body: 'Corrected.',
}

const listLine = 'GET /api/v1/tickets/{ticket}/messages'
const addLine = 'POST /api/v1/tickets/{ticket}/messages'
const nobody = `tkt_${'0'.repeat(26)}`
const said = ['message.created']
const noted = ['note.created']

/** A message on the ticket of the table. */
const add = (body: object) => ({ call: addLine, key: 'keva', body }) as const

contract(listLine, { key: 'kevaReader', call: listLine, given: ticket }, [
  {
    name: 'shows the opening text as a message',
    status: 200,
    reply: { data: [opening], pagination: { page: 1, perPage: 20, total: 1, nextCursor: null } },
  },
  {
    name: 'shows the oldest first, notes included',
    given: [
      ticket,
      add({ body: 'Corrected.' }),
      add({ body: 'Same instant', isInternal: true }),
      (app) => app.advance(1000),
      add({ body: 'Thanks!', direction: 'inbound' }),
    ],
    status: 200,
    reply: {
      data: [
        opening,
        answer,
        { ...answer, body: 'Same instant', isInternal: true },
        { ...opening, body: 'Thanks!', createdAt: '2026-05-04T08:15:01Z' },
      ],
      pagination: { page: 1, perPage: 20, total: 4, nextCursor: null },
    },
  },
  {
    name: 'pages',
    call: `${listLine}?per_page=1&page=2`,
    given: [ticket, add({ body: 'Corrected.' }), add({ body: 'Third' })],
    status: 200,
    reply: {
      data: [answer],
      pagination: { page: 2, perPage: 1, total: 3, nextCursor: expect.any(String) },
    },
  },
  {
    name: 'takes limit and offset',
    call: `${listLine}?limit=2&offset=2`,
    given: [ticket, add({ body: 'Corrected.' }), add({ body: 'Third' })],
    status: 200,
    reply: {
      data: [{ ...answer, body: 'Third' }],
      pagination: { page: 2, perPage: 2, total: 3, nextCursor: null },
    },
  },
  {
    name: 'is empty past the end, with the same total',
    call: `${listLine}?page=9`,
    status: 200,
    reply: { data: [], pagination: { page: 9, perPage: 20, total: 1, nextCursor: null } },
  },
  {
    name: 'does not find an unknown ticket',
    call: `GET /api/v1/tickets/${nobody}/messages`,
    status: 404,
    reply: { error: 'Ticket not found' },
  },
  ...kevaRefusals(`GET /api/v1/tickets/${nobody}/messages`, 'kevaWriter'),
])

contract(addLine, { key: 'kevaWriter', call: addLine, given: ticket }, [
  {
    name: 'answers the customer',
    body: { body: 'Corrected.' },
    status: 201,
    reply: { data: { ...answer, senderName: null } },
    events: said,
  },
  {
    name: 'keeps who is said to have sent it',
    body: { body: 'Corrected.', senderEmail: 'desk@northwind.test', senderName: 'Desk' },
    status: 201,
    reply: { data: { ...answer, senderEmail: 'desk@northwind.test', senderName: 'Desk' } },
    events: said,
  },
  {
    name: 'takes the sender of an inbound message from the ticket',
    body: { body: 'Thanks!', direction: 'inbound' },
    status: 201,
    reply: { data: { ...opening, body: 'Thanks!' } },
    events: said,
  },
  {
    name: 'takes another sender of an inbound message',
    body: {
      body: 'In copy',
      direction: 'inbound',
      senderEmail: 'bo@northwind.test',
      senderName: 'Bo',
    },
    status: 201,
    reply: {
      data: { ...opening, body: 'In copy', senderEmail: 'bo@northwind.test', senderName: 'Bo' },
    },
    events: said,
  },
  {
    name: 'does not put the ticket’s customer in the name of another sender',
    body: { body: 'In copy', direction: 'inbound', senderEmail: 'bo@northwind.test' },
    status: 201,
    reply: {
      data: { ...opening, body: 'In copy', senderEmail: 'bo@northwind.test', senderName: null },
    },
    events: said,
  },
  {
    name: 'tells of a note by another event, which webhooks leave out',
    body: { body: 'Corrected.', isInternal: true },
    status: 201,
    reply: { data: { ...answer, isInternal: true } },
    events: noted,
  },
  {
    name: 'says in the event what was said',
    body: { body: 'Thanks!', direction: 'inbound' },
    status: 201,
    reply: expect.anything(),
    events: said,
    after(app) {
      const [event] = app.eventsAfter(app.lastSequence() - 1)
      expect(JSON.parse(event?.body ?? '')).toMatchObject({
        ticketUid: app.named.get('ticket')?.slice(4),
        direction: 'inbound',
        senderEmail: 'mara@northwind.test',
        body: 'Thanks!',
      })
      expect(event).toMatchObject({ actorKind: 'key', actorKeyId: 3, ipAddress: '192.0.2.7' })
    },
  },
  {
    name: 'opens a closed ticket again by the customer’s answer (D11)',
    given: closedTicket,
    body: { body: 'Still wrong', direction: 'inbound' },
    status: 201,
    reply: expect.anything(),
    events: ['message.created', 'ticket.updated'],
    async after(app) {
      expect(await stateOf(app)).toMatchObject({ status: 'open', closed_at: null })
    },
  },
  {
    name: 'opens a solved ticket again alike',
    given: [
      ticket,
      (app) => app.write((tx) => updateTicket(tx, 1, { status: { to: 'solved', unless: [] } })),
    ],
    body: { body: 'Still wrong', direction: 'inbound' },
    status: 201,
    reply: expect.anything(),
    events: ['message.created', 'ticket.updated'],
  },
  {
    name: 'leaves a closed ticket closed by the desk’s answer',
    given: closedTicket,
    body: { body: 'One more thing' },
    status: 201,
    reply: expect.anything(),
    events: said,
    async after(app) {
      expect(await stateOf(app)).toMatchObject({ status: 'closed' })
    },
  },
  {
    name: 'leaves a closed ticket closed by a note in the customer’s name',
    given: closedTicket,
    body: { body: 'Phoned', direction: 'inbound', isInternal: true },
    status: 201,
    reply: expect.anything(),
    events: noted,
    async after(app) {
      expect(await stateOf(app)).toMatchObject({ status: 'closed' })
    },
  },
  {
    name: 'refuses the customer on a locked ticket',
    given: lockedTicket,
    body: { body: 'Hello?', direction: 'inbound' },
    status: 400,
    reply: { error: 'Ticket is locked' },
  },
  {
    name: 'lets the desk answer on a locked ticket',
    given: lockedTicket,
    body: { body: 'We are on it' },
    status: 201,
    reply: expect.anything(),
    events: said,
  },
  {
    name: 'changes the ticket’s time of change',
    given: [ticket, (app) => app.advance(60_000)],
    body: { body: 'Corrected.' },
    status: 201,
    reply: expect.anything(),
    events: said,
    async after(app) {
      const { body } = await call(app, 'GET /api/v1/tickets/{ticket}', { key: 'keva' })
      expect(body).toMatchObject({ data: { updatedAt: '2026-05-04T08:16:00Z' } })
      expect(await stateOf(app)).toMatchObject({
        last_reply_at: '2026-05-04T08:16:00Z',
        last_reply_by: 'staff',
      })
    },
  },
  {
    name: 'refuses a message without a text',
    body: { direction: 'inbound' },
    status: 422,
    reply: {
      error: 'Validation failed',
      details: [{ field: 'body', message: 'Body is required' }],
    },
  },
  {
    name: 'names every bad field at once',
    body: {
      body: ' ',
      direction: 'sideways',
      senderEmail: 'x',
      senderName: 'y'.repeat(251),
      isInternal: 'yes',
    },
    status: 422,
    reply: {
      error: 'Validation failed',
      details: [
        { field: 'body', message: 'Body is required' },
        { field: 'direction', message: 'Invalid direction. Must be one of: inbound, outbound' },
        { field: 'senderEmail', message: 'Invalid email format' },
        { field: 'senderName', message: 'Sender name must be at most 250 characters' },
        { field: 'isInternal', message: 'Invalid is internal format' },
      ],
    },
  },
  {
    name: 'answers a bad direction alone with 400 and the list',
    body: { body: 'x', direction: 'out' },
    status: 400,
    reply: { error: 'Invalid direction. Must be one of: inbound, outbound' },
  },
  {
    name: 'does not find an unknown ticket, whatever the body',
    call: `POST /api/v1/tickets/${nobody}/messages`,
    body: {},
    status: 404,
    reply: { error: 'Ticket not found' },
  },
  ...kevaRefusals(`POST /api/v1/tickets/${nobody}/messages`, 'kevaReader'),
])

async function stateOf(app: TestApp): Promise<unknown> {
  const { body } = await call(app, 'GET /api/v1/internal/tickets/1', { key: 'special' })
  return (body as { data: unknown }).data
}

/** A message that DeskHive wrote, as Keva shows it. */
const fromDeskHive: readonly Row[] = [
  {
    name: 'shows an admin’s answer as outbound',
    given: [
      ticket,
      { call: 'POST /api/v1/internal/tickets/1/messages', key: 'special', body: { content: 'Hi' } },
    ],
    status: 200,
    reply: (body: { data: unknown[] }) => {
      expect(body.data[1]).toEqual({ ...answer, body: 'Hi', senderName: 'Administrator' })
    },
  },
]

contract('messages across contracts', { key: 'keva', call: listLine }, fromDeskHive)
