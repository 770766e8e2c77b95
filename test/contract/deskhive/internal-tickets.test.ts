import { expect } from 'bun:test'
import { updateTicket, type TicketPatch } from '../../../src/domain/tickets.ts'
import { contract, type Row } from '../../support/contract.ts'
import { staff, type TestApp } from '../../support/harness.ts'
import {
  agentTicket,
  catalog,
  closedTicket,
  lockedTicket,
  manyTickets,
  mara,
  openTicket,
  ticket,
} from '../../support/seed.ts'
import { call } from '../../support/send.ts'
import { internalRefusals } from '../refusals.ts'
import { meta, notFound, ofTomas, ticketView } from './views.ts'

// deskhive.md section 6.

const createLine = 'POST /api/v1/internal/tickets'
const minimal = { customer_id: 1, title: 'Kiln shows E-07', content: 'Since Monday.' }
const minimalView = { ...ticketView, title: 'Kiln shows E-07', content: 'Since Monday.' }
const createdMessage = 'Created successfully'
const opened = ['ticket.created', 'message.created']

contract(createLine, { key: 'special', call: createLine, given: mara }, [
  {
    name: 'opens a ticket',
    body: minimal,
    status: 201,
    reply: { data: minimalView, message: createdMessage },
    events: opened,
  },
  {
    name: 'opens it for a key that has the scope',
    key: 'scoped',
    body: minimal,
    status: 201,
    reply: { data: minimalView, message: createdMessage },
    events: opened,
  },
  {
    name: 'takes all fields',
    given: [mara, catalog],
    body: { ...minimal, department_id: 1, category_id: 2, product_id: 1, priority: 'critical' },
    status: 201,
    reply: {
      data: {
        ...minimalView,
        department: { id: 1, name: 'Repairs' },
        category: { id: 2, name: 'Invoices' },
        product: { id: 1, name: 'Ember Kiln' },
        priority: 'critical',
      },
      message: createdMessage,
    },
    events: opened,
  },
  {
    name: 'trims text and takes ids as text',
    given: [mara, catalog],
    body: { customer_id: ' 1 ', title: '  Kiln shows E-07 ', content: '\nSince Monday.\t' },
    status: 201,
    reply: { data: minimalView, message: createdMessage },
    events: opened,
  },
  {
    name: 'takes null for what may be unset',
    body: { ...minimal, category_id: null, product_id: null },
    status: 201,
    reply: { data: minimalView, message: createdMessage },
    events: opened,
  },
  {
    name: 'shows a customer without a name by the address',
    given: [{ call: 'POST /api/v1/tickets', key: 'keva', body: kevaTicket('ann@shop.test') }],
    body: minimal,
    status: 201,
    reply: {
      data: {
        ...minimalView,
        id: 2,
        reference_id: 'SD-1002',
        customer: { id: 1, name: 'ann@shop.test', email: 'ann@shop.test' },
      },
      message: createdMessage,
    },
    events: opened,
  },
  {
    name: 'never uses a reference again',
    given: [ticket, { call: 'DELETE /api/v1/internal/tickets/1' }],
    body: minimal,
    status: 201,
    reply: { data: { ...minimalView, id: 2, reference_id: 'SD-1002' }, message: createdMessage },
    events: opened,
  },
  {
    name: 'names the missing fields in order (smoke 7)',
    body: {},
    status: 422,
    reply: {
      message: 'The customer id field is required. (and 2 more errors)',
      errors: {
        customer_id: ['The customer id field is required.'],
        title: ['The title field is required.'],
        content: ['The content field is required.'],
      },
    },
  },
  {
    name: 'says every wrong value at once',
    body: {
      customer_id: 99,
      title: 'x'.repeat(501),
      content: 7,
      department_id: 99,
      category_id: 'x',
      product_id: 1.5,
      priority: 'urgent',
    },
    status: 422,
    reply: {
      message: 'The selected customer id is invalid. (and 6 more errors)',
      errors: {
        customer_id: ['The selected customer id is invalid.'],
        title: ['The title field must not be greater than 500 characters.'],
        content: ['The content field must be a string.'],
        department_id: ['The selected department id is invalid.'],
        category_id: ['The selected category id is invalid.'],
        product_id: ['The selected product id is invalid.'],
        priority: ['The selected priority is invalid.'],
      },
    },
  },
  {
    name: 'counts one more error in the singular',
    body: { customer_id: 1, title: [], content: null },
    status: 422,
    reply: {
      message: 'The title field must be a string. (and 1 more error)',
      errors: {
        title: ['The title field must be a string.'],
        content: ['The content field is required.'],
      },
    },
  },
  {
    name: 'refuses null where a reference or a word must be (3.5)',
    body: { ...minimal, department_id: null, priority: null },
    status: 422,
    reply: {
      message: 'The selected department id is invalid. (and 1 more error)',
      errors: {
        department_id: ['The selected department id is invalid.'],
        priority: ['The selected priority is invalid.'],
      },
    },
  },
  ...internalRefusals(createLine),
])

