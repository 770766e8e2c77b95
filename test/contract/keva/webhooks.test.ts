import { expect, test } from 'bun:test'
import { contract, uid, type Row } from '../../support/contract.ts'
import { openTestApp, type TestApp } from '../../support/harness.ts'
import { call } from '../../support/send.ts'
import {
  hookUrl,
  liveSecrets,
  sealingOf,
  storedDeliveries,
  webhook,
} from '../../support/webhooks.ts'
import { headersOf } from '../../../src/domain/webhookseals.ts'
import { unseal } from '../../../src/security/seal.ts'
import { webhookById } from '../../../src/store/webhooks.ts'
import { upsertCustomer } from '../../../src/domain/customers.ts'
import { kevaRefusals } from '../refusals.ts'

// keva.md 9.5.

const at = '2026-05-04T08:15:00Z'
const secret = expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/) as string

const shown = {
  id: uid('whk'),
  url: hookUrl,
  events: ['*'],
  isActive: true,
  description: null as string | null,
  ordered: false,
  hasHeaders: false,
  disabledReason: null as string | null,
  disabledAt: null as string | null,
  failingSince: null as string | null,
  createdAt: at,
  updatedAt: at,
}

const missing = { status: 404, reply: { error: 'Webhook not found' } }
const nobody = `whk_${'0'.repeat(26)}`
const invalid = (...details: readonly (readonly [field: string, message: string])[]) => ({
  status: 422,
  reply: {
    error: 'Validation failed',
    details: details.map(([field, message]) => ({ field, message })),
  },
})

const one = (fields = {}) => [async (app: TestApp) => void (await webhook(app, fields))]

const createLine = 'POST /api/v1/webhooks'
const required = { url: hookUrl, events: ['ticket.*', 'message.created'] }

const refusedUrls: readonly (readonly [url: string, message: string])[] = [
  ['hooks', 'Url must be a whole URL'],
  ['file:///etc/passwd', 'Url must begin with https'],
  ['http://hooks.test/in', 'Url must begin with https'],
  ['https://ann:secret@hooks.test/in', 'Url must not have credentials in it'],
  ['https://hooks.test:25/in', 'Url must have the port 443, or one above 1023'],
  ['https://nowhere.test/in', 'Url must have a host that can be found'],
  ['https://inner.test/in', 'Url must have a public address'],
  ['https://mixed.test/in', 'Url must have a public address'],
  ['https://localhost:7300/', 'Url must have a public address'],
  ['https://127.0.0.1/', 'Url must have a public address'],
  ['https://2130706433/', 'Url must have a public address'],
  ['https://0x7f.1/', 'Url must have a public address'],
  ['https://[::1]/', 'Url must have a public address'],
  ['https://[::ffff:10.0.0.1]/', 'Url must have a public address'],
  ['https://169.254.169.254/latest/meta-data', 'Url must have a public address'],
  ['https://[fd00:ec2::254]/', 'Url must have a public address'],
  ['https://10.0.0.5/', 'Url must have a public address'],
]

function inner(app: TestApp): void {
  app.addresses.set('inner.test', ['10.0.0.5'])
  app.addresses.set('mixed.test', ['93.184.216.34', '127.0.0.1'])
}

const reservedNames = ['Host', 'content-type', 'Webhook-Id', 'X-Keva-Signature', 'User-Agent']

