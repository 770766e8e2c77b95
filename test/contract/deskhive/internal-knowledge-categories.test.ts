import { contract, type Before } from '../../support/contract.ts'
import {
  answers,
  bySortOrder,
  deleted,
  invalid,
  lowOrder,
  nounContract,
  stamps,
  wrongOrder,
  wrongStatus,
} from './catalog.ts'
import { articleView, meta } from './views.ts'

// deskhive.md section 14.

const line = '/api/v1/internal/knowledge-categories'
const articlesLine = '/api/v1/internal/knowledge-articles'
const least = { name: 'First firing' }

/** Knowledge category 1 (section 14). */
const view = {
  id: 1,
  name: 'First firing',
  description: null,
  icon: null,
  status: 'published',
  sort_order: 0,
  articles_count: 0,
  ...stamps,
}

nounContract({
  path: 'knowledge-categories',
  event: 'knowledge_category',
  least,
  view,
  whole: {
    name: 'Glazes',
    description: 'From unpacking to the first glaze run',
    icon: 'ti ti-flame',
    status: 'draft',
    sort_order: 4,
  },
  nullable: ['description', 'icon'],
  missing: { name: ['The name field is required.'] },
  wrong: [
    {
      name: 'says wrong types',
      body: { name: 5, description: [], icon: {}, status: 5, sort_order: 'x' },
      errors: {
        name: ['The name field must be a string.'],
        description: ['The description field must be a string.'],
        icon: ['The icon field must be a string.'],
        status: [wrongStatus],
        sort_order: [wrongOrder],
      },
    },
    {
      name: 'says every wrong value at once',
      body: {
        name: 'x'.repeat(251),
        description: 'y'.repeat(1001),
        icon: 'z'.repeat(101),
        status: 'archived',
        sort_order: -1,
      },
      errors: {
        name: ['The name field must not be greater than 250 characters.'],
        description: ['The description field must not be greater than 1000 characters.'],
        icon: ['The icon field must not be greater than 100 characters.'],
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

const add = (body: object): Before => ({ call: `POST ${line}`, body })
const write = (body: object): Before => ({ call: `POST ${articlesLine}`, body })
const change = (id: number, body: object): Before => ({
  call: `PATCH ${articlesLine}/${id}`,
  body,
})

/** Categories 1 and 2; three articles in the first, one of them a draft, and one without. */
const filled = [
  add(least),
  add({ name: 'Glazes' }),
  write({ title: 'One', category_id: 1 }),
  write({ title: 'Two', category_id: 1, status: 'draft' }),
  write({ title: 'Three', category_id: 1 }),
  write({ title: 'Four' }),
]

function counts(first: number, second: number): object {
  return {
    data: [
      { ...view, articles_count: first },
      { ...view, id: 2, name: 'Glazes', articles_count: second },
    ],
    meta: meta(2),
  }
}

contract('the count of articles', { key: 'special', call: `GET ${line}` }, [
  { name: 'is of any status', given: filled, status: 200, reply: counts(3, 0) },
  {
    name: 'stands in a single read, too',
    call: `GET ${line}/1`,
    given: filled,
    status: 200,
    reply: { data: { ...view, articles_count: 3 } },
  },
  {
    name: 'follows an article that moves, changes its status, loses its category or is deleted',
    given: [
      ...filled,
      change(1, { category_id: 2, status: 'draft' }),
      change(2, { category_id: null }),
      change(4, { category_id: 2 }),
      { call: `DELETE ${articlesLine}/3` },
    ],
    status: 200,
    reply: counts(0, 2),
  },
  {
    name: 'is no field',
    call: `PATCH ${line}/1`,
    given: [add(least)],
    body: { articles_count: 5 },
    status: 200,
    reply: { data: view, message: 'Updated successfully' },
  },
])

contract(`DELETE ${line}/1 of articles`, { key: 'special', call: `DELETE ${line}/1` }, [
  {
    name: 'leaves them without a category',
    given: [add(least), write({ title: 'Clearing error E-07', category_id: 1 })],
    status: 200,
    reply: { data: null, message: deleted },
    events: ['knowledge_category.deleted'],
    after: answers(`GET ${articlesLine}/1`, 200, { data: articleView }),
  },
])

contract('a category that is gone', { key: 'special' }, [
  {
    name: 'takes no article',
    call: `POST ${articlesLine}`,
    given: [add(least), { call: `DELETE ${line}/1` }],
    body: { title: 'One', category_id: 1 },
    ...invalid({ category_id: ['The selected category id is invalid.'] }),
  },
])
