import { expect } from 'bun:test'
import { upsertCustomer } from '../../../src/domain/customers.ts'
import { publicId } from '../../../src/lib/ids.ts'
import { contract, uid, type Given } from '../../support/contract.ts'
import { T0, type TestApp } from '../../support/harness.ts'
import { call } from '../../support/send.ts'
import { ticket } from '../../support/seed.ts'
import { attempted, delivery, storedDeliveries, webhook } from '../../support/webhooks.ts'
import { kevaRefusals } from '../refusals.ts'

// keva.md 9.5: what was told, what came of it, and telling it again.

const at = '2026-05-04T08:15:00Z'
const nobody = `whk_${'0'.repeat(26)}`
const nothing = `whd_${'0'.repeat(26)}`
const missing = { status: 404, reply: { error: 'Webhook not found' } }
const noDelivery = { status: 404, reply: { error: 'Delivery not found' } }
const inactive = { status: 400, reply: { error: 'Webhook is not active' } }

const fresh = {
  id: uid('whd'),
  eventId: uid('evt'),
  eventType: 'webhook.test',
  sequence: expect.any(Number) as number,
  status: 'pending',
  deadReason: null as string | null,
  attempts: 0,
  responseStatus: null as number | null,
  failure: null as string | null,
  responseBody: null as string | null,
  durationMs: null as number | null,
  nextAttemptAt: at as string | null,
  lastAttemptAt: null as string | null,
  settledAt: null as string | null,
  createdAt: at,
}

const testPayload = {
  id: uid('evt'),
  type: 'webhook.test',
  createdAt: at,
  sequence: expect.any(Number),
  ticketSequence: null,
  data: { webhookId: uid('whk') },
}

const failedOnce = {
  attempts: 1,
  responseStatus: 500,
  failure: 'rejected',
  responseBody: 'so it was',
  durationMs: 41,
  lastAttemptAt: at,
}

const dead = {
  ...failedOnce,
  status: 'dead',
  deadReason: 'exhausted',
  nextAttemptAt: null,
  settledAt: at,
}

/** A customer for each moment, so that each is told of. */
const customers = (count: number) => async (app: TestApp) => {
  for (let n = 1; n <= count; n++) {
    app.advance(1000)
    await app.write((tx) => upsertCustomer(tx, `c${n}@x.test`, undefined))
  }
}

/** Gives the public ids of deliveries the names `d1`, `d2` and so on. */
function named(app: TestApp): void {
  for (const { id, uid: stored } of storedDeliveries(app)) {
    app.named.set(`d${String(id)}`, publicId('delivery', String(stored)))
  }
}

const off = (app: TestApp) => app.sql('UPDATE webhook_endpoints SET is_active = 0')
const one = [async (app: TestApp) => delivery(app), named]
const other = async (app: TestApp) => void (await webhook(app, { events: ['note.created'] }))

const testLine = 'POST /api/v1/webhooks/{webhook}/test'

contract(
  testLine,
  { key: 'keva', call: testLine, given: async (app) => void (await webhook(app)) },
  [
    {
      name: 'queues a test for this endpoint and no other',
      given: [async (app) => void (await webhook(app)), other],
      status: 200,
      reply: { data: { ...fresh, payload: testPayload, history: [] } },
      events: ['webhook.test'],
      after: (app, { body }) => {
        const [sent, ...more] = storedDeliveries(app)
        const { data } = body as { data: { payload: object } }
        expect([sent?.endpoint_id, sent?.['due_at'], more]).toEqual([2, T0, []])
        expect(JSON.parse(sent?.body ?? '')).toEqual(data.payload)
      },
    },
    {
      name: 'refuses one that is off',
      given: [async (app) => void (await webhook(app)), off],
      ...inactive,
    },
    { name: 'knows no other', call: `POST /api/v1/webhooks/${nobody}/test`, ...missing },
    ...kevaRefusals(testLine, 'kevaReader'),
  ],
)

const listLine = 'GET /api/v1/webhooks/{webhook}/deliveries'
const page = (total: number, more = {}) => ({
  page: 1,
  perPage: 20,
  total,
  nextCursor: null,
  ...more,
})

