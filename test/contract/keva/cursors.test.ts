import { describe, expect, test } from 'bun:test'
import { createApproval } from '../../../src/domain/approvals.ts'
import { createArticle, deleteArticle } from '../../../src/domain/articles.ts'
import { saveCustomer, upsertCustomer } from '../../../src/domain/customers.ts'
import { knowledgeCategoryIdByName } from '../../../src/domain/knowledgecategories.ts'
import { postMessage } from '../../../src/domain/messages.ts'
import { createTicket, deleteTicket, updateTicket } from '../../../src/domain/tickets.ts'
import type { Tx } from '../../../src/domain/tx.ts'
import { hourMs } from '../../../src/lib/time.ts'
import { contract, type Row } from '../../support/contract.ts'
import { openTestApp, standardRates, type TestApp } from '../../support/harness.ts'
import { manyTickets, openTicket, ticket } from '../../support/seed.ts'
import { call } from '../../support/send.ts'

// `cursor` and `pagination.nextCursor`, on every list of `/api/v1`.

type Listed = {
  readonly data: readonly { readonly [field: string]: unknown }[]
  readonly pagination: {
    readonly page: number
    readonly perPage: number
    readonly total: number
    readonly nextCursor: string | null
  }
}

type Case = {
  readonly path: string
  /** What tells the rows apart. */
  readonly field: string
  readonly given: (app: TestApp) => Promise<void>
  /** Every row, in the order of the list. */
  readonly rows: readonly string[]
  /** One more row, which a client that reads on must not see twice, nor lose others for. */
  readonly add: (app: TestApp) => Promise<unknown>
  /** Whether the new row comes at the end, where it is read. */
  readonly isLast?: true
}

const say = (tx: Tx, body: string) =>
  postMessage(tx, 1, { body, isInternal: false, direction: 'outbound' }).id

/** An entry of a category, of which there is one. */
const entry = (tx: Tx, title: string) =>
  createArticle(tx, {
    title,
    content: 'The kiln is hot',
    categoryId: knowledgeCategoryIdByName(tx, 'Firing'),
  })

/** A ticket of a customer, who is made when needed. */
const openFor = (tx: Tx, subject: string) =>
  createTicket(tx, {
    customer: upsertCustomer(tx, 'mara@northwind.test', 'Mara Lind'),
    subject,
    body: 'The kiln is hot.',
    source: 'api',
  })

const proposal = (tx: Tx, draft: string) =>
  createApproval(tx, {
    actionType: 'create_kb_entry',
    ticketId: null,
    title: 'Kilns',
    draft,
    category: null,
    lifeMs: hourMs,
  })

const down = (name: string, most: number) =>
  Array.from({ length: most }, (_, at) => `${name}${most - at}`)

/** Half of the rows at one moment, half each a second later. */
async function spread(app: TestApp, count: number, make: (tx: Tx, n: number) => unknown) {
  for (let n = 1; n <= count; n++) {
    if (n > count / 2) app.advance(1000)
    await app.write((tx) => void make(tx, n))
  }
}

