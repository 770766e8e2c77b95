import { describe, expect, test } from 'bun:test'
import { expireApprovals } from '../../../src/domain/approvals.ts'
import { createKey } from '../../../src/domain/keys.ts'
import { createStaff } from '../../../src/domain/staff.ts'
import { updateTicket } from '../../../src/domain/tickets.ts'
import { jobActor } from '../../../src/domain/tx.ts'
import { hourMs } from '../../../src/lib/time.ts'
import { arrange, contract, type Before, type Given } from '../../support/contract.ts'
import { openTestApp, staff, type TestApp } from '../../support/harness.ts'
import { call } from '../../support/send.ts'
import { hookUrl } from '../../support/webhooks.ts'
import { agentTicket, catalog, closedTicket, openTicket, ticket } from '../../support/seed.ts'
import { decidedAs, entry, platform, proposed, reply, update } from '../keva/proposals.ts'
import { internalRefusals } from '../refusals.ts'
import { meta } from './views.ts'

// deskhive.md 19.1.

const line = 'GET /api/v1/internal/activity-logs'
const at = '2026-05-04T08:15:00Z'
const administrator = { id: 1, name: 'Administrator' }
const tomas = { id: 2, name: 'Tomas Berg' }

/** The entries that the people and keys of every test have made: four and one deactivated, fourteen and two revoked. */
const before = 21

type Entry = {
  readonly id: number
  readonly description: string
  readonly user: { readonly id: number; readonly name: string } | null
  readonly ip_address: string | null
  readonly created_at: string
}

type Body = { readonly data: readonly Entry[]; readonly meta: { readonly total: number } }

async function entriesOf(app: TestApp, query = '?per_page=200'): Promise<Body> {
  const answer = await call(app, `${line}${query}`, { key: 'special' })
  expect(answer.status).toBe(200)
  return answer.body as Body
}

/** What is written of the last step alone, in the order in which it happened. */
async function written(given: Given, step: Given): Promise<readonly Entry[]> {
  using app = await openTestApp()
  await arrange(app, given, 'special')
  const { meta: earlier } = await entriesOf(app)
  await arrange(app, step, 'special')
  const { data, meta: later } = await entriesOf(app)
  return data.slice(0, later.total - earlier.total).toReversed()
}

const change = (body: object): Before => ({ call: 'PUT /api/v1/internal/tickets/1', body })
const say = (body: object): Before => ({ call: 'POST /api/v1/internal/tickets/1/messages', body })
const kevaSays = (body: object): Before => ({
  call: 'POST /api/v1/tickets/{ticket}/messages',
  key: 'keva',
  body,
})
const closedByKeva = (status: string): Before => ({
  call: 'PATCH /api/v1/tickets/{ticket}',
  key: 'keva',
  body: { status },
})
const of = (table: string) => ({ call: `POST /api/v1/internal/${table}` })

async function expireAll(app: TestApp): Promise<void> {
  app.advance(8 * hourMs)
  expect(await app.desk.write(jobActor, (tx) => expireApprovals(tx, 10))).toBe(1)
}

/** A key that stands for Noor decides on `{approval}`. */
async function rejectAsNoor(app: TestApp): Promise<void> {
  const { raw } = await app.write((tx) =>
    createKey(tx, {
      kind: 'keva',
      name: 'Noor decides',
      scopes: ['approvals:write'],
      isSpecial: false,
      ownerId: staff.noor,
      agentId: null,
      expiresAt: null,
    }),
  )
  const decided = await call(app, 'PATCH /api/v1/approvals/{approval}', {
    key: { raw },
    body: { decision: 'rejected' },
  })
  expect(decided.status).toBe(200)
}

type Case = readonly [name: string, given: Given, step: Given, descriptions: readonly string[]]

const inventory = [catalog, ticket]

