import { expect } from 'bun:test'
import { contract, uid, type Row } from '../../support/contract.ts'
import { kevaRefusals } from '../refusals.ts'
import { staff, type TestApp } from '../../support/harness.ts'
import { call } from '../../support/send.ts'
import { manyTickets, mara, openTicket, ticket } from '../../support/seed.ts'
import { staffById } from '../../../src/store/staff.ts'
import { closeTicket, updateTicket } from '../../../src/domain/tickets.ts'
import { publicId } from '../../../src/lib/ids.ts'

// keva.md section 4.

const at = '2026-05-04T08:15:00Z'

const shown = {
  id: uid('tkt'),
  subject: 'Invoice shows wrong VAT',
  status: 'open',
  priority: 'medium',
  customerEmail: 'mara@northwind.test',
  customerName: 'Mara Lind',
  source: 'email',
  assignedTo: null as string | null,
  resolutionType: null as string | null,
  tags: [] as string[],
  createdAt: at,
  updatedAt: at,
}

const minimal = { subject: 'Hello', customerEmail: 'ann@shop.test', body: 'Where is it?' }

const minimalShown = {
  ...shown,
  subject: 'Hello',
  customerEmail: 'ann@shop.test',
  customerName: null,
  source: 'api',
}

const created = ['customer.created', 'ticket.created', 'message.created']

const missing = { status: 404, reply: { error: 'Ticket not found' } }
const nobody = 'tkt_01kqrh6pm0000000000000000'
const nowhere: readonly { name: string; id: string }[] = [
  { name: 'an id that nothing has', id: `${nobody}0` },
  { name: 'an integer id', id: '1' },
  { name: 'an id of another noun', id: `msg_${'0'.repeat(26)}` },
]

const listed = (total: number, page = 1, perPage = 20, nextCursor: string | null = null) => ({
  page,
  perPage,
  total,
  nextCursor,
})

