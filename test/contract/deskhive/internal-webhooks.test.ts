import { expect } from 'bun:test'
import { contract, uid, type Given } from '../../support/contract.ts'
import { T0, type TestApp } from '../../support/harness.ts'
import {
  attempted,
  delivery,
  hookUrl,
  liveSecrets,
  storedDeliveries,
  webhook,
} from '../../support/webhooks.ts'
import { internalRefusals } from '../refusals.ts'

// The endpoints of keva.md 9.5 in the shapes of deskhive.md sections 3 and 4.

const at = '2026-05-04T08:15:00Z'
const secret = expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/) as string
const notFound = { status: 404, reply: { message: 'Not found' } }
const inactive = { status: 403, reply: { message: 'Webhook is not active' } }
const meta = { current_page: 1, last_page: 1, per_page: 15 }

const shown = {
  id: 1,
  url: hookUrl,
  events: ['*'],
  is_active: true,
  description: null as string | null,
  is_ordered: false,
  has_headers: false,
  disabled_reason: null,
  disabled_at: null,
  failing_since: null,
  created_at: at,
  updated_at: at,
}

const one = async (app: TestApp) => void (await webhook(app))
const off = (app: TestApp) => app.sql('UPDATE webhook_endpoints SET is_active = 0')
const required = { url: hookUrl, events: ['ticket.*'] }

const base = '/api/v1/internal/webhooks'
const createLine = `POST ${base}`

contract(createLine, { key: 'special', call: createLine }, [
  {
    name: 'makes a webhook with its secret',
    key: 'scoped',
    body: {
      ...required,
      description: ' Shop ',
      headers: { 'X-A': 'b' },
      is_ordered: 1,
      is_active: '0',
    },
    status: 201,
    reply: {
      data: {
        ...shown,
        events: ['ticket.*'],
        description: 'Shop',
        has_headers: true,
        is_ordered: true,
        is_active: false,
        secret,
      },
      message: 'Created successfully',
    },
    events: ['webhook.created'],
    after(app, { body }) {
      const { data } = body as { data: { secret: string } }
      expect(liveSecrets(app)).toEqual([data.secret])
    },
  },
  {
    name: 'takes a form',
    body: new URLSearchParams({ url: hookUrl, 'events[0]': 'ticket.*', 'headers[X-A]': 'b' }),
    status: 201,
    reply: {
      data: { ...shown, events: ['ticket.*'], has_headers: true, secret },
      message: 'Created successfully',
    },
    events: ['webhook.created'],
  },
  {
    name: 'collects every issue, in declared order',
    body: {
      url: 'https://[::1]/',
      events: ['ticket'],
      is_active: 'x',
      headers: { Host: 'x' },
      is_ordered: 7,
    },
    status: 422,
    reply: {
      message: 'The url field must have a public address. (and 4 more errors)',
      errors: {
        url: ['The url field must have a public address.'],
        'events.0': ['The selected events.0 is invalid.'],
        is_active: ['The is active field must be true or false.'],
        'headers.Host': ['The headers.Host field must be a header that may be set.'],
        is_ordered: ['The is ordered field must be true or false.'],
      },
    },
  },
  {
    name: 'needs a url and events',
    body: {},
    status: 422,
    reply: {
      message: 'The url field is required. (and 1 more error)',
      errors: { url: ['The url field is required.'], events: ['The events field is required.'] },
    },
  },
  ...(
    [
      ['x', 'must be a valid URL'],
      ['ftp://hooks.test/', 'must begin with https'],
      ['http://hooks.test/', 'must begin with https'],
      ['https://a:b@hooks.test/', 'must not contain credentials'],
      ['https://hooks.test:22/', 'must have the port 443, or one above 1023'],
      ['https://nowhere.test/', 'must have a host that can be found'],
      ['https://10.1.2.3/', 'must have a public address'],
    ] as const
  ).map(([url, words]) => ({
    name: `refuses ${url}`,
    body: { ...required, url },
    status: 422,
    reply: { message: `The url field ${words}.`, errors: { url: [`The url field ${words}.`] } },
  })),
  ...internalRefusals(createLine),
])

const listLine = `GET ${base}`

contract(listLine, { key: 'special', call: listLine }, [
  {
    name: 'shows the newest first',
    given: [one, one],
    status: 200,
    reply: { data: [{ ...shown, id: 2 }, shown], meta: { ...meta, total: 2 } },
  },
  {
    name: 'pages',
    given: [one, one, one],
    call: `${listLine}?per_page=2&page=2`,
    status: 200,
    reply: { data: [shown], meta: { current_page: 2, last_page: 2, per_page: 2, total: 3 } },
  },
  ...internalRefusals(listLine),
])

const getLine = `GET ${base}/1`

contract(getLine, { key: 'special', call: getLine, given: one }, [
  { name: 'shows a webhook', status: 200, reply: { data: shown } },
  { name: 'knows no other', call: `GET ${base}/2`, ...notFound },
  ...internalRefusals(getLine),
])

