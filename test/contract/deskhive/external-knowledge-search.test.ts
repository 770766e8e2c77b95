import { expect, test } from 'bun:test'
import { updateArticle } from '../../../src/domain/articles.ts'
import { contract, type Before, type Row } from '../../support/contract.ts'
import { openTestApp, type TestApp } from '../../support/harness.ts'
import { openLibrary, valueAt } from '../../support/openapi.ts'
import { call } from '../../support/send.ts'
import { externalRefusals } from '../refusals.ts'
import { invalid } from './catalog.ts'

// deskhive.md 22.2.

const path = '/api/v1/external/knowledge-base/search'
const line = `GET ${path}`

const asks = (text: string) => `${line}?q=${encodeURIComponent(text)}`

const add = (body: object): Before => ({
  call: 'POST /api/v1/internal/knowledge-articles',
  key: 'special',
  body,
})

/** Articles with these titles and nothing else. */
const titled = (...titles: readonly string[]) => titles.map((title) => add({ title }))

/** The answer has articles with these ids, in this order. */
function ids(...wanted: readonly number[]) {
  return (body: { readonly status: true; readonly data: readonly { readonly id: number }[] }) => {
    expect(body.status).toBe(true)
    expect(body.data.map(({ id }) => id)).toEqual([...wanted])
  }
}

const category: Before = {
  call: 'POST /api/v1/internal/knowledge-categories',
  key: 'special',
  body: { name: 'First firing', status: 'draft' },
}

const short = invalid({ q: ['The q field must be at least 2 characters.'] })
const missing = invalid({ q: ['The q field is required.'] })

contract(line, { key: 'agent', call: asks('error') }, [
  { name: 'finds nothing at first', status: 200, reply: { status: true, data: [] } },
  {
    name: 'shows exactly nine keys, also of a draft category (22.2)',
    given: [
      category,
      add({
        title: 'Clearing error E-07',
        excerpt: 'Three checks before you open the case.',
        content: '<p>Switch the kiln off at the wall, then wait one minute.</p>',
        category_id: 1,
      }),
    ],
    status: 200,
    reply: {
      status: true,
      data: [
        {
          id: 1,
          title: 'Clearing error E-07',
          slug: 'clearing-error-e-07',
          excerpt: 'Three checks before you open the case.',
          content: '<p>Switch the kiln off at the wall, then wait one minute.</p>',
          category: { id: 1, name: 'First firing' },
          views: 0,
          status: 'published',
          created_at: '2026-05-04T08:15:00Z',
        },
      ],
    },
  },
  { name: 'requires q', call: line, ...missing },
  { name: 'requires something in q', call: `${line}?q=`, ...missing },
  { name: 'requires more than blanks in q', call: asks(' \n\t'), ...missing },
  { name: 'requires q, not another name', call: `${line}?query=kiln&q[]=kiln`, ...missing },
  { name: 'requires two characters (smoke 14)', call: asks('x'), ...short },
  { name: 'requires two characters beside blanks', call: asks(' x '), ...short },
  { name: 'counts characters, not code units', call: asks('😀'), ...short },
  { name: 'takes the first q', call: `${line}?q=x&q=kiln`, ...short },
  ...externalRefusals(asks('error')),
])

/** Found or not, by one article alone. */
function finds(name: string, text: string, article: object, isFound = true): Row {
  const given = [add(article)]
  return { name, call: asks(text), given, status: 200, reply: isFound ? ids(1) : ids() }
}

const kiln = { title: 'Kiln shows E-07', excerpt: 'Brûlée', content: '<p>Wärme im Ofen</p>' }

contract('what is found', { key: 'agent' }, [
  finds('by the title', 'shows', kiln),
  finds('by the excerpt', 'brulee', kiln),
  finds('by the content', 'ofen', kiln),
  finds('by the beginning of a word', 'wär', kiln),
  finds('by two letters', 'ki', kiln),
  finds('in any case, with and without accents', 'KILN waRME BRÜLÉE', kiln),
  finds('by words in any order, of different places', 'ofen kiln', kiln),
  finds('by a word with a sign in it', 'e-07', kiln),
  finds('by a word with a sign in it that is not complete', 'E-0', kiln),
  finds('by a phrase with blanks around', '  kiln  shows ', kiln),
  finds('not by a word that is missing', 'kiln glaze', kiln, false),
  finds('not by the inside of a word', 'iln', kiln, false),
  finds('not by a status', 'published', kiln, false),
  finds('not by an operator: NOT is a word', 'kiln NOT glaze', kiln, false),
  finds('not by an operator: OR is a word', 'glaze OR kiln', kiln, false),
  finds('not by the name of a column', 'title:kiln', kiln, false),
  finds('with a sign that other engines take for one', '%kiln_*', kiln),
  finds('not in a draft', 'kiln', { ...kiln, status: 'draft' }, false),
])

async function archive(app: TestApp): Promise<void> {
  await app.write((tx) => updateArticle(tx, 1, { status: { to: 'archived', unless: [] } }).id)
}

const change = (body: object): Before => ({
  call: 'PATCH /api/v1/internal/knowledge-articles/1',
  key: 'special',
  body,
})

