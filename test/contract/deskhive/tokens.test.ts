import { describe, expect, spyOn, test } from 'bun:test'
import { rotateSigningKeys } from '../../../src/domain/signingkeys.ts'
import type { Audience } from '../../../src/domain/sessions.ts'
import { contract, type Row } from '../../support/contract.ts'
import { openTestApp, type TestApp } from '../../support/harness.ts'
import { expectDocumented, openLibrary } from '../../support/openapi.ts'
import {
  asPerson,
  groups,
  people,
  refresh,
  signedIn,
  signIn,
  trySignIn,
  withPasswords,
} from '../../support/people.ts'
import { agentTicket, mara, ticket } from '../../support/seed.ts'
import { call, type Answered, type Sending } from '../../support/send.ts'
import { meta } from './views.ts'

// A token in place of a key: who is let in, and that all else is as with a key.

const unauthenticated = { status: 401, reply: { message: 'Unauthenticated.' } }
const noKey = { status: 400, reply: { message: 'Missing header: X-API-KEY' } }
const authorized = (authorization: string) => ({ key: null, headers: { authorization } })

for (const group of groups) {
  const list = `GET /api/v1/${group}/tickets`
  const empty = {
    status: 200,
    reply: { ...(group === 'external' && { status: true }), data: [], meta: meta(0) },
  }
  const lower = async (app: TestApp) => {
    const bearer = `bearer  ${app.named.get(`${group}Token`)}`
    expect((await call(app, list, authorized(bearer))).status).toBe(200)
  }

  contract(`a token for ${list}`, { call: list, given: signedIn }, [
    { ...empty, name: 'opens it', key: asPerson[group] },
    {
      ...empty,
      name: 'opens it by the scheme in small letters',
      key: asPerson[group],
      after: lower,
    },
    { ...noKey, name: 'that is not sent leaves the words of the contract', key: null },
    { ...noKey, name: 'of another scheme is none', ...authorized('Basic eDp4') },
    { ...noKey, name: 'of a scheme that only begins alike is none', ...authorized('Bearers x') },
    { ...unauthenticated, name: 'that is empty is refused', ...authorized('Bearer') },
    { ...unauthenticated, name: 'that is none is refused', ...authorized('Bearer x') },
    { ...unauthenticated, name: 'twice is refused', ...authorized('Bearer a.b.c, Bearer a.b.c') },
    { ...unauthenticated, name: 'of 8 KB is refused', ...authorized(`Bearer ${'x'.repeat(8000)}`) },
    {
      ...unauthenticated,
      name: 'of the other group is refused',
      key: asPerson[group === 'internal' ? 'external' : 'internal'],
    },
    {
      name: 'beside a key counts for nothing',
      key: asPerson[group],
      headers: { 'x-api-key': 'nobody' },
      status: 401,
      reply: { message: 'Invalid API key' },
    },
    {
      ...empty,
      name: 'beside a blank key counts',
      key: asPerson[group],
      headers: { 'x-api-key': ' ' },
    },
  ])
}

test.each(groups)('the document of the %s group says what opens a row', async (group) => {
  const { documents } = await openLibrary()
  const { paths } = documents[group]
  const security = (path: string, method: string) => paths[path]?.[method]?.['security']
  expect(security('/tickets', 'get')).toEqual([{ key: [] }, { session: [] }])
  expect(security('/session', 'delete')).toEqual([{ session: [] }])
  for (const path of ['/session', '/session/refresh']) expect(security(path, 'post')).toEqual([])
})

test('a token of another workspace is refused', async () => {
  using app = await openTestApp()
  using elsewhere = await openTestApp()
  await withPasswords(app)
  await withPasswords(elsewhere)
  await elsewhere.write((tx) => rotateSigningKeys(tx, elsewhere.signing))
  elsewhere.advance(1000)
  const { access_token: bearer } = await signIn(elsewhere, 'internal')
  const line = 'GET /api/v1/internal/tickets'
  expect((await call(elsewhere, line, { key: { bearer } })).status).toBe(200)
  expect((await call(app, line, { key: { bearer } })).status).toBe(401)
})