function kevaTicket(customerEmail: string) {
  return { subject: 'Hello', customerEmail, body: 'Where is it?' }
}

const readLine = 'GET /api/v1/internal/tickets/1'

contract('GET /internal/tickets/{id}', { key: 'special', call: readLine, given: ticket }, [
  { name: 'shows a ticket', status: 200, reply: { data: ticketView } },
  {
    name: 'shows labels, assignee, agents and custom fields',
    given: [
      catalog,
      agentTicket,
      (app) => app.write((tx) => updateTicket(tx, 1, { labelIds: [2, 1] })),
      (app) =>
        app.sql(`INSERT INTO custom_fields (label, type, created_at, updated_at)
            VALUES ('Serial number', 'text', 0, 0);
          INSERT INTO ticket_custom_values VALUES (1, 1, 'EK40-00917')`),
    ],
    status: 200,
    reply: {
      data: {
        ...ticketView,
        ...ofTomas,
        labels: [
          { id: 2, name: 'Waiting', color: '#2e86c1' },
          { id: 1, name: 'Regression', color: '#b03a2e' },
        ],
        custom_fields: [{ id: 1, label: 'Serial number', type: 'text', value: 'EK40-00917' }],
      },
    },
  },
  {
    name: 'shows solved as closed',
    given: [ticket, change({ status: { to: 'solved', unless: [] } })],
    status: 200,
    reply: {
      data: {
        ...ticketView,
        status: 'closed',
        is_resolved: true,
        closed_at: '2026-05-04T08:15:00Z',
      },
    },
  },
  {
    name: 'shows urgent as critical',
    given: (app) => openTicket(app, { priority: 'urgent' }),
    status: 200,
    reply: { data: { ...ticketView, priority: 'critical' } },
  },
  {
    name: 'shows no customer once the customer is gone',
    given: [ticket, (app) => app.sql('DELETE FROM customers')],
    status: 200,
    reply: { data: { ...ticketView, customer: null } },
  },
  { ...notFound, name: 'does not find another', call: 'GET /api/v1/internal/tickets/2' },
  ...internalRefusals('GET /api/v1/internal/tickets/99'),
])

function change(patch: TicketPatch) {
  return (app: TestApp) => app.write((tx) => updateTicket(tx, 1, patch))
}

const listLine = 'GET /api/v1/internal/tickets'

contract(listLine, { key: 'special', call: listLine }, [
  { name: 'is empty at first', status: 200, reply: { data: [], meta: meta(0) } },
  {
    name: 'shows whole tickets',
    given: agentTicket,
    status: 200,
    reply: { data: [{ ...ticketView, ...ofTomas }], meta: meta(1) },
  },
  ...internalRefusals(listLine),
])

