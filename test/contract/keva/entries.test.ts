import { describe, expect, test } from 'bun:test'
import { createArticle } from '../../../src/domain/articles.ts'
import { knowledgeCategories } from '../../../src/domain/catalog.ts'
import { createKey } from '../../../src/domain/keys.ts'
import type { Tx } from '../../../src/domain/tx.ts'
import { publicId } from '../../../src/lib/ids.ts'
import { staffById } from '../../../src/store/staff.ts'
import { contract, uid, type Row } from '../../support/contract.ts'
import { openTestApp, staff, type TestApp } from '../../support/harness.ts'
import { call } from '../../support/send.ts'
import { kevaRefusals } from '../refusals.ts'
import { decidedAs, entry as proposal, proposed } from './proposals.ts'

// keva.md section 6, on both surfaces (R1, R2).

const at = '2026-05-04T08:15:00Z'
const at16 = '2026-05-04T08:16:00Z'

/** The public id that the installed user has in every test: random, but alike in each run. */
const adminId = await idOfAdmin()

async function idOfAdmin(): Promise<string> {
  using app = await openTestApp()
  return publicId(
    'staff',
    app.read((reader) => staffById(reader.q, staff.admin)?.uid ?? ''),
  )
}

const markdown = '\n# Kiln  \r\n\n* off\n* wait **one** minute\n\n\tcode  \n'

const sent = { title: 'Clearing error E-07', content: markdown }

const view = {
  id: uid('kb'),
  ...sent,
  category: null as string | null,
  status: 'active',
  source: 'manual',
  createdBy: adminId as string | null,
  createdAt: at,
  updatedAt: at,
}

type Surface = {
  readonly base: string
  /** A body with one record, and one with a list. */
  readonly one: (record: object) => object
  readonly list: (rows: readonly unknown[], total?: number) => object
}

const surfaces: readonly Surface[] = [
  ...['/api/v1', '/v1'].map((base): Surface => ({
    base,
    one: (data) => ({ data }),
    list: (data, total = data.length) => ({
      data,
      pagination: { page: 1, perPage: 20, total, nextCursor: null },
    }),
  })),
  {
    base: '/api',
    one: (record) => record,
    list: (entries, total = entries.length) => ({
      entries,
      total,
      page: 1,
      totalPages: total === 0 ? 0 : 1,
    }),
  },
]

const created = ['article.created']
const updated = ['article.updated']
const withCategory = ['knowledge_category.created']
const missing = { status: 404, reply: { error: 'Entry not found' } }
const nobody = `kb_${'0'.repeat(26)}`
const invalid = (...details: readonly (readonly [field: string, message: string])[]) => ({
  status: 422,
  reply: {
    error: 'Validation failed',
    details: details.map(([field, message]) => ({ field, message })),
  },
})
const badStatus = {
  status: 400,
  reply: { error: 'Invalid status. Must be one of: active, archived, suggested' },
}

const bad = { title: 'x'.repeat(501), content: 5, category: 'x'.repeat(251), status: 'published' }
const badDetails = [
  ['title', 'Title must be at most 500 characters'],
  ['content', 'Invalid content format'],
  ['category', 'Category must be at most 250 characters'],
  ['status', 'Invalid status. Must be one of: active, archived, suggested'],
] as const

/** An entry that was made before, which later paths call `{entry}`. */
function entry(fields: object = {}) {
  return async (app: TestApp): Promise<void> => {
    const body = { ...sent, ...fields }
    const answer = await call(app, 'POST /api/kb', { key: 'keva', body })
    expect(answer.status).toBe(201)
    app.named.set('entry', (answer.body as { id: string }).id)
  }
}

const minute = (app: TestApp) => app.advance(60_000)

/** What DeskHive shows of article 1. */
async function inDeskHive(app: TestApp): Promise<unknown> {
  const key = 'special'
  const { body } = await call(app, 'GET /api/v1/internal/knowledge-articles/1', { key })
  return (body as { data: unknown }).data
}

