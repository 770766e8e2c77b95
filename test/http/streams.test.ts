import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { upsertCustomer } from '../../src/domain/customers.ts'
import { createKey, revokeKey } from '../../src/domain/keys.ts'
import { updateTicket } from '../../src/domain/tickets.ts'
import { keyId, openTestApp, staff, type TestApp } from '../support/harness.ts'
import { asPerson, signedIn } from '../support/people.ts'
import { manyTickets, openTicket, ticket } from '../support/seed.ts'
import { call, type KeyChoice } from '../support/send.ts'
import { openStream, type Message } from '../support/stream.ts'

// Streams of events in a whole app. Nothing is read but what a test reads.

const keva = 'GET /api/v1/events/stream'
const internal = 'GET /api/v1/internal/events/stream'

let app: TestApp
beforeEach(async () => {
  app = await openTestApp()
})
afterEach(() => app[Symbol.dispose]())

const label = (n: number) =>
  app.write((tx) => void upsertCustomer(tx, `c${n}@shop.test`, `Customer ${n}`))

const ids = (messages: readonly Message[]) => messages.map(({ id }) => Number(id))

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, n) => from + n)

/** The data of every event past a sequence, as a list shows them. */
async function listed(after: number): Promise<unknown[]> {
  const { body } = await call(app, `GET /api/v1/events?after=${after}&limit=1000`, { key: 'keva' })
  return (body as { data: unknown[] }).data
}

describe('what is sent', () => {
  test('is what happens from now on, as a list would show it', async () => {
    await ticket(app)
    const start = app.lastSequence()
    const stream = await openStream(app, keva, { key: 'keva' })
    expect(stream.headers.get('content-type')).toBe('text/event-stream')
    expect(stream.headers.get('cache-control')).toBe('no-store')
    expect(stream.headers.get('x-ratelimit-remaining')).toBe('99')
    expect([stream.parser.lastEventId, stream.parser.retry]).toEqual([String(start), '3000'])
    await app.write((tx) => updateTicket(tx, 1, { priority: 'urgent' }))
    await openTicket(app, { subject: 'A line\nand another' })
    const messages = await stream.messages(3)
    expect(messages.map(({ data }) => JSON.parse(data) as unknown)).toEqual(await listed(start))
    expect(messages.map(({ event }) => event)).toEqual([
      'ticket.updated',
      'ticket.created',
      'message.created',
    ])
    expect(ids(messages)).toEqual([start + 1, start + 2, start + 3])
    await stream.cancel()
  })

  test('is the same in both dialects', async () => {
    const streams = [
      await openStream(app, keva, { key: 'keva' }),
      await openStream(app, internal, { key: 'special' }),
      await openStream(app, 'GET /v1/events/stream', { key: 'keva' }),
      await openStream(app, 'GET /api/events/stream', { key: 'keva' }),
    ]
    await ticket(app)
    const [first, ...others] = await Promise.all(streams.map((stream) => stream.messages(3)))
    expect(first?.map(({ event }) => event)).toEqual([
      'customer.created',
      'ticket.created',
      'message.created',
    ])
    for (const other of others) expect(other).toEqual(first ?? [])
  })

  test('begins past `after`, and past `Last-Event-ID` first', async () => {
    const start = app.lastSequence()
    await manyTickets(app, 5)
    const end = app.lastSequence()
    const at = async (query: string, headers = {}) => {
      const stream = await openStream(app, `${keva}?after=${query}`, { key: 'keva', headers })
      return ids(await stream.messages(1))
    }
    expect(await at(String(start))).toEqual([start + 1])
    expect(await at(String(end - 1))).toEqual([end])
    expect(await at(String(start), { 'last-event-id': String(end - 1) })).toEqual([end])
    expect(await at('x', { 'last-event-id': String(end - 2) })).toEqual([end - 1])
    expect(await at(String(end - 1), { 'last-event-id': '' })).toEqual([end])
  })

  test('is only of the types that are asked for; the others move the position', async () => {
    const line = `${keva}?types=ticket.closed`
    const stream = await openStream(app, line, { key: 'keva' })
    await ticket(app)
    app.advance(15_000)
    app.app.streams.beat()
    expect(await stream.comment()).toBe('')
    expect(stream.parser.lastEventId).toBe(String(app.lastSequence()))
    await app.write((tx) => updateTicket(tx, 1, { status: { to: 'solved', unless: [] } }))
    expect((await stream.messages(1)).map(({ event }) => event)).toEqual(['ticket.closed'])
  })

  test('is what another process wrote, within a second', async () => {
    const stream = await openStream(app, keva, { key: 'keva' })
    app.app.streams.beat()
    app.sql(`INSERT INTO events (uid, type, actor_kind, body, created_at)
      VALUES ('01', 'label.created', 'system', '{"id":1,"name":"a"}', 0)`)
    app.app.streams.beat()
    expect(await stream.messages(1)).toMatchObject([{ event: 'label.created' }])
  })

  test('comes once and in order to a reader who stops for a minute, and to one who comes again', async () => {
    const start = app.lastSequence()
    const slow = await openStream(app, keva, { key: 'keva' })
    const leaving = await openStream(app, internal, { key: 'special' })
    await label(0)
    await Promise.all([slow.messages(1), leaving.messages(1)])
    await leaving.cancel()
    for (let round = 0; round < 50; round++) {
      await app.write((tx) => {
        for (let n = 1; n <= 100; n++) upsertCustomer(tx, `c${round * 100 + n}@shop.test`, 'x')
      })
      app.advance(1200)
      app.app.streams.beat()
    }
    const headers = { 'last-event-id': leaving.parser.lastEventId }
    const again = await openStream(app, internal, { key: 'special', headers })
    const [read, resumed] = await Promise.all([slow.messages(5000), again.messages(5000)])
    expect(ids(read)).toEqual(numbers(start + 2, start + 5001))
    expect(resumed).toEqual(read)
    await label(9999)
    expect(ids(await slow.messages(1))).toEqual([start + 5002])
  })

  test('ends for a reader who is so late that events are no longer kept', async () => {
    const stream = await openStream(app, `${keva}?types=ticket.*`, { key: 'keva' })
    await manyTickets(app, 400)
    await stream.messages(1)
    app.sql('DELETE FROM events')
    expect((await stream.rest()).length).toBeLessThan(400)
    expect(stream.parser.comments).toEqual(['come again'])
    const headers = { 'last-event-id': stream.parser.lastEventId }
    expect((await call(app, keva, { key: 'keva', headers })).status).toBe(410)
  })
})