const cases: readonly Case[] = [
  {
    path: '/api/v1/tickets',
    field: 'subject',
    given: (app) => manyTickets(app, 23),
    rows: down('Ticket ', 23),
    add: (app) => openTicket(app, { subject: 'New' }),
  },
  {
    path: '/api/v1/tickets?status=open',
    field: 'subject',
    async given(app) {
      await manyTickets(app, 23)
      await app.write((tx) => {
        for (const id of [3, 4, 11]) {
          updateTicket(tx, id, { status: { to: 'in_progress', unless: [] } })
        }
        for (const id of [1, 12, 23]) updateTicket(tx, id, { status: { to: 'closed', unless: [] } })
      })
    },
    rows: down('Ticket ', 23).filter((name) => !/ (1|12|23)$/.test(name)),
    add: (app) => openTicket(app, { subject: 'New' }),
  },
  {
    path: '/api/v1/customers',
    field: 'email',
    given: (app) => spread(app, 23, (tx, n) => saveCustomer(tx, `${n}@shop.test`, {})),
    rows: down('', 23).map((n) => `${n}@shop.test`),
    add: (app) => app.write((tx) => saveCustomer(tx, 'new@shop.test', {}).customer.id),
  },
  {
    path: '/api/v1/customers?search=shop&vipOnly=true',
    field: 'email',
    given: (app) =>
      spread(app, 40, (tx, n) => saveCustomer(tx, `${n}@shop.test`, { isVip: n % 2 === 0 })),
    rows: down('', 40)
      .filter((n) => Number(n) % 2 === 0)
      .map((n) => `${n}@shop.test`),
    add: (app) => app.write((tx) => saveCustomer(tx, 'new@shop.test', { isVip: true }).customer.id),
  },
  {
    path: '/api/v1/tickets?q=kiln&status=open',
    field: 'subject',
    // Best of all is what has the word in its subject; a search that goes on looks at nothing newer.
    given: (app) => spread(app, 23, (tx, n) => openFor(tx, `No. ${n}`)),
    rows: down('No. ', 23),
    add: (app) => app.write((tx) => openFor(tx, 'New kiln')),
  },
  {
    path: '/api/v1/approvals?status=pending',
    field: 'content',
    given: (app) => spread(app, 23, (tx, n) => proposal(tx, `No. ${n}`)),
    rows: down('No. ', 23),
    add: (app) => app.write((tx) => proposal(tx, 'New').id),
  },
  {
    path: '/api/v1/kb?category=Firing',
    field: 'title',
    given: (app) => spread(app, 23, (tx, n) => entry(tx, `No. ${n}`)),
    rows: down('No. ', 23),
    add: (app) => app.write((tx) => entry(tx, 'New').id),
  },
  {
    path: '/api/v1/kb?search=kiln',
    field: 'title',
    // What has the word in its title is best of all, and so is what comes to stand before the others.
    given: (app) => spread(app, 23, (tx, n) => entry(tx, `No. ${n}`)),
    rows: down('No. ', 23),
    add: (app) => app.write((tx) => entry(tx, 'New kiln').id),
  },
  {
    path: '/api/v1/tickets/{ticket}/messages',
    field: 'body',
    async given(app) {
      await openTicket(app, { body: 'Message 1' })
      await spread(app, 22, (tx, n) => say(tx, `Message ${n + 1}`))
    },
    rows: down('Message ', 23).toReversed(),
    add: (app) => app.write((tx) => say(tx, 'New')),
    isLast: true,
  },
]

async function page(app: TestApp, path: string, query: string): Promise<Listed> {
  const line = `GET ${path}${path.includes('?') ? '&' : '?'}${query}`
  const answer = await call(app, line, { key: 'keva' })
  expect([line, answer.status]).toEqual([line, 200])
  return answer.body as Listed
}

/** Reads a whole list by cursors, with `between` after each page. */
async function readOn(
  app: TestApp,
  { path, field }: Case,
  between: () => Promise<unknown> = () => Promise.resolve(),
): Promise<unknown[]> {
  const seen: unknown[] = []
  for (let query = 'per_page=5'; ;) {
    const { data, pagination } = await page(app, path, query)
    seen.push(...data.map((row) => row[field]))
    const { nextCursor } = pagination
    if (nextCursor === null || seen.length > 100) return seen
    await between()
    query = `per_page=5&cursor=${nextCursor}`
  }
}

const rates = { ...standardRates, kevaPerMinute: 0 }

describe.each(cases)('$path', (one) => {
  const { path, field, given, rows, add, isLast } = one

  test('is read whole, in its order, page after page', async () => {
    using app = await openTestApp({ rates })
    await given(app)
    expect(await readOn(app, one)).toEqual([...rows])
  })

  test('is read without a repeat and without a gap while rows are added', async () => {
    using app = await openTestApp({ rates })
    await given(app)
    let added = 0
    const seen = await readOn(app, one, async () => {
      if (added < 3) await add(app)
      added += 1
    })
    const atEnd = isLast ? Array.from({ length: 3 }, () => 'New') : []
    expect(seen).toEqual([...rows, ...atEnd])
  })

  test('goes on from a page that was asked for by number or offset', async () => {
    using app = await openTestApp({ rates })
    await given(app)
    for (const query of ['per_page=4&page=2', 'limit=4&offset=4']) {
      const { pagination } = await page(app, path, query)
      const next = await page(app, path, `per_page=3&cursor=${pagination.nextCursor}`)
      expect(next.data.map((row) => row[field])).toEqual(rows.slice(8, 11))
    }
  })

  test('shows the whole total, and the size; numbers do not count beside a cursor', async () => {
    using app = await openTestApp({ rates })
    await given(app)
    const { nextCursor } = (await page(app, path, 'per_page=5')).pagination
    const { data, pagination } = await page(
      app,
      path,
      `limit=5&page=4&offset=2&cursor=${nextCursor}`,
    )
    expect(data.map((row) => row[field])).toEqual(rows.slice(5, 10))
    expect(pagination).toEqual({
      page: 1,
      perPage: 5,
      total: rows.length,
      nextCursor: expect.any(String),
    })
  })

  test('has no next cursor on a page that is just full, nor past the end', async () => {
    using app = await openTestApp({ rates })
    await given(app)
    for (const query of [`per_page=${rows.length}`, 'page=99', 'offset=1000']) {
      expect((await page(app, path, query)).pagination.nextCursor).toBeNull()
    }
    const { nextCursor } = (await page(app, path, `per_page=${rows.length - 2}`)).pagination
    const last = await page(app, path, `per_page=2&cursor=${nextCursor}`)
    expect([last.data.length, last.pagination.nextCursor]).toEqual([2, null])
  })
})