contract('a change of an article', { key: 'agent', call: asks('kiln') }, [
  {
    name: 'of its text is found at once, and what it was no more',
    given: [add(kiln), ...titled('Kiln'), change({ title: 'Oven' })],
    status: 200,
    reply: ids(2),
  },
  {
    name: 'to draft hides it',
    given: [add(kiln), change({ status: 'draft' })],
    status: 200,
    reply: ids(),
  },
  {
    name: 'to published shows it',
    given: [add({ ...kiln, status: 'draft' }), change({ status: 'published' })],
    status: 200,
    reply: ids(1),
  },
  { name: 'to archived hides it', given: [add(kiln), archive], status: 200, reply: ids() },
  {
    name: 'to nothing forgets it',
    given: [add(kiln), { call: 'DELETE /api/v1/internal/knowledge-articles/1', key: 'special' }],
    status: 200,
    reply: ids(),
  },
])

const setViews =
  (...views: readonly number[]) =>
  (app: TestApp) =>
    app.sql(
      views
        .map((count, at) => `UPDATE articles SET views = ${count} WHERE id = ${at + 1};`)
        .join(''),
    )

contract('the order', { key: 'agent', call: asks('kiln') }, [
  {
    name: 'has titles before excerpts before contents',
    given: [
      add({ title: 'One', content: 'A kiln' }),
      add({ title: 'Two', excerpt: 'A kiln' }),
      add({ title: 'A kiln' }),
      add({ title: 'Four', content: 'A kiln' }),
    ],
    status: 200,
    reply: ids(3, 2, 4, 1),
  },
  {
    name: 'has a title before any number of mentions',
    given: [
      add({ title: 'A kiln', content: 'x '.repeat(2000) }),
      add({ title: 'Two', excerpt: 'kiln kiln kiln', content: 'kiln '.repeat(200) }),
    ],
    status: 200,
    reply: ids(1, 2),
  },
  {
    name: 'has what tells more of it first',
    given: [
      add({ title: 'One', content: 'A kiln, and much else that has to do with other things' }),
      add({ title: 'Two', content: 'A kiln is a kiln' }),
    ],
    status: 200,
    reply: ids(2, 1),
  },
  {
    name: 'has what is seen more first among equals, then the newest',
    given: [...titled('A kiln', 'A kiln', 'A kiln', 'A kiln'), setViews(5, 9, 5, 5)],
    status: 200,
    reply: ids(2, 4, 3, 1),
  },
  {
    name: 'ends after twenty',
    given: titled(...Array.from({ length: 22 }, (_, at) => `Kiln ${at}`)),
    status: 200,
    reply: ids(...Array.from({ length: 20 }, (_, at) => 22 - at)),
  },
])

const strange: readonly string[] = [
  '""',
  '"kiln',
  "'; DROP TABLE articles; --",
  'AND',
  'kiln AND',
  'OR OR',
  'NOT kiln',
  'kiln NOT',
  'NEAR(',
  'NEAR(kiln, 2)',
  '**',
  'kil*n*',
  '-a',
  '--',
  '^kiln',
  ': kiln',
  'nothing: kiln',
  '{title} : (',
  '((((((((',
  'a + b',
  '😀😀',
  'kiln\u0000',
  '\u0000\u0000',
  '\u0000"kiln',
  '\ufffd\uffff\u{10ffff}',
  '\u0301\u0301',
  '\u202e\u200b\u200b',
  '__proto__',
  'x'.repeat(70_000),
  'kiln '.repeat(14_000),
  'a-'.repeat(35_000),
  'e\u0301'.repeat(23_000),
  '\u0342a'.repeat(23_000),
  '"'.repeat(70_000),
]

test('no text is an error, and none changes anything', async () => {
  using app = await openTestApp()
  const key = 'special'
  await call(app, 'POST /api/v1/internal/knowledge-articles', { key, body: { title: 'Kiln' } })
  const rows = app.dump()
  for (const text of strange) {
    const { status, body } = await call(app, asks(text), { key: 'agent' })
    expect([text.slice(0, 20), status, body]).toEqual([
      text.slice(0, 20),
      200,
      { status: true, data: expect.any(Array) },
    ])
  }
  for (const query of ['q=%ff%fe', 'q=%zz', 'q=ki&q=kiln', 'q=kiln&&=&q', '__proto__=1&q=kiln']) {
    const { status } = await call(app, `${line}?${query}`, { key: 'agent' })
    expect([query, status < 500]).toEqual([query, true])
  }
  expect(app.changedSince(rows)).toEqual([])
})

test('the document says what q must be', async () => {
  const { documents } = await openLibrary()
  const place = ['paths', '/knowledge-base/search', 'get', 'parameters']
  expect(valueAt(documents.external, place)).toEqual([
    { name: 'q', in: 'query', required: true, schema: { type: 'string', minLength: 2 } },
  ])
  const list = ['paths', '/knowledge-articles', 'get', 'parameters']
  const parameters = valueAt(documents.internal, list) as object[]
  expect(parameters.map((one) => 'required' in one)).toEqual([false, false])
})