const updated = { message: 'Updated successfully' }

for (const method of ['PUT', 'PATCH'] as const) {
  const line = `${method} ${base}/1`
  contract(line, { key: 'special', call: line, given: one }, [
    {
      name: 'changes what is sent',
      body: { url: 'https://other.test/in', events: ['ticket.*'], is_ordered: true },
      status: 200,
      reply: {
        data: { ...shown, url: 'https://other.test/in', events: ['ticket.*'], is_ordered: true },
        ...updated,
      },
      events: ['webhook.updated'],
    },
    {
      name: 'does nothing when nothing differs',
      body: { url: hookUrl, events: ['*'] },
      status: 200,
      reply: { data: shown, ...updated },
    },
    {
      name: 'switches off',
      body: { url: hookUrl, events: ['*'], is_active: false },
      status: 200,
      reply: { data: { ...shown, is_active: false }, ...updated },
      events: ['webhook.disabled'],
    },
    {
      name: 'vets a new url',
      body: { url: 'https://10.0.0.1/', events: [] },
      status: 422,
      reply: {
        message: 'The url field must have a public address. (and 1 more error)',
        errors: {
          url: ['The url field must have a public address.'],
          events: ['The events field is required.'],
        },
      },
    },
    { name: 'knows no other', call: `${method} ${base}/2`, body: required, ...notFound },
    ...internalRefusals(line),
  ])
}

contract(`What ${base}/1 may leave out`, { key: 'special', given: one }, [
  {
    name: 'is nothing that PUT needs',
    call: `PUT ${base}/1`,
    body: { is_active: false },
    status: 422,
    reply: {
      message: 'The url field is required. (and 1 more error)',
      errors: { url: ['The url field is required.'], events: ['The events field is required.'] },
    },
  },
  {
    name: 'is anything for PATCH',
    call: `PATCH ${base}/1`,
    body: { is_active: false },
    status: 200,
    reply: { data: { ...shown, is_active: false }, ...updated },
    events: ['webhook.disabled'],
  },
])

const deleteLine = `DELETE ${base}/1`

contract(deleteLine, { key: 'special', call: deleteLine, given: one }, [
  {
    name: 'deletes it',
    status: 200,
    reply: { data: null, message: 'Deleted successfully' },
    events: ['webhook.deleted'],
  },
  { name: 'does so once', given: [one, { call: deleteLine }], ...notFound },
  ...internalRefusals(deleteLine),
])

const rotateLine = `POST ${base}/1/rotate-secret`

contract(rotateLine, { key: 'special', call: rotateLine, given: one }, [
  {
    name: 'makes a new secret',
    status: 200,
    reply: {
      data: { ...shown, secret, previous_secret_expires_at: '2026-05-05T08:15:00Z' },
      ...updated,
    },
    events: ['webhook.secret_rotated'],
    after: (app) => expect(liveSecrets(app)).toHaveLength(2),
  },
  { name: 'knows no other', call: `POST ${base}/2/rotate-secret`, ...notFound },
  ...internalRefusals(rotateLine),
])

const fresh = {
  id: 1,
  event_id: uid('evt'),
  event_type: 'webhook.test',
  sequence: expect.any(Number) as number,
  status: 'pending',
  dead_reason: null as string | null,
  attempts: 0,
  response_status: null as number | null,
  failure: null as string | null,
  response_body: null as string | null,
  duration_ms: null as number | null,
  next_attempt_at: at as string | null,
  last_attempt_at: null as string | null,
  settled_at: null as string | null,
  created_at: at,
}

const payload = expect.objectContaining({ type: 'webhook.test', createdAt: at }) as object
const queued = { message: 'Queued successfully' }
const attempt = {
  response_status: 500,
  failure: 'rejected',
  response_body: 'so it was',
  duration_ms: 41,
}
const dead = {
  ...fresh,
  ...attempt,
  status: 'dead',
  dead_reason: 'exhausted',
  attempts: 1,
  next_attempt_at: null,
  last_attempt_at: at,
  settled_at: at,
}

const testLine = `POST ${base}/1/test`

contract(testLine, { key: 'special', call: testLine, given: one }, [
  {
    name: 'queues a test for this webhook alone',
    given: [one, one],
    status: 200,
    reply: { data: { ...fresh, payload, history: [] }, ...queued },
    events: ['webhook.test'],
    after: (app) => expect(storedDeliveries(app).map((row) => row.endpoint_id)).toEqual([1]),
  },
  { name: 'refuses one that is off', given: [one, off], ...inactive },
  { name: 'knows no other', call: `POST ${base}/2/test`, ...notFound },
  ...internalRefusals(testLine),
])

const sent: Given = [async (app: TestApp) => delivery(app)]
const failed: Given = [...sent, attempted(1, { status: 'dead', at: T0 })]
const deliveriesLine = `GET ${base}/1/deliveries`
const empty = { status: 200, reply: { data: [], meta: { ...meta, total: 0 } } }