/** A page of `Ticket 1` to `Ticket 72`: the ids that it shows. */
const paged = (query: string, ids: readonly [number, number] | null, shown: object): Row => ({
  name: query === '' ? 'no query (smoke 8)' : query,
  call: `${listLine}${query}`,
  status: 200,
  reply: (body: { data: { id: number }[]; meta: object }) => {
    const [first, last] = ids ?? [0, 1]
    const expected = Array.from({ length: first - last + 1 }, (_, at) => first - at)
    expect(body.data.map((one) => one.id)).toEqual(expected)
    expect(body.meta).toEqual(shown)
  },
})

contract(
  'paging of internal lists (deskhive.md section 4)',
  { key: 'special', given: (app) => manyTickets(app, 72) },
  [
    paged('', [72, 58], { current_page: 1, last_page: 5, per_page: 15, total: 72 }),
    paged('?page=5', [12, 1], meta(72, 5)),
    paged('?page=6', null, meta(72, 6)),
    paged('?per_page=10&page=2', [62, 53], meta(72, 2, 10)),
    paged('?per_page=200', [72, 1], meta(72, 1, 200)),
    paged('?per_page=201', [72, 1], meta(72, 1, 200)),
    paged('?per_page=0&page=0', [72, 58], meta(72)),
    paged('?per_page=-1&page=-1', [72, 58], meta(72)),
    paged('?per_page=many&page=first', [72, 58], meta(72)),
    paged('?per_page=1e1&page=2.0', [72, 58], meta(72)),
    paged('?per_page=&page=', [72, 58], meta(72)),
    paged('?status=open&per_page=40&page=2', [32, 1], meta(72, 2, 40)),
  ],
)

/** Tickets 1 to 5, one of each stored status, with differing facts. */
async function variety(app: TestApp): Promise<void> {
  catalog(app)
  const statuses = ['open', 'in_progress', 'on_hold', 'solved', 'closed'] as const
  for (const [at, to] of statuses.entries()) {
    await openTicket(app, { departmentId: at < 2 ? 1 : 2, priority: at === 4 ? 'urgent' : 'low' })
    const assignedTo = at % 2 === 0 ? staff.tomas : null
    await app.write((tx) => updateTicket(tx, at + 1, { status: { to, unless: [] }, assignedTo }))
  }
}

const filtered = (query: string, ids: readonly number[]): Row => ({
  name: query,
  call: `${listLine}?${query}`,
  status: 200,
  reply: (body: { data: { id: number }[]; meta: object }) => {
    expect(body.data.map((one) => one.id)).toEqual([...ids])
    expect(body.meta).toEqual(meta(ids.length))
  },
})

contract('filters of GET /internal/tickets', { key: 'special', given: variety }, [
  filtered('status=open', [1]),
  filtered('status=in_progress', [2]),
  filtered('status=on_hold', [3]),
  filtered('status=closed', [5, 4]),
  filtered('status=solved', []),
  filtered('status=pending', []),
  filtered('status=constructor', []),
  filtered('status=', [5, 4, 3, 2, 1]),
  filtered('priority=critical', [5]),
  filtered('priority=low', [4, 3, 2, 1]),
  filtered('priority=urgent', []),
  filtered('department_id=1', [2, 1]),
  filtered('department_id=99', []),
  filtered('department_id=abc', []),
  filtered('department_id=-1', []),
  filtered('customer_id=1', [5, 4, 3, 2, 1]),
  filtered('customer_id=2', []),
  filtered('assigned_to=2', [5, 3, 1]),
  filtered('assigned_to=4', []),
  filtered('assigned_to=2&status=closed', [5]),
  filtered('department_id=2&assigned_to=2', [5, 3]),
  filtered('customer_id=1&priority=low&status=closed', [4]),
  filtered('status=open&status=closed', [1]),
])

const at16 = '2026-05-04T08:16:00Z'
const updatedMessage = 'Updated successfully'
const updated = ['ticket.updated']
const minuteLater = (app: TestApp) => app.advance(60_000)