contract('POST /api/v1/tickets', { key: 'keva', call: 'POST /api/v1/tickets' }, [
  {
    name: 'opens a ticket with its customer and its first message',
    body: minimal,
    status: 201,
    reply: { data: minimalShown },
    events: created,
  },
  {
    name: 'takes all fields, and makes the tags at their first use',
    body: {
      ...minimal,
      customerName: 'Ann Berg',
      source: 'widget',
      priority: 'urgent',
      tags: ['vip', 'billing', 'vip'],
    },
    status: 201,
    reply: {
      data: {
        ...minimalShown,
        customerName: 'Ann Berg',
        source: 'widget',
        priority: 'urgent',
        tags: ['vip', 'billing'],
      },
    },
    events: [
      'customer.created',
      'label.created',
      'label.created',
      'ticket.created',
      'message.created',
    ],
  },
  {
    name: 'finds the customer by e-mail, whatever the case of its letters',
    given: mara,
    body: { ...minimal, customerEmail: 'MARA@Northwind.TEST' },
    status: 201,
    reply: {
      data: { ...minimalShown, customerEmail: 'mara@northwind.test', customerName: 'Mara Lind' },
    },
    events: ['ticket.created', 'message.created'],
  },
  {
    name: 'leaves a known customer the name when a blank one comes',
    given: mara,
    body: { ...minimal, customerEmail: 'mara@northwind.test', customerName: ' ' },
    status: 201,
    reply: {
      data: { ...minimalShown, customerEmail: 'mara@northwind.test', customerName: 'Mara Lind' },
    },
    events: ['ticket.created', 'message.created'],
  },
  {
    name: 'takes the priority that the customer’s tickets have',
    given: [
      mara,
      { call: 'PATCH /api/v1/customers/{customer}', body: { priorityOverride: 'urgent' } },
    ],
    body: { ...minimal, customerEmail: 'mara@northwind.test' },
    status: 201,
    reply: {
      data: {
        ...minimalShown,
        customerEmail: 'mara@northwind.test',
        customerName: 'Mara Lind',
        priority: 'urgent',
      },
    },
    events: ['ticket.created', 'message.created'],
  },
  {
    name: 'takes the priority that is given before that of the customer',
    given: [
      mara,
      { call: 'PATCH /api/v1/customers/{customer}', body: { priorityOverride: 'urgent' } },
    ],
    body: { ...minimal, customerEmail: 'mara@northwind.test', priority: 'low' },
    status: 201,
    reply: { data: expect.objectContaining({ priority: 'low' }) },
    events: ['ticket.created', 'message.created'],
  },
  {
    name: 'gives a known customer the new name',
    given: mara,
    body: { ...minimal, customerEmail: 'mara@northwind.test', customerName: 'Mara Lund' },
    status: 201,
    reply: {
      data: { ...minimalShown, customerEmail: 'mara@northwind.test', customerName: 'Mara Lund' },
    },
    events: ['customer.updated', 'ticket.created', 'message.created'],
  },
  {
    name: 'stores the body as an inbound message',
    body: minimal,
    status: 201,
    reply: expect.anything(),
    events: created,
    async after(app, { body }) {
      const { id } = (body as { data: { id: string } }).data
      const { body: list } = await call(app, `GET /api/v1/tickets/${id}/messages`, { key: 'keva' })
      expect(list).toMatchObject({
        data: [{ direction: 'inbound', body: 'Where is it?', senderEmail: 'ann@shop.test' }],
      })
    },
  },
  {
    name: 'ignores fields that it does not know',
    body: { ...minimal, id: 'tkt_x', status: 'closed', createdAt: '1999-01-01T00:00:00Z', x: 1 },
    status: 201,
    reply: { data: minimalShown },
    events: created,
  },
  {
    name: 'keeps text as it was sent, blanks at its ends included',
    body: { ...minimal, subject: '  Hello\n' },
    status: 201,
    reply: { data: { ...minimalShown, subject: '  Hello\n' } },
    events: created,
  },
  {
    name: 'names every missing field at once, in order',
    body: {},
    status: 422,
    reply: {
      error: 'Validation failed',
      details: [
        { field: 'subject', message: 'Subject is required' },
        { field: 'customerEmail', message: 'Customer email is required' },
        { field: 'body', message: 'Body is required' },
      ],
    },
  },
  {
    name: 'takes no body as an empty one',
    status: 422,
    reply: expect.objectContaining({ error: 'Validation failed' }),
  },
  {
    name: 'takes blank text and null as missing',
    body: { subject: ' \t', customerEmail: null, body: '' },
    status: 422,
    reply: {
      error: 'Validation failed',
      details: [
        { field: 'subject', message: 'Subject is required' },
        { field: 'customerEmail', message: 'Customer email is required' },
        { field: 'body', message: 'Body is required' },
      ],
    },
  },
  {
    name: 'refuses a bad e-mail in the documented words',
    body: { ...minimal, customerEmail: 'mara at northwind' },
    status: 422,
    reply: {
      error: 'Validation failed',
      details: [{ field: 'customerEmail', message: 'Invalid email format' }],
    },
  },
  {
    name: 'refuses wrong types and long text, all at once',
    body: {
      subject: 'x'.repeat(501),
      customerEmail: ['a@b.test'],
      customerName: 5,
      body: {},
      source: true,
      tags: 'vip',
    },
    status: 422,
    reply: {
      error: 'Validation failed',
      details: [
        { field: 'subject', message: 'Subject must be at most 500 characters' },
        { field: 'customerEmail', message: 'Invalid customer email format' },
        { field: 'customerName', message: 'Invalid customer name format' },
        { field: 'body', message: 'Invalid body format' },
        { field: 'source', message: 'Invalid source format' },
        { field: 'tags', message: 'Invalid tags format' },
      ],
    },
  },
  {
    name: 'names the bad one among the tags',
    body: { ...minimal, tags: ['ok', '', 7] },
    status: 422,
    reply: {
      error: 'Validation failed',
      details: [
        { field: 'tags.1', message: expect.any(String) },
        { field: 'tags.2', message: expect.any(String) },
      ],
    },
  },
  {
    name: 'answers a bad priority alone with 400 and the list',
    body: { ...minimal, priority: 'critical' },
    status: 400,
    reply: { error: 'Invalid priority. Must be one of: low, medium, high, urgent' },
  },
  {
    name: 'puts a bad priority among other findings into the details',
    body: { subject: 'Hello', body: 'x', priority: 'critical' },
    status: 422,
    reply: {
      error: 'Validation failed',
      details: [
        { field: 'customerEmail', message: 'Customer email is required' },
        {
          field: 'priority',
          message: 'Invalid priority. Must be one of: low, medium, high, urgent',
        },
      ],
    },
  },
  ...kevaRefusals('POST /api/v1/tickets', 'kevaReader'),
])

