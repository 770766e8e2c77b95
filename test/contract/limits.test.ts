import { describe, expect, test } from 'bun:test'
import { expectCommonHeaders } from '../support/contract.ts'
import { openTestApp, T0, type KeyName, type TestApp } from '../support/harness.ts'
import { expectDocumented } from '../support/openapi.ts'
import { call, type Answered, type Sending } from '../support/send.ts'

// keva.md 3.3, deskhive.md 2.6: the headers on every answer, and what they promise.

type Probe = Sending & {
  readonly line: string
  readonly status: number
  readonly remaining: number
}

const minimal = { subject: 'Hello', customerEmail: 'ann@shop.test', body: 'Where is it?' }
const large = 'x'.repeat(1024 * 1024 + 1)

const kevaProbes: readonly Probe[] = [
  { line: 'GET /api/v1/tickets', key: 'keva', status: 200, remaining: 99 },
  { line: 'POST /api/v1/tickets', key: 'keva', body: minimal, status: 201, remaining: 99 },
  { line: 'POST /api/v1/tickets', key: 'keva', body: '{', status: 400, remaining: 99 },
  { line: 'GET /api/v1/tickets', key: null, status: 401, remaining: 59 },
  { line: 'GET /api/v1/tickets', key: 'kevaRevoked', status: 401, remaining: 59 },
  { line: 'GET /api/v1/tickets', key: 'kevaWriter', status: 403, remaining: 99 },
  { line: 'GET /api/v1/tickets/tkt_x', key: 'keva', status: 404, remaining: 99 },
  { line: 'GET /api/v1/nothing', key: 'keva', status: 404, remaining: 60 },
  { line: 'DELETE /api/v1/tickets', key: 'keva', status: 405, remaining: 60 },
  { line: 'POST /api/v1/tickets', key: 'keva', body: large, status: 400, remaining: 99 },
  { line: 'POST /api/v1/tickets', key: 'keva', body: {}, status: 422, remaining: 99 },
]

const deskHiveProbes: readonly Probe[] = [
  { line: 'GET /api/v1/health-check', key: null, status: 200, remaining: 599 },
  { line: 'GET /api/v1/internal/tickets', key: 'special', status: 200, remaining: 599 },
  {
    line: 'POST /api/v1/internal/customers',
    key: 'special',
    body: { name: 'Bo', email: 'bo@x.test' },
    status: 201,
    remaining: 599,
  },
  { line: 'GET /api/v1/internal/tickets', key: null, status: 400, remaining: 59 },
  { line: 'GET /api/v1/internal/tickets', key: 'agent', status: 401, remaining: 59 },
  { line: 'GET /api/v1/external/tickets', key: 'agentless', status: 401, remaining: 599 },
  { line: 'GET /api/v1/internal/tickets', key: 'plain', status: 403, remaining: 599 },
  { line: 'GET /api/v1/internal/tickets/9', key: 'special', status: 404, remaining: 599 },
  { line: 'GET /api/v1/external/nothing', key: 'agent', status: 404, remaining: 60 },
  { line: 'PUT /api/v1/internal/tickets', key: 'special', status: 405, remaining: 60 },
  {
    line: 'POST /api/v1/internal/tickets',
    key: 'special',
    body: large,
    status: 413,
    remaining: 599,
  },
  { line: 'POST /api/v1/internal/tickets', key: 'special', body: {}, status: 422, remaining: 599 },
]

async function expectPromises(answer: Answered): Promise<void> {
  expectCommonHeaders(answer)
  await expectDocumented(answer.request, answer)
}

function header(answer: Answered, name: string): number {
  return Number(answer.headers.get(name))
}

describe('rate headers', () => {
  for (const { line, status, remaining, ...sending } of [...kevaProbes, ...deskHiveProbes]) {
    test(`on ${status}: ${line} with ${JSON.stringify(sending.key)}`, async () => {
      using app = await openTestApp()
      const answer = await call(app, line, sending)
      expect([answer.status, header(answer, 'x-ratelimit-remaining')]).toEqual([status, remaining])
      await expectPromises(answer)
    })
  }
})