async function expectEnd(key: KeyChoice, line: string, cause: () => unknown): Promise<void> {
  const stream = await openStream(app, line, { key })
  const start = app.lastSequence()
  await cause()
  app.app.streams.beat()
  await label(1)
  // What takes the right away is the last that there could be.
  expect(ids(await stream.rest()).filter((id) => id > start + 1)).toEqual([])
  expect(stream.parser.comments.at(-1)).toBe('access has ended')
  expect(app.app.streams.size).toBe(0)
}

describe('whoever may read no more', () => {
  test.each(['keva', 'special'] as const)('a revoked key: %s', async (key) => {
    const line = key === 'keva' ? keva : internal
    await expectEnd(key, line, () => app.write((tx) => void revokeKey(tx, keyId(key))))
  })

  test('a key that has expired', async () => {
    const raw = await app.write((tx) => createKey(tx, { ...fields, expiresAt: tx.now + 5000 }).raw)
    await expectEnd({ raw }, keva, () => app.advance(5000))
  })

  test('a key whose scope was taken', async () => {
    const path = `/api/v1/internal/api-keys/${keyId('scoped')}`
    const body = { name: 'x', type: 'internal', scopes: ['tickets:list'] }
    await expectEnd('scoped', internal, () => call(app, `PUT ${path}`, { key: 'special', body }))
  })

  test('a person who signs out', async () => {
    await signedIn(app)
    const out = () => call(app, 'DELETE /api/v1/internal/session', { key: asPerson.internal })
    await expectEnd(asPerson.internal, internal, out)
  })

  test('a person whose access token has expired', async () => {
    await signedIn(app)
    await expectEnd(asPerson.internal, internal, () => app.advance(24 * 3_600_000))
  })

  test('is not sent what comes in the same turn as the loss', async () => {
    const stream = await openStream(app, keva, { key: 'keva' })
    await Promise.all([app.write((tx) => void revokeKey(tx, keyId('keva'))), label(1)])
    expect(await stream.rest()).toEqual([])
  })

  test('others go on, and pay nothing for being looked at', async () => {
    const stream = await openStream(app, keva, { key: 'keva' })
    await app.write((tx) => void revokeKey(tx, keyId('special')))
    for (let n = 0; n < 200; n++) app.app.streams.beat()
    await label(1)
    expect(await stream.messages(1)).toHaveLength(1)
    const { headers } = await call(app, 'GET /api/v1/tickets', { key: 'keva' })
    expect(headers.get('x-ratelimit-remaining')).toBe('98')
  })
})