/** Ticket 1 put into a stored status that Keva may show by another word. */
const inStatus = (to: 'in_progress' | 'on_hold' | 'solved') => async (app: TestApp) => {
  await ticket(app)
  await app.write((tx) => updateTicket(tx, 1, { status: { to, unless: [] } }))
}

contract('GET /api/v1/tickets/:id', { key: 'kevaReader', call: 'GET /api/v1/tickets/{ticket}' }, [
  { name: 'shows a ticket', given: ticket, status: 200, reply: { data: shown } },
  {
    name: 'shows in_progress as open',
    given: inStatus('in_progress'),
    status: 200,
    reply: { data: shown },
  },
  {
    name: 'shows on_hold as pending',
    given: inStatus('on_hold'),
    status: 200,
    reply: { data: { ...shown, status: 'pending' } },
  },
  {
    name: 'shows solved as solved',
    given: inStatus('solved'),
    status: 200,
    reply: { data: { ...shown, status: 'solved' } },
  },
  ...nowhere.map(({ name, id }) => ({
    ...missing,
    name: `does not find ${name}`,
    call: `GET /api/v1/tickets/${id}`,
  })),
  ...kevaRefusals(`GET /api/v1/tickets/${nobody}`, 'kevaWriter'),
])

contract('GET /api/v1/tickets', { key: 'kevaReader', call: 'GET /api/v1/tickets' }, [
  { name: 'is empty at first', status: 200, reply: { data: [], pagination: listed(0) } },
  {
    name: 'shows whole tickets',
    given: ticket,
    status: 200,
    reply: { data: [shown], pagination: listed(1) },
  },
  {
    name: 'shows the newest first, ties by id',
    given: [
      ticket,
      (app) => openTicket(app, { subject: 'Same instant' }),
      (app) => app.advance(1000),
      (app) => openTicket(app, { subject: 'Later' }),
    ],
    status: 200,
    reply: {
      data: [
        expect.objectContaining({ subject: 'Later' }),
        expect.objectContaining({ subject: 'Same instant' }),
        expect.objectContaining({ subject: 'Invoice shows wrong VAT' }),
      ],
      pagination: listed(3),
    },
  },
  ...(
    [
      ['open', ['Progressing', 'Opened']],
      ['pending', ['Held']],
      ['solved', ['Solved']],
      ['closed', ['Closed']],
    ] as const
  ).map(([status, subjects]): Row => ({
    name: `filters by ${status}`,
    call: `GET /api/v1/tickets?status=${status}`,
    given: oneOfEachStatus,
    status: 200,
    reply: {
      data: subjects.map((subject) => expect.objectContaining({ subject, status })),
      pagination: listed(subjects.length),
    },
  })),
  {
    name: 'refuses an unknown status in the documented words',
    call: 'GET /api/v1/tickets?status=in_progress',
    status: 400,
    reply: { error: 'Invalid status. Must be one of: open, pending, solved, closed' },
  },
  {
    name: 'refuses an empty status alike',
    call: 'GET /api/v1/tickets?status=',
    status: 400,
    reply: { error: 'Invalid status. Must be one of: open, pending, solved, closed' },
  },
  ...kevaRefusals('GET /api/v1/tickets', 'kevaWriter'),
])