const isType = (eventType: string, given = {}) => ({
  ...fresh,
  eventType,
  createdAt: expect.any(String),
  nextAttemptAt: expect.any(String),
  ...given,
})

/** A test, a ticket with its message, and customers at 8:15:01, :02 and :03; the first two are settled. */
const told: Given = [
  ...one,
  ticket,
  customers(3),
  attempted(1, { status: 'dead', at: T0 }),
  attempted(2, { status: 'delivered', at: T0, response: 200 }),
  named,
]

function expectTypes(...types: string[]) {
  return (body: unknown) => {
    const { data, pagination } = body as {
      data: { eventType: string }[]
      pagination: { total: number }
    }
    expect([data.map((row) => row.eventType), pagination.total]).toEqual([types, types.length])
  }
}

const all = [
  'customer.created',
  'customer.created',
  'customer.created',
  'message.created',
  'ticket.created',
  'customer.created',
  'webhook.test',
]

const filtered = (query: string, ...types: string[]) => ({
  name: `shows those of ${query}`,
  call: `${listLine}?${query}`,
  status: 200,
  reply: expectTypes(...types),
})

contract(listLine, { key: 'keva', call: listLine, given: told }, [
  {
    name: 'shows what the last attempt came to',
    given: [
      ...one,
      attempted(1, { status: 'pending', at: T0, response: 200 }),
      attempted(1, { status: 'dead', at: T0 }),
    ],
    status: 200,
    reply: { data: [{ ...fresh, ...dead, attempts: 2 }], pagination: page(1) },
  },
  { name: 'shows the newest first', status: 200, reply: expectTypes(...all) },
  {
    name: 'shows only its own',
    given: [...one, other],
    status: 200,
    reply: { data: [], pagination: page(0) },
  },
  filtered('status=pending', ...all.slice(0, 5)),
  filtered('status=delivered', 'customer.created'),
  filtered('status=dead', 'webhook.test'),
  filtered('type=customer.created', ...all.slice(0, 3), 'customer.created'),
  filtered('type=customer.created&status=pending', ...all.slice(0, 3)),
  filtered('type=staff.created'),
  filtered('since=2026-05-04T08:15:02Z', ...all.slice(0, 2)),
  filtered('until=2026-05-04T08:15:02Z', ...all.slice(2)),
  filtered('since=2026-05-04T08:15:01Z&until=2026-05-04T08:15:03Z', ...all.slice(1, 3)),
  filtered(
    'since=2026-05-04T10:15:02%2B02:00&type=customer.created&status=pending',
    ...all.slice(0, 2),
  ),
  {
    name: 'goes on from a cursor under the same filter',
    given: [told, readCursor].flat() as Given,
    call: `${listLine}?per_page=2&status=pending&cursor={cursor}`,
    status: 200,
    reply: {
      data: [isType('customer.created'), isType('message.created')],
      pagination: { ...page(5), perPage: 2, nextCursor: expect.any(String) },
    },
  },
  {
    name: 'refuses a status that is none',
    call: `${listLine}?status=lost`,
    status: 400,
    reply: { error: 'Invalid status. Must be one of: pending, delivered, dead' },
  },
  {
    name: 'refuses a type that is none',
    call: `${listLine}?type=ticket.deleted`,
    status: 400,
    reply: { error: expect.stringMatching(/^Invalid type\. Must be one of: ticket\.created, /) },
  },
  {
    name: 'refuses a moment that is none',
    call: `${listLine}?since=yesterday`,
    status: 400,
    reply: { error: 'Invalid since format' },
  },
  {
    name: 'refuses the cursor of another list',
    call: `${listLine}?cursor=MTp3ZWJob29rczoxOjE`,
    status: 400,
    reply: { error: 'Invalid cursor' },
  },
  { name: 'knows no other', call: `GET /api/v1/webhooks/${nobody}/deliveries`, ...missing },
  ...kevaRefusals(listLine, 'kevaWriter'),
])