const fields = {
  kind: 'keva',
  name: 'x',
  scopes: ['events:read'],
  isSpecial: false,
  ownerId: staff.admin,
  agentId: null,
  expiresAt: null,
} as const

describe('how many there are', () => {
  test('ten of one key; a hundred in all', async () => {
    const streams = []
    for (let n = 0; n < 10; n++) streams.push(await openStream(app, keva, { key: 'keva' }))
    const many = await call(app, keva, { key: 'keva' })
    expect([many.status, many.body]).toEqual([429, { error: 'Too many open streams' }])
    expect(many.headers.get('retry-after')).toBe('10')
    for (let n = 0; n < 10; n++) streams.push(await openStream(app, internal, { key: 'special' }))
    const deskhive = await call(app, internal, { key: 'special' })
    expect([deskhive.status, deskhive.body]).toEqual([429, { message: 'Too many open streams.' }])
    const keys = await app.write((tx) => numbers(1, 8).map(() => createKey(tx, fields).raw))
    for (const raw of keys) {
      for (let n = 0; n < 10; n++) streams.push(await openStream(app, keva, { key: { raw } }))
    }
    const full = await call(app, keva, { key: 'kevaWriter' })
    expect(full.status).toBe(403)
    const more = await app.write((tx) => createKey(tx, fields).raw)
    const refused = await call(app, keva, { key: { raw: more } })
    expect([refused.status, refused.body]).toEqual([
      503,
      { error: 'Service temporarily unavailable' },
    ])
    await streams[0]?.cancel()
    await (await openStream(app, keva, { key: { raw: more } })).cancel()
    expect(app.app.streams.size).toBe(99)
  })

  test('those that are left are forgotten, a thousand times', async () => {
    using counted = await openTestApp({ countsStatements: true })
    const cost = async (n: number) => {
      const before = counted.statements()
      await counted.write((tx) => void upsertCustomer(tx, `c${n}@shop.test`, 'x'))
      counted.app.streams.beat()
      return counted.statements() - before
    }
    await cost(0)
    const without = await cost(1)
    for (let n = 0; n < 1000; n++) {
      // The limit of calls is not what is looked at.
      counted.advance(1000)
      const stream = await openStream(counted, keva, { key: 'keva' })
      expect(counted.app.streams.size).toBe(1)
      await stream.cancel()
    }
    expect(counted.app.streams.size).toBe(0)
    expect(await cost(2)).toBe(without)
    await openStream(counted, keva, { key: 'keva' })
    expect(await cost(3)).toBeGreaterThan(without)
  })

  test('HEAD is the head alone, and opens none', async () => {
    const line = keva.replace('GET', 'HEAD')
    const { status, headers, text } = await call(app, line, { key: 'keva' })
    expect([status, text, headers.get('content-type')]).toEqual([200, '', 'text/event-stream'])
    expect((await call(app, `${line}?types=x`, { key: 'keva' })).status).toBe(400)
    expect(app.app.streams.size).toBe(0)
  })
})

test('at the end every stream is told, and no other begins', async () => {
  const streams = [
    await openStream(app, keva, { key: 'keva' }),
    await openStream(app, internal, { key: 'special' }),
  ]
  app.app.streams.close()
  for (const stream of streams) {
    expect(await stream.rest()).toEqual([])
    expect(stream.parser.comments).toEqual(['the server is stopping'])
  }
  expect((await call(app, keva, { key: 'keva' })).status).toBe(503)
})

test('a stream is kept from being ended for being quiet, and no other call is', async () => {
  await call(app, 'GET /api/v1/events', { key: 'keva' })
  expect(app.keptOpen).toEqual([])
  await openStream(app, keva, { key: 'keva' })
  expect(app.keptOpen).toHaveLength(1)
})

test.each([
  ['keva', 'POST /api/v1/workflows'],
  ['special', 'POST /api/v1/internal/workflows'],
] as const)('a simulation is kept from being ended, too: %s', async (key, line) => {
  const graph = {
    nodes: [
      { id: 't', type: 'trigger', data: {} },
      { id: 'a', type: 'action', data: { actionType: 'add_tags', config: { tags: ['x'] } } },
    ],
    edges: [{ id: 'e', source: 't', target: 'a' }],
  }
  const body = { name: 'x', workflowJson: graph, workflow_json: graph }
  const made = await call(app, line, { key, body })
  const { id } = (JSON.parse(made.text) as { data: { id: string | number } }).data
  const tried = await call(app, `${line}/${id}/simulate`, { key, body: {} })
  expect([made.status, tried.status, app.keptOpen.length]).toEqual([201, 200, 1])
})
