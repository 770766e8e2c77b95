import { describe, expect, test } from 'bun:test'
import { expectCommonHeaders } from '../support/contract.ts'
import { openTestApp, type KeyName, type TestApp } from '../support/harness.ts'
import { expectDocumented } from '../support/openapi.ts'
import { agentTicket } from '../support/seed.ts'
import { call, type Answered } from '../support/send.ts'

// Idempotency-Key, on every write of both contracts.

type Case = {
  readonly line: string
  readonly key: KeyName
  readonly body: object | undefined
  /** The same call, told apart by its body. */
  readonly other: object
  readonly events: readonly string[]
}

const ticketBody = { subject: 'Hello', customerEmail: 'ann@shop.test', body: 'Where is it?' }
const opened = ['customer.created', 'ticket.created', 'message.created']

const cases: readonly Case[] = [
  {
    line: 'POST /api/v1/tickets',
    key: 'keva',
    body: ticketBody,
    other: { ...ticketBody, subject: 'Other' },
    events: opened,
  },
  {
    line: 'PATCH /api/v1/tickets/{ticket}',
    key: 'keva',
    body: { status: 'pending' },
    other: { status: 'solved' },
    events: ['ticket.updated'],
  },
  {
    line: 'POST /api/v1/tickets/{ticket}/messages',
    key: 'keva',
    body: { body: 'Hi' },
    other: { body: 'Ho' },
    events: ['message.created'],
  },
  {
    line: 'POST /api/v1/internal/tickets',
    key: 'special',
    body: { customer_id: 1, title: 'a', content: 'b' },
    other: { customer_id: 1, title: 'a', content: 'c' },
    events: ['ticket.created', 'message.created'],
  },
  {
    line: 'PUT /api/v1/internal/tickets/1',
    key: 'special',
    body: { status: 'closed' },
    other: { status: 'open' },
    events: ['ticket.updated', 'ticket.closed'],
  },
  {
    line: 'DELETE /api/v1/internal/tickets/1',
    key: 'special',
    body: undefined,
    other: {},
    events: ['ticket.deleted'],
  },
  {
    line: 'POST /api/v1/internal/tickets/1/messages',
    key: 'special',
    body: { content: 'Hi' },
    other: { content: 'Ho' },
    events: ['message.created'],
  },
  {
    line: 'POST /api/v1/internal/customers',
    key: 'special',
    body: { name: 'Bo', email: 'bo@x.test' },
    other: { name: 'Bo', email: 'bo@y.test' },
    events: ['customer.created'],
  },
  {
    line: 'PATCH /api/v1/internal/customers/1',
    key: 'special',
    body: { phone: '1' },
    other: { phone: '2' },
    events: ['customer.updated'],
  },
  {
    line: 'POST /api/v1/internal/agents',
    key: 'special',
    body: { name: 'Bo', email: 'bo@x.test', password: 'correct horse' },
    other: { name: 'Bo', email: 'bo@x.test', password: 'battery staple' },
    events: ['staff.created'],
  },
  {
    line: 'PATCH /api/v1/internal/agents/2',
    key: 'special',
    body: { password: 'correct horse' },
    other: { password: 'battery staple' },
    events: ['staff.updated'],
  },
  {
    line: 'DELETE /api/v1/internal/agents/2',
    key: 'special',
    body: undefined,
    other: {},
    events: ['staff.deleted'],
  },
  {
    line: 'PUT /api/v1/external/profile',
    key: 'agent',
    body: { phone: '1' },
    other: { phone: '2' },
    events: ['staff.updated'],
  },
  {
    line: 'POST /api/v1/internal/api-keys',
    key: 'special',
    body: { name: 'a', type: 'internal' },
    other: { name: 'b', type: 'internal' },
    events: ['api_key.created'],
  },
  {
    line: 'DELETE /api/v1/internal/api-keys/8',
    key: 'special',
    body: undefined,
    other: {},
    events: ['api_key.revoked'],
  },
  {
    line: 'POST /api/v1/external/tickets/1/messages',
    key: 'agent',
    body: { content: 'Hi' },
    other: { content: 'Ho' },
    events: ['message.created'],
  },
]

const once = { 'idempotency-key': 'order-7781' }
const dayMs = 86_400_000

async function openDesk(): Promise<TestApp> {
  const app = await openTestApp()
  await agentTicket(app)
  return app
}

function send(app: TestApp, { line, key }: Case, body: object | undefined): Promise<Answered> {
  return call(app, line, { key, headers: once, body })
}

async function expectPromises(answer: Answered): Promise<void> {
  expectCommonHeaders(answer)
  await expectDocumented(answer.request, answer)
}

