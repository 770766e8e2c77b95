import { describe, expect, test } from 'bun:test'
import { contract, uid, type Row } from '../../support/contract.ts'
import { openTestApp, staff, type TestApp } from '../../support/harness.ts'
import { closedTicket, ticket } from '../../support/seed.ts'
import { call } from '../../support/send.ts'
import { publicId } from '../../../src/lib/ids.ts'
import { staffById } from '../../../src/store/staff.ts'
import { kevaRefusals } from '../refusals.ts'
import {
  decidedAs,
  entry,
  explained,
  platform,
  proposed,
  reply,
  ticketId,
  update,
} from './proposals.ts'

// keva.md section 5: proposing, reading and listing. What a decision does is in decisions.test.ts.

const at = '2026-05-04T08:15:00Z'
const inEightHours = '2026-05-04T16:15:00Z'
const nobody = `apr_${'0'.repeat(26)}`

const common = {
  id: uid('apr'),
  ticketId,
  status: 'pending',
  expiresAt: inEightHours,
  createdAt: at,
  decidedAt: null as string | null,
  ticketSubject: 'Invoice shows wrong VAT',
  customerEmail: 'mara@northwind.test',
  customerName: 'Mara Lind',
  feedback: null as string | null,
  model: null,
  classification: null,
  reasoning: null,
}
const aboutNoTicket = {
  ticketId: null,
  ticketSubject: null,
  customerEmail: null,
  customerName: null,
}

const shownReply = { ...common, ...reply, editedDraft: null as string | null }
const shownPlatform = { ...common, ...platform }
const shownEntry = { ...common, ...aboutNoTicket, ...entry, editedDraft: null }
const shownUpdate = {
  ...common,
  ...update,
  description: null,
  riskLevel: null,
  diff: [
    { field: 'status', before: 'open', after: 'pending' },
    { field: 'priority', before: 'medium', after: 'high' },
    { field: 'tags', before: '', after: 'vat, billing' },
  ],
}

const created = ['approval.created']
const post = { key: 'keva', call: 'POST /api/v1/approvals', given: ticket } as const
const invalid = (...details: readonly (readonly [field: string, message: string])[]) => ({
  status: 422,
  reply: {
    error: 'Validation failed',
    details: details.map(([field, message]) => ({ field, message })),
  },
})

/** The public id of a member of staff. */
function userId(app: TestApp, id: number): string {
  return publicId(
    'staff',
    app.read((reader) => staffById(reader.q, id)?.uid ?? ''),
  )
}

