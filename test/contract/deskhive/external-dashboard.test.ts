import { linkAgent } from '../../../src/store/agents.ts'
import { contract, type Before, type Given, type Row } from '../../support/contract.ts'
import { staff, type TestApp } from '../../support/harness.ts'
import { agentTicket, closedTicket, manyTickets, ticket } from '../../support/seed.ts'
import { externalRefusals } from '../refusals.ts'

// deskhive.md section 20.

const line = 'GET /api/v1/external/dashboard'
const none = { open_tickets: 0, in_progress_tickets: 0, needs_response: 0, closed_today: 0 }

const shown = (figures: Partial<typeof none>): Pick<Row, 'status' | 'reply'> => ({
  status: 200,
  reply: { status: true, data: { ...none, ...figures } },
})

const change = (id: number, body: object): Before => ({
  call: `PUT /api/v1/internal/tickets/${id}`,
  key: 'special',
  body,
})
const say = (body: object): Before => ({
  call: 'POST /api/v1/tickets/{ticket}/messages',
  key: 'keva',
  body,
})
const answer = say({ body: 'We look.' })
const inbound = say({ body: 'Still wrong.', direction: 'inbound' })

/** Tickets 1 to 6 of Tomas, in every status, one of them in progress twice. */
const several: Given = [
  async (app) => {
    await manyTickets(app, 6)
    await app.write((tx) => {
      for (let id = 1; id <= 6; id++) linkAgent(tx.q, { id, createdAt: tx.now }, staff.tomas)
    })
  },
  change(2, { status: 'in_progress' }),
  change(3, { status: 'in_progress' }),
  change(4, { status: 'on_hold' }),
  change(5, { status: 'closed' }),
  { call: 'POST /api/v1/internal/tickets/3/messages', key: 'special', body: { content: 'Hi' } },
]

const untilMidnight = 15 * 3_600_000 + 44 * 60_000
const toLastMinute = (app: TestApp) => app.advance(untilMidnight)
const pastMidnight = (app: TestApp) => app.advance(untilMidnight + 60_000)

contract(line, { key: 'agent', call: line, given: agentTicket }, [
  { name: 'has nothing at first', given: [], ...shown({}) },
  { name: 'counts a new ticket', ...shown({ open_tickets: 1, needs_response: 1 }) },
  {
    name: 'counts by status, the day and who has the last word',
    given: several,
    ...shown({ open_tickets: 2, in_progress_tickets: 2, needs_response: 3, closed_today: 1 }),
  },
  { name: 'counts those of the agent alone', key: 'otherAgent', ...shown({}) },
  { name: 'does not count a ticket of nobody', given: ticket, ...shown({}) },
  {
    name: 'needs no response after one',
    given: [agentTicket, answer],
    ...shown({ open_tickets: 1 }),
  },
  {
    name: 'takes a note for none (D7)',
    given: [agentTicket, say({ body: 'Hm', isInternal: true })],
    ...shown({ open_tickets: 1, needs_response: 1 }),
  },
  {
    name: 'needs one again when the customer writes',
    given: [agentTicket, answer, inbound],
    ...shown({ open_tickets: 1, needs_response: 1 }),
  },
  {
    name: 'needs none while on hold',
    given: [agentTicket, change(1, { status: 'on_hold' })],
    ...shown({}),
  },
  {
    name: 'counts what ended today in either way',
    given: [
      agentTicket,
      { call: 'PATCH /api/v1/tickets/{ticket}', key: 'keva', body: { status: 'solved' } },
    ],
    ...shown({ closed_today: 1 }),
  },
  {
    name: 'counts it once when it goes from one end to the other',
    given: [
      closedTicket,
      { call: 'PATCH /api/v1/tickets/{ticket}', key: 'keva', body: { status: 'solved' } },
    ],
    ...shown({ closed_today: 1 }),
  },
  {
    name: 'counts it until the last minute of the UTC day',
    given: [closedTicket, toLastMinute],
    ...shown({ closed_today: 1 }),
  },
  { name: 'forgets it at midnight UTC', given: [closedTicket, pastMidnight], ...shown({}) },
  {
    name: 'does not count what was opened again',
    given: [closedTicket, inbound],
    ...shown({ open_tickets: 1, needs_response: 1 }),
  },
  {
    name: 'does not count what was given to another, who counts it',
    key: 'otherAgent',
    given: [agentTicket, change(1, { assigned_to: staff.noor })],
    ...shown({ open_tickets: 1, needs_response: 1 }),
  },
  {
    name: 'does not count what was taken away',
    given: [closedTicket, change(1, { assigned_to: null })],
    ...shown({}),
  },
  {
    name: 'does not count what was deleted',
    given: [closedTicket, { call: 'DELETE /api/v1/internal/tickets/1', key: 'special' }],
    ...shown({}),
  },
  ...externalRefusals(line),
])
