import { describe, expect, test } from 'bun:test'
import { contract, uid, type Row } from '../../support/contract.ts'
import { openTestApp, staff, type KeyName, type TestApp } from '../../support/harness.ts'
import { closedTicket, lockedTicket, ticket } from '../../support/seed.ts'
import { call } from '../../support/send.ts'
import { closeTicket, updateTicket } from '../../../src/domain/tickets.ts'
import { createKey } from '../../../src/domain/keys.ts'
import { expireApprovals } from '../../../src/domain/approvals.ts'
import { hourMs } from '../../../src/lib/time.ts'
import { kevaRefusals } from '../refusals.ts'
import {
  decide,
  decidedAs,
  entry,
  platform,
  proposed,
  reply,
  ticketId,
  update,
} from './proposals.ts'

// keva.md 5.4: what a decision does, and when it is refused.

const at = '2026-05-04T08:15:00Z'
const decided = ['approval.decided']
const nobody = `apr_${'0'.repeat(26)}`

const patch = {
  key: 'keva',
  call: 'PATCH /api/v1/approvals/{approval}',
  given: [ticket, proposed(reply)],
} as const

/** The body of the last event. */
function lastEvent(app: TestApp): unknown {
  return JSON.parse(app.eventsAfter(app.lastSequence() - 1)[0]?.body ?? '')
}

async function messagesOf(app: TestApp): Promise<unknown[]> {
  const { body } = await call(app, 'GET /api/v1/tickets/{ticket}/messages', { key: 'keva' })
  return (body as { data: unknown[] }).data.slice(1)
}

const sent = (body: string) => ({
  id: uid('msg'),
  ticketId,
  direction: 'outbound',
  senderEmail: null,
  senderName: null,
  body,
  isInternal: false,
  createdAt: at,
})

const approved = { status: 'approved', decidedAt: at }

