import { contract, type Row } from '../../support/contract.ts'
import {
  bySortOrder,
  created,
  lowOrder,
  nounContract,
  stamps,
  updated,
  wrongOrder,
} from './catalog.ts'

// deskhive.md section 16.

const line = '/api/v1/internal/canned-responses'
const createLine = `POST ${line}`
const least = { title: 'Thanks' }
const wrongFlag = 'The is active field must be true or false.'

/** Canned response 1 (section 16). */
const view = {
  id: 1,
  title: 'Thanks',
  content: null as string | null,
  category: null,
  shortcut: null as string | null,
  is_active: true,
  sort_order: 0,
  ...stamps,
}

nounContract({
  path: 'canned-responses',
  event: 'canned_response',
  least,
  view,
  whole: {
    title: 'Ask for serial number',
    content: '<p>Could you send us the number on the plate behind the door?</p>',
    category: 'Hardware',
    shortcut: '/serial',
    is_active: false,
    sort_order: 3,
  },
  nullable: ['content', 'category', 'shortcut'],
  missing: { title: ['The title field is required.'] },
  wrong: [
    {
      name: 'says wrong types',
      body: { title: 5, content: 5, category: [], shortcut: {}, is_active: 'on', sort_order: 1.5 },
      errors: {
        title: ['The title field must be a string.'],
        content: ['The content field must be a string.'],
        category: ['The category field must be a string.'],
        shortcut: ['The shortcut field must be a string.'],
        is_active: [wrongFlag],
        sort_order: [wrongOrder],
      },
    },
    {
      name: 'says every wrong value at once',
      body: {
        title: 'x'.repeat(251),
        category: 'y'.repeat(101),
        shortcut: 'z'.repeat(101),
        is_active: 2,
        sort_order: -1,
      },
      errors: {
        title: ['The title field must not be greater than 250 characters.'],
        category: ['The category field must not be greater than 100 characters.'],
        shortcut: ['The shortcut field must not be greater than 100 characters.'],
        is_active: [wrongFlag],
        sort_order: [lowOrder],
      },
    },
    {
      name: 'refuses null for what has no null',
      body: { ...least, is_active: null, sort_order: null },
      errors: { is_active: [wrongFlag], sort_order: [wrongOrder] },
    },
  ],
  order: bySortOrder(least),
})

const shortcuts = ['/serial', 'serial', '//Serial', 'Två ord']
const html = '<p onclick="x()">Hi &amp; bye</p>\n<script>1</script>'

contract('the shortcut and the content', { key: 'special', call: createLine }, [
  ...shortcuts.map((shortcut): Row => ({
    name: `${shortcut} is stored as typed`,
    body: { ...least, shortcut },
    status: 201,
    reply: { data: { ...view, shortcut }, message: created },
    events: ['canned_response.created'],
  })),
  {
    name: 'a shortcut may be of several',
    given: [{ call: createLine, body: { ...least, shortcut: '/serial' } }],
    body: { ...least, shortcut: '/serial' },
    status: 201,
    reply: { data: { ...view, id: 2, shortcut: '/serial' }, message: created },
    events: ['canned_response.created'],
  },
  {
    name: 'content is kept as it came',
    body: { ...least, content: html },
    status: 201,
    reply: { data: { ...view, content: html }, message: created },
    events: ['canned_response.created'],
  },
  {
    name: 'content has no length',
    call: `PATCH ${line}/1`,
    given: [{ call: createLine, body: least }],
    body: { content: 'å'.repeat(200_000) },
    status: 200,
    reply: { data: { ...view, content: 'å'.repeat(200_000) }, message: updated },
    events: ['canned_response.updated'],
  },
])