async function oneOfEachStatus(app: TestApp): Promise<void> {
  const stored = [
    ['Opened', 'open'],
    ['Progressing', 'in_progress'],
    ['Held', 'on_hold'],
    ['Solved', 'solved'],
    ['Closed', 'closed'],
  ] as const
  for (const [at, [subject, to]] of stored.entries()) {
    await openTicket(app, { subject })
    await app.write((tx) => updateTicket(tx, at + 1, { status: { to, unless: [] } }))
  }
}

/** A page of the tickets `Ticket 1` to `Ticket 72`, newest first. */
const paged = (query: string, first: number | null, count: number, pagination: object): Row => ({
  name: query === '' ? 'no query' : query,
  call: `GET /api/v1/tickets${query}`,
  status: 200,
  reply: (body: { data: { subject: string }[]; pagination: { nextCursor: unknown } }) => {
    expect<object>({ ...body.pagination, nextCursor: null }).toEqual(pagination)
    const hasMore = count > 0 && (first ?? 0) > count
    expect(body.pagination.nextCursor).toEqual(hasMore ? expect.any(String) : null)
    expect(body.data.map((one) => one.subject)).toEqual(
      Array.from({ length: count }, (_, at) => `Ticket ${(first ?? 0) - at}`),
    )
  },
})

contract(
  'paging of GET /api/v1/tickets (keva.md 3.2, R2)',
  { key: 'kevaReader', given: (app) => manyTickets(app, 72) },
  [
    paged('', 72, 20, listed(72)),
    paged('?page=4', 12, 12, listed(72, 4)),
    paged('?page=5', null, 0, listed(72, 5)),
    paged('?per_page=5&page=2', 67, 5, listed(72, 2, 5)),
    paged('?per_page=100', 72, 72, listed(72, 1, 100)),
    paged('?per_page=101', 72, 72, listed(72, 1, 100)),
    paged('?per_page=999999999999999999999', 72, 72, listed(72, 1, 100)),
    paged('?page=999999999999999999999', null, 0, listed(72, 1e12)),
    paged('?offset=999999999999999999999', null, 0, listed(72, 5e10 + 1)),
    paged('?per_page=0', 72, 20, listed(72)),
    paged('?per_page=-3&page=-1', 72, 20, listed(72)),
    paged('?per_page=abc&page=x', 72, 20, listed(72)),
    paged('?per_page=1.5&page=1e2', 72, 20, listed(72)),
    paged('?per_page=&page=', 72, 20, listed(72)),
    paged('?limit=7', 72, 7, listed(72, 1, 7)),
    paged('?per_page=3&limit=7', 72, 3, listed(72, 1, 3)),
    paged('?offset=70', 2, 2, listed(72, 4)),
    paged('?limit=10&offset=25', 47, 10, listed(72, 3, 10)),
    paged('?limit=10&offset=25&page=1', 72, 10, listed(72, 1, 10)),
    paged('?offset=-1', 72, 20, listed(72)),
    paged('?offset=x', 72, 20, listed(72)),
    paged('?status=open&per_page=2&page=36', 2, 2, listed(72, 36, 2)),
  ],
)

const patch = { key: 'keva', call: 'PATCH /api/v1/tickets/{ticket}', given: ticket } as const
const updated = ['ticket.updated']

/** The public id of a member of staff, as a later path or body may name it. */
function userId(app: TestApp, id: number): string {
  return publicId(
    'staff',
    app.read((reader) => staffById(reader.q, id)?.uid ?? ''),
  )
}