contract('approving a reply', patch, [
  {
    name: 'sends it',
    body: { decision: 'approved' },
    status: 200,
    reply: {
      data: expect.objectContaining({ ...approved, draft: reply.draft, editedDraft: null }),
    },
    events: ['message.created', 'approval.decided'],
    async after(app) {
      expect(await messagesOf(app)).toEqual([sent(reply.draft)])
      expect(lastEvent(app)).toEqual({
        id: 1,
        uid: expect.any(String),
        ticketUid: ticketId.slice(4),
        reference: 'SD-1001',
        actionType: 'send_reply',
        decision: 'approved',
        decidedBy: expect.stringMatching(/^[0-9a-z]{26}$/),
        isEdited: false,
        feedback: null,
        messageUid: expect.stringMatching(/^[0-9a-z]{26}$/),
        articleUid: null,
        platformAction: null,
      })
    },
  },
  {
    name: 'as the AI’s words, by leave of the person behind the key',
    body: { decision: 'approved' },
    status: 200,
    reply: expect.anything(),
    events: ['message.created', 'approval.decided'],
    async after(app) {
      const key = { key: 'special' } as const
      const { body } = await call(app, 'GET /api/v1/internal/tickets/1/messages', key)
      expect(body).toMatchObject({
        data: [{ content: reply.draft, sender_type: 'User', sender: { id: staff.admin } }],
      })
      const ticketNow = await call(app, 'GET /api/v1/internal/tickets/1', key)
      expect(ticketNow.body).toMatchObject({ data: { last_reply_by: 'staff', last_reply_at: at } })
      expect(app.dump().get('messages')).toContain('"sender_kind":"ai"')
      expect(app.dump().get('approvals')).toContain('"message_id":2')
    },
  },
  {
    name: 'sends the edited draft and keeps both',
    body: {
      decision: 'approved',
      editedDraft: 'We are sorry. It is reissued.',
      feedback: 'Kinder',
    },
    status: 200,
    reply: {
      data: expect.objectContaining({
        ...approved,
        draft: reply.draft,
        editedDraft: 'We are sorry. It is reissued.',
        feedback: 'Kinder',
      }),
    },
    events: ['message.created', 'approval.decided'],
    async after(app) {
      expect(await messagesOf(app)).toEqual([sent('We are sorry. It is reissued.')])
      expect(lastEvent(app)).toMatchObject({ isEdited: true, feedback: 'Kinder' })
    },
  },
  {
    name: 'takes the edited draft as `draft`, and the decision as `status`',
    body: { status: 'approved', draft: 'It is reissued.' },
    status: 200,
    reply: { data: expect.objectContaining({ ...approved, editedDraft: 'It is reissued.' }) },
    events: ['message.created', 'approval.decided'],
  },
  {
    name: 'takes `approve`',
    body: { decision: 'approve' },
    status: 200,
    reply: { data: expect.objectContaining(approved) },
    events: ['message.created', 'approval.decided'],
  },
  {
    name: 'has `decision` go before `status`',
    body: { decision: 'reject', status: 'approved' },
    status: 200,
    reply: { data: expect.objectContaining({ status: 'rejected' }) },
    events: decided,
  },
  {
    name: 'takes the draft’s own text for no edit',
    body: { decision: 'approved', editedDraft: reply.draft },
    status: 200,
    reply: { data: expect.objectContaining({ ...approved, editedDraft: null }) },
    events: ['message.created', 'approval.decided'],
  },
  {
    name: 'takes null for no edit and no feedback',
    body: { decision: 'approved', editedDraft: null, draft: null, feedback: null },
    status: 200,
    reply: { data: expect.objectContaining({ ...approved, editedDraft: null, feedback: null }) },
    events: ['message.created', 'approval.decided'],
    async after(app) {
      expect(await messagesOf(app)).toEqual([sent(reply.draft)])
    },
  },
  {
    name: 'sends to a locked ticket, as the desk may',
    given: [lockedTicket, proposed(reply)],
    body: { decision: 'approved' },
    status: 200,
    reply: expect.anything(),
    events: ['message.created', 'approval.decided'],
  },
  {
    name: 'sends once for the same Idempotency-Key',
    given: [
      ticket,
      proposed(reply),
      {
        call: 'PATCH /api/v1/approvals/{approval}',
        body: { decision: 'approved' },
        headers: { 'idempotency-key': 'k1' },
      },
    ],
    body: { decision: 'approved' },
    headers: { 'idempotency-key': 'k1' },
    status: 200,
    reply: { data: expect.objectContaining(approved) },
    answers: { 'idempotency-replayed': 'true' },
    async after(app) {
      expect(await messagesOf(app)).toHaveLength(1)
    },
  },
])

contract('approving a change of the ticket', { ...patch, given: [ticket, proposed(update)] }, [
  {
    name: 'changes it, and makes the tags at their first use',
    body: { decision: 'approved' },
    status: 200,
    reply: { data: expect.objectContaining(approved) },
    events: ['label.created', 'label.created', 'ticket.updated', 'approval.decided'],
    async after(app) {
      const { body } = await call(app, 'GET /api/v1/tickets/{ticket}', { key: 'keva' })
      expect(body).toMatchObject({
        data: { status: 'pending', priority: 'high', tags: ['vat', 'billing'] },
      })
      expect(await messagesOf(app)).toEqual([])
    },
  },
  {
    name: 'closes it',
    given: [ticket, proposed({ ...update, changes: { status: 'solved' } })],
    body: { decision: 'approved' },
    status: 200,
    reply: expect.anything(),
    events: ['ticket.updated', 'ticket.closed', 'approval.decided'],
  },
  {
    name: 'is decided, too, when the ticket has these values by now',
    given: [
      ticket,
      proposed({ ...update, changes: { priority: 'high' } }),
      { call: 'PATCH /api/v1/tickets/{ticket}', body: { priority: 'high' } },
    ],
    body: { decision: 'approved' },
    status: 200,
    reply: expect.anything(),
    events: decided,
  },
  {
    name: 'has no draft to edit',
    body: { decision: 'approved', editedDraft: 'x' },
    status: 400,
    reply: { error: 'Approval has no draft to edit' },
  },
  {
    name: 'looks once more whether the assignee is there',
    given: [
      ticket,
      proposed({ ...update, changes: { priority: 'low', assignedTo: 'ai' } }),
      (app) =>
        app.sql(
          `UPDATE approvals SET changes = json_set(changes, '$.assigneeUid', '${'0'.repeat(26)}')`,
        ),
    ],
    body: { decision: 'approved' },
    status: 400,
    reply: { error: 'Proposed assignee does not exist any more' },
  },
])