const cases: readonly Case[] = [
  [
    'a ticket that is opened',
    [catalog, ticket],
    [{ ...of('tickets'), body: { customer_id: 1, title: 'x', content: 'y' } }],
    ['Ticket #SD-1002 created'],
  ],
  [
    'a status',
    inventory,
    [change({ status: 'in_progress' })],
    ['Ticket #SD-1001 status changed to in_progress'],
  ],
  [
    'an end, once',
    inventory,
    [{ call: 'PUT /api/v1/internal/tickets/1', body: { status: 'closed' } }],
    ['Ticket #SD-1001 status changed to closed'],
  ],
  [
    'a status of the other contract in the words of this one',
    inventory,
    [closedByKeva('solved')],
    ['Ticket #SD-1001 status changed to closed', 'Ticket #SD-1001 marked as resolved'],
  ],
  [
    'a priority in our words',
    inventory,
    [change({ priority: 'critical' })],
    ['Ticket #SD-1001 priority changed to critical'],
  ],
  [
    'an assignee',
    inventory,
    [change({ assigned_to: staff.tomas })],
    ['Ticket #SD-1001 assigned to Tomas Berg'],
  ],
  [
    'an assignee taken away',
    agentTicket,
    [change({ assigned_to: null })],
    ['Ticket #SD-1001 unassigned'],
  ],
  [
    'the AI as assignee',
    inventory,
    [
      {
        call: 'PATCH /api/v1/tickets/{ticket}',
        key: 'keva',
        body: { assignedTo: 'ai', subject: 'VAT', resolutionType: 'refund' },
      },
    ],
    [
      'Ticket #SD-1001 title changed to VAT',
      'Ticket #SD-1001 assigned to AI',
      'Ticket #SD-1001 resolution changed to refund',
    ],
  ],
  [
    'a department, a category, a product and labels',
    inventory,
    [change({ department_id: 1, category_id: 2, product_id: 1, labels: [2, 1] })],
    [
      'Ticket #SD-1001 department changed to Repairs',
      'Ticket #SD-1001 category changed to Invoices',
      'Ticket #SD-1001 product changed to Ember Kiln',
      'Ticket #SD-1001 labels changed to Waiting, Regression',
    ],
  ],
  [
    'what is cleared',
    [...inventory, change({ category_id: 2, product_id: 1, labels: [1] })],
    [change({ category_id: null, product_id: null, labels: [] })],
    [
      'Ticket #SD-1001 category cleared',
      'Ticket #SD-1001 product cleared',
      'Ticket #SD-1001 labels cleared',
    ],
  ],
  [
    'a lock and a resolution',
    inventory,
    [change({ is_locked: true, is_resolved: true })],
    ['Ticket #SD-1001 marked as resolved', 'Ticket #SD-1001 locked'],
  ],
  [
    'both taken back',
    [...inventory, change({ is_locked: true, is_resolved: true })],
    [change({ is_locked: false, is_resolved: false })],
    ['Ticket #SD-1001 marked as unresolved', 'Ticket #SD-1001 unlocked'],
  ],
  ['an answer', inventory, [say({ content: 'Hi' })], ['Ticket #SD-1001 replied']],
  [
    'a note',
    inventory,
    [say({ content: 'Hm', is_internal: true })],
    ['Ticket #SD-1001 note added'],
  ],
  [
    'a customer who answers on a closed ticket',
    closedTicket,
    [kevaSays({ body: 'Again!', direction: 'inbound' })],
    ['Ticket #SD-1001 replied', 'Ticket #SD-1001 reopened'],
  ],
  [
    'a ticket opened again by hand',
    closedTicket,
    [change({ status: 'open' })],
    ['Ticket #SD-1001 status changed to open'],
  ],
  [
    'a ticket that silence closed, and nothing besides',
    inventory,
    (app) =>
      app.desk.write(jobActor, (tx) => {
        const status = { to: 'closed', unless: [] } as const
        updateTicket(tx, 1, { status, isResolved: true }, 'inactivity')
      }),
    ['Ticket #SD-1001 auto-closed'],
  ],
  [
    'a proposed reply, and its approval after what came of it',
    inventory,
    [proposed(reply), decidedAs('approved')],
    [
      'Ticket #SD-1001 reply proposed by AI',
      'Ticket #SD-1001 replied',
      'Ticket #SD-1001 reply proposal approved',
    ],
  ],
  [
    'proposals of every other kind, rejected',
    inventory,
    [
      proposed(update),
      decidedAs('rejected'),
      proposed({ ...entry, ticketId: reply.ticketId }),
      decidedAs('rejected'),
      proposed(platform),
      decidedAs('rejected'),
    ],
    [
      'Ticket #SD-1001 change proposed by AI',
      'Ticket #SD-1001 change proposal rejected',
      'Ticket #SD-1001 knowledge base entry proposed by AI',
      'Ticket #SD-1001 knowledge base entry proposal rejected',
      'Ticket #SD-1001 platform action proposed by AI',
      'Ticket #SD-1001 platform action proposal rejected',
    ],
  ],
  ['no proposal without a ticket', inventory, [proposed(entry), decidedAs('rejected')], []],
  [
    'a proposal whose time is over',
    [...inventory, proposed(reply)],
    expireAll,
    ['Ticket #SD-1001 reply proposal expired'],
  ],
  [
    'a ticket that is deleted',
    inventory,
    [{ call: 'DELETE /api/v1/internal/tickets/1' }],
    ['Ticket #SD-1001 deleted'],
  ],
  [
    'a reference that begins with a number sign, which is not doubled (D8)',
    [...inventory, (app) => app.sql("UPDATE tickets SET reference = '#1001'")],
    [say({ content: 'Hi' }), change({ is_locked: true })],
    ['Ticket #1001 replied', 'Ticket #1001 locked'],
  ],
  [
    'customers, the nameless by their address',
    [],
    [
      { ...of('customers'), body: { name: 'Bo', email: 'bo@x.test' } },
      { call: 'PATCH /api/v1/internal/customers/1', body: { name: 'Bo Ek' } },
      {
        call: 'POST /api/v1/tickets',
        key: 'keva',
        body: { subject: 'x', body: 'y', customerEmail: 'ann@shop.test' },
      },
    ],
    [
      'Customer "Bo" created',
      'Customer "Bo Ek" updated',
      'Customer "ann@shop.test" created',
      'Ticket #SD-1001 created',
    ],
  ],
  [
    'API keys',
    [],
    [
      { ...of('api-keys'), body: { name: 'Shop', type: 'internal' } },
      { call: 'PATCH /api/v1/internal/api-keys/15', body: { name: 'Store' } },
      { call: 'DELETE /api/v1/internal/api-keys/15' },
    ],
    ['API key "Shop" created', 'API key "Store" updated', 'API key "Store" revoked'],
  ],
  [
    'webhooks, by their hosts',
    [],
    [
      { call: 'POST /api/v1/internal/webhooks', body: { url: hookUrl, events: ['*'] } },
      {
        call: 'PATCH /api/v1/internal/webhooks/1',
        body: { headers: { 'X-Token': 'open sesame' } },
      },
      { call: 'PATCH /api/v1/internal/webhooks/1', body: { is_active: false } },
      { call: 'PATCH /api/v1/internal/webhooks/1', body: { is_active: true } },
      { call: 'POST /api/v1/internal/webhooks/1/rotate-secret' },
      { call: 'POST /api/v1/internal/webhooks/1/test' },
      { call: 'DELETE /api/v1/internal/webhooks/1' },
    ],
    [
      'Webhook "hooks.test" created',
      'Webhook "hooks.test" updated',
      'Webhook "hooks.test" disabled',
      'Webhook "hooks.test" enabled',
      'Webhook "hooks.test" secret rotated',
      'Webhook "hooks.test" deleted',
    ],
  ],
  [
    'users and agents',
    [],
    (app) =>
      app.write((tx) => {
        createStaff(tx, { role: 'admin', name: 'Eva', email: null })
        createStaff(tx, { role: 'agent', name: 'Leo', email: 'leo@x.test' })
      }),
    ['User "Eva" created', 'Agent "Leo" created'],
  ],
  [
    'no like, no repetition, and nothing that is refused',
    [agentTicket, say({ content: 'Hi' })],
    [
      { call: 'POST /api/v1/external/tickets/1/messages/2/like', key: 'agent' },
      { call: 'POST /api/v1/external/tickets/1/messages/2/like', key: 'agent' },
      change({ status: 'open', assigned_to: staff.tomas }),
      async (app) => {
        const refused = await call(app, 'PUT /api/v1/internal/tickets/1', {
          key: 'special',
          body: { status: 'closed', priority: 'none' },
        })
        expect(refused.status).toBe(422)
      },
    ],
    [],
  ],
]