/** The rows of both verbs that change a ticket: nothing is required by either. */
function changes(method: 'PUT' | 'PATCH'): void {
  const line = `${method} /api/v1/internal/tickets/1`
  const given = [ticket, catalog, minuteLater]
  const done = (fields: object) => ({
    status: 200,
    reply: { data: { ...ticketView, updated_at: at16, ...fields }, message: updatedMessage },
  })
  contract(`${method} /internal/tickets/{id}`, { key: 'special', call: line, given }, [
    {
      ...done({
        priority: 'critical',
        department: { id: 2, name: 'Billing' },
        category: { id: 1, name: 'Firmware' },
        product: { id: 2, name: 'Wheel' },
        is_resolved: true,
        is_locked: true,
        labels: [{ id: 1, name: 'Regression', color: '#b03a2e' }],
        ...ofTomas,
      }),
      name: 'changes everything at once, with one event',
      body: {
        priority: 'critical',
        department_id: 2,
        category_id: '1',
        product_id: 2,
        is_resolved: 1,
        is_locked: '1',
        labels: [1, '1'],
        assigned_to: 2,
      },
      events: updated,
    },
    {
      ...done({ status: 'closed', closed_at: at16 }),
      name: 'closes, and leaves is_resolved alone',
      body: { status: 'closed' },
      events: ['ticket.updated', 'ticket.closed'],
    },
    {
      ...done({ status: 'in_progress' }),
      name: 'sets in_progress',
      body: { status: 'in_progress' },
      events: updated,
    },
    {
      ...done({ status: 'open', ...ofTomas }),
      name: 'opens a closed ticket, which clears closed_at',
      given: [closedTicket, minuteLater],
      body: { status: 'open' },
      events: updated,
    },
    {
      name: 'leaves solved when closed is set, because that is what it shows',
      given: [ticket, change({ status: { to: 'solved', unless: [] } }), minuteLater],
      body: { status: 'closed' },
      status: 200,
      reply: {
        data: {
          ...ticketView,
          status: 'closed',
          is_resolved: true,
          closed_at: '2026-05-04T08:15:00Z',
        },
        message: updatedMessage,
      },
      async after(app) {
        const { body } = await call(app, 'GET /api/v1/tickets/{ticket}', { key: 'keva' })
        expect(body).toMatchObject({ data: { status: 'solved' } })
      },
    },
    {
      ...done({
        assigned_to: { id: 4, name: 'Noor Haddad' },
        agents: [{ id: 4, name: 'Noor Haddad' }],
      }),
      name: 'swaps the linked agent with the assignee (D5)',
      given: [agentTicket, minuteLater],
      body: { assigned_to: 4 },
      events: updated,
    },
    {
      ...done({ assigned_to: { id: 1, name: 'Administrator' } }),
      name: 'assigns a user, who is no agent',
      given: [agentTicket, minuteLater],
      body: { assigned_to: 1 },
      events: updated,
    },
    {
      ...done({}),
      name: 'unassigns, which unlinks',
      given: [agentTicket, minuteLater],
      body: { assigned_to: null },
      events: updated,
    },
    {
      ...done({}),
      name: 'clears category, product and labels',
      given: [ticket, catalog, change({ categoryId: 1, productId: 1, labelIds: [1] }), minuteLater],
      body: { category_id: null, product_id: null, labels: [] },
      events: updated,
    },
    {
      ...done({ updated_at: '2026-05-04T08:15:00Z' }),
      name: 'changes nothing by the same values',
      body: { status: 'open', priority: 'medium', is_locked: false, assigned_to: null, labels: [] },
    },
    {
      ...done({ updated_at: '2026-05-04T08:15:00Z' }),
      name: 'does not change title, content or customer',
      body: { title: 'Other', content: 'Other', customer_id: 2, reference_id: 'SD-1', id: 7 },
    },
    {
      ...done({ updated_at: '2026-05-04T08:15:00Z' }),
      name: 'requires nothing',
      body: {},
    },
    {
      name: 'says every wrong value at once, elements of a list by their dotted names',
      body: {
        status: 'solved',
        priority: null,
        assigned_to: 99,
        department_id: null,
        category_id: 99,
        product_id: {},
        is_resolved: 'yes',
        is_locked: null,
        labels: [1, 99, 98],
      },
      status: 422,
      reply: {
        message: 'The selected status is invalid. (and 9 more errors)',
        errors: {
          status: ['The selected status is invalid.'],
          priority: ['The selected priority is invalid.'],
          assigned_to: ['The selected assigned to is invalid.'],
          department_id: ['The selected department id is invalid.'],
          category_id: ['The selected category id is invalid.'],
          product_id: ['The selected product id is invalid.'],
          is_resolved: ['The is resolved field must be true or false.'],
          is_locked: ['The is locked field must be true or false.'],
          'labels.1': ['The selected labels.1 is invalid.'],
          'labels.2': ['The selected labels.2 is invalid.'],
        },
      },
    },
    {
      name: 'says of each element of a list what is wrong with it',
      body: { labels: [1, 99, 'x'] },
      status: 422,
      reply: {
        message: 'The selected labels.1 is invalid. (and 1 more error)',
        errors: {
          'labels.1': ['The selected labels.1 is invalid.'],
          'labels.2': ['The selected labels.2 is invalid.'],
        },
      },
    },
    {
      name: 'refuses labels that are no list',
      body: { labels: 1 },
      status: 422,
      reply: {
        message: 'The labels field must be an array.',
        errors: { labels: ['The labels field must be an array.'] },
      },
    },
    {
      ...notFound,
      name: 'does not find another, whatever the body',
      call: `${method} /api/v1/internal/tickets/2`,
      body: { status: 'nonsense' },
    },
    ...internalRefusals(`${method} /api/v1/internal/tickets/99`),
  ])
}