for (const { base, one, list } of surfaces) {
  const path = `${base}/kb`

  contract(`POST ${path}`, { key: 'keva', call: `POST ${path}` }, [
    {
      name: 'adds an active entry, its Markdown byte for byte, which DeskHive shows as well',
      body: sent,
      status: 201,
      reply: one(view),
      events: created,
      answers: { etag: '"1"' },
      after: async (app) =>
        expect(await inDeskHive(app)).toMatchObject({
          ...sent,
          slug: 'clearing-error-e-07',
          excerpt: null,
          category: null,
          author: { id: staff.admin, name: 'Administrator' },
          status: 'published',
        }),
    },
    {
      name: 'makes the category on its first use, and trims names',
      body: { ...sent, title: '  Clearing \t', category: ' Error codes\n' },
      status: 201,
      reply: one({ ...view, title: 'Clearing', category: 'Error codes' }),
      events: [...withCategory, ...created],
      after: async (app) =>
        expect(await inDeskHive(app)).toMatchObject({ category: { id: 1, name: 'Error codes' } }),
    },
    {
      name: 'finds the category by its exact name, the oldest of several',
      given: (app) =>
        app.write((tx) => {
          for (const name of ['errors', 'Errors', 'Errors']) {
            knowledgeCategories.create(tx, { name })
          }
        }),
      body: { ...sent, category: 'Errors' },
      status: 201,
      reply: one({ ...view, category: 'Errors' }),
      events: created,
      after: async (app) => expect(await inDeskHive(app)).toMatchObject({ category: { id: 2 } }),
    },
    ...[
      ['active', 'published', 'manual'],
      ['archived', 'draft', 'manual'],
      ['suggested', 'draft', 'ai'],
    ].map(([status, inWords, source]): Row => ({
      name: `takes ${status}, which DeskHive calls ${inWords}`,
      body: { ...sent, status, category: null },
      status: 201,
      reply: one({ ...view, status, source }),
      events: created,
      after: async (app) => expect(await inDeskHive(app)).toMatchObject({ status: inWords }),
    })),
    ...['', '  ', null].map((category): Row => ({
      name: `takes the category ${JSON.stringify(category)} for none`,
      body: { ...sent, category },
      status: 201,
      reply: one(view),
      events: created,
    })),
    {
      name: 'takes a title twice, under another slug',
      given: entry(),
      body: sent,
      status: 201,
      reply: one(view),
      events: created,
    },
    {
      name: 'takes a title of 500 characters beside blanks, and content of nearly a megabyte',
      body: { title: ` ${'😀'.repeat(500)} `, content: 'å'.repeat(500_000) },
      status: 201,
      reply: one({ ...view, title: '😀'.repeat(500), content: 'å'.repeat(500_000) }),
      events: created,
    },
    {
      name: 'ignores what is not writable or not known',
      body: { ...sent, id: 'kb_x', source: 'ai', createdBy: 'user_x', createdAt: at16, slug: 'x' },
      status: 201,
      reply: one(view),
      events: created,
      after: async (app) =>
        expect(await inDeskHive(app)).toMatchObject({ slug: 'clearing-error-e-07' }),
    },
    {
      ...invalid(['title', 'Title is required'], ['content', 'Content is required']),
      name: 'needs a title and content, of which blanks are none',
      body: { title: ' \n', content: null, status: 'active' },
    },
    { ...invalid(...badDetails), name: 'names every bad field at once, in order', body: bad },
    {
      ...badStatus,
      name: 'answers a bad status alone with 400, and makes no category',
      body: { ...sent, category: 'New', status: 'draft' },
    },
    ...kevaRefusals(`POST ${path}`, 'kevaWriter'),
  ])

  contract(`GET ${path}/:id`, { key: 'keva', call: `GET ${path}/{entry}`, given: entry() }, [
    { name: 'shows an entry', status: 200, reply: one(view) },
    {
      name: 'shows what DeskHive made, in the words of this contract',
      given: async (app) => {
        const body = { title: 'Wheels', category_id: 1, status: 'draft' }
        await app.write((tx) => knowledgeCategories.create(tx, { name: 'Throwing' }).id)
        await call(app, 'POST /api/v1/internal/knowledge-articles', { key: 'special', body })
        await nameEntry(app, 'Wheels')
      },
      status: 200,
      reply: one({
        ...view,
        title: 'Wheels',
        content: '',
        category: 'Throwing',
        status: 'suggested',
      }),
    },
    {
      name: 'shows what an AI proposed and a person approved',
      given: [
        proposed(proposal),
        decidedAs('approved'),
        (app) => nameEntry(app, 'Reissuing an invoice'),
      ],
      status: 200,
      reply: one({
        ...view,
        title: 'Reissuing an invoice',
        content: proposal.content,
        category: 'billing',
        source: 'ai',
      }),
    },
    {
      name: 'has no author when that person is gone',
      given: [entry(), (app) => app.sql('UPDATE articles SET author_id = NULL')],
      status: 200,
      reply: one({ ...view, createdBy: null }),
    },
    ...['1', nobody, `tkt_${'0'.repeat(26)}`, 'kb_', 'x'].map((id): Row => ({
      ...missing,
      name: `does not find ${id}`,
      call: `GET ${path}/${id}`,
    })),
    ...kevaRefusals(`GET ${path}/${nobody}`, 'kevaReader'),
  ])

  contract(`PATCH ${path}/:id`, { key: 'keva', call: `PATCH ${path}/{entry}`, given: entry() }, [
    {
      name: 'changes what is given, and keeps the rest and the slug',
      given: [entry({ category: 'Errors' }), minute],
      body: { title: ' Error E-08 ', status: 'archived' },
      status: 200,
      reply: one({
        ...view,
        title: 'Error E-08',
        category: 'Errors',
        status: 'archived',
        updatedAt: at16,
      }),
      events: updated,
      answers: { etag: '"2"' },
      after: async (app) =>
        expect(await inDeskHive(app)).toMatchObject({ slug: 'clearing-error-e-07' }),
    },
    {
      name: 'keeps content as it is sent',
      given: [entry(), minute],
      body: { content: ' \n x\r\n' },
      status: 200,
      reply: one({ ...view, content: ' \n x\r\n', updatedAt: at16 }),
      events: updated,
    },
    {
      name: 'makes the category on its first use',
      given: [entry({ category: 'Errors' }), minute],
      body: { category: 'Codes' },
      status: 200,
      reply: one({ ...view, category: 'Codes', updatedAt: at16 }),
      events: [...withCategory, ...updated],
    },
    {
      name: 'takes null for no category',
      given: [entry({ category: 'Errors' }), minute],
      body: { category: null },
      status: 200,
      reply: one({ ...view, updatedAt: at16 }),
      events: updated,
    },
    {
      name: 'makes a suggestion active; it stays what an AI wrote',
      given: [entry({ status: 'suggested' }), minute],
      body: { status: 'active' },
      status: 200,
      reply: one({ ...view, source: 'ai', updatedAt: at16 }),
      events: updated,
    },
    {
      name: 'changes nothing by the same values or by none',
      given: [entry({ category: 'Errors' }), minute],
      body: { ...sent, title: ` ${sent.title}`, category: 'Errors ', status: 'active' },
      status: 200,
      reply: one({ ...view, category: 'Errors' }),
      answers: { etag: '"1"' },
    },
    {
      name: 'leaves the entry in its own category, when an older one has the same name',
      given: [entry({ category: 'Errors' }), entry({ category: 'Codes' }), sameNames, minute],
      body: { category: 'Errors' },
      status: 200,
      reply: one({ ...view, category: 'Errors' }),
      answers: { etag: '"1"' },
    },
    {
      ...invalid(['title', 'Title is required'], ['content', 'Content is required']),
      name: 'needs a title and content that are given',
      body: { title: null, content: '' },
    },
    { ...invalid(...badDetails), name: 'names every bad field at once, in order', body: bad },
    {
      ...badStatus,
      name: 'answers a bad status alone',
      body: { status: 'draft', category: 'New' },
    },
    {
      ...missing,
      name: 'does not find an unknown one, whatever the body',
      call: `PATCH ${path}/${nobody}`,
      body: bad,
    },
    ...kevaRefusals(`PATCH ${path}/${nobody}`, 'kevaWriter'),
  ])

  contract(`DELETE ${path}/:id`, { key: 'keva', call: `DELETE ${path}/{entry}`, given: entry() }, [
    {
      name: 'deletes an entry for good, in both contracts; its category stays',
      given: entry({ category: 'Errors' }),
      status: 204,
      reply: undefined,
      events: ['article.deleted'],
      async after(app) {
        const key = 'keva'
        expect((await call(app, `GET ${path}/{entry}`, { key })).status).toBe(404)
        expect((await call(app, `DELETE ${path}/{entry}`, { key })).status).toBe(404)
        const { body } = await call(app, `GET ${path}`, { key })
        expect(body).toEqual(list([]))
        const categories = 'GET /api/v1/internal/knowledge-categories'
        expect((await call(app, categories, { key: 'special' })).body).toMatchObject({
          data: [{ name: 'Errors', articles_count: 0 }],
        })
      },
    },
    { ...missing, name: 'does not find an unknown one', call: `DELETE ${path}/${nobody}` },
    ...kevaRefusals(`DELETE ${path}/${nobody}`, 'kevaWriter'),
  ])

  const kiln = { ...view, title: 'Kiln', category: 'Firing' }
  const glaze = { ...view, title: 'Glaze', content: 'Not in a hot kiln', category: 'Firing' }
  const wheel = { ...view, title: 'Wheel', content: 'Ø is the hub', category: 'firing' }
  const old = { ...view, title: 'Old kiln', category: 'Firing', status: 'archived' }
  const idea = { ...view, title: 'Kiln idea', status: 'suggested', source: 'ai' }
  const made = [kiln, glaze, wheel, old, idea].map(({ title, content, category, status }) =>
    entry({ title, content, category, status }),
  )
  const shows = (name: string, query: string, rows: readonly object[]): Row => ({
    name: `${name} (${query})`,
    call: `GET ${path}?${query}`,
    status: 200,
    reply: list(rows),
  })

  contract(`GET ${path}`, { key: 'keva', call: `GET ${path}`, given: made }, [
    { name: 'is empty at first', given: [], status: 200, reply: list([]) },
    {
      name: 'shows active entries, the newest first',
      status: 200,
      reply: list([wheel, glaze, kiln]),
    },
    shows('keeps archived ones', 'status=archived', [old]),
    shows('keeps suggested ones', 'status=suggested', [idea]),
    shows('keeps active ones', 'status=active', [wheel, glaze, kiln]),
    shows('keeps a category by its exact name', 'category=Firing', [glaze, kiln]),
    shows('minds the case of a category', 'category=firing', [wheel]),
    shows('does not mind blanks around it', 'category=%20Firing+', [glaze, kiln]),
    shows('knows no part of a category', 'category=Fir', []),
    shows('takes an empty category for none', 'category=', [wheel, glaze, kiln]),
    shows('keeps both', 'category=Firing&status=archived', [old]),
    {
      ...shows('keeps all categories of a name', 'category=Errors', [wheel, glaze, kiln]),
      given: [...made, sameNames],
      reply: list([wheel, glaze, kiln].map((one) => ({ ...one, category: 'Errors' }))),
    },
    shows('finds in titles before content', 'search=KILN', [kiln, glaze]),
    shows('finds by the beginnings of all words', 'search=hot+kil', [glaze]),
    shows('finds without the accents', 'search=ø+hub', [wheel]),
    shows('finds in a status', 'search=kiln&status=archived', [old]),
    shows('finds in a category', 'search=the&category=firing', [wheel]),
    shows('finds in no other category', 'search=kiln&category=firing', []),
    shows('finds in no category that is not there', 'search=kiln&category=x', []),
    shows('finds nothing by a word that is not there', 'search=kiln+raku', []),
    shows('finds nothing by signs', 'search=%22*%00)', []),
    shows('takes operators for words', 'search=kiln+OR+wheel', []),
    shows('takes blanks for no search', 'search=+', [wheel, glaze, kiln]),
    shows('knows the first of a repeated filter', 'status=archived&status=x', [old]),
    ...['draft', '', 'ACTIVE', 'published'].map((word): Row => ({
      ...badStatus,
      name: `refuses the status "${word}" in the documented form`,
      call: `GET ${path}?status=${word}&search=kiln`,
    })),
    {
      name: 'asks for kb:read, which kb:write is not',
      status: 200,
      reply: expect.anything(),
      async after(app) {
        const statusWith = async (scope: string, method: string) => {
          const key = { raw: await keyWith(app, scope) }
          return (await call(app, `${method} ${path}`, { key, body: sent })).status
        }
        expect(await statusWith('kb:write', 'POST')).toBe(201)
        expect(await statusWith('kb:read', 'POST')).toBe(403)
        const key = { raw: await keyWith(app, 'kb:read') }
        expect((await call(app, `GET ${path}`, { key })).status).toBe(200)
        const other = { raw: await keyWith(app, 'kb:write') }
        expect((await call(app, `GET ${path}`, { key: other })).status).toBe(403)
      },
    },
    ...kevaRefusals(`GET ${path}`, 'kevaReader'),
    {
      name: 'does not know PUT',
      call: `PUT ${path}/{entry}`,
      status: 405,
      reply: { error: 'Method not allowed' },
      answers: { allow: 'GET, HEAD, PATCH, DELETE' },
    },
  ])
}