contract('POST /api/v1/approvals', post, [
  {
    name: 'proposes a reply',
    body: reply,
    status: 201,
    reply: { data: shownReply },
    events: created,
  },
  {
    name: 'takes what the AI thinks of it',
    body: { ...reply, ...explained },
    status: 201,
    reply: { data: { ...shownReply, ...explained } },
    events: created,
  },
  {
    name: 'proposes a change of the ticket, and shows what it would do',
    body: update,
    status: 201,
    reply: { data: shownUpdate },
    events: created,
  },
  {
    name: 'shows the diff that was sent with a change instead',
    body: {
      ...update,
      description: 'Wait for the books',
      riskLevel: 'low',
      diff: [{ field: 'Status', before: 'Open', after: 'On hold' }],
    },
    status: 201,
    reply: {
      data: {
        ...shownUpdate,
        description: 'Wait for the books',
        riskLevel: 'low',
        diff: [{ field: 'Status', before: 'Open', after: 'On hold' }],
      },
    },
    events: created,
  },
  {
    name: 'leaves out of the diff what would stay as it is',
    body: { ...update, changes: { status: 'open', assignedTo: 'ai', subject: 'VAT' } },
    status: 201,
    reply: {
      data: {
        ...shownUpdate,
        changes: { status: 'open', assignedTo: 'ai', subject: 'VAT' },
        diff: [
          { field: 'assignedTo', before: '', after: 'ai' },
          { field: 'subject', before: 'Invoice shows wrong VAT', after: 'VAT' },
        ],
      },
    },
    events: created,
  },
  {
    name: 'proposes an entry of the knowledge base, which needs no ticket',
    body: entry,
    status: 201,
    reply: { data: shownEntry },
    events: created,
  },
  {
    name: 'proposes a platform action',
    body: platform,
    status: 201,
    reply: { data: shownPlatform },
    events: created,
  },
  {
    name: 'proposes a platform action about no ticket, without diff and parameters',
    body: { ...platform, ticketId: null, diff: undefined, params: undefined },
    status: 201,
    reply: { data: { ...shownPlatform, ...aboutNoTicket, diff: [], params: {} } },
    events: created,
  },
  {
    name: 'takes another life than eight hours',
    body: { ...reply, expiresIn: 60 },
    status: 201,
    reply: { data: { ...shownReply, expiresAt: '2026-05-04T08:16:00Z' } },
    events: created,
  },
  {
    name: 'takes a life of thirty days',
    body: { ...reply, expiresIn: 2_592_000 },
    status: 201,
    reply: { data: { ...shownReply, expiresAt: '2026-06-03T08:15:00Z' } },
    events: created,
  },
  {
    name: 'tells the ticket’s listeners what waits for them',
    body: { ...platform, expiresIn: 60 },
    status: 201,
    reply: expect.anything(),
    events: created,
    after(app) {
      const [event] = app.eventsAfter(app.lastSequence() - 1)
      expect(event).toMatchObject({ type: 'approval.created', ticketId: 1, actorKind: 'key' })
      expect(JSON.parse(event?.body ?? '')).toEqual({
        id: 1,
        uid: expect.any(String),
        ticketUid: ticketId.slice(4),
        reference: 'SD-1001',
        actionType: 'platform_action',
        riskLevel: 'high',
        expiresAt: Date.parse(at) + 60_000,
      })
    },
  },
  {
    name: 'changes nothing on the ticket',
    body: update,
    status: 201,
    reply: expect.anything(),
    events: created,
    async after(app) {
      const { body } = await call(app, 'GET /api/v1/tickets/{ticket}', { key: 'keva' })
      expect(body).toMatchObject({ data: { status: 'open', priority: 'medium', updatedAt: at } })
    },
  },
  {
    name: 'proposes on a closed ticket, such as its opening',
    given: closedTicket,
    body: { ...update, changes: { status: 'open' } },
    status: 201,
    reply: expect.anything(),
    events: created,
  },
  {
    name: 'ignores fields of other actions and unknown ones',
    body: { ...reply, platform: 5, changes: 'x', status: 'approved', id: 'apr_x', diff: 7 },
    status: 201,
    reply: { data: shownReply },
    events: created,
  },
  {
    name: 'gives the first answer again for the same Idempotency-Key',
    given: [
      ticket,
      {
        call: 'POST /api/v1/approvals',
        body: reply,
        headers: { 'idempotency-key': 'k1' },
        as: 'made',
      },
      (app) => app.advance(60_000),
    ],
    body: reply,
    headers: { 'idempotency-key': 'k1' },
    status: 201,
    reply: { data: shownReply },
    answers: { 'idempotency-replayed': 'true' },
    after(app, { body }) {
      const { data } = body as { data: { id: string } }
      expect(data.id).toBe(app.named.get('made') ?? '')
    },
  },
  {
    name: 'asks for the action',
    body: {},
    ...invalid(['actionType', 'Action type is required']),
  },
  {
    name: 'answers an unknown action alone with 400 and the list',
    body: { ...reply, actionType: 'delete_ticket' },
    status: 400,
    reply: {
      error:
        'Invalid actionType. Must be one of: send_reply, update_ticket, create_kb_entry, platform_action',
    },
  },
  {
    name: 'asks for all that a reply needs',
    body: { actionType: 'send_reply' },
    ...invalid(['ticketId', 'Ticket id is required'], ['draft', 'Draft is required']),
  },
  {
    name: 'asks for all that a change needs',
    body: { actionType: 'update_ticket' },
    ...invalid(['ticketId', 'Ticket id is required'], ['changes', 'Changes is required']),
  },
  {
    name: 'asks for all that an entry needs',
    body: { actionType: 'create_kb_entry' },
    ...invalid(['title', 'Title is required'], ['content', 'Content is required']),
  },
  {
    name: 'asks for all that a platform action needs',
    body: { actionType: 'platform_action' },
    ...invalid(
      ['platform', 'Platform is required'],
      ['actionId', 'Action id is required'],
      ['description', 'Description is required'],
      ['riskLevel', 'Risk level is required'],
    ),
  },
  {
    name: 'names every bad field at once, those inside others too',
    body: {
      actionType: 'send_reply',
      ticketId: 'tkt_x',
      draft: ' ',
      model: 5,
      classification: { category: 'billing', sentiment: '' },
      reasoning: { context: 'x', approach: 'y'.repeat(10_001), confidence: 1.01 },
      expiresIn: 59,
    },
    ...invalid(
      ['ticketId', 'Invalid ticketId'],
      ['draft', 'Draft is required'],
      ['model', 'Invalid model format'],
      ['classification.sentiment', 'Classification.sentiment is required'],
      ['classification.urgency', 'Classification.urgency is required'],
      ['reasoning.approach', 'Reasoning.approach must be at most 10000 characters'],
      ['reasoning.confidence', 'Reasoning.confidence must be between 0 and 1'],
      ['expiresIn', 'Expires in must be between 60 and 2592000'],
    ),
  },
  {
    name: 'checks the changes as the ticket’s PATCH does, and names all that is wrong',
    body: {
      ...update,
      changes: {
        status: 'gone',
        priority: 'high',
        assignedTo: 'user_x',
        tags: ['', 'ok'],
        subject: ' ',
      },
    },
    ...invalid(
      ['changes.status', 'Invalid changes.status. Must be one of: open, pending, solved, closed'],
      ['changes.assignedTo', 'Invalid changes.assignedTo'],
      ['changes.tags.0', 'Changes.tags.0 is required'],
      ['changes.subject', 'Changes.subject is required'],
    ),
  },
  {
    name: 'answers a bad status among the changes alone with 400 and the list',
    body: { ...update, changes: { status: 'gone' } },
    status: 400,
    reply: { error: 'Invalid changes.status. Must be one of: open, pending, solved, closed' },
  },
  {
    name: 'refuses changes that change nothing',
    body: { ...update, changes: { note: 'x' } },
    ...invalid(['changes', 'Changes is required']),
  },
  {
    name: 'looks into the diff',
    body: {
      ...platform,
      diff: [
        { field: 'a', before: '', after: 'b' },
        { field: ' ', before: 5 },
      ],
    },
    ...invalid(
      ['diff.1.field', 'Diff.1.field is required'],
      ['diff.1.before', 'Invalid diff.1.before format'],
      ['diff.1.after', 'Invalid diff.1.after format'],
    ),
  },
  {
    name: 'refuses more than a hundred lines of diff',
    body: { ...platform, diff: Array.from({ length: 101 }, () => ({ field: 1 })) },
    ...invalid(['diff', 'Diff must have at most 100 entries']),
  },
  {
    name: 'refuses parameters that are too large or too deep',
    body: { ...platform, params: { text: 'x'.repeat(65_535) } },
    ...invalid(['params', 'Params must be at most 65535 characters']),
    async after(app) {
      const deep = `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`
      const body = JSON.stringify({ ...platform, params: 'DEEP' }).replace('"DEEP"', deep)
      const answer = await call(app, 'POST /api/v1/approvals', { key: 'keva', body })
      expect(answer.body).toMatchObject({ details: [{ field: 'params' }] })
    },
  },
  {
    name: 'takes a draft of 65535 characters, and none that is longer',
    body: { ...reply, draft: '😀'.repeat(65_535) },
    status: 201,
    reply: { data: { ...shownReply, draft: '😀'.repeat(65_535) } },
    events: created,
    async after(app) {
      const body = { ...reply, draft: 'x'.repeat(65_536) }
      const { status } = await call(app, 'POST /api/v1/approvals', { key: 'keva', body })
      expect(status).toBe(422)
    },
  },
  ...kevaRefusals('POST /api/v1/approvals', 'kevaReader'),
])

