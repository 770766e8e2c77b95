import { expect } from 'bun:test'
import { updateArticle } from '../../../src/domain/articles.ts'
import { contract, type Before, type Row } from '../../support/contract.ts'
import { staff, type TestApp } from '../../support/harness.ts'
import {
  answers,
  at16,
  created,
  invalid,
  minuteLater,
  nounContract,
  updated,
  wrongStatus,
} from './catalog.ts'
import { articleView as view, meta } from './views.ts'

// deskhive.md section 15.

const line = '/api/v1/internal/knowledge-articles'
const createLine = `POST ${line}`
const title = 'Clearing error E-07'
const least = { title }
const slug = 'clearing-error-e-07'
const wrongCategory = 'The selected category id is invalid.'

nounContract({
  path: 'knowledge-articles',
  event: 'article',
  least,
  view,
  whole: {
    title: 'First firing',
    slug: 'before-you-fire',
    content: '<p>Switch the kiln off at the wall, then wait one minute.</p>',
    excerpt: 'Three checks before you open the case.',
    status: 'draft',
  },
  nullable: ['content', 'excerpt'],
  missing: { title: ['The title field is required.'] },
  wrong: [
    {
      name: 'says wrong types',
      body: { title: 5, slug: 5, content: [], excerpt: {}, category_id: 'x', status: 5 },
      errors: {
        title: ['The title field must be a string.'],
        slug: ['The slug field must be a string.'],
        content: ['The content field must be a string.'],
        excerpt: ['The excerpt field must be a string.'],
        category_id: [wrongCategory],
        status: [wrongStatus],
      },
    },
    {
      name: 'says every wrong value at once',
      body: {
        title: 'x'.repeat(251),
        slug: 'y'.repeat(251),
        excerpt: 'z'.repeat(501),
        category_id: 99,
        status: 'archived',
      },
      errors: {
        title: ['The title field must not be greater than 250 characters.'],
        slug: ['The slug field must not be greater than 250 characters.'],
        excerpt: ['The excerpt field must not be greater than 500 characters.'],
        category_id: [wrongCategory],
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
    bodies: [1, 2, 3, 4, 5].map((n) => ({ title: `Article ${n}` })),
    ids: [5, 4, 3, 2, 1],
  },
})

const add = (body: object = least): Before => ({ call: createLine, body })

contract('the order of articles', { key: 'special', call: `GET ${line}` }, [
  {
    name: 'is newest first, whatever was changed since',
    given: [
      add(),
      minuteLater,
      add({ title: 'Second' }),
      { call: `PATCH ${line}/1`, body: { title } },
    ],
    status: 200,
    reply: {
      data: [
        {
          ...view,
          id: 2,
          title: 'Second',
          slug: 'second',
          created_at: at16,
          updated_at: at16,
        },
        view,
      ],
      meta: meta(2),
    },
  },
])

/** An article that is made so is told so. */
function makes(name: string, body: object, shown: object, given: readonly Before[] = []): Row {
  return {
    name,
    given,
    body,
    status: 201,
    reply: { data: { ...view, id: given.length + 1, ...shown }, message: created },
    events: ['article.created'],
  }
}

const nothing = '!? 😀'

contract('the slug of a new article', { key: 'special', call: createLine }, [
  makes(
    'is made from the title: lower case, accents folded, one hyphen between words',
    { title: 'Crème  Brûlée: 100 % für Ærø!' },
    { title: 'Crème  Brûlée: 100 % für Ærø!', slug: 'creme-brulee-100-fur-aero' },
  ),
  makes(
    'keeps other alphabets',
    { title: 'Привет, Мир' },
    { title: 'Привет, Мир', slug: 'привет-мир' },
  ),
  makes(
    'is made from a title without any letter',
    { title: nothing },
    {
      title: nothing,
      slug: 'article',
    },
  ),
  makes('is made of one that is sent', { ...least, slug: ' Error: É-07 ' }, { slug: 'error-e-07' }),
  makes(
    'is made from the title when none can be made of the one sent',
    { ...least, slug: '--' },
    {},
  ),
  makes('is made from the title for null', { ...least, slug: null }, {}),
  makes('has a number when another has it', least, { slug: `${slug}-1` }, [add()]),
  makes('has the next number', least, { slug: `${slug}-3` }, [add(), add(), add()]),
  makes(
    'has a number when it is sent, too',
    { title: 'Other', slug },
    {
      title: 'Other',
      slug: `${slug}-1`,
    },
    [add()],
  ),
  makes('has the next number after one that looks like a number', least, { slug: `${slug}-2` }, [
    add(),
    add({ title: `${title}-1` }),
  ]),
  makes(
    'has at most 250 characters with its number',
    { title: 'x'.repeat(250) },
    { title: 'x'.repeat(250), slug: `${'x'.repeat(248)}-1` },
    [add({ title: 'x'.repeat(250) })],
  ),
  {
    ...makes('is the lowest again when articles are gone', least, { id: 3 }),
    given: [add(), add(), { call: `DELETE ${line}/1` }],
  },
])

/** A change of article 1, a minute later. */
function changes(name: string, body: object, shown: object, given: Row['given'] = [add()]): Row {
  return {
    name,
    given: [...(given as Before[]), minuteLater],
    body,
    status: 200,
    reply: { data: { ...view, ...shown, updated_at: at16 }, message: updated },
    events: ['article.updated'],
  }
}

/** A change that changes nothing. */
function leaves(name: string, body: object, shown: object, given: Row['given'] = [add()]): Row {
  const reply = { data: { ...view, ...shown }, message: updated }
  return { name, given: [...(given as Before[]), minuteLater], body, status: 200, reply }
}

/** Article 2 is the second of its slug. */
const second = { call: `PATCH ${line}/2` }

contract('the slug of an article that changes', { key: 'special', call: `PATCH ${line}/1` }, [
  changes('stays when the title changes', { title: 'Other' }, { title: 'Other' }),
  changes('is what is sent, made a slug', { slug: 'Ö vän' }, { slug: 'o-van' }),
  changes(
    'is made from the new title for null',
    { title: 'Other', slug: null },
    {
      title: 'Other',
      slug: 'other',
    },
  ),
  leaves('is made from the title for null', { slug: null }, {}),
  leaves('may be sent again', { slug }, {}),
  leaves('may be sent again in other letters', { slug: 'Clearing Error  E-07' }, {}),
  changes('has a number when another has it', { slug: 'other' }, { slug: 'other-1' }, [
    add(),
    add({ title: 'Other' }),
  ]),
  {
    ...leaves(
      'keeps its number while another has the bare one',
      { slug },
      {
        id: 2,
        slug: `${slug}-1`,
      },
      [add(), add()],
    ),
    ...second,
  },
  {
    ...changes('loses its number when the bare one is free', { slug }, { id: 2 }, [
      add(),
      add(),
      { call: `DELETE ${line}/1` },
    ]),
    ...second,
  },
])

const categories: readonly Before[] = ['First firing', 'Glazes'].map((name) => ({
  call: 'POST /api/v1/internal/knowledge-categories',
  body: { name },
}))
const firing = { id: 1, name: 'First firing' }
const filed = [...categories, add({ ...least, category_id: 1 })]

contract('the category of an article', { key: 'special', call: `PATCH ${line}/1` }, [
  {
    ...makes(
      'is given at once, as text too',
      { ...least, category_id: '1' },
      { id: 1, category: firing },
    ),
    call: createLine,
    given: categories,
  },
  {
    name: 'stands in the list',
    call: `GET ${line}`,
    given: filed,
    status: 200,
    reply: { data: [{ ...view, category: firing }], meta: meta(1) },
  },
  changes('changes', { category_id: 2 }, { category: { id: 2, name: 'Glazes' } }, filed),
  changes('is none for null', { category_id: null }, {}, filed),
  leaves('stays when it is left out', {}, { category: firing }, filed),
  {
    name: 'is of the knowledge base, not of tickets',
    given: [{ call: 'POST /api/v1/internal/categories', body: { name: 'Firmware' } }, add()],
    body: { category_id: 1 },
    ...invalid({ category_id: [wrongCategory] }),
  },
])

async function archive(app: TestApp): Promise<void> {
  await app.write((tx) => updateArticle(tx, 1, { status: { to: 'archived', unless: [] } }).id)
}

/** The status that is stored of article 1. */
function stored(status: string) {
  return (app: TestApp) => {
    const [row] = JSON.parse(app.dump().get('articles') ?? '[]') as { status: string }[]
    expect(row?.status).toBe(status)
  }
}

const archived = [add(), archive]

contract('an archived article', { key: 'special', call: `PUT ${line}/1` }, [
  {
    name: 'is shown as a draft',
    call: `GET ${line}/1`,
    given: archived,
    status: 200,
    reply: { data: { ...view, status: 'draft' } },
  },
  {
    ...leaves(
      'stays archived as a draft',
      { ...least, status: 'draft' },
      { status: 'draft' },
      archived,
    ),
    after: stored('archived'),
  },
  {
    ...changes(
      'stays archived when something else changes',
      { title: 'Other', status: 'draft' },
      { title: 'Other', status: 'draft' },
      archived,
    ),
    after: stored('archived'),
  },
  {
    ...changes('is published', { ...least, status: 'published' }, {}, archived),
    after: stored('published'),
  },
  {
    ...changes(
      'is a draft once it was published',
      { ...least, status: 'draft' },
      { status: 'draft' },
    ),
    after: stored('draft'),
  },
])

/** Gives article 1 an author who leaves. */
function authorLeaves(app: TestApp): void {
  app.sql(
    `UPDATE articles SET author_id = ${staff.noor}; DELETE FROM staff WHERE id = ${staff.noor}`,
  )
}

contract('what the server keeps of an article', { key: 'special', call: `GET ${line}/1` }, [
  {
    name: 'has no author when the person is gone',
    given: [add(), authorLeaves],
    status: 200,
    reply: { data: { ...view, author: null } },
  },
  {
    name: 'is no field: views, votes, author and source',
    call: `PATCH ${line}/1`,
    given: [add()],
    body: { views: 5, helpful_yes: 5, helpful_no: 5, author_id: 2, source: 'ai', version: 9 },
    status: 200,
    reply: { data: view, message: updated },
  },
  {
    name: 'is shown: views and votes, and a read adds none',
    given: [
      add(),
      (app) => app.sql('UPDATE articles SET views = 88, helpful_yes = 14, helpful_no = 2'),
      { call: `GET ${line}/1` },
    ],
    status: 200,
    reply: { data: { ...view, views: 88, helpful_yes: 14, helpful_no: 2 } },
    after: answers(`GET ${line}`, 200, {
      data: [{ ...view, views: 88, helpful_yes: 14, helpful_no: 2 }],
      meta: meta(1),
    }),
  },
])

/** What the event of this request tells. */
function tells(body: object) {
  return (app: TestApp) => {
    const [event] = app.eventsAfter(app.lastSequence() - 1)
    expect(JSON.parse(event?.body ?? '')).toEqual({
      id: 1,
      uid: expect.stringMatching(/^[0-9a-hjkmnp-tv-z]{26}$/),
      ...body,
    })
  }
}

contract('the events of an article', { key: 'special', call: `DELETE ${line}/1` }, [
  {
    ...makes('tell of a new one', { ...least, status: 'draft' }, { status: 'draft' }),
    call: createLine,
    after: tells({ title, status: 'draft' }),
  },
  {
    ...changes('tell of a change', { title: 'Other' }, { title: 'Other' }),
    call: `PATCH ${line}/1`,
    after: tells({ title: 'Other', status: 'published' }),
  },
  {
    name: 'tell of one that is gone, by the status that it had',
    given: archived,
    status: 200,
    reply: { data: null, message: 'Deleted successfully' },
    events: ['article.deleted'],
    after: tells({ title, status: 'archived' }),
  },
])