test('a cursor holds when its own row is gone', async () => {
  using app = await openTestApp({ rates })
  await manyTickets(app, 9)
  const { nextCursor } = (await page(app, '/api/v1/tickets', 'per_page=3')).pagination
  await app.write((tx) => deleteTicket(tx, 7))
  const { data } = await page(app, '/api/v1/tickets', `per_page=2&cursor=${nextCursor}`)
  expect(data.map((row) => row['subject'])).toEqual(['Ticket 6', 'Ticket 5'])
})

test('a ranking is read on where its last row was, when that is gone', async () => {
  using app = await openTestApp({ rates })
  await app.write((tx) => {
    for (let n = 1; n <= 9; n++) entry(tx, `No. ${n}`)
  })
  const path = '/api/v1/kb?search=hot+kiln'
  const { nextCursor } = (await page(app, path, 'per_page=3')).pagination
  await app.write((tx) => deleteArticle(tx, 7))
  const { data } = await page(app, path, `per_page=2&cursor=${nextCursor}`)
  expect(data.map((row) => row['title'])).toEqual(['No. 6', 'No. 5'])
})

const encoded = (text: string) => Buffer.from(text).toString('base64url')

const good = encoded('1:tickets:1777882500000:1')

const noCursors = [
  '',
  'x',
  'null',
  '5',
  `${good}=`,
  `${good}A`,
  good.slice(0, -2),
  good.toUpperCase(),
  encoded('1:customers:1777882500000:5'),
  encoded('2:tickets:1777882500000:5'),
  encoded('1:tickets:1777882500000'),
  encoded('1:tickets:1777882500000:5:6'),
  encoded('1:tickets:x:5'),
  encoded('1:tickets:1777882500000:05'),
  encoded('1:tickets:1777882500000:1e400'),
  encoded('1:tickets:1777882500000:99999999999999999999'),
  encoded('1:tickets::'),
  encoded("1:tickets:1:1' OR 1=1"),
]

contract('cursors that are none', { key: 'keva', given: ticket }, [
  ...noCursors.map((cursor): Row => ({
    name: `refuses ${JSON.stringify(cursor)}`,
    call: `GET /api/v1/tickets?cursor=${encodeURIComponent(cursor)}`,
    status: 400,
    reply: { error: 'Invalid cursor' },
  })),
  {
    name: 'takes one that it would make',
    call: `GET /api/v1/tickets?cursor=${good}`,
    status: 200,
    reply: expect.objectContaining({ data: [] }),
  },
  ...[
    ['kb', '?search=kiln'],
    ['kb-search', ''],
    ['kb-search', '?search='],
  ].map(([list, query]): Row => ({
    name: `does not read on /kb${query} by a cursor of ${list}`,
    call: `GET /api/v1/kb${query}${query ? '&' : '?'}cursor=${encoded(`1:${list}:5:1`)}`,
    status: 400,
    reply: { error: 'Invalid cursor' },
  })),
  {
    name: 'looks for the ticket before the cursor',
    call: `GET /api/v1/tickets/tkt_${'0'.repeat(26)}/messages?cursor=x`,
    status: 404,
    reply: { error: 'Ticket not found' },
  },
  {
    name: 'pages of their own know no cursor',
    call: 'GET /api/customers?cursor=x',
    status: 200,
    reply: expect.objectContaining({ total: 1, offset: 0 }),
  },
])