contract(
  'GET /api/v1/approvals/:id',
  {
    key: 'kevaReader',
    call: 'GET /api/v1/approvals/{approval}',
  },
  [
    {
      name: 'shows a proposal',
      given: [ticket, proposed({ ...reply, ...explained })],
      status: 200,
      reply: { data: { ...shownReply, ...explained } },
    },
    {
      name: 'shows the assignee of a proposed change by the public id',
      given: [
        ticket,
        (app) => proposed({ ...update, changes: { assignedTo: userId(app, staff.tomas) } })(app),
      ],
      status: 200,
      reply: expect.anything(),
      after(app, { body }) {
        const assignedTo = userId(app, staff.tomas)
        const diff = [{ field: 'assignedTo', before: '', after: assignedTo }]
        expect(body).toMatchObject({ data: { changes: { assignedTo }, diff } })
      },
    },
    {
      name: 'shows the ticket as it is now',
      given: [
        ticket,
        proposed(reply),
        { call: 'PATCH /api/v1/tickets/{ticket}', key: 'keva', body: { subject: 'VAT' } },
      ],
      status: 200,
      reply: { data: { ...shownReply, ticketSubject: 'VAT' } },
    },
    {
      name: 'does not find one that nobody made',
      call: `GET /api/v1/approvals/${nobody}`,
      status: 404,
      reply: { error: 'Approval not found' },
    },
    {
      name: 'does not find one by the id of a ticket',
      given: ticket,
      call: 'GET /api/v1/approvals/{ticket}',
      status: 404,
      reply: { error: 'Approval not found' },
    },
    {
      name: 'does not find one whose ticket is gone: it went with it',
      given: [
        ticket,
        proposed(reply),
        { call: 'DELETE /api/v1/internal/tickets/1', key: 'special' },
      ],
      status: 404,
      reply: { error: 'Approval not found' },
    },
    ...kevaRefusals(`GET /api/v1/approvals/${nobody}`, 'kevaWriter'),
  ],
)