contract('approving an entry', { ...patch, given: [ticket, proposed(entry)] }, [
  {
    name: 'publishes it in a category that is made at its first use',
    body: { decision: 'approved' },
    status: 200,
    reply: { data: expect.objectContaining(approved) },
    events: ['knowledge_category.created', 'article.created', 'approval.decided'],
    after(app) {
      expect(app.dump().get('articles')).toContain(
        JSON.stringify({ title: entry.title, slug: 'reissuing-an-invoice' }).slice(1, -1),
      )
      expect(app.dump().get('articles')).toContain('"status":"published","source":"ai"')
      expect(lastEvent(app)).toMatchObject({ articleUid: expect.any(String), messageUid: null })
    },
  },
  {
    name: 'publishes the edited text, the ticket closed or not',
    given: [
      ticket,
      proposed({ ...entry, category: null, ticketId }),
      (app) => app.write((tx) => closeTicket(tx, 1)),
    ],
    body: { decision: 'approved', draft: 'Better **words**' },
    status: 200,
    reply: {
      data: expect.objectContaining({ content: entry.content, editedDraft: 'Better **words**' }),
    },
    events: ['article.created', 'approval.decided'],
    after(app) {
      expect(app.dump().get('articles')).toContain('"content":"Better **words**"')
    },
  },
])

contract('approving a platform action', { ...patch, given: [ticket, proposed(platform)] }, [
  {
    name: 'tells the integrator what to do, and does nothing else',
    body: { decision: 'approved', feedback: 'Go' },
    status: 200,
    reply: { data: expect.objectContaining({ ...approved, params: platform.params }) },
    events: decided,
    after(app) {
      expect(lastEvent(app)).toMatchObject({
        decision: 'approved',
        feedback: 'Go',
        platformAction: {
          platform: 'stripe',
          actionId: 'create_refund',
          description: platform.description,
          params: platform.params,
        },
      })
    },
  },
])

contract('rejecting', patch, [
  {
    name: 'leaves no trace but the decision',
    given: [ticket, proposed(reply), (app) => app.advance(60_000)],
    body: { decision: 'rejected', feedback: 'Wrong invoice', editedDraft: 'x' },
    status: 200,
    reply: {
      data: expect.objectContaining({
        status: 'rejected',
        decidedAt: '2026-05-04T08:16:00Z',
        feedback: 'Wrong invoice',
        draft: reply.draft,
        editedDraft: null,
      }),
    },
    events: decided,
    async after(app) {
      expect(await messagesOf(app)).toEqual([])
      const { body } = await call(app, 'GET /api/v1/tickets/{ticket}', { key: 'keva' })
      expect(body).toMatchObject({ data: { updatedAt: at } })
    },
  },
  {
    name: 'is possible whatever became of the ticket',
    given: [ticket, proposed(reply), (app) => app.write((tx) => closeTicket(tx, 1))],
    body: { decision: 'reject' },
    status: 200,
    reply: { data: expect.objectContaining({ status: 'rejected' }) },
    events: decided,
  },
])

const bad = (name: string, body: unknown, error: string): Row => ({
  name,
  body,
  status: 400,
  reply: { error },
})

const badDecision = 'Invalid decision. Must be one of: approved, rejected'