async function readCursor(app: TestApp): Promise<void> {
  const { body } = await call(app, `${listLine}?per_page=2&status=pending`, { key: 'keva' })
  const { pagination } = body as { pagination: { nextCursor: string } }
  app.named.set('cursor', pagination.nextCursor)
}

const getLine = `${listLine}/{d1}`
const attempt = {
  responseStatus: 500,
  failure: 'rejected',
  responseBody: 'so it was',
  durationMs: 41,
}

contract(getLine, { key: 'keva', call: getLine, given: one }, [
  {
    name: 'shows the payload and every attempt',
    given: [
      ...one,
      attempted(1, { status: 'pending', at: T0 }),
      attempted(1, { status: 'dead', at: T0 + 5000 }),
    ],
    status: 200,
    reply: {
      data: {
        ...fresh,
        ...dead,
        attempts: 2,
        lastAttemptAt: '2026-05-04T08:15:05Z',
        settledAt: '2026-05-04T08:15:05Z',
        payload: testPayload,
        history: [
          { number: 1, ...attempt, nextAttemptAt: '2026-05-04T08:16:00Z', createdAt: at },
          { number: 2, ...attempt, nextAttemptAt: null, createdAt: '2026-05-04T08:15:05Z' },
        ],
      },
    },
  },
  { name: 'knows no other', call: `${listLine}/${nothing}`, ...noDelivery },
  { name: "knows no other endpoint's", given: [...one, other], ...noDelivery },
  {
    name: 'knows no other endpoint',
    call: `GET /api/v1/webhooks/${nobody}/deliveries/{d1}`,
    ...missing,
  },
  ...kevaRefusals(getLine, 'kevaWriter'),
])

const againLine = 'POST /api/v1/webhooks/{webhook}/deliveries/{d1}/redeliver'
const whole = { payload: testPayload, history: [] as unknown[] }
const before = new Map<TestApp, string>()
const noteBytes = (app: TestApp) => void before.set(app, storedDeliveries(app)[0]?.body ?? '')

contract(againLine, { key: 'keva', call: againLine, given: one }, [
  {
    name: 'has a dead one sent again, as often as a new one, with the same id and bytes',
    given: [
      ...one,
      attempted(1, { status: 'dead', at: T0 }),
      noteBytes,
      (app) => app.advance(3000),
    ],
    status: 200,
    reply: {
      data: {
        ...fresh,
        ...failedOnce,
        nextAttemptAt: '2026-05-04T08:15:03Z',
        payload: testPayload,
        history: [{ number: 1, ...attempt, nextAttemptAt: null, createdAt: at }],
      },
    },
    after(app) {
      const [sent, ...more] = storedDeliveries(app)
      expect([sent?.body, sent?.['earlier_attempts'], more]).toEqual([before.get(app) ?? '', 1, []])
    },
  },
  {
    name: 'has one sent again that came through',
    given: [...one, attempted(1, { status: 'delivered', at: T0, response: 204 })],
    status: 200,
    reply: {
      data: {
        ...fresh,
        ...failedOnce,
        responseStatus: 204,
        failure: null,
        payload: testPayload,
        history: [expect.anything()],
      },
    },
  },
  {
    name: 'has one that waits sent at once',
    given: [...one, attempted(1, { status: 'pending', at: T0 })],
    status: 200,
    reply: {
      data: { ...fresh, ...failedOnce, payload: testPayload, history: [expect.anything()] },
    },
    after: (app) => expect(storedDeliveries(app)[0]?.['earlier_attempts']).toBe(0),
  },
  {
    name: 'leaves one alone that is being attempted',
    given: [
      ...one,
      (app) =>
        app.sql(
          `UPDATE deliveries SET lease = 'x', leased_until = ${T0 + 9000}, due_at = ${T0 + 9000}`,
        ),
    ],
    status: 200,
    reply: { data: { ...fresh, nextAttemptAt: '2026-05-04T08:15:09Z', ...whole } },
  },
  { name: 'refuses one of an endpoint that is off', given: [...one, off], ...inactive },
  { name: 'knows no other', call: againLine.replace('{d1}', nothing), ...noDelivery },
  { name: "knows no other endpoint's", given: [...one, other], ...noDelivery },
  ...kevaRefusals(againLine, 'kevaReader'),
])