contract('PATCH /api/v1/tickets/:id', patch, [
  {
    name: 'changes what is given and keeps the rest',
    given: [ticket, (app) => app.advance(60_000)],
    body: { subject: 'VAT', priority: 'high', resolutionType: 'human', tags: ['b', 'a'] },
    status: 200,
    reply: {
      data: {
        ...shown,
        subject: 'VAT',
        priority: 'high',
        resolutionType: 'human',
        tags: ['b', 'a'],
        updatedAt: '2026-05-04T08:16:00Z',
      },
    },
    events: ['label.created', 'label.created', 'ticket.updated'],
    after(app) {
      const [event] = app.eventsAfter(app.lastSequence() - 1)
      expect(JSON.parse(event?.body ?? '')).toMatchObject({
        changes: {
          subject: { from: 'Invoice shows wrong VAT', to: 'VAT' },
          priority: { from: 'medium', to: 'high' },
          resolutionType: { from: null, to: 'human' },
          labels: { from: [], to: ['b', 'a'] },
        },
      })
    },
  },
  ...(['pending', 'solved', 'closed'] as const).map((status): Row => ({
    name: `sets ${status}`,
    body: { status },
    status: 200,
    reply: { data: { ...shown, status } },
    events: status === 'pending' ? updated : ['ticket.updated', 'ticket.closed'],
  })),
  {
    name: 'tells of a closing once: solved to closed is an update only',
    given: inStatus('solved'),
    body: { status: 'closed' },
    status: 200,
    reply: { data: { ...shown, status: 'closed' } },
    events: updated,
  },
  {
    name: 'opens a closed ticket again',
    given: [ticket, (app) => app.write((tx) => closeTicket(tx, 1))],
    body: { status: 'open' },
    status: 200,
    reply: { data: shown },
    events: updated,
  },
  {
    name: 'changes nothing by the same values',
    given: [ticket, (app) => app.advance(60_000)],
    body: {
      status: 'open',
      priority: 'medium',
      subject: shown.subject,
      tags: [],
      assignedTo: null,
    },
    status: 200,
    reply: { data: shown },
  },
  {
    name: 'changes nothing by an empty body',
    given: [ticket, (app) => app.advance(60_000)],
    body: {},
    status: 200,
    reply: { data: shown },
  },
  {
    name: 'leaves in_progress when open is set, because that is what it shows',
    given: inStatus('in_progress'),
    body: { status: 'open' },
    status: 200,
    reply: { data: shown },
    async after(app) {
      const { body } = await call(app, 'GET /api/v1/internal/tickets/1', { key: 'special' })
      expect(body).toMatchObject({ data: { status: 'in_progress' } })
    },
  },
  {
    name: 'assigns the AI',
    body: { assignedTo: 'ai' },
    status: 200,
    reply: { data: { ...shown, assignedTo: 'ai' } },
    events: updated,
  },
  {
    name: 'assigns nobody',
    given: [ticket, (app) => app.write((tx) => updateTicket(tx, 1, { assignedTo: 'ai' }))],
    body: { assignedTo: null },
    status: 200,
    reply: { data: shown },
    events: updated,
  },
  {
    name: 'empties the tags',
    given: [ticket, { call: 'PATCH /api/v1/tickets/{ticket}', body: { tags: ['x'] } }],
    body: { tags: [] },
    status: 200,
    reply: { data: shown },
    events: updated,
  },
  {
    name: 'changes the order of the tags',
    given: [ticket, { call: 'PATCH /api/v1/tickets/{ticket}', body: { tags: ['x', 'y'] } }],
    body: { tags: ['y', 'x'] },
    status: 200,
    reply: { data: { ...shown, tags: ['y', 'x'] } },
    events: updated,
  },
  {
    name: 'clears the resolution type',
    given: [ticket, { call: 'PATCH /api/v1/tickets/{ticket}', body: { resolutionType: 'human' } }],
    body: { resolutionType: null },
    status: 200,
    reply: { data: shown },
    events: updated,
  },
  {
    name: 'refuses a bad status in the documented words',
    body: { status: 'on_hold' },
    status: 400,
    reply: { error: 'Invalid status. Must be one of: open, pending, solved, closed' },
  },
  {
    name: 'refuses null where a word must stand',
    body: { status: null },
    status: 400,
    reply: { error: 'Invalid status. Must be one of: open, pending, solved, closed' },
  },
  {
    name: 'refuses an assignee who does not exist, and all else with it, in the order of the table',
    body: { assignedTo: 'user_nobody', subject: '', tags: [1] },
    status: 422,
    reply: {
      error: 'Validation failed',
      details: [
        { field: 'assignedTo', message: 'Invalid assignedTo' },
        { field: 'tags.0', message: expect.any(String) },
        { field: 'subject', message: 'Subject is required' },
      ],
    },
  },
  {
    name: 'refuses an integer as an assignee',
    body: { assignedTo: 2 },
    status: 422,
    reply: {
      error: 'Validation failed',
      details: [{ field: 'assignedTo', message: 'Invalid assignedTo' }],
    },
  },
  ...nowhere.map(({ name, id }) => ({
    ...missing,
    name: `does not find ${name}, whatever the body`,
    call: `PATCH /api/v1/tickets/${id}`,
    body: { status: 'nonsense' },
  })),
  ...kevaRefusals(`PATCH /api/v1/tickets/${nobody}`, 'kevaReader'),
])