contract('a decision that is none', patch, [
  bad('a missing one', {}, badDecision),
  bad('null', { decision: null }, badDecision),
  bad('another word', { decision: 'maybe' }, badDecision),
  bad('a number', { decision: 1 }, badDecision),
  bad('a list', { decision: ['approved'] }, badDecision),
  bad('under its other name', { status: 'pending' }, badDecision.replace('decision', 'status')),
  {
    name: 'among other findings',
    body: { feedback: 5, editedDraft: ' ', force: 'yes' },
    status: 422,
    reply: {
      error: 'Validation failed',
      details: [
        { field: 'decision', message: badDecision },
        { field: 'feedback', message: 'Invalid feedback format' },
        { field: 'editedDraft', message: 'Edited draft is required' },
        { field: 'force', message: 'Invalid force format' },
      ],
    },
  },
  {
    name: 'is not looked at for a proposal that is not there',
    call: `PATCH /api/v1/approvals/${nobody}`,
    body: { decision: 'maybe' },
    status: 404,
    reply: { error: 'Approval not found' },
  },
  ...kevaRefusals(`PATCH /api/v1/approvals/${nobody}`, 'kevaReader'),
])

const customerWrites = {
  call: 'POST /api/v1/tickets/{ticket}/messages',
  body: { body: 'And another thing', direction: 'inbound' },
}

const approve = (name: string, given: Row['given'], error: string | null, force = false): Row => ({
  name,
  given: given ?? [],
  body: { decision: 'approved', ...(force && { force }) },
  ...(error === null
    ? {
        status: 200,
        reply: expect.anything(),
        events: ['message.created', 'approval.decided'],
      }
    : { status: 400, reply: { error } }),
})

const decidedBefore = 'Approval has already been decided'
const tooLate = 'Approval has expired'
const isClosed = 'Ticket is closed'
const newMessage = 'Ticket has a new customer message since the proposal'

const statusIs = (to: 'open' | 'solved' | 'closed') => (app: TestApp) =>
  app.write((tx) => updateTicket(tx, 1, { status: { to, unless: [] } }))

contract('what a proposal did not know of', patch, [
  approve('an approval before', [...patch.given, decidedAs('approved')], decidedBefore),
  approve('a rejection before', [...patch.given, decidedAs('rejected')], decidedBefore),
  approve(
    'its time, from that instant on, though no job has run',
    [...patch.given, (app) => app.advance(8 * hourMs)],
    tooLate,
  ),
  approve('not a moment earlier', [...patch.given, (app) => app.advance(8 * hourMs - 1)], null),
  approve(
    'its time, after the job',
    [
      ...patch.given,
      (app) => app.advance(8 * hourMs),
      async (app) => {
        await app.write((tx) => expireApprovals(tx, 10))
      },
    ],
    tooLate,
  ),
  {
    name: 'its time, for a rejection as well',
    given: [...patch.given, (app) => app.advance(8 * hourMs)],
    body: { decision: 'rejected' },
    status: 400,
    reply: { error: tooLate },
  },
  approve('the end of the ticket', [...patch.given, statusIs('closed')], isClosed),
  approve('its solution', [...patch.given, statusIs('solved')], isClosed),
  approve(
    'the end of the ticket, not even by force',
    [...patch.given, statusIs('closed')],
    isClosed,
    true,
  ),
  approve('an end that it knew of does not matter', [closedTicket, proposed(reply)], null),
  approve(
    'a second end does',
    [closedTicket, proposed(reply), (app) => app.advance(1), statusIs('open'), statusIs('closed')],
    isClosed,
  ),
  approve('a message of the customer', [...patch.given, customerWrites], newMessage),
  approve('a message of the customer, by force', [...patch.given, customerWrites], null, true),
  approve(
    'an answer of the desk does not matter',
    [...patch.given, { call: customerWrites.call, body: { body: 'We are on it' } }],
    null,
  ),
  approve(
    'nor does a note in the customer’s name',
    [...patch.given, { ...customerWrites, body: { ...customerWrites.body, isInternal: true } }],
    null,
  ),
  approve(
    'nor another priority',
    [...patch.given, { call: 'PATCH /api/v1/tickets/{ticket}', body: { priority: 'low' } }],
    null,
  ),
  ...[update, platform].map((body): Row => ({
    name: `${body.actionType}: a message of the customer`,
    given: [ticket, proposed(body), customerWrites],
    body: { decision: 'approved' },
    status: 400,
    reply: { error: newMessage },
  })),
])

