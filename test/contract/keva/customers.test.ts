import { expect } from 'bun:test'
import { saveCustomer } from '../../../src/domain/customers.ts'
import { createKey } from '../../../src/domain/keys.ts'
import { updateTicket } from '../../../src/domain/tickets.ts'
import { counter } from '../../../src/store/meta.ts'
import { contract, uid, type Row } from '../../support/contract.ts'
import type { TestApp } from '../../support/harness.ts'
import { call } from '../../support/send.ts'
import { mara, openTicket } from '../../support/seed.ts'
import { kevaRefusals } from '../refusals.ts'

// keva.md section 7, on both surfaces (R1, R2).

const at = '2026-05-04T08:15:00Z'

const blank = {
  id: uid('cust'),
  email: 'bo@shop.test',
  name: null as string | null,
  company: null as string | null,
  phone: null,
  jobTitle: null,
  location: null,
  timezone: null,
  isVip: false,
  priorityOverride: null,
  tags: [] as string[],
  notes: '',
  totalTickets: 0,
  openTickets: 0,
  avgResolutionTime: 0,
  overallSentiment: 'neutral',
  sentimentTrend: 'stable',
  firstTicketAt: null as string | null,
  lastTicketAt: null as string | null,
  salesforceContactId: null,
  hubspotContactId: null,
  createdAt: at,
  updatedAt: at,
}

const maraShown = { ...blank, email: 'mara@northwind.test', name: 'Mara Lind' }

const full = {
  name: 'Bo Ek',
  company: 'Shop',
  phone: '+47 22 33 44 55',
  jobTitle: 'Buyer',
  location: 'Oslo',
  timezone: 'Europe/Oslo',
  isVip: true,
  priorityOverride: 'high',
  tags: ['trial', 'nordic'],
  notes: 'Calls on Mondays.\nNever on Fridays.',
  salesforceContactId: '003Kx',
  hubspotContactId: '551',
}

type Surface = {
  readonly base: string
  /** A body with one record, and one with a list. */
  readonly one: (record: object) => object
  readonly list: (rows: readonly unknown[], total?: number) => object
}

const surfaces: readonly Surface[] = [
  {
    base: '/api/v1',
    one: (data) => ({ data }),
    list: (data, total = data.length) => ({
      data,
      pagination: { page: 1, perPage: 20, total, nextCursor: null },
    }),
  },
  {
    base: '/v1',
    one: (data) => ({ data }),
    list: (data, total = data.length) => ({
      data,
      pagination: { page: 1, perPage: 20, total, nextCursor: null },
    }),
  },
  {
    base: '/api',
    one: (record) => record,
    list: (customers, total = customers.length) => ({ customers, total, limit: 50, offset: 0 }),
  },
]

const created = ['customer.created']
const updated = ['customer.updated']
const missing = { status: 404, reply: { error: 'Customer not found' } }
const nobody = `cust_${'0'.repeat(26)}`
const invalid = (...details: readonly (readonly [field: string, message: string])[]) => ({
  status: 422,
  reply: {
    error: 'Validation failed',
    details: details.map(([field, message]) => ({ field, message })),
  },
})

const badProfile = {
  name: 'x'.repeat(251),
  company: 5,
  phone: [],
  isVip: 'yes',
  priorityOverride: 'critical',
  tags: ['ok', ' ', 7],
  notes: 'x'.repeat(10_001),
}

const badProfileDetails = [
  ['name', 'Name must be at most 250 characters'],
  ['company', 'Invalid company format'],
  ['phone', 'Invalid phone format'],
  ['isVip', 'Invalid is vip format'],
  ['priorityOverride', 'Invalid priorityOverride. Must be one of: low, medium, high, urgent'],
  ['tags.1', 'Tags.1 is required'],
  ['tags.2', 'Invalid tags.2 format'],
  ['notes', 'Notes must be at most 10000 characters'],
] as const

const badPriority = {
  status: 400,
  reply: { error: 'Invalid priorityOverride. Must be one of: low, medium, high, urgent' },
}

/** A customer of that address and more, made before. */
const customer = (email: string, fields: object = {}) =>
  ({ call: 'POST /api/v1/customers', key: 'keva', body: { email, ...fields } }) as const