contract(createLine, { key: 'keva', call: createLine }, [
  {
    name: 'makes an endpoint with its secret, and announces it without',
    body: required,
    status: 201,
    reply: { data: { ...shown, events: required.events, secret } },
    events: ['webhook.created'],
    after(app, { body }) {
      const { data } = body as { data: { id: string; secret: string } }
      expect(liveSecrets(app)).toEqual([data.secret])
      const event = app.eventsAfter(app.lastSequence() - 1)[0]
      expect(JSON.parse(event?.body ?? '')).toEqual({
        id: 1,
        uid: data.id.slice(4),
        host: 'hooks.test',
      })
      const all = [...app.dump().values()].join()
      expect([all.includes(data.secret), all.includes(data.secret.slice(6))]).toEqual([
        false,
        false,
      ])
    },
  },
  {
    name: 'takes every field; headers are kept sealed and never shown',
    body: {
      ...required,
      events: ['ticket.created', 'ticket.created', 'note.created'],
      isActive: false,
      description: 'The shop',
      headers: { 'X-Token': 'open sesame' },
      ordered: true,
    },
    status: 201,
    reply: {
      data: {
        ...shown,
        events: ['ticket.created', 'note.created'],
        isActive: false,
        description: 'The shop',
        ordered: true,
        hasHeaders: true,
        secret,
      },
    },
    events: ['webhook.created'],
    after(app) {
      expect([...app.dump().values()].join()).not.toContain('open sesame')
      const headers = app.read(({ q }) => {
        const row = webhookById(q, 1)
        return row && headersOf(row, (sealed) => unseal(sealed, sealingOf(app)))
      })
      expect(headers).toEqual({ 'X-Token': 'open sesame' })
    },
  },
  {
    name: 'shows the secret again for the same Idempotency-Key, and to nobody who holds the database',
    given: [{ call: createLine, body: required, headers: { 'idempotency-key': 'once' } }],
    body: required,
    headers: { 'idempotency-key': 'once' },
    status: 201,
    reply: { data: { ...shown, events: required.events, secret } },
    answers: { 'idempotency-replayed': 'true' },
    after: (app, { body }) => {
      const { data } = body as { data: { secret: string } }
      expect(liveSecrets(app)).toEqual([data.secret])
      expect([...app.dump().values()].join()).not.toContain(data.secret)
    },
  },
  {
    name: 'needs a url and events',
    body: {},
    ...invalid(['url', 'Url is required'], ['events', 'Events is required']),
  },
  {
    name: 'collects every issue, in declared order, that of the vetted url first',
    body: {
      url: 'https://10.0.0.5/',
      events: ['ticket.*', 'ticket.deleted', 'ticket', 'api_key.created', 5],
      isActive: 'yes',
      description: 'x'.repeat(501),
      headers: {
        'X-Ok': 'yes',
        'X Bad': 'no',
        'X-Line': 'a\r\nb',
        Host: 'x',
        'x-ok': 'twice',
        'X-Num': 5,
      },
      ordered: 1,
    },
    ...invalid(
      ['url', 'Url must have a public address'],
      ['events.1', 'Invalid events.1. Must be an event type, ticket.* or *'],
      ['events.2', 'Invalid events.2. Must be an event type, ticket.* or *'],
      ['events.3', 'Invalid events.3. Must be an event type, ticket.* or *'],
      ['events.4', 'Invalid events.4 format'],
      ['isActive', 'Invalid is active format'],
      ['description', 'Description must be at most 500 characters'],
      [
        'headers.X Bad',
        'Invalid headers.X Bad. Must be a header that may be set, of printable text',
      ],
      [
        'headers.X-Line',
        'Invalid headers.X-Line. Must be a header that may be set, of printable text',
      ],
      ['headers.Host', 'Invalid headers.Host. Must be a header that may be set, of printable text'],
      ['headers.x-ok', 'Invalid headers.x-ok. Must be a header that may be set, of printable text'],
      [
        'headers.X-Num',
        'Invalid headers.X-Num. Must be a header that may be set, of printable text',
      ],
      ['ordered', 'Invalid ordered format'],
    ),
  },
  {
    name: 'refuses headers that would break out, or that are not for setting',
    body: {
      ...required,
      headers: {
        'X-Ok': 'yes',
        'X Bad': 'no',
        'X-Line': 'a\r\nb',
        'x-ok': 'twice',
        'X-Empty': '',
        ...Object.fromEntries(reservedNames.map((name) => [name, 'x'])),
      },
    },
    status: 422,
    reply(body: { details: { field: string }[] }) {
      expect(body.details.map(({ field }) => field)).toEqual([
        'headers.X Bad',
        'headers.X-Line',
        'headers.x-ok',
        'headers.X-Empty',
        ...reservedNames.map((name) => `headers.${name}`),
      ])
    },
  },
  {
    name: 'needs one event at least',
    body: { ...required, events: [] },
    ...invalid(['events', 'Events is required']),
  },
  ...refusedUrls.map(([url, message]): Row => ({
    name: `refuses ${url}`,
    given: inner,
    body: { ...required, url },
    ...invalid(['url', message]),
  })),
  ...kevaRefusals(createLine, 'kevaReader'),
])

const listLine = 'GET /api/v1/webhooks'