/** Calls the article with that title `{entry}`. */
async function nameEntry(app: TestApp, title: string): Promise<void> {
  const answers = ['active', 'suggested'].map((status) =>
    call(app, `GET /api/kb?status=${status}`, { key: 'keva' }),
  )
  const entries = (await Promise.all(answers)).flatMap(
    ({ body }) => (body as { entries: { id: string; title: string }[] }).entries,
  )
  app.named.set('entry', entries.find((one) => one.title === title)?.id ?? '')
}

/** Gives every category one name. */
function sameNames(app: TestApp): void {
  app.sql("UPDATE knowledge_categories SET name = 'Errors'")
}

/** 61 active entries, the newest `No. 61`, all of which have the word `kiln`. */
const many = (app: TestApp) =>
  app.write((tx: Tx) => {
    for (let n = 1; n <= 61; n++) createArticle(tx, { title: `No. ${n}`, content: 'kiln' })
  })

type Titles = readonly { readonly title: string }[]

const downFrom = (first: number, count: number) =>
  Array.from({ length: count }, (_, n) => `No. ${first - n}`)

const onPage = (query: string, first: number, count: number, numbers: object): Row => ({
  name: query,
  call: `GET /api/kb${query}`,
  status: 200,
  reply: ({ entries, ...rest }: { entries: Titles }) => {
    expect(entries.map(({ title }) => title)).toEqual(downFrom(first, count))
    expect<object>(rest).toEqual(numbers)
  },
})