const local = (length: number) => 'a'.repeat(length)
const longDomain = `${`${'d'.repeat(61)}.`.repeat(3)}test`

/** Addresses that a mail field takes, of every kind. */
const addresses = [
  'ann+orders.2026@shop.test',
  "o'neil@shop.test",
  'käthe@süßwaren.test',
  'δοκιμή@παράδειγμα.δοκιμή',
  '用户@例子.测试',
  'संपर्क@डाटामेल.भारत',
  'ann@xn--bcher-kva.test',
  `${local(63)}@${longDomain}`,
]

const noAddresses = [
  'ann',
  'ann@',
  '@shop.test',
  'ann@@shop.test',
  'ann b@shop.test',
  'ann@shop..test',
  'ann@-shop.test',
  'Ann <ann@shop.test>',
  ' ann@shop.test',
  `${local(64)}@${longDomain}`,
  `${local(65)}@shop.test`,
]

for (const { base, one, list } of surfaces) {
  const path = `${base}/customers`

  contract(`POST ${path}`, { key: 'keva', call: `POST ${path}` }, [
    {
      name: 'adds a customer',
      body: { email: 'bo@shop.test' },
      status: 201,
      reply: one(blank),
      events: created,
      answers: { etag: '"1"' },
      after: (app) => expect(lastEvent(app)).toMatchObject({ email: 'bo@shop.test' }),
    },
    {
      name: 'takes every field',
      body: { email: 'bo@shop.test', ...full },
      status: 201,
      reply: one({ ...blank, ...full }),
      events: created,
    },
    {
      name: 'finds the customer by e-mail in any case, and changes only what is sent',
      given: [customer('Bo@Shop.test', full), (app) => app.advance(60_000)],
      body: { email: 'bo@shop.TEST', company: 'Bakery', tags: [] },
      status: 200,
      reply: one({
        ...blank,
        ...full,
        email: 'Bo@Shop.test',
        company: 'Bakery',
        tags: [],
        updatedAt: '2026-05-04T08:16:00Z',
      }),
      events: updated,
      after: (app) => expect(lastEvent(app)).toMatchObject({ fields: ['company', 'tags'] }),
    },
    {
      name: 'changes nothing by what is so already',
      given: [customer('bo@shop.test', full), (app) => app.advance(60_000)],
      body: { email: 'BO@shop.test', ...full },
      status: 200,
      reply: one({ ...blank, ...full }),
    },
    {
      name: 'empties what is null or blank, and keeps a repeated tag once',
      given: [customer('bo@shop.test', full)],
      body: {
        email: 'bo@shop.test',
        name: null,
        company: ' ',
        priorityOverride: null,
        tags: ['b', 'a', 'b'],
        notes: null,
      },
      status: 200,
      reply: one({
        ...blank,
        ...full,
        name: null,
        company: null,
        priorityOverride: null,
        tags: ['b', 'a'],
        notes: '',
      }),
      events: updated,
    },
    {
      name: 'changes no note that was not there by an empty one',
      given: [customer('bo@shop.test')],
      body: { email: 'bo@shop.test', notes: '', company: '' },
      status: 200,
      reply: one(blank),
    },
    {
      name: 'ignores what is not writable or not known',
      body: {
        email: 'bo@shop.test',
        id: 'cust_x',
        totalTickets: 9,
        avgResolutionTime: 9,
        overallSentiment: 'positive',
        createdAt: '1999-01-01T00:00:00Z',
        isBlocked: true,
        x: 1,
      },
      status: 201,
      reply: one(blank),
      events: created,
    },
    { ...invalid(['email', 'Email is required']), name: 'needs an e-mail', body: { name: 'Bo' } },
    {
      ...invalid(['email', 'Invalid email format'], ...badProfileDetails),
      name: 'names every bad field at once, in order',
      body: { email: 'bo at shop', ...badProfile },
    },
    {
      ...badPriority,
      name: 'answers a bad priority alone with 400 and the list',
      body: { email: 'bo@shop.test', priorityOverride: 'critical' },
    },
    ...addresses.map((email): Row => ({
      name: `takes ${email.slice(0, 40)} (${email.length})`,
      body: { email },
      status: 201,
      reply: one({ ...blank, email }),
      events: created,
    })),
    ...noAddresses.map((email): Row => ({
      ...invalid(['email', 'Invalid email format']),
      name: `refuses ${JSON.stringify(email.slice(0, 40))} (${email.length})`,
      body: { email },
    })),
    {
      name: 'two at once make one customer',
      body: { email: 'bo@shop.test' },
      status: 201,
      reply: one(blank),
      events: created,
      async after(app) {
        const twice = ['sam@shop.test', 'SAM@shop.test'].map((email) =>
          call(app, `POST ${path}`, { key: 'keva', body: { email } }),
        )
        const statuses = (await Promise.all(twice)).map(({ status }) => status)
        expect(statuses).toEqual([201, 200])
      },
    },
    ...kevaRefusals(`POST ${path}`, 'kevaWriter'),
  ])

  contract(`GET ${path}/:id`, { key: 'keva', call: `GET ${path}/{customer}`, given: mara }, [
    { name: 'shows a customer', status: 200, reply: one(maraShown) },
    {
      name: 'counts tickets, and the mean time to their end in whole seconds',
      given: [
        mara,
        ...[90_000, 30_900].map((ms) => async (app: TestApp) => {
          await openTicket(app, {})
          app.advance(ms)
          await solveNewest(app)
        }),
        (app) => openTicket(app, {}),
        (app) => app.advance(5000),
      ],
      status: 200,
      reply: one({
        ...maraShown,
        totalTickets: 3,
        openTickets: 1,
        avgResolutionTime: 60,
        firstTicketAt: at,
        lastTicketAt: '2026-05-04T08:17:00Z',
      }),
    },
    ...['1', nobody, `tkt_${'0'.repeat(26)}`, 'cust_', 'x'].map((id): Row => ({
      ...missing,
      name: `does not find ${id}`,
      call: `GET ${path}/${id}`,
    })),
    ...kevaRefusals(`GET ${path}/${nobody}`, 'kevaReader'),
  ])

  contract(`PATCH ${path}/:id`, { key: 'keva', call: `PATCH ${path}/{customer}`, given: mara }, [
    {
      name: 'changes what is given and keeps the rest',
      given: [mara, (app) => app.advance(60_000)],
      body: { ...full, name: undefined },
      status: 200,
      reply: one({ ...maraShown, ...full, name: 'Mara Lind', updatedAt: '2026-05-04T08:16:00Z' }),
      events: updated,
      answers: { etag: '"2"' },
    },
    {
      name: 'does not change the e-mail',
      body: { email: 'other@northwind.test', id: 'cust_x' },
      status: 200,
      reply: one(maraShown),
    },
    {
      name: 'changes nothing by the same values or by none',
      given: [mara, (app) => app.advance(60_000)],
      body: { name: 'Mara Lind', company: null, isVip: false, tags: [], notes: '' },
      status: 200,
      reply: one(maraShown),
    },
    {
      ...invalid(...badProfileDetails),
      name: 'names every bad field at once, in order',
      body: badProfile,
    },
    {
      ...badPriority,
      name: 'answers a bad priority alone',
      body: { priorityOverride: 'critical' },
    },
    {
      ...missing,
      name: 'does not find an unknown one, whatever the body',
      call: `PATCH ${path}/${nobody}`,
      body: badProfile,
    },
    { ...missing, name: 'takes lookup for an id', call: `PATCH ${path}/lookup`, body: {} },
    ...kevaRefusals(`PATCH ${path}/${nobody}`, 'kevaWriter'),
  ])

  const lookup = `GET ${path}/lookup`

  contract(lookup, { key: 'keva', given: [mara, customer('ann+shop@desk.test')] }, [
    {
      name: 'finds a customer by e-mail, in any case',
      call: `${lookup}?email=MARA@northwind.test`,
      status: 200,
      reply: one(maraShown),
    },
    {
      name: 'finds a plus address',
      call: `${lookup}?email=ann%2Bshop@desk.test`,
      status: 200,
      reply: one({ ...blank, email: 'ann+shop@desk.test' }),
    },
    {
      name: 'finds it also when the plus was not escaped',
      call: `${lookup}?email=ann+shop@desk.test`,
      status: 200,
      reply: one({ ...blank, email: 'ann+shop@desk.test' }),
    },
    { ...missing, name: 'finds nobody', call: `${lookup}?email=ann@desk.test` },
    ...['', '?email=', '?email=%20', '?mail=mara@northwind.test'].map((query): Row => ({
      name: `asks for the e-mail: ${query || 'no query'}`,
      call: `${lookup}${query}`,
      status: 400,
      reply: { error: 'Email is required' },
    })),
    {
      name: 'refuses what is no e-mail',
      call: `${lookup}?email=mara`,
      status: 400,
      reply: { error: 'Invalid email format' },
    },
    ...kevaRefusals(`${lookup}?email=mara@northwind.test`, 'kevaReader'),
  ])

  const three = [
    mara,
    customer('bo@shop.test', { name: 'Bo Lindqvist', isVip: true }),
    (app: TestApp) => app.advance(1000),
    customer('zoe@mail.test', { company: 'Lindös Northwind', isVip: true }),
  ]
  const bo = { ...blank, name: 'Bo Lindqvist', isVip: true }
  const later = '2026-05-04T08:15:01Z'
  const zoe = {
    ...blank,
    email: 'zoe@mail.test',
    company: 'Lindös Northwind',
    isVip: true,
    createdAt: later,
    updatedAt: later,
  }
  const found = (name: string, query: string, rows: readonly object[]): Row => ({
    name,
    call: `GET ${path}?${query}`,
    status: 200,
    reply: list(rows),
  })

  contract(`GET ${path}`, { key: 'keva', call: `GET ${path}`, given: three }, [
    { name: 'is empty at first', given: [], status: 200, reply: list([]) },
    { name: 'shows the newest first, ties by id', status: 200, reply: list([zoe, bo, maraShown]) },
    found('keeps the VIPs', 'vipOnly=true', [zoe, bo]),
    found('keeps all', 'vipOnly=false', [zoe, bo, maraShown]),
    found('finds by the start of a name or a company', 'search=LIND', [zoe, bo, maraShown]),
    found('finds by the start of an e-mail', 'search=mara@north', [maraShown]),
    found('wants every word, wherever it stands', 'search=northwind+lindos', [zoe]),
    found('searches the VIPs', 'search=lind&vipOnly=true', [zoe, bo]),
    found('finds nobody by a word that nobody has', 'search=lind+kate', []),
    found('finds nobody by signs', 'search=%22*%00)', []),
    found('takes an empty search for none', 'search=', [zoe, bo, maraShown]),
    ...['yes', '', '1', 'TRUE'].map((word): Row => ({
      name: `refuses vipOnly=${word} in the documented form`,
      call: `GET ${path}?vipOnly=${word}`,
      status: 400,
      reply: { error: 'Invalid vipOnly. Must be one of: true, false' },
    })),
    {
      name: 'asks for customers:read, which customers:write is not',
      status: 200,
      reply: expect.anything(),
      async after(app) {
        const statusWith = async (scope: string) => {
          const key = { raw: await keyWith(app, scope) }
          return (await call(app, `GET ${path}`, { key })).status
        }
        expect(await statusWith('customers:read')).toBe(200)
        expect(await statusWith('customers:write')).toBe(403)
      },
    },
    ...kevaRefusals(`GET ${path}`, 'kevaReader'),
    {
      name: 'does not know DELETE, which no page documents',
      call: `DELETE ${path}/{customer}`,
      status: 405,
      reply: { error: 'Method not allowed' },
      answers: { allow: 'GET, HEAD, PATCH' },
    },
    {
      name: 'does not know what lies below a customer',
      call: `GET ${path}/{customer}/tickets`,
      status: 404,
      reply: { error: 'Not found' },
    },
  ])
}