const listed = (total: number) => ({ page: 1, perPage: 20, total, nextCursor: null })

/** Two pending ones, and one each that was approved, rejected and left to expire. */
const mixed = [
  ticket,
  proposed({ ...platform, description: 'Approved' }),
  decidedAs('approved'),
  proposed({ ...platform, description: 'Rejected' }),
  decidedAs('rejected'),
  proposed({ ...platform, description: 'Older' }),
  (app: TestApp) => app.advance(1000),
  proposed({ ...platform, description: 'Newer' }),
]

const described = (...texts: string[]) =>
  texts.map((description) => expect.objectContaining({ description }))

const byStatus = (line: string, wrap: (rows: unknown[]) => unknown): Row[] =>
  (
    [
      ['', ['Newer', 'Older']],
      ['?status=pending', ['Newer', 'Older']],
      ['?status=approved', ['Approved']],
      ['?status=rejected', ['Rejected']],
      ['?status=expired', []],
    ] as const
  ).map(([query, texts]) => ({
    name: query === '' ? 'lists what is pending, newest first' : query,
    call: `${line}${query}`,
    given: mixed,
    status: 200,
    reply: wrap(described(...texts)),
  }))

contract('GET /api/v1/approvals', { key: 'kevaReader', call: 'GET /api/v1/approvals' }, [
  { name: 'is empty at first', status: 200, reply: { data: [], pagination: listed(0) } },
  {
    name: 'shows whole proposals of every action',
    given: [ticket, proposed(reply), proposed(update), proposed(entry), proposed(platform)],
    status: 200,
    reply: {
      data: [shownPlatform, shownEntry, shownUpdate, shownReply],
      pagination: listed(4),
    },
  },
  ...byStatus('GET /api/v1/approvals', (rows) => ({ data: rows, pagination: listed(rows.length) })),
  {
    name: 'pages',
    call: 'GET /api/v1/approvals?per_page=1&page=2',
    given: mixed,
    status: 200,
    reply: {
      data: described('Older'),
      pagination: { page: 2, perPage: 1, total: 2, nextCursor: null },
    },
  },
  {
    name: 'reads on past a cursor',
    call: 'GET /api/v1/approvals?per_page=1',
    given: mixed,
    status: 200,
    reply: {
      data: described('Newer'),
      pagination: { page: 1, perPage: 1, total: 2, nextCursor: expect.any(String) },
    },
    async after(app, { body }) {
      const { pagination } = body as { pagination: { nextCursor: string } }
      const line = `GET /api/v1/approvals?per_page=1&cursor=${pagination.nextCursor}`
      const next = await call(app, line, { key: 'keva' })
      expect(next.body).toMatchObject({
        data: described('Older'),
        pagination: { nextCursor: null },
      })
    },
  },
  {
    name: 'refuses an unknown status with the list',
    call: 'GET /api/v1/approvals?status=open',
    status: 400,
    reply: { error: 'Invalid status. Must be one of: pending, approved, rejected, expired' },
  },
  ...kevaRefusals('GET /api/v1/approvals', 'kevaWriter'),
])