contract(listLine, { key: 'keva', call: listLine }, [
  {
    name: 'shows the newest first, without secrets',
    given: [...one(), ...one({ headers: { 'X-Token': 'open sesame' }, events: ['ticket.*'] })],
    status: 200,
    reply: {
      data: [{ ...shown, events: ['ticket.*'], hasHeaders: true }, shown],
      pagination: { page: 1, perPage: 20, total: 2, nextCursor: null },
    },
  },
  {
    name: 'goes on from a cursor, also among those of one moment',
    given: [...one(), ...one(), ...one(), readPage],
    call: `${listLine}?per_page=2&cursor={cursor}`,
    status: 200,
    reply: {
      data: [shown],
      pagination: { page: 1, perPage: 2, total: 3, nextCursor: null },
    },
  },
  {
    name: 'does not show those that were deleted',
    given: [...one(), ...one(), { call: 'DELETE /api/v1/webhooks/{webhook}' }],
    status: 200,
    reply: { data: [shown], pagination: { page: 1, perPage: 20, total: 1, nextCursor: null } },
  },
  ...kevaRefusals(listLine, 'kevaWriter'),
])

async function readPage(app: TestApp): Promise<void> {
  const { body } = await call(app, `${listLine}?per_page=2`, { key: 'keva' })
  const { pagination } = body as { pagination: { nextCursor: string } }
  app.named.set('cursor', pagination.nextCursor)
}

const getLine = 'GET /api/v1/webhooks/{webhook}'

contract(getLine, { key: 'keva', call: getLine, given: one() }, [
  { name: 'shows an endpoint', status: 200, reply: { data: shown } },
  {
    name: 'does so below /v1',
    call: 'GET /v1/webhooks/{webhook}',
    status: 200,
    reply: { data: shown },
  },
  {
    name: 'does so below /api',
    call: 'GET /api/webhooks/{webhook}',
    status: 200,
    reply: { data: shown },
  },
  { name: 'knows no other', call: `GET /api/v1/webhooks/${nobody}`, ...missing },
  ...kevaRefusals(getLine, 'kevaWriter'),
])

const patchLine = 'PATCH /api/v1/webhooks/{webhook}'
const updated = ['webhook.updated']

const disabled = (app: TestApp) =>
  app.sql(`UPDATE webhook_endpoints SET is_active = 0, disabled_reason = 'failing', disabled_at = 5,
    failing_since = 4, paused_until = 9`)

contract(patchLine, { key: 'keva', call: patchLine, given: one() }, [
  {
    name: 'changes what is sent',
    body: { events: ['ticket.*'], description: 'Shop', ordered: true, headers: { 'X-A': 'b' } },
    status: 200,
    reply: {
      data: {
        ...shown,
        events: ['ticket.*'],
        description: 'Shop',
        ordered: true,
        hasHeaders: true,
      },
    },
    events: updated,
    after(app) {
      const event = app.eventsAfter(app.lastSequence() - 1)[0]
      expect(JSON.parse(event?.body ?? '')).toMatchObject({
        fields: ['description', 'isOrdered', 'events', 'headers'],
      })
    },
  },
  {
    name: 'does nothing when nothing differs',
    body: { url: hookUrl, events: ['*'] },
    status: 200,
    reply: { data: shown },
  },
  {
    name: 'does nothing when the headers are the same',
    given: one({ headers: { 'X-A': 'b' } }),
    body: { headers: { 'X-A': 'b' } },
    status: 200,
    reply: { data: { ...shown, hasHeaders: true } },
  },
  {
    name: 'leaves headers out for null',
    given: one({ headers: { 'X-A': 'b' } }),
    body: { headers: null },
    status: 200,
    reply: { data: shown },
    events: updated,
  },
  {
    name: 'does not look up a url that stays',
    given: [...one(), (app) => app.addresses.clear()],
    body: { url: hookUrl, ordered: true },
    status: 200,
    reply: { data: { ...shown, ordered: true } },
    events: updated,
  },
  {
    name: 'vets a new url',
    body: { url: 'https://10.0.0.5/', ordered: 'x' },
    ...invalid(['url', 'Url must have a public address'], ['ordered', 'Invalid ordered format']),
  },
  {
    name: 'switches off',
    body: { isActive: false },
    status: 200,
    reply: { data: { ...shown, isActive: false } },
    events: ['webhook.disabled'],
  },
  {
    name: 'switches on again, and forgets why it was off',
    given: [...one(), disabled],
    body: { isActive: true },
    status: 200,
    reply: { data: shown },
    events: ['webhook.enabled'],
    after: (app) =>
      expect(app.dump().get('webhook_endpoints')).toContain(
        '"failing_since":null,"paused_until":null',
      ),
  },
  {
    name: 'keeps on why it was disabled when something else changes',
    given: [...one(), disabled],
    body: { description: 'Shop' },
    status: 200,
    reply: {
      data: {
        ...shown,
        description: 'Shop',
        isActive: false,
        disabledReason: 'failing',
        disabledAt: '1970-01-01T00:00:00Z',
        failingSince: '1970-01-01T00:00:00Z',
      },
    },
    events: updated,
  },
  { name: 'knows no other', call: `PATCH /api/v1/webhooks/${nobody}`, body: {}, ...missing },
  ...kevaRefusals(patchLine, 'kevaReader'),
])