changes('PUT')
changes('PATCH')

const deleteLine = 'DELETE /api/v1/internal/tickets/1'

contract('DELETE /internal/tickets/{id}', { key: 'special', call: deleteLine, given: ticket }, [
  {
    name: 'deletes the ticket with all that hangs on it, and keeps what happened',
    given: [
      catalog,
      lockedTicket,
      { call: 'POST /api/v1/internal/tickets/1/messages', body: { content: 'Hi' } },
      change({ labelIds: [1] }),
      (app) =>
        app.sql(`INSERT INTO custom_fields (label, type, created_at, updated_at)
            VALUES ('Serial number', 'text', 0, 0);
          INSERT INTO ticket_custom_values VALUES (1, 1, 'EK40-00917')`),
    ],
    status: 200,
    reply: { data: null, message: 'Deleted successfully' },
    events: ['ticket.deleted'],
    after(app) {
      const rows = app.dump()
      for (const table of ['tickets', 'messages', 'ticket_labels', 'ticket_agents']) {
        expect([table, rows.get(table)]).toEqual([table, '[]'])
      }
      expect(rows.get('ticket_custom_values')).toBe('[]')
      expect(rows.get('customers')).toContain('"total_tickets":0')
      expect(rows.get('customers')).toContain('"open_tickets":0')
      expect(rows.get('events')).toContain('"type":"ticket.created"')
    },
  },
  {
    ...notFound,
    name: 'does not find it again',
    given: [ticket, { call: deleteLine }],
  },
  {
    name: 'is gone for Keva too',
    call: 'GET /api/v1/tickets/{ticket}',
    key: 'keva',
    given: [ticket, { call: deleteLine, key: 'special' }],
    status: 404,
    reply: { error: 'Ticket not found' },
  },
  {
    name: 'leaves an empty list and no count behind',
    call: `${listLine}?status=open`,
    given: [ticket, { call: deleteLine }],
    status: 200,
    reply: { data: [], meta: meta(0) },
  },
  ...internalRefusals('DELETE /api/v1/internal/tickets/99'),
])