test('a token of one session does not open another person’s by its id', async () => {
  using app = await openTestApp()
  await withPasswords(app)
  const { access_token: bearer } = await signIn(app, 'external')
  app.sql(`UPDATE sessions SET staff_id = 4`)
  const answer = await call(app, 'GET /api/v1/external/tickets', { key: { bearer } })
  expect(answer.status).toBe(401)
})

describe('when the signing key is rotated', () => {
  const line = 'GET /api/v1/internal/tickets'

  test('tokens of the former one are good until they expire, and new ones are of the new', async () => {
    using app = await openTestApp()
    await withPasswords(app)
    const before = await signIn(app, 'internal')
    const statusOf = async (bearer: string) => (await call(app, line, { key: { bearer } })).status
    expect(await statusOf(before.access_token)).toBe(200)
    app.advance(10_000)
    const kid = await app.write((tx) => rotateSigningKeys(tx, app.signing))
    app.advance(250)
    const after = await signIn(app, 'internal')
    expect(kidOf(after.access_token)).toBe(kid)
    expect(kidOf(before.access_token)).not.toBe(kid)
    expect([await statusOf(before.access_token), await statusOf(after.access_token)]).toEqual([
      200, 200,
    ])
    app.advance(900_000 - 10_250)
    expect([await statusOf(before.access_token), await statusOf(after.access_token)]).toEqual([
      401, 200,
    ])
    expect((await refresh(app, 'internal', before.refresh_token)).status).toBe(200)
  })
})

function kidOf(token: string): unknown {
  const [header = ''] = token.split('.')
  return (JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: unknown }).kid
}

const created = 'Created successfully'

/** Rows as they are with a key, here with a session. */
const asWithKey: readonly Row[] = [
  {
    name: 'an agent lists the tickets of that agent',
    key: asPerson.external,
    call: 'GET /api/v1/external/tickets',
    status: 200,
    reply: (body: unknown) => expect(body).toMatchObject({ data: [{ id: 1 }], meta: { total: 1 } }),
  },
  {
    name: 'an agent finds no ticket of others',
    given: [ticket, signedIn],
    key: asPerson.external,
    call: 'GET /api/v1/external/tickets/1',
    status: 404,
    reply: { message: 'Not found' },
  },
  {
    name: 'an agent answers as that agent',
    key: asPerson.external,
    call: 'POST /api/v1/external/tickets/1/messages',
    body: { content: 'Hi' },
    status: 201,
    reply: (body: unknown) =>
      expect(body).toMatchObject({
        data: { sender_type: 'Agent', sender: { name: people.external.name } },
        message: created,
      }),
    events: ['message.created'],
    after: (app) => expectActor(app, 'external'),
  },
  {
    name: 'an admin answers as that admin',
    key: asPerson.internal,
    call: 'POST /api/v1/internal/tickets/1/messages',
    body: { content: 'Hi' },
    status: 201,
    reply: (body: unknown) =>
      expect(body).toMatchObject({
        data: { sender_type: 'User', sender: { name: people.internal.name } },
      }),
    events: ['message.created'],
    after: (app) => expectActor(app, 'internal'),
  },
  {
    name: 'an admin holds every scope, and may make a special key',
    key: asPerson.internal,
    call: 'POST /api/v1/internal/api-keys',
    body: { name: 'Shop', type: 'internal', special: true, scopes: ['tickets:list'] },
    status: 201,
    reply: (body: unknown) =>
      expect(body).toMatchObject({ data: { special: true, scopes: ['tickets:list'] } }),
    events: ['api_key.created'],
    after(app) {
      const keys = JSON.parse(app.dump().get('api_keys') ?? '[]') as { owner_id: number }[]
      expect(keys.at(-1)?.owner_id).toBe(people.internal.id)
    },
  },
  {
    name: 'input is checked as ever',
    key: asPerson.internal,
    call: 'POST /api/v1/internal/customers',
    body: {},
    status: 422,
    reply: (body: unknown) =>
      expect(body).toMatchObject({ errors: { name: ['The name field is required.'] } }),
  },
]