contract('the page’s own shape (keva.md 5.2, R1)', { key: 'keva' }, [
  { name: 'an empty list is an empty array', call: 'GET /api/approvals', status: 200, reply: [] },
  {
    name: 'a list is a bare array',
    call: 'GET /api/approvals',
    given: [ticket, proposed(reply), proposed(platform)],
    status: 200,
    reply: [shownPlatform, shownReply],
  },
  {
    name: 'without paging',
    call: 'GET /api/approvals?per_page=1&page=2&limit=1&offset=1',
    given: mixed,
    status: 200,
    reply: described('Newer', 'Older'),
  },
  ...byStatus('GET /api/approvals', (rows) => rows),
  {
    name: 'one is a bare object',
    call: 'GET /api/approvals/{approval}',
    given: [ticket, proposed(reply)],
    status: 200,
    reply: shownReply,
  },
  {
    name: 'a new one, too',
    call: 'POST /api/approvals',
    given: ticket,
    body: reply,
    status: 201,
    reply: shownReply,
    events: created,
  },
  {
    name: 'and one that is decided',
    call: 'PATCH /api/approvals/{approval}',
    given: [ticket, proposed(reply)],
    body: { decision: 'rejected', feedback: 'Too short' },
    status: 200,
    reply: { ...shownReply, status: 'rejected', decidedAt: at, feedback: 'Too short' },
    events: ['approval.decided'],
  },
  {
    name: 'errors are the same',
    call: `GET /api/approvals/${nobody}`,
    status: 404,
    reply: { error: 'Approval not found' },
  },
  {
    name: 'the short base has the envelope',
    call: 'GET /v1/approvals',
    status: 200,
    reply: { data: [], pagination: listed(0) },
  },
  ...kevaRefusals('GET /api/approvals', 'kevaWriter'),
])

/** Values that no field has, or that none should fall over. */
const anything: readonly unknown[] = [
  null,
  '',
  0,
  -1,
  1.5,
  true,
  [],
  [null],
  [[]],
  {},
  { status: null },
  { assignedTo: {} },
  { category: 'x' },
  { confidence: '1' },
  'x'.repeat(70_000),
  '__proto__',
]

describe.each([reply, update, { ...entry, ticketId }, platform])('$actionType', (body) => {
  test.each(Object.keys({ ...body, ...explained, expiresIn: 60 }))(
    'with anything in %s is refused or taken, whole',
    async (field) => {
      const perMinute = 1000
      const rates = {
        kevaPerMinute: perMinute,
        supportDeskPerMinute: 1,
        unauthenticatedPerMinute: 1,
      }
      using app = await openTestApp({ rates })
      await ticket(app)
      for (const value of anything) {
        const rows = app.dump()
        const sent = { ...body, ...explained, [field]: value }
        const { status } = await call(app, 'POST /api/v1/approvals', { key: 'keva', body: sent })
        expect([value, [201, 400, 422].includes(status)]).toEqual([value, true])
        const isChanged = app.changedSince(rows).length > 0
        expect([value, isChanged]).toEqual([value, status === 201])
      }
    },
  )
})