contract('assignees of a ticket (deskhive.md D5)', { key: 'keva', given: ticket }, [
  {
    name: 'an agent is assigned by user id, and is linked',
    call: 'GET /api/v1/tickets/{ticket}',
    given: [ticket, assignBy(staff.tomas)],
    status: 200,
    reply: (body: unknown) => {
      expect(body).toEqual({ data: { ...shown, assignedTo: uid('user') } })
    },
    async after(app, { body }) {
      expect(body).toMatchObject({ data: { assignedTo: userId(app, staff.tomas) } })
      expect(await adminView(app)).toMatchObject({
        assigned_to: { id: staff.tomas, name: 'Tomas Berg' },
        agents: [{ id: staff.tomas, name: 'Tomas Berg' }],
      })
    },
  },
  {
    name: 'another agent takes the link over',
    call: 'GET /api/v1/tickets/{ticket}',
    given: [ticket, assignBy(staff.tomas), assignBy(staff.noor)],
    status: 200,
    reply: expect.anything(),
    async after(app) {
      expect(await adminView(app)).toMatchObject({
        assigned_to: { id: staff.noor },
        agents: [{ id: staff.noor, name: 'Noor Haddad' }],
      })
    },
  },
  {
    name: 'a user is assigned without a link',
    call: 'GET /api/v1/tickets/{ticket}',
    given: [ticket, assignBy(staff.tomas), assignBy(staff.admin)],
    status: 200,
    reply: expect.anything(),
    async after(app) {
      expect(await adminView(app)).toMatchObject({ assigned_to: { id: staff.admin }, agents: [] })
    },
  },
  {
    name: 'the AI shows as nobody in DeskHive',
    call: 'PATCH /api/v1/tickets/{ticket}',
    given: [ticket, assignBy(staff.tomas)],
    body: { assignedTo: 'ai' },
    status: 200,
    reply: { data: { ...shown, assignedTo: 'ai' } },
    events: updated,
    async after(app) {
      expect(await adminView(app)).toMatchObject({ assigned_to: null, agents: [] })
    },
  },
])

function assignBy(id: number) {
  return async (app: TestApp): Promise<void> => {
    const body = { assignedTo: userId(app, id) }
    const { status } = await call(app, 'PATCH /api/v1/tickets/{ticket}', { key: 'keva', body })
    expect(status).toBe(200)
  }
}

async function adminView(app: TestApp): Promise<unknown> {
  const { body } = await call(app, 'GET /api/v1/internal/tickets/1', { key: 'special' })
  return (body as { data: unknown }).data
}