for (const one of cases) {
  describe(one.line, () => {
    test('is done once, and answered byte for byte again', async () => {
      using app = await openDesk()
      const before = app.lastSequence()
      const first = await send(app, one, one.body)
      expect(first.status).toBeLessThan(300)
      expect(first.headers.get('idempotency-replayed')).toBeNull()
      const rows = app.dump()
      app.advance(60_000)
      const again = await send(app, one, one.body)
      expect([again.status, again.text]).toEqual([first.status, first.text])
      expect(again.headers.get('etag')).toBe(first.headers.get('etag'))
      expect(again.headers.get('idempotency-replayed')).toBe('true')
      expect(app.changedSince(rows)).toEqual([])
      expect(app.eventsAfter(before).map((event): string => event.type)).toEqual([...one.events])
      await expectPromises(again)
    })

    test('with another body is refused, and changes nothing', async () => {
      using app = await openDesk()
      await send(app, one, one.body)
      const rows = app.dump()
      const other = await send(app, one, one.other)
      expect([other.status, Object.keys(other.body as object)]).toEqual([
        422,
        [one.key === 'keva' ? 'error' : 'message'],
      ])
      expect(app.changedSince(rows)).toEqual([])
      await expectPromises(other)
    })
  })
}

const [creation, , , internalCreation] = cases

function tickets(app: TestApp): number {
  return JSON.parse(app.dump().get('tickets') ?? '[]').length as number
}

describe('an Idempotency-Key', () => {
  test('belongs to the API key that sent it', async () => {
    using app = await openDesk()
    for (const key of ['keva', 'kevaWriter'] as const) {
      const { status, headers } = await call(app, 'POST /api/v1/tickets', {
        key,
        headers: once,
        body: ticketBody,
      })
      expect([status, headers.get('idempotency-replayed')]).toEqual([201, null])
    }
    expect(tickets(app)).toBe(3)
  })

  test('with another path is another request', async () => {
    using app = await openDesk()
    await call(app, 'POST /api/v1/tickets', { key: 'keva', headers: once, body: ticketBody })
    const other = await call(app, 'POST /api/v1/tickets/{ticket}/messages', {
      key: 'keva',
      headers: once,
      body: ticketBody,
    })
    expect(other.status).toBe(422)
    expect(tickets(app)).toBe(2)
  })

  test('is forgotten after 24 hours, and not a moment before', async () => {
    using app = await openDesk()
    if (!internalCreation) throw new Error('There is no such case')
    await send(app, internalCreation, internalCreation.body)
    app.advance(dayMs - 1)
    const late = await send(app, internalCreation, internalCreation.body)
    expect(late.headers.get('idempotency-replayed')).toBe('true')
    app.advance(1)
    const fresh = await send(app, internalCreation, internalCreation.body)
    expect([fresh.status, fresh.headers.get('idempotency-replayed')]).toEqual([201, null])
    expect(tickets(app)).toBe(3)
  })

  test('makes one record of many requests at once', async () => {
    using app = await openDesk()
    if (!creation) throw new Error('There is no such case')
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => send(app, creation, creation.body)),
    )
    expect(new Set(answers.map((answer) => answer.text)).size).toBe(1)
    expect(answers.filter((one) => one.headers.get('idempotency-replayed')).length).toBe(9)
    expect(tickets(app)).toBe(2)
  })

  test('is free again after a refusal', async () => {
    using app = await openDesk()
    if (!creation) throw new Error('There is no such case')
    expect((await send(app, creation, {})).status).toBe(422)
    expect((await send(app, creation, creation.body)).status).toBe(201)
  })

  test('gives a secret again, which is nowhere in clear in the database', async () => {
    using app = await openDesk()
    const body = { name: 'a', type: 'internal' }
    const sending = { key: 'special', headers: once, body } as const
    const first = await call(app, 'POST /api/v1/internal/api-keys', sending)
    const raw = (first.body as { data: { key: string } }).data.key
    const again = await call(app, 'POST /api/v1/internal/api-keys', sending)
    expect(again.text).toBe(first.text)
    expect(again.text).toContain(raw)
    expect([...app.dump().values()].join('\n')).not.toContain(raw)
    expect(app.store.snapshot().includes(raw)).toBe(false)
  })

  test.each(['two words', 'ümlaut', 'x'.repeat(256)])(
    'that is %p is malformed and does nothing',
    async (value) => {
      using app = await openDesk()
      const rows = app.dump()
      const { request, status, headers, body } = await sendRaw(app, value)
      expect([status, body]).toEqual([400, { error: 'Invalid Idempotency-Key header' }])
      expect(app.changedSince(rows)).toEqual([])
      expectCommonHeaders({ request, status, headers, body, text: '' })
    },
  )

  test('on a read means nothing', async () => {
    using app = await openDesk()
    for (let n = 0; n < 2; n++) {
      const answer = await call(app, 'GET /api/v1/tickets', { key: 'keva', headers: once })
      expect([answer.status, answer.headers.get('idempotency-replayed')]).toEqual([200, null])
    }
  })
})

function sendRaw(app: TestApp, value: string): Promise<Answered> {
  const headers = { 'idempotency-key': value }
  return call(app, 'POST /api/v1/tickets', { key: 'keva', headers, body: ticketBody })
}