const records = [
  ['departments', 'Department', { name: 'Workshop' }],
  ['categories', 'Category', { name: 'Workshop' }],
  ['labels', 'Label', { name: 'Workshop', color: '#abc' }],
  ['products', 'Product', { name: 'Workshop' }],
  ['canned-responses', 'Canned response', { title: 'Workshop' }],
  ['custom-fields', 'Custom field', { label: 'Workshop', type: 'text' }],
] as const

const recordCases = records.map(([path, noun, body]): Case => {
  const renamed = Object.fromEntries(
    Object.entries(body).map(([name, value]) => [name, value === 'Workshop' ? 'Yard' : value]),
  )
  return [
    `a ${noun.toLowerCase()}`,
    [],
    [
      { call: `POST /api/v1/internal/${path}`, body },
      { call: `PUT /api/v1/internal/${path}/1`, body: renamed },
      { call: `DELETE /api/v1/internal/${path}/1` },
    ],
    [`${noun} "Workshop" created`, `${noun} "Yard" updated`, `${noun} "Yard" deleted`],
  ]
})

describe('the activity log tells of', () => {
  test.each([...cases, ...recordCases])('%s', async (_name, given, step, descriptions) => {
    const entries = await written(given, step)
    expect(entries.map(({ description }) => description)).toEqual([...descriptions])
  })
})