contract(deliveriesLine, { key: 'special', call: deliveriesLine, given: failed }, [
  {
    name: 'shows what became of each',
    status: 200,
    reply: { data: [dead], meta: { ...meta, total: 1 } },
  },
  {
    name: 'shows those that are asked for',
    call: `${deliveriesLine}?status=dead&event_type=webhook.test&since=${at}&until=2026-05-04T08:15:01Z`,
    status: 200,
    reply: { data: [dead], meta: { ...meta, total: 1 } },
  },
  { name: 'has none of another status', call: `${deliveriesLine}?status=pending`, ...empty },
  { name: 'has none of a status that is none', call: `${deliveriesLine}?status=lost`, ...empty },
  { name: 'has none of another type', call: `${deliveriesLine}?event_type=x`, ...empty },
  { name: 'has none of another time', call: `${deliveriesLine}?until=${at}`, ...empty },
  {
    name: 'refuses a moment that is none',
    call: `${deliveriesLine}?since=x`,
    status: 422,
    reply: {
      message: 'The since field must be a valid date.',
      errors: { since: ['The since field must be a valid date.'] },
    },
  },
  { name: 'knows no other', call: `GET ${base}/2/deliveries`, ...notFound },
  ...internalRefusals(deliveriesLine),
])

const oneLine = `${deliveriesLine}/1`

contract(oneLine, { key: 'special', call: oneLine, given: failed }, [
  {
    name: 'shows the payload and every attempt',
    status: 200,
    reply: {
      data: {
        ...dead,
        payload,
        history: [{ number: 1, ...attempt, next_attempt_at: null, created_at: at }],
      },
    },
  },
  {
    name: "knows no other webhook's",
    given: [...failed, one],
    call: `GET ${base}/2/deliveries/1`,
    ...notFound,
  },
  { name: 'knows no other', call: `${deliveriesLine}/2`, ...notFound },
  ...internalRefusals(oneLine),
])

const againLine = `POST ${base}/1/deliveries/1/redeliver`

contract(againLine, { key: 'special', call: againLine, given: failed }, [
  {
    name: 'sends it again',
    status: 200,
    reply: {
      data: {
        ...dead,
        status: 'pending',
        dead_reason: null,
        next_attempt_at: at,
        settled_at: null,
        payload,
        history: [expect.anything()],
      },
      ...queued,
    },
  },
  { name: 'refuses one of a webhook that is off', given: [...failed, off], ...inactive },
  { name: 'knows no other', call: `POST ${base}/1/deliveries/2/redeliver`, ...notFound },
  ...internalRefusals(againLine),
])

const replayLine = `POST ${base}/1/replay`

contract(replayLine, { key: 'special', call: replayLine, given: failed }, [
  {
    name: 'sends again what did not come through',
    body: { status: 'dead', from: at, to: '', types: null },
    status: 200,
    reply: { data: { queued: 1, next_after: null, has_more: false }, ...queued },
    after: (app) =>
      expect(storedDeliveries(app)[0]).toMatchObject({ status: 'pending', due_at: T0 }),
  },
  {
    name: 'sends what was never sent, in order, before what is sent again',
    body: { types: ['staff.*', 'webhook.*', 'ticket.created'] },
    status: 200,
    reply: { data: { queued: 5, next_after: null, has_more: false }, ...queued },
    after(app) {
      const [, ...made] = storedDeliveries(app)
      expect(made.map((row) => [row['event_sequence'], row['status']])).toEqual(
        [1, 2, 3, 4, 5].map((sequence) => [sequence, 'pending']),
      )
    },
  },
  {
    name: 'goes on past a sequence',
    body: { from: at, after: '4' },
    status: 200,
    reply: { data: { queued: 2, next_after: null, has_more: false }, ...queued },
    after: (app) =>
      expect(storedDeliveries(app).map((row) => [row['status'], row.event_type])).toEqual([
        ['pending', 'webhook.test'],
        ['pending', 'staff.updated'],
      ]),
  },
  {
    name: 'collects every issue, in declared order',
    body: { from: 'x', to: 'y', types: [], status: 'lost', after: 'z' },
    status: 422,
    reply: {
      message: 'The from field must be a valid date. (and 4 more errors)',
      errors: {
        from: ['The from field must be a valid date.'],
        to: ['The to field must be a valid date.'],
        types: ['The types field is required.'],
        status: ['The selected status is invalid.'],
        after: ['The after field must be an integer.'],
      },
    },
  },
  {
    name: 'needs to be told of what',
    body: {},
    status: 422,
    reply: {
      message: 'The from field is required.',
      errors: { from: ['The from field is required.'] },
    },
  },
  {
    name: 'refuses a webhook that is off',
    given: [...failed, off],
    body: { from: at },
    ...inactive,
  },
  { name: 'knows no other', call: `POST ${base}/2/replay`, body: { from: at }, ...notFound },
  ...internalRefusals(replayLine),
])
