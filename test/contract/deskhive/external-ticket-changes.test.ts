import { contract, type Row } from '../../support/contract.ts'
import { agentTicket, closedTicket, lockedTicket, ticket } from '../../support/seed.ts'
import { externalRefusals } from '../refusals.ts'
import { agentTicketView, notFound, ofTomas } from './views.ts'

// deskhive.md 21.2 and 21.4.

const view = { ...agentTicketView, ...ofTomas }
const line = '/api/v1/external/tickets/1'
const minuteLater = '2026-05-04T08:16:00Z'
const changed = { ...view, updated_at: minuteLater }

const updated = (data: object) => ({ status: true, data, message: 'Updated successfully' })
const closed = (data: object) => ({ status: true, data, message: 'Ticket closed successfully' })

const label = {
  call: 'POST /api/v1/internal/labels',
  key: 'special',
  body: { name: 'Regression', color: '#b03a2e' },
} as const

const later = (app: { advance(ms: number): void }) => app.advance(60_000)

for (const method of ['PUT', 'PATCH']) {
  const change = `${method} ${line}`
  const rows: Row[] = [
    {
      name: 'sets status, priority and labels',
      given: [agentTicket, label, later],
      body: { status: 'in_progress', priority: 'critical', labels: [1] },
      status: 200,
      reply: updated({
        ...changed,
        status: 'in_progress',
        priority: 'critical',
        labels: [{ id: 1, name: 'Regression', color: '#b03a2e' }],
      }),
      events: ['ticket.updated'],
    },
    {
      name: 'closes, and says when',
      given: [agentTicket, later],
      body: { status: 'closed' },
      status: 200,
      reply: updated({ ...changed, status: 'closed', closed_at: minuteLater }),
      events: ['ticket.updated', 'ticket.closed'],
    },
    {
      name: 'leaves what an admin alone may change',
      given: [agentTicket, later],
      body: { assigned_to: null, is_locked: true, title: 'Mine' },
      status: 200,
      reply: updated(view),
    },
    {
      name: 'works on a locked ticket',
      given: [lockedTicket, later],
      body: { priority: 'high' },
      status: 200,
      reply: updated({ ...changed, priority: 'high', is_locked: true }),
      events: ['ticket.updated'],
    },
    {
      name: 'tells every issue, in declared order',
      body: { status: 'gone', priority: null, labels: [99, 'x'] },
      status: 422,
      reply: {
        message: 'The selected status is invalid. (and 3 more errors)',
        errors: {
          status: ['The selected status is invalid.'],
          priority: ['The selected priority is invalid.'],
          'labels.0': ['The selected labels.0 is invalid.'],
          'labels.1': ['The selected labels.1 is invalid.'],
        },
      },
    },
    {
      name: 'does not find a ticket of others, whatever is asked of it',
      given: ticket,
      body: { status: 'gone' },
      ...notFound,
    },
    { name: 'does not find a ticket that is not there', call: `${method} ${line}9`, ...notFound },
    ...externalRefusals(change),
  ]
  contract(change, { key: 'agent', call: change, given: agentTicket }, rows)
}

const close = `POST ${line}/close`

contract(close, { key: 'agent', call: close, given: [agentTicket, later] }, [
  {
    name: 'closes the ticket',
    status: 200,
    reply: closed({ ...changed, status: 'closed', closed_at: minuteLater }),
    events: ['ticket.updated', 'ticket.closed'],
  },
  {
    name: 'changes nothing on a closed ticket, and answers the same',
    given: [closedTicket, later],
    status: 200,
    reply: closed({ ...view, status: 'closed', closed_at: view.created_at }),
  },
  {
    name: 'works on a locked ticket',
    given: [lockedTicket, later],
    status: 200,
    reply: closed({ ...changed, status: 'closed', closed_at: minuteLater, is_locked: true }),
    events: ['ticket.updated', 'ticket.closed'],
  },
  { name: 'does not find a ticket of others', given: ticket, ...notFound },
  { name: 'does not find a ticket that is not there', call: `POST ${line}9/close`, ...notFound },
  ...externalRefusals(close),
])