const replayLine = 'POST /api/v1/webhooks/{webhook}/replay'

/** Seven deliveries, all settled but the last: one dead, and then one that came through in turn. */
const settled: Given = [
  ...(told as readonly []),
  ...[3, 5].map((id) => attempted(id, { status: 'dead', at: T0 })),
  ...[4, 6].map((id) => attempted(id, { status: 'delivered', at: T0, response: 200 })),
  (app: TestApp) => app.advance(60_000),
]

/** Deliveries of what happened before there was the endpoint: five people are made with the desk. */
const never = [8, 9, 10, 11, 12]

/** The ids of what is due now, in the order in which it is sent. */
function dueNow(app: TestApp): unknown[] {
  return storedDeliveries(app)
    .filter((row) => row['due_at'] === T0 + 63_000)
    .toSorted((a, b) => Number(a['event_sequence']) - Number(b['event_sequence']))
    .map((row) => row['id'])
}

const replays = (name: string, body: object, ids: readonly number[]) => ({
  name,
  body,
  status: 200,
  reply: {
    data: { queued: ids.length, nextAfter: null, hasMore: false },
  },
  after: (app: TestApp) => expect(dueNow(app)).toEqual([...ids]),
})

contract(replayLine, { key: 'keva', call: replayLine, given: settled }, [
  replays('sends all from a moment on, first what was never sent', { from: at }, [
    ...never,
    1,
    2,
    3,
    4,
    5,
    6,
  ]),
  replays('sends what is before a moment', { from: at, to: '2026-05-04T08:15:01Z' }, [
    ...never,
    1,
    2,
    3,
    4,
  ]),
  replays('sends again what is after a moment', { from: '2026-05-04T08:15:01Z' }, [5, 6]),
  replays('sends again what did not come through', { status: 'dead' }, [1, 3, 5]),
  replays('sends again what did', { status: 'delivered' }, [2, 4, 6]),
  replays('sends again some types', { types: ['customer.*', 'ticket.created'] }, [2, 3, 5, 6]),
  replays(
    'combines what it is asked',
    { types: ['customer.*'], from: '2026-05-04T08:15:01Z', status: 'delivered' },
    [6],
  ),
  replays('sends what was never sent', { types: ['staff.*'] }, never),
  replays('sends again only what was', { types: ['staff.*'], status: 'delivered' }, []),
  replays('has nothing to send', { types: ['department.*', 'note.*'] }, []),
  replays('sends what is past a sequence', { after: 26 }, [5, 6]),
  replays('knows a sequence that is yet to come', { after: 999_999 }, []),
  replays(
    'goes on past a sequence, also among those of one moment',
    { status: 'dead', after: 23 },
    [3, 5],
  ),
  {
    name: 'needs to be told of what',
    body: {},
    status: 422,
    reply: {
      error: 'Validation failed',
      details: [{ field: 'from', message: 'From is required' }],
    },
  },
  {
    name: 'collects every issue, in declared order',
    body: { from: 'monday', to: 5, types: ['ticket'], status: 'pending', after: '5' },
    status: 422,
    reply: {
      error: 'Validation failed',
      details: [
        { field: 'from', message: 'Invalid from format' },
        { field: 'to', message: 'Invalid to format' },
        { field: 'types.0', message: 'Invalid types.0. Must be an event type, ticket.* or *' },
        { field: 'status', message: 'Invalid status. Must be one of: delivered, dead' },
        { field: 'after', message: 'Invalid after format' },
      ],
    },
  },
  {
    name: 'refuses an endpoint that is off',
    given: [...settled, off],
    body: { from: at },
    ...inactive,
  },
  {
    name: 'knows no other',
    call: `POST /api/v1/webhooks/${nobody}/replay`,
    body: { from: at },
    ...missing,
  },
  ...kevaRefusals(replayLine, 'kevaReader'),
])
