import { contract, type Row } from '../../support/contract.ts'
import { catalog, ticket } from '../../support/seed.ts'
import {
  answers,
  at16,
  created,
  deleted,
  invalid,
  minuteLater,
  nounContract,
  stamps,
  updated,
  wrongStatus,
} from './catalog.ts'
import { ticketView } from './views.ts'

// deskhive.md section 11.

const line = '/api/v1/internal/products'
const createLine = `POST ${line}`
const least = { name: 'Wheel' }
const taken = invalid({ envato_id: ['The envato id has already been taken.'] })

/** Product 1 (section 11). */
const view = {
  id: 1,
  name: 'Wheel',
  envato_id: null as string | null,
  description: null,
  price: null as number | null,
  status: 'published',
  ...stamps,
}

nounContract({
  path: 'products',
  event: 'product',
  least,
  view,
  whole: {
    name: 'Ember Kiln 40',
    envato_id: '70012345',
    description: 'Forty litre front loader',
    price: 1290.5,
    status: 'draft',
  },
  nullable: ['envato_id', 'description', 'price'],
  missing: { name: ['The name field is required.'] },
  wrong: [
    {
      name: 'says wrong types',
      body: { name: 5, envato_id: 70012345, description: 5, price: 'x', status: 5 },
      errors: {
        name: ['The name field must be a string.'],
        envato_id: ['The envato id field must be a string.'],
        description: ['The description field must be a string.'],
        price: ['The price field must be a number.'],
        status: [wrongStatus],
      },
    },
    {
      name: 'says every wrong value at once',
      body: { name: 'x'.repeat(251), envato_id: '7'.repeat(101), price: -0.01, status: 'hidden' },
      errors: {
        name: ['The name field must not be greater than 250 characters.'],
        envato_id: ['The envato id field must not be greater than 100 characters.'],
        price: ['The price field must be at least 0.'],
        status: [wrongStatus],
      },
    },
    {
      name: 'refuses null for what has no null',
      body: { ...least, status: null },
      errors: { status: [wrongStatus] },
    },
  ],
  order: {
    bodies: ['Östra', 'wheel', 'Åsa', 'Bo', 'Wheel'].map((name) => ({ name })),
    ids: [3, 4, 1, 2, 5],
  },
})

const prices: readonly (readonly [sent: unknown, shown: number])[] = [
  [0, 0],
  ['0', 0],
  [1290.5, 1290.5],
  [' 1290.50 ', 1290.5],
  [12, 12],
]

const wrongPrices: readonly unknown[] = ['12 kr', '1,5', true, false, [], {}, '0x10', '1e']

contract('prices', { key: 'special', call: createLine }, [
  ...prices.map(([price, shown]): Row => ({
    name: `takes ${JSON.stringify(price)}`,
    body: { ...least, price },
    status: 201,
    reply: { data: { ...view, price: shown }, message: created },
    events: ['product.created'],
  })),
  ...wrongPrices.map((price): Row => ({
    name: `refuses ${JSON.stringify(price)}`,
    body: { ...least, price },
    ...invalid({ price: ['The price field must be a number.'] }),
  })),
])

const envato = { call: createLine, body: { name: 'Kiln', envato_id: '7001' } }
const other = { call: createLine, body: { name: 'Oven', envato_id: '7002' } }

contract('the id at the marketplace', { key: 'special' }, [
  {
    ...taken,
    name: 'is of one product only',
    call: createLine,
    given: [envato],
    body: { name: 'Oven', envato_id: ' 7001 ' },
  },
  {
    name: 'may be null in several',
    call: createLine,
    given: [{ ...envato, body: least }],
    body: { ...least, envato_id: null },
    status: 201,
    reply: { data: { ...view, id: 2 }, message: created },
    events: ['product.created'],
  },
  {
    name: 'is free when its product is deleted',
    call: createLine,
    given: [envato, { call: `DELETE ${line}/1` }],
    body: { ...least, envato_id: '7001' },
    status: 201,
    reply: { data: { ...view, id: 2, envato_id: '7001' }, message: created },
    events: ['product.created'],
  },
  ...(['PUT', 'PATCH'] as const).flatMap((method): Row[] => [
    {
      ...taken,
      name: `is not of another by ${method}`,
      call: `${method} ${line}/2`,
      given: [envato, other],
      body: { name: 'Oven', envato_id: '7001' },
    },
    {
      name: `may be sent again by ${method}`,
      call: `${method} ${line}/1`,
      given: [envato, minuteLater],
      body: { name: 'Oven', envato_id: '7001' },
      status: 200,
      reply: {
        data: { ...view, name: 'Oven', envato_id: '7001', updated_at: at16 },
        message: updated,
      },
      events: ['product.updated'],
    },
  ]),
])

contract('the order of products', { key: 'special' }, [
  {
    name: 'follows a new name',
    call: `PATCH ${line}/1`,
    given: ['Alpha', 'Beta'].map((name) => ({ call: createLine, body: { name } })),
    body: { name: 'Çeta' },
    status: 200,
    reply: { data: { ...view, name: 'Çeta' }, message: updated },
    events: ['product.updated'],
    after: answers(`GET ${line}?per_page=1`, 200, {
      data: [{ ...view, id: 2, name: 'Beta' }],
      meta: { current_page: 1, last_page: 2, per_page: 1, total: 2 },
    }),
  },
])

contract(`DELETE ${line}/1 of a ticket`, { key: 'special', call: `DELETE ${line}/1` }, [
  {
    name: 'leaves the ticket without a product',
    given: [catalog, ticket, { call: 'PUT /api/v1/internal/tickets/1', body: { product_id: 1 } }],
    status: 200,
    reply: { data: null, message: deleted },
    events: ['product.deleted'],
    after: answers('GET /api/v1/internal/tickets/1', 200, { data: ticketView }),
  },
])
