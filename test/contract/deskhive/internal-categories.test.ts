import { contract, type Before } from '../../support/contract.ts'
import { catalog, ticket } from '../../support/seed.ts'
import {
  answers,
  at16,
  bySortOrder,
  created,
  deleted,
  invalid,
  lowOrder,
  minuteLater,
  nounContract,
  stamps,
  updated,
  wrongOrder,
  wrongStatus,
} from './catalog.ts'
import { meta, ticketView } from './views.ts'

// deskhive.md section 9.

const line = '/api/v1/internal/categories'
const createLine = `POST ${line}`
const least = { name: 'Firmware' }
const wrongParent = invalid({ parent_id: ['The selected parent id is invalid.'] })

/** Category 1 (section 9). */
const view = {
  id: 1,
  name: 'Firmware',
  description: null,
  parent_id: null as number | null,
  status: 'published',
  sort_order: 0,
  ...stamps,
}

nounContract({
  path: 'categories',
  event: 'category',
  least,
  view,
  whole: { name: 'Hardware', description: 'What can be held', status: 'draft', sort_order: 2 },
  nullable: ['description', 'parent_id'],
  missing: { name: ['The name field is required.'] },
  wrong: [
    {
      name: 'says wrong types',
      body: { name: 5, description: 5, parent_id: 'x', status: 5, sort_order: [] },
      errors: {
        name: ['The name field must be a string.'],
        description: ['The description field must be a string.'],
        parent_id: ['The selected parent id is invalid.'],
        status: [wrongStatus],
        sort_order: [wrongOrder],
      },
    },
    {
      name: 'says every wrong value at once',
      body: {
        name: 'x'.repeat(251),
        description: 'y'.repeat(1001),
        parent_id: 99,
        status: 'hidden',
        sort_order: -1,
      },
      errors: {
        name: ['The name field must not be greater than 250 characters.'],
        description: ['The description field must not be greater than 1000 characters.'],
        parent_id: ['The selected parent id is invalid.'],
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

function add(name: string, parent: number | null): Before {
  return { call: createLine, body: { name, parent_id: parent } }
}

/** Firmware, Dials below it, Springs below that, and Invoices beside them: 1 to 4. */
const tree = [add('Firmware', null), add('Dials', 1), add('Springs', 2), add('Invoices', null)]

const child = { ...view, id: 2, name: 'Dials', parent_id: 1 }

contract('the parent of a category', { key: 'special' }, [
  {
    name: 'is given at once',
    call: createLine,
    given: [add('Firmware', null)],
    body: { name: 'Dials', parent_id: '1' },
    status: 201,
    reply: { data: child, message: created },
    events: ['category.created'],
  },
  {
    name: 'is not itself, new',
    call: createLine,
    body: { name: 'Dials', parent_id: 1 },
    ...wrongParent,
  },
  ...(['PUT', 'PATCH'] as const).flatMap((method) => [
    {
      name: `is not itself by ${method}`,
      call: `${method} ${line}/1`,
      given: tree,
      body: { name: 'Firmware', parent_id: 1 },
      ...wrongParent,
    },
    {
      name: `is no child by ${method}`,
      call: `${method} ${line}/1`,
      given: tree,
      body: { name: 'Firmware', parent_id: 2 },
      ...wrongParent,
    },
    {
      name: `is no descendant by ${method}`,
      call: `${method} ${line}/1`,
      given: tree,
      body: { name: 'Firmware', parent_id: 3 },
      ...wrongParent,
    },
    {
      name: `is another by ${method}`,
      call: `${method} ${line}/2`,
      given: [...tree, minuteLater],
      body: { name: 'Dials', parent_id: 4 },
      status: 200,
      reply: { data: { ...child, parent_id: 4, updated_at: at16 }, message: updated },
      events: ['category.updated'],
    },
    {
      name: `is an ancestor by ${method}`,
      call: `${method} ${line}/3`,
      given: [...tree, minuteLater],
      body: { name: 'Springs', parent_id: 1 },
      status: 200,
      reply: {
        data: { ...child, id: 3, name: 'Springs', updated_at: at16 },
        message: updated,
      },
      events: ['category.updated'],
    },
    {
      name: `is none by ${method}`,
      call: `${method} ${line}/2`,
      given: [...tree, minuteLater],
      body: { name: 'Dials', parent_id: null },
      status: 200,
      reply: { data: { ...child, parent_id: null, updated_at: at16 }, message: updated },
      events: ['category.updated'],
    },
  ]),
])

contract(`DELETE ${line}/1 of others`, { key: 'special', call: `DELETE ${line}/1` }, [
  {
    name: 'moves its children to the top, and theirs stay',
    given: tree,
    status: 200,
    reply: { data: null, message: deleted },
    events: ['category.deleted'],
    after: answers(`GET ${line}`, 200, {
      data: [
        { ...child, parent_id: null },
        { ...child, id: 3, name: 'Springs', parent_id: 2 },
        { ...view, id: 4, name: 'Invoices' },
      ],
      meta: meta(3),
    }),
  },
  {
    name: 'leaves the ticket without a category',
    given: [catalog, ticket, { call: 'PUT /api/v1/internal/tickets/1', body: { category_id: 1 } }],
    status: 200,
    reply: { data: null, message: deleted },
    events: ['category.deleted'],
    after: answers('GET /api/v1/internal/tickets/1', 200, { data: ticketView }),
  },
])
