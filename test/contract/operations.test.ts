import { describe, expect, test } from 'bun:test'
import { openTestApp, type KeyName, type TestApp } from '../support/harness.ts'
import { call } from '../support/send.ts'

// What an operator asks of a server: is it alive, can it work, and how does it do.

async function get(app: TestApp, path: string, headers: { readonly [name: string]: string } = {}) {
  const request = new Request(`http://desk.test${path}`, {
    headers: { host: 'desk.test', ...headers },
  })
  const response = await app.app.handle(request)
  return { status: response.status, headers: response.headers, text: await response.text() }
}

describe('GET /health/live', () => {
  test('says that the process answers, to anybody', async () => {
    using app = await openTestApp()
    const { status, text } = await get(app, '/health/live')
    expect([status, JSON.parse(text)]).toEqual([200, { status: 'live' }])
  })
})

describe('GET /health/ready', () => {
  test('is 200 when all is well', async () => {
    using app = await openTestApp()
    app.app.probes.push({ name: 'disk', look: () => ({ isWell: true, detail: '900 MiB free' }) })
    const { status, text } = await get(app, '/health/ready')
    expect([status, JSON.parse(text)]).toEqual([
      200,
      { status: 'ready', checks: { disk: { ok: true, detail: '900 MiB free' } } },
    ])
  })

  test('is 200 when what is amiss keeps no call from its answer', async () => {
    using app = await openTestApp()
    app.app.probes.push({
      name: 'backups',
      look: () => ({ isWell: false, isMinor: true, detail: 'failed' }),
    })
    const { status, text } = await get(app, '/health/ready')
    expect([status, JSON.parse(text)]).toEqual([
      200,
      { status: 'ready', checks: { backups: { ok: false, detail: 'failed' } } },
    ])
  })

  test('is 503 when something is not, or cannot be looked at', async () => {
    using app = await openTestApp()
    app.app.probes.push(
      { name: 'disk', look: () => ({ isWell: false, detail: '3 MiB free' }) },
      {
        name: 'jobs',
        look() {
          throw new Error('SELECT secret FROM path')
        },
      },
    )
    const { status, text } = await get(app, '/health/ready')
    expect(status).toBe(503)
    expect(JSON.parse(text)).toEqual({
      status: 'not ready',
      checks: {
        disk: { ok: false, detail: '3 MiB free' },
        jobs: { ok: false, detail: 'cannot be looked at' },
      },
    })
  })
})

async function used(): Promise<TestApp> {
  const app = await openTestApp()
  await call(app, 'GET /api/v1/tickets', { key: 'keva' })
  await call(app, 'GET /v1/tickets', { key: 'keva' })
  await call(app, 'GET /api/v1/internal/tickets', { key: null })
  await call(app, 'GET /api/v1/external/tickets', { key: 'agent' })
  return app
}