/** 123 customers, the newest `c123`. */
const many = (app: TestApp) =>
  app.write((tx) => {
    for (let n = 1; n <= 123; n++) saveCustomer(tx, `c${n}@shop.test`, { isVip: n % 2 === 0 })
  })

type Emails = readonly { readonly email: string }[]

/** `count` customers from `c<first>` down, or up to fewer at the end. */
const downFrom = (first: number, count: number) =>
  Array.from({ length: count }, (_, n) => `c${first - n}@shop.test`)

const onPage = (query: string, first: number, count: number, numbers: object): Row => ({
  name: query,
  call: `GET /api/customers${query}`,
  status: 200,
  reply: ({ customers, ...rest }: { customers: Emails }) => {
    expect(customers.map(({ email }) => email)).toEqual(downFrom(first, count))
    expect<object>(rest).toEqual(numbers)
  },
})

contract('paging of GET /api/customers (keva.md 7.2)', { key: 'keva', given: many }, [
  onPage('', 123, 50, { total: 123, limit: 50, offset: 0 }),
  onPage('?offset=100', 23, 23, { total: 123, limit: 50, offset: 100 }),
  onPage('?limit=10&offset=25', 98, 10, { total: 123, limit: 10, offset: 25 }),
  onPage('?limit=101', 123, 100, { total: 123, limit: 100, offset: 0 }),
  onPage('?limit=999999999999999999999', 123, 100, { total: 123, limit: 100, offset: 0 }),
  onPage('?limit=0&offset=-1', 123, 50, { total: 123, limit: 50, offset: 0 }),
  onPage('?limit=x&offset=y', 123, 50, { total: 123, limit: 50, offset: 0 }),
  onPage('?offset=123', 0, 0, { total: 123, limit: 50, offset: 123 }),
  onPage('?page=2&per_page=5', 123, 50, { total: 123, limit: 50, offset: 0 }),
  onPage('?search=shop&limit=100', 123, 100, { total: 123, limit: 100, offset: 0 }),
  onPage('?search=shop&limit=100&offset=100', 23, 23, { total: 123, limit: 100, offset: 100 }),
  onPage('?search=c123&limit=1', 123, 1, { total: 1, limit: 1, offset: 0 }),
  onPage('?search=c123&limit=2', 123, 1, { total: 1, limit: 2, offset: 0 }),
  onPage('?search=c123&offset=1', 0, 0, { total: 1, limit: 50, offset: 1 }),
])