contract('with a session', { given: [agentTicket, signedIn] }, asWithKey)

function expectActor(app: TestApp, group: Audience): void {
  expect(app.eventsAfter(0).at(-1)).toMatchObject({
    actorKind: 'staff',
    actorKeyId: null,
    actorStaffId: people[group].id,
    ipAddress: '192.0.2.7',
  })
}

describe('an Idempotency-Key of a session', () => {
  const line = 'POST /api/v1/internal/api-keys'
  const once = { 'idempotency-key': 'order-7781' }
  const body = { name: 'Shop', type: 'internal' }

  test('gives a secret again, to the person and in any session, and is sealed', async () => {
    using app = await openTestApp()
    await withPasswords(app)
    const one = { bearer: (await signIn(app, 'internal')).access_token }
    const two = { bearer: (await signIn(app, 'internal')).access_token }
    const first = await call(app, line, { key: one, headers: once, body })
    expect(first.status).toBe(201)
    const rows = app.dump()
    const again = await call(app, line, { key: two, headers: once, body })
    expect([again.status, again.text]).toEqual([201, first.text])
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(app.changedSince(rows)).toEqual([])
    const raw = (first.body as { data: { key: string } }).data.key
    expect([...app.dump().values()].join('\n')).not.toContain(raw)
    expect(JSON.parse(rows.get('idempotency') ?? '[]')).toMatchObject([
      { caller: `staff:${people.internal.id}`, is_sealed: 1 },
    ])
  })

  test('is not the one of a key, nor of another person', async () => {
    using app = await openTestApp()
    await mara(app)
    await signedIn(app)
    const customer = { name: 'Bo', email: 'bo@x.test' }
    const sent = (sending: Sending) =>
      call(app, 'POST /api/v1/internal/customers', { headers: once, body: customer, ...sending })
    const statuses: number[] = []
    for (const key of [asPerson.internal, 'special'] as const) {
      statuses.push((await sent({ key })).status)
    }
    expect(statuses).toEqual([201, 422])
    expect(
      (await sent({ key: asPerson.internal, body: { ...customer, phone: '1' } })).body,
    ).toEqual({
      message: 'The Idempotency-Key was used with another request.',
    })
  })

  test('means nothing before anybody is known: signing in twice opens two sessions', async () => {
    using app = await openTestApp()
    await withPasswords(app)
    const answers: Answered[] = []
    for (let n = 0; n < 2; n++) {
      answers.push(await trySignIn(app, 'internal', {}, { headers: once }))
    }
    expect(answers.map(({ status }) => status)).toEqual([201, 201])
    expect(new Set(answers.map(({ text }) => text)).size).toBe(2)
    expect(app.dump().get('idempotency')).toBe('[]')
  })
})