describe('a fault of ours', () => {
  const broken = [
    ['GET /api/v1/tickets', 'keva', undefined, { error: 'Internal server error' }],
    ['POST /api/v1/tickets', 'keva', minimal, { error: 'Internal server error' }],
    ['GET /api/v1/internal/tickets', 'special', undefined, { message: 'Server Error' }],
    [
      'POST /api/v1/internal/customers',
      'special',
      { name: 'Bo', email: 'bo@x.test' },
      { message: 'Server Error' },
    ],
    ['GET /api/v1/external/tickets', 'agent', undefined, { message: 'Server Error' }],
  ] as const

  for (const [line, key, body, reply] of broken) {
    test(`${line} is 500, says nothing of it, and is logged`, async () => {
      using app = await openTestApp()
      await call(app, line, { key, body: {} })
      breakDesk(app)
      const answer = await call(app, line, { key, body })
      expect([answer.status, answer.body]).toEqual([500, reply])
      await expectPromises(answer)
      expect(app.logged.map((entry) => entry.what)).toEqual(['request failed'])
      expect(String(app.logged[0]?.err)).toMatch(/broken|no such table/)
    })
  }
})

/** From now on every read of tickets and every new event fails. */
function breakDesk(app: TestApp): void {
  app.sql(`DROP TRIGGER IF EXISTS broken;
    CREATE TRIGGER broken BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'broken'); END;
    ALTER TABLE ticket_counts RENAME TO broken_counts;`)
}

type Dialect = {
  readonly line: string
  readonly key: KeyName
  readonly limit: number
  readonly body: object
}

const dialects: readonly Dialect[] = [
  {
    line: 'GET /api/v1/tickets',
    key: 'keva',
    limit: 100,
    body: { error: 'Rate limit exceeded' },
  },
  {
    line: 'GET /api/v1/internal/tickets',
    key: 'special',
    limit: 600,
    body: { message: 'Too Many Attempts.' },
  },
  {
    line: 'GET /api/v1/external/tickets',
    key: 'agent',
    limit: 600,
    body: { message: 'Too Many Attempts.' },
  },
]

async function spend(app: TestApp, { line, key, limit }: Dialect): Promise<void> {
  for (let left = limit - 1; left >= 0; left--) {
    const answer = await call(app, line, { key })
    expect([answer.status, header(answer, 'x-ratelimit-remaining')]).toEqual([200, left])
  }
}

for (const dialect of dialects) {
  const { line, key, limit, body } = dialect
  const once = (app: TestApp) => call(app, line, { key })

  describe(`the limit of ${line}`, () => {
    test('is met by exactly so many calls, and the next is refused', async () => {
      using app = await openTestApp()
      await spend(app, dialect)
      const refused = await once(app)
      expect([refused.status, refused.body]).toEqual([429, body])
      expect(header(refused, 'x-ratelimit-limit')).toBe(limit)
      expect(header(refused, 'x-ratelimit-remaining')).toBe(0)
      expect(header(refused, 'retry-after')).toBe(1)
      expect(header(refused, 'x-ratelimit-reset')).toBe(T0 / 1000 + 60)
      await expectPromises(refused)
    })

    test('lets a call through after Retry-After, and none before a call has grown', async () => {
      using app = await openTestApp()
      await spend(app, dialect)
      const retryMs = header(await once(app), 'retry-after') * 1000
      const growMs = Math.ceil(60_000 / limit)
      app.advance(growMs - 1)
      expect((await once(app)).status).toBe(429)
      app.advance(retryMs - (growMs - 1))
      expect((await once(app)).status).toBe(200)
    })

    test('is whole again at Reset, and not a second before', async () => {
      using app = await openTestApp()
      await spend(app, dialect)
      const refused = await once(app)
      const resetMs = header(refused, 'x-ratelimit-reset') * 1000 - T0
      app.advance(resetMs - 1000)
      const early = await once(app)
      expect(header(early, 'x-ratelimit-remaining')).toBeLessThan(limit - 1)
      app.advance(1000 + 60_000 / limit)
      expect(header(await once(app), 'x-ratelimit-remaining')).toBe(limit - 1)
    })

    test.each([3_600_000, -3_600_000])('does not see the wall clock move by %d ms', async (ms) => {
      using app = await openTestApp()
      await spend(app, dialect)
      app.shiftWallClock(ms)
      const refused = await once(app)
      expect(refused.status).toBe(429)
      expect(header(refused, 'retry-after')).toBe(1)
      expect(header(refused, 'x-ratelimit-reset')).toBe((T0 + ms) / 1000 + 60)
    })

    test('is counted for each key alone, and writes nothing', async () => {
      using app = await openTestApp()
      const rows = app.dump()
      await spend(app, dialect)
      expect((await once(app)).status).toBe(429)
      const others = { keva: 'kevaReader', special: 'scoped', agent: 'otherAgent' } as const
      const other = others[key as keyof typeof others]
      expect((await call(app, line, { key: other })).status).toBe(200)
      expect(app.changedSince(rows)).toEqual([])
    })
  })
}