describe('the activity log names', () => {
  const answer = { call: 'POST /api/v1/external/tickets/1/messages', body: { content: 'Hi' } }

  test('the owner of an internal key', async () => {
    const [entry] = await written(inventory, [change({ status: 'closed' })])
    expect(entry).toMatchObject({ user: administrator, ip_address: '192.0.2.7' })
  })

  test('the agent of an external key', async () => {
    const [entry] = await written(agentTicket, [{ ...answer, key: 'agent' }])
    expect(entry).toMatchObject({ user: tomas, ip_address: '192.0.2.7' })
  })

  test('who decided on a proposal, and nobody for one whose time is over', async () => {
    const [, rejected] = await written([...inventory, proposed(reply)], rejectAsNoor)
    expect(rejected).toMatchObject({
      description: 'Ticket #SD-1001 reply proposal rejected',
      user: { id: staff.noor, name: 'Noor Haddad' },
      ip_address: '192.0.2.7',
    })
    const [expired] = await written([...inventory, proposed(reply)], expireAll)
    expect(expired).toMatchObject({ user: null, ip_address: null })
  })

  test('nobody for a customer, whoever sent it in', async () => {
    const inbound = { body: 'Hm', direction: 'inbound' }
    const entries = await written(closedTicket, [
      kevaSays({ ...inbound, isInternal: true }),
      kevaSays(inbound),
    ])
    expect(entries.map(({ description }) => description)).toEqual([
      'Ticket #SD-1001 note added',
      'Ticket #SD-1001 replied',
      'Ticket #SD-1001 reopened',
    ])
    for (const entry of entries) expect(entry).toMatchObject({ user: null })
  })

  test('nobody for a job, and no address', async () => {
    const [entry] = await written(ticket, (app) =>
      app.desk.write(jobActor, (tx) => updateTicket(tx, 1, { isLocked: true })),
    )
    expect(entry).toMatchObject({ user: null, ip_address: null })
  })

  test('the person by the name of today, and the assignee by the name of then', async () => {
    using app = await openTestApp()
    await arrange(app, [agentTicket, { ...answer, key: 'agent' }], 'special')
    app.sql(`UPDATE staff SET name = 'Tom Berg' WHERE id = ${staff.tomas}`)
    const { data } = await entriesOf(app, '?per_page=2')
    expect(data).toMatchObject([
      { user: { id: staff.tomas, name: 'Tom Berg' } },
      { description: 'Ticket #SD-1001 assigned to Tomas Berg' },
    ])
  })

  test('nobody once the person is gone; the entry stays, as do those of a deleted ticket', async () => {
    using app = await openTestApp()
    await arrange(
      app,
      [agentTicket, { ...answer, key: 'agent' }, { call: 'DELETE /api/v1/internal/tickets/1' }],
      'special',
    )
    app.sql(`DELETE FROM staff WHERE id = ${staff.tomas}`)
    const { data } = await entriesOf(app, '?per_page=4')
    expect(data.map(({ description, user }) => [description, user])).toEqual([
      ['Ticket #SD-1001 deleted', administrator],
      ['Ticket #SD-1001 replied', null],
      ['Ticket #SD-1001 assigned to Tomas Berg', null],
      ['Ticket #SD-1001 created', null],
    ])
  })
})