const deleteLine = 'DELETE /api/v1/webhooks/{webhook}'

contract(deleteLine, { key: 'keva', call: deleteLine, given: one({ headers: { 'X-A': 'b' } }) }, [
  {
    name: 'deletes it with its secrets and headers, and tells it nothing more',
    status: 204,
    reply: undefined,
    events: ['webhook.deleted'],
    async after(app) {
      expect(liveSecrets(app)).toEqual([])
      expect(app.dump().get('webhook_endpoints')).toContain('"sealed_headers":null')
      await app.write((tx) => upsertCustomer(tx, 'ann@shop.test', 'Ann'))
      expect(storedDeliveries(app)).toEqual([])
      expect((await call(app, getLine, { key: 'keva' })).status).toBe(404)
    },
  },
  { name: 'does so once', given: [...one(), { call: deleteLine }], ...missing },
  { name: 'knows no other', call: `DELETE /api/v1/webhooks/${nobody}`, ...missing },
  ...kevaRefusals(deleteLine, 'kevaReader'),
])

const rotateLine = 'POST /api/v1/webhooks/{webhook}/rotate-secret'
const rotated = { call: rotateLine }
const later = (ms: number) => (app: TestApp) => app.advance(ms)
const dayMs = 24 * 60 * 60 * 1000

const rotation = {
  status: 200,
  events: ['webhook.secret_rotated'],
  reply: { data: { ...shown, secret, previousSecretExpiresAt: '2026-05-05T08:15:00Z' } },
}

contract(rotateLine, { key: 'keva', call: rotateLine, given: one() }, [
  {
    ...rotation,
    name: 'signs with the new secret and, for a day more, with the one before',
    after(app, { body }) {
      const { data } = body as { data: { secret: string } }
      const [newest, before, ...more] = liveSecrets(app)
      expect([newest, more]).toEqual([data.secret, []])
      app.advance(dayMs - 1)
      expect(liveSecrets(app)).toEqual([data.secret, before ?? ''])
      app.advance(1)
      expect(liveSecrets(app)).toEqual([data.secret])
    },
  },
  {
    ...rotation,
    name: 'has three live ones at most',
    given: [...one(), rotated, rotated, rotated],
    after(app) {
      expect(liveSecrets(app)).toHaveLength(3)
      expect(JSON.parse(app.dump().get('webhook_secrets') ?? '')).toHaveLength(3)
    },
  },
  {
    ...rotation,
    name: 'lets go of those that have expired',
    given: [...one(), rotated, later(dayMs)],
    reply: {
      data: {
        ...shown,
        updatedAt: '2026-05-05T08:15:00Z',
        secret,
        previousSecretExpiresAt: '2026-05-06T08:15:00Z',
      },
    },
    after: (app) => expect(JSON.parse(app.dump().get('webhook_secrets') ?? '')).toHaveLength(2),
  },
  { name: 'knows no other', call: `POST /api/v1/webhooks/${nobody}/rotate-secret`, ...missing },
  ...kevaRefusals(rotateLine, 'kevaReader'),
])

test('a network that the settings open may be called, encrypted or not', async () => {
  using app = await openTestApp({ privateNetworks: ['10.0.0.0/8'] })
  const statusOf = async (url: string) =>
    (await call(app, createLine, { key: 'keva', body: { ...required, url } })).status
  expect([await statusOf('http://10.0.0.5/in'), await statusOf('https://192.168.0.5/')]).toEqual([
    201, 422,
  ])
})

test('neither a secret nor a header is in the log', async () => {
  using app = await openTestApp()
  const body = { ...required, headers: { 'X-Token': 'open sesame' } }
  const made = await call(app, createLine, { key: 'keva', body })
  const { data } = made.body as { data: { id: string; secret: string } }
  await call(app, `POST /api/v1/webhooks/${data.id}/rotate-secret`, { key: 'keva' })
  const log = JSON.stringify([app.logged, app.calls])
  expect(app.calls.length).toBe(2)
  for (const word of ['open sesame', 'whsec_', 's3cret-path']) expect(log).not.toContain(word)
})