const races = 100

describe('a hundred decisions at once', () => {
  const fast = { kevaPerMinute: 1000, supportDeskPerMinute: 1000, unauthenticatedPerMinute: 1000 }

  test('end in one success and one message', async () => {
    using app = await openTestApp({ rates: fast })
    await ticket(app)
    await proposed(reply)(app)
    const before = app.lastSequence()
    const answers = await Promise.all(
      Array.from({ length: races }, (_, n) =>
        decide(app, { decision: 'approved', editedDraft: `Text ${n}` }),
      ),
    )
    const won = answers.filter(({ status }) => status === 200)
    const lost = answers.filter(({ status }) => status === 400)
    expect([won.length, lost.length]).toEqual([1, races - 1])
    for (const { body } of lost) expect(body).toEqual({ error: decidedBefore })
    const texts = won.map(
      ({ body }) => (body as { data: { editedDraft: string } }).data.editedDraft,
    )
    expect(await messagesOf(app)).toEqual(texts.map(sent))
    expect(app.eventsAfter(before).map(({ type }): string => type)).toEqual([
      'message.created',
      'approval.decided',
    ])
  })

  test('of either kind end in one of them', async () => {
    using app = await openTestApp({ rates: fast })
    await ticket(app)
    await proposed(reply)(app)
    const answers = await Promise.all(
      Array.from({ length: races }, (_, n) =>
        decide(app, { decision: n % 2 === 0 ? 'rejected' : 'approved' }),
      ),
    )
    const won = answers.filter(({ status }) => status === 200)
    expect(won).toHaveLength(1)
    const [status] = won.map(({ body }) => (body as { data: { status: string } }).data.status)
    expect(await messagesOf(app)).toHaveLength(status === 'approved' ? 1 : 0)
  })
})

describe('the scopes that suffice (keva.md R7)', () => {
  const reading = ['tickets:read', 'approvals:read']
  const writing = ['tickets:write', 'approvals:write']
  const rows = [
    { line: 'GET BASE/approvals', scopes: reading, body: undefined },
    { line: 'GET BASE/approvals/{approval}', scopes: reading, body: undefined },
    { line: 'POST BASE/approvals', scopes: writing, body: platform },
    {
      line: 'PATCH BASE/approvals/{approval}',
      scopes: writing,
      body: { decision: 'rejected' },
    },
  ]
  const all = [...reading, ...writing, 'kb:write']

  test.each(rows)('$line', async ({ line, scopes, body }) => {
    for (const base of ['/api/v1', '/v1', '/api']) {
      for (const scope of all) {
        using app = await openTestApp()
        await ticket(app)
        await proposed(reply)(app)
        const key = { raw: await keyWith(app, scope) }
        const answer = await call(app, line.replace('BASE', base), { key, body })
        const isEnough = scopes.includes(scope)
        expect([base, scope, answer.status < 300]).toEqual([base, scope, isEnough])
        if (!isEnough) expect(answer.body).toEqual({ error: 'Insufficient scope' })
      }
    }
  })

  test('an AI with approvals:write can propose and read nothing', async () => {
    using app = await openTestApp()
    await ticket(app)
    const key = { raw: await keyWith(app, 'approvals:write') }
    const line = 'POST /api/v1/approvals'
    expect((await call(app, line, { key, body: reply })).status).toBe(201)
    expect((await call(app, 'GET /api/v1/tickets/{ticket}', { key })).status).toBe(403)
    const other: KeyName = 'kevaReader'
    expect((await call(app, line, { key: other, body: reply })).status).toBe(403)
  })
})

function keyWith(app: TestApp, scope: string): Promise<string> {
  return app.write((tx) => {
    const common = { isSpecial: false, ownerId: null, agentId: null, expiresAt: null }
    return createKey(tx, { ...common, kind: 'keva', name: scope, scopes: [scope] }).raw
  })
}