describe.each(groups)('wrong passwords of the %s group', (group) => {
  const wrong = { password: 'wrong' }
  const minuteMs = 60_000

  async function fail(app: TestApp, count: number, fields: object = wrong): Promise<void> {
    for (let n = 0; n < count; n++) {
      expect((await trySignIn(app, group, fields)).status).toBe(401)
    }
  }

  test('lock the account for the address after ten, also for the right password', async () => {
    using app = await openTestApp()
    await withPasswords(app)
    await fail(app, 4)
    app.advance(minuteMs)
    await fail(app, 6)
    const rows = app.dump()
    const refused = await trySignIn(app, group)
    expect([refused.status, refused.body]).toEqual([429, { message: 'Too Many Attempts.' }])
    expect(refused.headers.get('retry-after')).toBe(String(14 * 60))
    expect(refused.headers.get('x-ratelimit-limit')).toBe('10')
    expect(app.changedSince(rows)).toEqual([])
    await expectDocumented(refused.request, refused)
    app.advance(14 * minuteMs - 1)
    expect((await trySignIn(app, group)).status).toBe(429)
    app.advance(1)
    expect((await trySignIn(app, group)).status).toBe(201)
    await fail(app, 9)
  })

  test('lock nobody else, and not the person elsewhere', async () => {
    using app = await openTestApp()
    await withPasswords(app)
    await fail(app, 10)
    const key = { bearer: 'x' }
    expect((await call(app, `GET /api/v1/${group}/tickets`, { key })).status).toBe(401)
    expect((await trySignIn(app, group === 'internal' ? 'external' : 'internal')).status).toBe(201)
    app.callFrom('192.0.2.8')
    expect((await trySignIn(app, group)).status).toBe(201)
  })

  test('lock an account that does not exist alike', async () => {
    using app = await openTestApp()
    await withPasswords(app)
    const nobody = { email: 'nobody@northwind.test' }
    await fail(app, 10, nobody)
    const refused = await trySignIn(app, group, { email: 'Nobody@northwind.test' })
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '900'])
  })

  test('lock the account everywhere after a hundred', async () => {
    using app = await openTestApp()
    await withPasswords(app)
    for (let n = 0; n < 10; n++) {
      app.callFrom(`198.51.100.${n}`)
      await fail(app, 10)
    }
    app.callFrom('192.0.2.7')
    expect((await trySignIn(app, group)).status).toBe(429)
    app.advance(15 * minuteMs)
    expect((await trySignIn(app, group)).status).toBe(201)
  })

  test('at the same time cannot be more than ten', async () => {
    using app = await openTestApp()
    await withPasswords(app)
    const tries = Array.from({ length: 30 }, () => trySignIn(app, group, wrong))
    const statuses = (await Promise.all(tries)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 401)).toHaveLength(10)
    expect(statuses.filter((status) => status === 429)).toHaveLength(20)
  })

  test('take one hash to check, and answer the same text, whoever is meant', async () => {
    using app = await openTestApp()
    await withPasswords(app)
    const nobody = { email: 'nobody@northwind.test' }
    await trySignIn(app, group, nobody)
    using verify = spyOn(Bun.password, 'verify')
    using hash = spyOn(Bun.password, 'hash')
    const seen: unknown[] = []
    for (const fields of [wrong, nobody]) {
      const { status, text, headers } = await trySignIn(app, group, fields)
      seen.push([
        status,
        text,
        [...headers.keys()],
        verify.mock.calls.length,
        hash.mock.calls.length,
      ])
      verify.mockClear()
    }
    expect(seen[0]).toEqual(seen[1])
    expect(seen[0]).toMatchObject([401, expect.any(String), expect.any(Array), 1, 0])
  })

  test('are told in the log, by account and address, and in no event', async () => {
    using app = await openTestApp()
    await withPasswords(app)
    const before = app.lastSequence()
    await trySignIn(app, group, { email: people[group].email.toUpperCase(), ...wrong })
    const broken = await trySignIn(app, group, { email: 'a\r\nb@x.test', ...wrong })
    expect(broken.status).toBe(422)
    expect(app.logged).toEqual([
      {
        level: 'info',
        what: 'sign-in failed',
        facts: { account: people[group].email, group, address: '192.0.2.7' },
      },
    ])
    expect(app.eventsAfter(before)).toEqual([])
  })
})

test('whoever would wait too long for a check is told to come later', async () => {
  const rates = { kevaPerMinute: 0, supportDeskPerMinute: 0, unauthenticatedPerMinute: 0 }
  using app = await openTestApp({ rates })
  const held = Promise.withResolvers<boolean>()
  using _ = spyOn(Bun.password, 'verify').mockImplementation(() => held.promise)
  const tries = Array.from({ length: 300 }, (__, n) =>
    trySignIn(app, 'internal', { email: `nobody${n}@northwind.test` }),
  )
  const refused = await Promise.race(tries)
  expect([refused.status, refused.body]).toEqual([503, { message: 'Service Unavailable' }])
  await expectDocumented(refused.request, refused)
  held.resolve(false)
  const statuses = (await Promise.all(tries)).map(({ status }) => status)
  expect(statuses.filter((status) => status === 401)).toHaveLength(250)
  expect(statuses.filter((status) => status === 503)).toHaveLength(50)
})
