import { contract } from '../../support/contract.ts'
import { catalog, ticket } from '../../support/seed.ts'
import {
  answers,
  bySortOrder,
  created,
  deleted,
  invalid,
  lowOrder,
  nounContract,
  stamps,
  wrongOrder,
  wrongStatus,
} from './catalog.ts'
import { ticketView } from './views.ts'

// deskhive.md section 10.

const line = '/api/v1/internal/labels'
const createLine = `POST ${line}`
const least = { name: 'Waiting', color: '#2e86c1' }
const wrongColor = 'The color field must be a valid hexadecimal color.'

/** Label 1 (section 10). */
const view = { id: 1, ...least, status: 'published', sort_order: 0, ...stamps }

nounContract({
  path: 'labels',
  event: 'label',
  least,
  view,
  whole: { name: 'Regression', color: '#b03a2e', status: 'draft', sort_order: 1 },
  nullable: [],
  missing: {
    name: ['The name field is required.'],
    color: ['The color field is required.'],
  },
  wrong: [
    {
      name: 'says wrong types',
      body: { name: 5, color: 5, status: 5, sort_order: 'x' },
      errors: {
        name: ['The name field must be a string.'],
        color: ['The color field must be a string.'],
        status: [wrongStatus],
        sort_order: [wrongOrder],
      },
    },
    {
      name: 'says every wrong value at once',
      body: { name: 'x'.repeat(251), color: 'red', status: 'hidden', sort_order: -1 },
      errors: {
        name: ['The name field must not be greater than 250 characters.'],
        color: [wrongColor],
        status: [wrongStatus],
        sort_order: [lowOrder],
      },
    },
    {
      name: 'refuses null for what has no null',
      body: { ...least, status: null, sort_order: null },
      errors: { status: [wrongStatus], sort_order: [wrongOrder] },
    },
  ],
  order: bySortOrder(least),
})

contract('colors', { key: 'special', call: createLine }, [
  ...['#abc', '#ABCD', '#AbCdEf', '#00112233'].map((color) => ({
    name: `takes ${color}`,
    body: { ...least, color },
    status: 201,
    reply: { data: { ...view, color }, message: created },
    events: ['label.created'],
  })),
  ...['abc', '#ab', '#abcde', '#abcdefa', '#abcdefabc', '#ggg', '#abc#', '#ab c'].map((color) => ({
    name: `refuses ${color}`,
    body: { ...least, color },
    ...invalid({ color: [wrongColor] }),
  })),
])

contract(`DELETE ${line}/1 of a ticket`, { key: 'special', call: `DELETE ${line}/1` }, [
  {
    name: 'leaves the ticket its other labels',
    given: [catalog, ticket, { call: 'PUT /api/v1/internal/tickets/1', body: { labels: [1, 2] } }],
    status: 200,
    reply: { data: null, message: deleted },
    events: ['label.deleted'],
    after: answers('GET /api/v1/internal/tickets/1', 200, {
      data: { ...ticketView, labels: [{ id: 2, name: 'Waiting', color: '#2e86c1' }] },
    }),
  },
])