/** A page with these ids. */
const shown = (ids: readonly number[], counted: object) => (body: Body) => {
  expect(body.data.map(({ id }) => id)).toEqual([...ids])
  expect(body.meta as object).toEqual(counted)
}

const twice: Given = [ticket, change({ priority: 'low' }), change({ priority: 'high' })]

// Mara and her ticket are two entries, before the two of `twice`.
const total = before + 4

contract(line, { key: 'special', call: line, given: twice }, [
  {
    name: 'shows entries, newest first',
    call: `${line}?per_page=1`,
    status: 200,
    reply: {
      data: [
        {
          id: total,
          description: 'Ticket #SD-1001 priority changed to high',
          user: administrator,
          ip_address: '192.0.2.7',
          created_at: at,
        },
      ],
      meta: meta(total, 1, 1),
    },
  },
  {
    name: 'shows them to a key that has the scope, fifteen at a time',
    key: 'scoped',
    status: 200,
    reply: shown(
      Array.from({ length: 15 }, (_, n) => total - n),
      meta(total),
    ),
  },
  {
    name: 'pages',
    call: `${line}?per_page=5&page=2`,
    status: 200,
    reply: shown([20, 19, 18, 17, 16], meta(total, 2, 5)),
  },
  {
    name: 'ends with the first entry',
    call: `${line}?per_page=10&page=3`,
    status: 200,
    reply: shown([5, 4, 3, 2, 1], meta(total, 3, 10)),
  },
  {
    name: 'is empty past its end',
    call: `${line}?per_page=10&page=999999999999`,
    status: 200,
    reply: { data: [], meta: meta(total, 999_999_999_999, 10) },
  },
  {
    name: 'counts what is left when the oldest entries are gone',
    given: [ticket, (app) => app.sql('DELETE FROM activity WHERE id <= 12')],
    call: `${line}?per_page=6&page=2`,
    status: 200,
    reply: shown([17, 16, 15, 14, 13], meta(11, 2, 6)),
  },
  {
    name: 'is empty when all are gone',
    given: (app) => app.sql('DELETE FROM activity'),
    status: 200,
    reply: { data: [], meta: meta(0) },
  },
  {
    name: 'is written by nobody',
    call: line.replace('GET', 'POST'),
    status: 405,
    reply: { message: 'Method not allowed' },
    answers: { allow: 'GET, HEAD' },
  },
  ...internalRefusals(line),
])

test('a ticket opened as an integration does it has one entry, not a second for its opening', async () => {
  const entries = await written(ticket, (app) => openTicket(app, { subject: 'Second' }))
  expect(entries.map(({ description }) => description)).toEqual(['Ticket #SD-1002 created'])
})