contract(
  'paging of GET /api/kb (keva.md 6.2)',
  { key: 'keva', given: many },
  ['?', '?search=kiln&'].flatMap((query) => [
    onPage(query, 61, 20, { total: 61, page: 1, totalPages: 4 }),
    onPage(`${query}page=4`, 1, 1, { total: 61, page: 4, totalPages: 4 }),
    onPage(`${query}page=5`, 0, 0, { total: 61, page: 5, totalPages: 4 }),
    onPage(`${query}page=2&limit=50`, 11, 11, { total: 61, page: 2, totalPages: 2 }),
    onPage(`${query}limit=51`, 61, 50, { total: 61, page: 1, totalPages: 2 }),
    onPage(`${query}limit=0&page=0`, 61, 20, { total: 61, page: 1, totalPages: 4 }),
    onPage(`${query}limit=x&page=-1`, 61, 20, { total: 61, page: 1, totalPages: 4 }),
    onPage(`${query}per_page=5&offset=9`, 61, 20, { total: 61, page: 1, totalPages: 4 }),
  ]),
)

const onV1 = (query: string, first: number, count: number, numbers: object): Row => ({
  name: query,
  call: `GET /api/v1/kb${query}`,
  status: 200,
  reply: ({ data, pagination }: { data: Titles; pagination: object }) => {
    expect(data.map(({ title }) => title)).toEqual(downFrom(first, count))
    expect(pagination).toMatchObject(numbers)
  },
})

