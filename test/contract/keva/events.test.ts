import { describe, expect, test } from 'bun:test'
import { upsertCustomer } from '../../../src/domain/customers.ts'
import { postMessage } from '../../../src/domain/messages.ts'
import { updateTicket } from '../../../src/domain/tickets.ts'
import { contract, uid } from '../../support/contract.ts'
import { openTestApp, type TestApp } from '../../support/harness.ts'
import { manyTickets, ticket } from '../../support/seed.ts'
import { call } from '../../support/send.ts'
import { kevaRefusals } from '../refusals.ts'

// The event feed, in the payloads of keva.md 9.1 and 9.2.

const line = 'GET /api/v1/events'
const createdAt = '2026-05-04T08:15:00Z'

/** What the people and keys of every test have told of so far. */
const before = 21

const everyType = expect.stringMatching(/^Invalid types\. Must be one of: ticket\.created, .+/)

/** Everything up to the fifth event has had its day. */
const pruned = (app: TestApp) => app.sql('DELETE FROM events WHERE sequence <= 5')

const empty = (nextAfter: number) => ({
  data: [],
  pagination: { perPage: 100, nextAfter, hasMore: false },
})

const sequences = (body: unknown) =>
  (body as { data: { sequence: number }[] }).data.map(({ sequence }) => sequence)

contract(line, { key: 'keva', given: ticket }, [
  {
    name: 'shows what happened as webhooks tell it, oldest first, and how far it got',
    call: `${line}?after=${before}`,
    status: 200,
    reply: {
      data: [
        {
          id: uid('evt'),
          type: 'customer.created',
          createdAt,
          sequence: before + 1,
          ticketSequence: null,
          data: { customerId: uid('cust'), email: 'mara@northwind.test', name: 'Mara Lind' },
        },
        {
          id: uid('evt'),
          type: 'ticket.created',
          createdAt,
          sequence: before + 2,
          ticketSequence: 1,
          data: {
            ticketId: uid('tkt'),
            subject: 'Invoice shows wrong VAT',
            customerEmail: 'mara@northwind.test',
            customerName: 'Mara Lind',
            source: 'email',
            priority: 'medium',
          },
        },
        {
          id: uid('evt'),
          type: 'message.created',
          createdAt,
          sequence: before + 3,
          ticketSequence: 2,
          data: {
            messageId: uid('msg'),
            ticketId: uid('tkt'),
            direction: 'inbound',
            senderEmail: 'mara@northwind.test',
            body: 'It says 25 % and should say 12 %.',
          },
        },
      ],
      pagination: { perPage: 100, nextAfter: before + 3, hasMore: false },
    },
  },
  {
    name: 'shows only the types that are asked for, and passes the others over',
    call: `${line}?types=ticket.*,%20customer.created`,
    status: 200,
    reply(body: unknown) {
      expect(sequences(body)).toEqual([before + 1, before + 2])
      expect(body).toMatchObject({ pagination: { nextAfter: before + 3, hasMore: false } })
    },
  },
  {
    name: 'takes blank parameters as none',
    call: `${line}?after=&types=&limit=`,
    status: 200,
    reply: (body: unknown) => expect(sequences(body)).toContain(before + 2),
  },
  {
    name: 'tells nobody of keys',
    call: `${line}?types=*`,
    status: 200,
    reply: (body: unknown) => expect(JSON.stringify(body)).not.toContain('api_key'),
  },
  {
    name: 'is empty at the end, and goes on from there',
    call: `${line}?after=${before + 3}`,
    status: 200,
    reply: empty(before + 3),
  },
  {
    name: 'is empty beyond the end, and stays where it was asked to',
    call: `${line}?after=999999999999999`,
    status: 200,
    reply: empty(999_999_999_999_999),
  },
  {
    name: 'stops at the limit, and says that there is more',
    call: `${line}?after=${before}&limit=2`,
    status: 200,
    reply(body: unknown) {
      expect(sequences(body)).toEqual([before + 1, before + 2])
      expect(body).toMatchObject({
        pagination: { perPage: 2, nextAfter: before + 2, hasMore: true },
      })
    },
  },
  ...[
    ['limit=1000', 1000],
    ['limit=1001', 1000],
    ['limit=0', 100],
    ['limit=x', 100],
    ['per_page=7', 7],
    ['limit=3&per_page=7', 3],
  ].map(([query, perPage]) => ({
    name: `shows up to ${perPage} for ${query}`,
    call: `${line}?after=${before + 3}&${query}`,
    status: 200,
    reply: { data: [], pagination: { perPage, nextAfter: before + 3, hasMore: false } },
  })),
  ...['-1', '1.5', 'x', '1e3', '9'.repeat(16)].map((after) => ({
    name: `refuses after=${after}`,
    call: `${line}?after=${after}`,
    status: 400,
    reply: { error: 'Invalid after format' },
  })),
  ...['ticket', 'ticket.', '.*', 'tickets.*', 'ticket.created,', 'TICKET.CREATED', '**'].map(
    (types) => ({
      name: `refuses types=${types}`,
      call: `${line}?types=${types}`,
      status: 400,
      reply: { error: everyType },
    }),
  ),
  {
    name: 'refuses types that are told to nobody',
    call: `${line}?types=api_key.created`,
    status: 400,
    reply: { error: everyType },
  },
  {
    name: 'words the first of two',
    call: `${line}?types=x&after=x`,
    status: 400,
    reply: { error: 'Invalid after format' },
  },
  {
    name: 'refuses what is no longer kept, with the oldest that is',
    given: pruned,
    call: `${line}?after=4`,
    status: 410,
    reply: { error: 'Events that old are no longer kept; the oldest is 6' },
    answers: { 'x-oldest-sequence': '6' },
  },
  {
    name: 'goes on from the last one that is no longer kept',
    given: [ticket, pruned],
    call: `${line}?after=5`,
    status: 200,
    reply: (body: unknown) => expect(sequences(body)).toEqual([22, 23, 24]),
  },
  {
    name: 'begins with the oldest that is kept',
    given: [ticket, pruned],
    call: line,
    status: 200,
    reply: (body: unknown) => expect(sequences(body)).toEqual([22, 23, 24]),
  },
  {
    name: 'knows its place when nothing is kept at all',
    given: (app) => app.sql('DELETE FROM events'),
    call: `${line}?after=${before}`,
    status: 200,
    reply: empty(before),
  },
  {
    name: 'refuses what came before when nothing is kept at all',
    given: (app) => app.sql('DELETE FROM events'),
    call: `${line}?after=${before - 1}`,
    status: 410,
    reply: { error: `Events that old are no longer kept; the oldest is ${before + 1}` },
    answers: { 'x-oldest-sequence': String(before + 1) },
  },
  {
    name: 'has the same shape below /api',
    call: `GET /api/events?after=${before + 3}`,
    status: 200,
    reply: empty(before + 3),
  },
  {
    name: 'is served below /v1',
    call: `GET /v1/events?after=${before + 3}`,
    status: 200,
    reply: empty(before + 3),
  },
  ...kevaRefusals(line, 'kevaReader'),
])