describe('GET /metrics', () => {
  const figures = /^deskbox_http_requests_total\{audience="keva",status="200"\} 2$/m

  test('counts answers by whom they were for, for this machine itself', async () => {
    using app = await used()
    app.callFrom('127.0.0.1')
    const { status, headers, text } = await get(app, '/metrics')
    expect(status).toBe(200)
    expect(headers.get('content-type')).toStartWith('text/plain')
    expect(text).toMatch(figures)
    expect(text).toContain('deskbox_http_requests_total{audience="internal",status="400"} 1')
    expect(text).toContain('deskbox_http_request_seconds_count{audience="external"} 1')
    expect(text).toMatch(/^# TYPE deskbox_http_request_seconds histogram$/m)
  })

  test('counts what the limiter refuses', async () => {
    const rates = { kevaPerMinute: 1, supportDeskPerMinute: 1, unauthenticatedPerMinute: 1 }
    using app = await openTestApp({ rates })
    for (let n = 0; n < 3; n++) await call(app, 'GET /api/v1/tickets', { key: 'keva' })
    app.callFrom('::1')
    const { text } = await get(app, '/metrics')
    expect(text).toContain('deskbox_limiter_refusals_total{audience="keva"} 2')
  })

  test('reads a gauge when it is asked for', async () => {
    using app = await openTestApp()
    let depth = 3
    app.app.metrics.gauge({ name: 'deskbox_depth', help: 'Depth', read: () => depth })
    const states = new Map([['pending', 4]])
    app.app.metrics.gauge({
      name: 'deskbox_states',
      help: 'By state',
      label: 'state',
      read: () => states,
    })
    app.callFrom('127.0.0.1')
    expect((await get(app, '/metrics')).text).toMatch(/^deskbox_depth 3$/m)
    depth = 5
    states.delete('pending')
    const { text } = await get(app, '/metrics')
    expect(text).toMatch(/^deskbox_depth 5$/m)
    expect(text).not.toContain('state="pending"')
  })

  test.each([
    ['no key', {}, 403],
    ['an unknown key', { 'x-api-key': 'nobody' }, 403],
    ['an agent', { key: 'agent' }, 403],
    ['a key without the scope', { key: 'plain' }, 403],
    ['a key of Keva with other scopes', { key: 'kevaReader' }, 403],
    ['a revoked key', { key: 'internalRevoked' }, 403],
    ['an expired key', { key: 'internalExpired' }, 403],
    ['a special key', { key: 'special' }, 200],
    ['a key of Keva for everything', { key: 'keva' }, 200],
  ] as [string, { key?: KeyName }, number][])('from elsewhere with %s', async (_, sent, status) => {
    using app = await openTestApp()
    const { key, ...headers } = sent
    const raw = key && app.raw(key)
    const isKeva = raw?.startsWith('keva_')
    const by = raw
      ? { [isKeva ? 'authorization' : 'x-api-key']: isKeva ? `Bearer ${raw}` : raw }
      : {}
    expect((await get(app, '/metrics', { ...headers, ...by })).status).toBe(status)
  })

  test.each([
    ['x-forwarded-for', '203.0.113.9'],
    ['forwarded', 'for=203.0.113.9'],
    ['x-real-ip', '203.0.113.9'],
  ])('from this machine, handed on by a proxy that nobody has named: %s', async (name, value) => {
    using app = await openTestApp()
    app.callFrom('127.0.0.1')
    expect((await get(app, '/metrics', { [name]: value })).status).toBe(403)
    const key = app.raw('special')
    expect((await get(app, '/metrics', { [name]: value, 'x-api-key': key })).status).toBe(200)
  })

  test('is for a key that was given the scope', async () => {
    using app = await openTestApp()
    const body = { name: 'Prometheus', type: 'internal', scopes: ['metrics:read'] }
    const made = await call(app, 'POST /api/v1/internal/api-keys', { key: 'special', body })
    const { key } = (made.body as { data: { key: string } }).data
    expect((await get(app, '/metrics', { 'x-api-key': key })).status).toBe(200)
  })
})

describe('each call', () => {
  test('has an id in its answer and in its line', async () => {
    using app = await openTestApp()
    const answer = await call(app, 'GET /api/v1/tickets?status=open', { key: 'keva' })
    const id = answer.headers.get('x-request-id') ?? ''
    expect(id).toMatch(/^[0-9a-f]{12}-1$/)
    expect(app.calls).toEqual([
      { id, method: 'GET', path: '/api/v1/tickets', status: 200, ms: 0, address: '192.0.2.7' },
    ])
  })

  test.each([
    ['taken', 'proxy-4711', 'proxy-4711'],
    ['not taken when it is no plain word', 'a b', null],
    ['not taken when it is too long', 'x'.repeat(101), null],
  ])('the id of a proxy is %s', async (_, sent, id) => {
    using app = await openTestApp()
    const { headers } = await get(app, '/api/v1/health-check', { 'x-request-id': sent })
    const given = headers.get('x-request-id')
    expect(given === sent).toBe(id !== null)
  })

  test('has one whatever becomes of it: refused, unknown, redirected, broken', async () => {
    using app = await openTestApp()
    const lines = ['/', '/nowhere', '/docs', '/health/live', '/api/v1/tickets', '/metrics']
    for (const path of lines) {
      const { headers } = await get(app, path)
      expect([path, headers.get('x-request-id')]).toEqual([
        path,
        expect.stringMatching(/^[0-9a-f]{12}-\w+$/),
      ])
    }
    expect(app.calls.map(({ path }) => path)).toEqual(lines)
    app.sql('ALTER TABLE ticket_counts RENAME TO broken_counts')
    const broken = await call(app, 'GET /api/v1/tickets', { key: 'keva' })
    expect(broken.status).toBe(500)
    const id = broken.headers.get('x-request-id')
    expect(app.logged.find(({ what }) => what === 'request failed')?.facts).toMatchObject({ id })
  })
})