const onV1 = (query: string, first: number, count: number, numbers: object): Row => ({
  name: query,
  call: `GET /api/v1/customers${query}`,
  status: 200,
  reply: ({ data, pagination }: { data: Emails; pagination: object }) => {
    expect(data.map(({ email }) => email)).toEqual(downFrom(first, count))
    expect(pagination).toMatchObject(numbers)
  },
})

contract('paging of GET /api/v1/customers (keva.md 3.2, R2)', { key: 'keva', given: many }, [
  onV1('', 123, 20, { page: 1, perPage: 20, total: 123 }),
  onV1('?page=2&per_page=100', 23, 23, { page: 2, perPage: 100, total: 123 }),
  onV1('?limit=10&offset=25', 98, 10, { page: 3, perPage: 10, total: 123 }),
  onV1('?per_page=1000', 123, 100, { page: 1, perPage: 100, total: 123 }),
  onV1('?page=8', 0, 0, { page: 8, perPage: 20, total: 123 }),
  onV1('?search=shop', 123, 20, { page: 1, perPage: 20, total: 123 }),
  onV1('?search=c123&per_page=1', 123, 1, { total: 1, nextCursor: null }),
])

/** A fresh key that may do only that. */
function keyWith(app: TestApp, scope: string): Promise<string> {
  const fields = { kind: 'keva', name: scope, scopes: [scope], isSpecial: false } as const
  const key = { ...fields, ownerId: null, agentId: null, expiresAt: null }
  return app.write((tx) => createKey(tx, key).raw)
}

async function solveNewest(app: TestApp): Promise<void> {
  const solved = { status: { to: 'solved', unless: [] } } as const
  await app.write((tx) => updateTicket(tx, counter(tx.q, 'ticket'), solved))
}

function lastEvent(app: TestApp): unknown {
  const [event] = app.eventsAfter(app.lastSequence() - 1)
  return JSON.parse(event?.body ?? '')
}