contract(`${line}/stream`, { key: 'keva' }, [
  {
    name: 'refuses a bad position',
    call: `${line}/stream?after=-1`,
    status: 400,
    reply: { error: 'Invalid after format' },
  },
  {
    name: 'refuses an id that no event has',
    call: `${line}/stream`,
    headers: { 'last-event-id': 'evt_1' },
    status: 400,
    reply: { error: 'Invalid after format' },
  },
  {
    name: 'refuses types that there are not',
    call: `${line}/stream?types=x`,
    status: 400,
    reply: { error: everyType },
  },
  {
    name: 'refuses what is no longer kept, before it begins',
    given: pruned,
    call: `${line}/stream`,
    headers: { 'last-event-id': '4' },
    status: 410,
    reply: { error: 'Events that old are no longer kept; the oldest is 6' },
    answers: { 'x-oldest-sequence': '6' },
  },
  ...kevaRefusals(`${line}/stream`, 'kevaReader'),
])

type Listed = {
  readonly data: readonly { readonly sequence: number; readonly type: string }[]
  readonly pagination: { readonly nextAfter: number; readonly hasMore: boolean }
}

async function pageAfter(app: TestApp, after: number, query: string): Promise<Listed> {
  const { status, body } = await call(app, `${line}?after=${after}&${query}`, { key: 'keva' })
  expect(status).toBe(200)
  return body as Listed
}

describe('reading on from page to page', () => {
  test('shows every event once, in order, also those that happen meanwhile', async () => {
    using app = await openTestApp()
    await manyTickets(app, 40)
    const seen: number[] = []
    let after = before
    let pages = 0
    for (let hasMore = true; hasMore; pages++) {
      const { data, pagination } = await pageAfter(app, after, 'limit=7&types=ticket.*')
      seen.push(...data.map(({ sequence }) => sequence))
      ;({ nextAfter: after, hasMore } = pagination)
      if (pages < 3) await app.write((tx) => void upsertCustomer(tx, `a${pages}@x.test`, 'A'))
      if (pages === 3) await app.write((tx) => updateTicket(tx, 1, { priority: 'urgent' }))
    }
    const happened = app.eventsAfter(before).filter(({ type }) => type.startsWith('ticket.'))
    expect(seen).toEqual(happened.map(({ sequence }) => sequence))
    expect(seen).toHaveLength(41)
    expect(after).toBe(app.lastSequence())
  })

  test('looks at five thousand events at a time, however rare the type', async () => {
    using app = await openTestApp()
    app.sql(`INSERT INTO events (uid, type, actor_kind, body, created_at)
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
      SELECT 'x' || i, 'label.created', 'system', '{"id":1,"name":"a"}', 0 FROM n`)
    await ticket(app)
    const pages: object[] = []
    for (let after = before; pages.length < 3;) {
      const { data, pagination } = await pageAfter(app, after, 'types=ticket.created')
      pages.push({ found: data.length, ...pagination })
      after = pagination.nextAfter
    }
    expect(pages).toEqual([
      { found: 0, perPage: 100, nextAfter: before + 5000, hasMore: true },
      { found: 0, perPage: 100, nextAfter: before + 10_000, hasMore: true },
      { found: 1, perPage: 100, nextAfter: before + 12_003, hasMore: false },
    ])
  })

  test('is a shorter page where events are large, and misses none', async () => {
    using app = await openTestApp()
    await ticket(app)
    const body = 'x'.repeat(900_000)
    await app.write((tx) => {
      for (let n = 0; n < 12; n++)
        postMessage(tx, 1, { body, isInternal: false, direction: 'outbound' })
    })
    const counts: number[] = []
    for (let after = before + 3, hasMore = true; hasMore;) {
      const { data, pagination } = await pageAfter(app, after, '')
      counts.push(data.length)
      ;({ nextAfter: after, hasMore } = pagination)
    }
    expect(counts).toEqual([5, 5, 2])
  })
})