contract(
  'paging of GET /api/v1/kb (keva.md 3.2, R2)',
  { key: 'keva', given: many },
  ['?', '?search=kiln&'].flatMap((query) => [
    onV1(query, 61, 20, { page: 1, perPage: 20, total: 61 }),
    onV1(`${query}page=2&per_page=40`, 21, 21, { page: 2, perPage: 40, total: 61 }),
    onV1(`${query}limit=10&offset=25`, 36, 10, { page: 3, perPage: 10, total: 61 }),
    onV1(`${query}per_page=1000`, 61, 61, { page: 1, perPage: 100, total: 61 }),
    onV1(`${query}page=8`, 0, 0, { page: 8, perPage: 20, total: 61 }),
  ]),
)

describe('a search for any text', () => {
  test('answers, and finds an entry by each of its own words', async () => {
    using app = await openTestApp()
    await entry({ title: 'E-07: "glaze"', content: 'naïve C++ & 名前 {title} NOT' })(app)
    const found = async (text: string) => {
      const line = `GET /api/kb?search=${encodeURIComponent(text)}`
      const { status, body } = await call(app, line, { key: 'keva' })
      expect([text, status]).toEqual([text, 200])
      return (body as { total: number }).total
    }
    for (const word of ['e-07', '"glaze"', 'GLAZE*', 'naive', 'c++', '名前', '{title}', 'not']) {
      expect([word, await found(word)]).toEqual([word, 1])
    }
    for (const text of ['"', '*', '()', 'status : published', '{', "'", '\u0000', '-', '😀']) {
      expect([text, await found(text)]).toEqual([text, 0])
    }
  })
})

/** A fresh key that may do only that. */
function keyWith(app: TestApp, scope: string): Promise<string> {
  const fields = { kind: 'keva', name: scope, scopes: [scope], isSpecial: false } as const
  const key = { ...fields, ownerId: null, agentId: null, expiresAt: null }
  return app.write((tx) => createKey(tx, key).raw)
}