describe('Retry-After', () => {
  test('of a slow limit is true to the second', async () => {
    const rates = { kevaPerMinute: 2, supportDeskPerMinute: 2, unauthenticatedPerMinute: 60 }
    using app = await openTestApp({ rates })
    const once = () => call(app, 'GET /api/v1/internal/tickets', { key: 'special' })
    await once()
    await once()
    const refused = await once()
    expect(header(refused, 'retry-after')).toBe(30)
    app.advance(29_000)
    const early = await once()
    expect([early.status, header(early, 'retry-after')]).toEqual([429, 1])
    app.advance(1000)
    expect((await once()).status).toBe(200)
  })

  test('is gone with the limit when it is switched off, and so are the headers', async () => {
    const rates = { kevaPerMinute: 0, supportDeskPerMinute: 0, unauthenticatedPerMinute: 0 }
    using app = await openTestApp({ rates })
    for (let n = 0; n < 700; n++) {
      const answer = await call(app, 'GET /api/v1/tickets', { key: 'keva' })
      expect(answer.status).toBe(200)
      expect(answer.headers.has('x-ratelimit-limit')).toBe(false)
    }
  })
})

describe('callers without a good key', () => {
  const strangers: readonly Sending[] = [
    { key: null },
    { key: { raw: 'keva_live_nobody' } },
    { key: 'kevaExpired' },
    { key: 'kevaRevoked' },
  ]

  test('share a bucket for each address, whatever they send', async () => {
    using app = await openTestApp()
    for (let n = 0; n < 60; n++) {
      const { status } = await call(app, 'GET /api/v1/tickets', strangers[n % 4])
      expect(status).toBe(401)
    }
    const headers = { 'x-forwarded-for': '203.0.113.9', forwarded: 'for=203.0.113.9' }
    const refused = await call(app, 'GET /api/v1/tickets', { headers })
    expect([refused.status, refused.body]).toEqual([429, { error: 'Rate limit exceeded' }])
    await expectPromises(refused)
    const deskHive = await call(app, 'GET /api/v1/internal/tickets', { key: { raw: 'x' } })
    expect([deskHive.status, deskHive.body]).toEqual([429, { message: 'Too Many Attempts.' }])
    await expectPromises(deskHive)
    expect((await call(app, 'GET /api/v1/tickets', { key: 'keva' })).status).toBe(200)
    app.callFrom('192.0.2.8')
    expect((await call(app, 'GET /api/v1/tickets')).status).toBe(401)
  })

  test('share a bucket for each IPv6 network', async () => {
    using app = await openTestApp()
    for (let n = 0; n < 60; n++) {
      app.callFrom(`2001:db8:1:2::${n.toString(16)}`)
      expect((await call(app, 'GET /api/v1/tickets')).status).toBe(401)
    }
    expect((await call(app, 'GET /api/v1/tickets')).status).toBe(429)
    app.callFrom('2001:db8:1:3::1')
    expect((await call(app, 'GET /api/v1/tickets')).status).toBe(401)
  })
})
