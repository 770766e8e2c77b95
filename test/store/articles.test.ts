import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import {
  createArticle,
  deleteArticle,
  listArticles,
  rankArticles,
  searchArticles,
  updateArticle,
  type ArticleFilter,
  type ArticleStatus,
} from '../../src/domain/articles.ts'
import { knowledgeCategories } from '../../src/domain/catalog.ts'
import { systemActor, type Reader, type Tx } from '../../src/domain/tx.ts'
import type { Window } from '../../src/lib/page.ts'
import { articleStatuses } from '../../src/store/schema.ts'
import { seeded } from '../prove/random.ts'
import { clientOf, T0, testDesk, type TestDesk } from './fixtures.ts'
import { traced, type Traced } from './plans.ts'

/** An article as the naive model knows it. */
type Model = {
  readonly id: number
  readonly createdAt: number
  readonly status: ArticleStatus
  readonly categoryId: number | null
}

const articlesMade = 300
const random = seeded(11)

type RankFilter = ArticleFilter & { readonly status: ArticleStatus }

let house: TestDesk
let models: Model[]

function oneOf<T>(items: readonly T[], otherwise: T): T {
  return items[random.between(0, items.length - 1)] ?? otherwise
}

beforeAll(async () => {
  house = await testDesk()
  await house.desk.write(systemActor, (tx) => {
    for (const name of ['One', 'Two']) knowledgeCategories.create(tx, { name })
  })
  models = await house.desk.write(systemActor, (tx) =>
    Array.from({ length: articlesMade }, (_, at) => article(tx, at)),
  )
})
afterAll(() => house[Symbol.dispose]())

/** Many share their moment, and times go back, so that ids are not in the order of the list. */
function article(tx: Tx, at: number): Model {
  const fields = {
    status: oneOf(articleStatuses, 'draft'),
    categoryId: oneOf([null, 1, 2], null),
    createdAt: T0 + random.between(0, 40) * 1000,
  }
  const { status, categoryId, createdAt } = fields
  const content = `kiln ${'glaze '.repeat(at % 7)}`
  const sent = { title: `Article ${at}`, content, status, categoryId }
  const { id } = createArticle({ ...tx, now: createdAt }, sent)
  return { id, ...fields }
}

function read<T>(job: (reader: Reader) => T): T {
  const results: T[] = []
  house.desk.read(systemActor, (reader) => {
    results.push(job(reader))
  })
  const [result] = results
  if (result === undefined) throw new Error('The job gave nothing')
  return result
}

const filters: readonly ArticleFilter[] = [
  {},
  ...articleStatuses.flatMap((status) => [
    { status },
    { status, categoryIds: [1] },
    { status, categoryIds: [2] },
    { status, categoryIds: [2, 1] },
    { status, categoryIds: [99] },
    { status, categoryIds: [] },
  ]),
]

const ranges = [
  { limit: 15, offset: 0 },
  { limit: 7, offset: 5 },
  { limit: 7, offset: articlesMade - 10 },
  { limit: 7, offset: articlesMade - 5 },
  { limit: 1000, offset: 0 },
  { limit: 5, offset: 100_000 },
] as const

/** The ids of a list that is read from position to position. */
function readOn(filter: ArticleFilter): number[] {
  const ids: number[] = []
  for (let window: Window = { limit: 7, offset: 0 }; ;) {
    const { rows } = read((reader) => listArticles(reader, filter, window))
    ids.push(...rows.map(({ id }) => id))
    const last = rows.at(-1)
    if (!last || ids.length > articlesMade) return ids
    window = { limit: 7, after: { at: last.createdAt, id: last.id } }
  }
}

/** A list in several categories sorts ids. */
const sorts = ({ categoryIds = [] }: ArticleFilter) => categoryIds.length > 1

describe('a list of articles', () => {
  test.each(filters.map((filter) => [JSON.stringify(filter), filter] as const))(
    '%s: order, pages and total are those of the model',
    (_, filter) => {
      const wanted = models
        .filter(
          ({ status, categoryId }) =>
            (filter.status === undefined || filter.status === status) &&
            (filter.categoryIds?.some((id) => id === categoryId) ?? true),
        )
        .toSorted((a, b) => b.createdAt - a.createdAt || b.id - a.id)
        .map(({ id }) => id)
      const hasSome = filter.categoryIds?.some((id) => id < 3) ?? true
      expect(wanted.length > 20).toBe(hasSome)
      for (const range of ranges) {
        const { rows, total } = read((reader) => listArticles(reader, filter, range))
        const { limit, offset } = range
        expect([total, rows.map(({ id }) => id)]).toEqual([
          wanted.length,
          wanted.slice(offset, offset + limit),
        ])
      }
      expect(readOn(filter)).toEqual(wanted)
    },
  )

  test('reads the rows of its page alone, in the order of an index, and running counts', () => {
    const after = { at: T0 + 20_000, id: articlesMade / 2 }
    for (const filter of filters.filter((one) => !sorts(one))) {
      for (const place of [{ offset: 30 }, { offset: articlesMade - 20 }, { after }]) {
        const asked = traced(house.store, (reader) =>
          listArticles(reader, filter, { limit: 15, ...place }),
        )
        expect(costly(asked)).toEqual([])
        expect(asked[0]?.plan.join()).toContain('SEARCH article_counts USING PRIMARY KEY')
      }
    }
  })

  test('in several categories reads their index alone', () => {
    const filter = { status: 'published', categoryIds: [1, 2] } as const
    for (const place of [{ offset: 30 }, { after: { at: T0 + 20_000, id: articlesMade / 2 } }]) {
      const asked = traced(house.store, (reader) =>
        listArticles(reader, filter, { limit: 15, ...place }),
      )
      const reads = asked.flatMap(({ plan }) => plan.filter((step) => /^S.* articles /.test(step)))
      expect(reads.length).toBeGreaterThan(1)
      for (const step of reads.slice(0, -1)) {
        expect(step).toContain(
          'SEARCH articles USING COVERING INDEX articles_category (category_id=',
        )
      }
      expect(reads.at(-1)).toBe('SEARCH articles USING INTEGER PRIMARY KEY (rowid=?)')
    }
  })

  test('takes two statements, however many rows', () => {
    for (const limit of [15, 200]) {
      const asked = traced(house.store, (reader) => {
        const { rows } = listArticles(reader, {}, { limit, offset: 0 })
        expect(rows.some(({ categoryName }) => categoryName !== null)).toBe(true)
      })
      expect(asked.map(({ runs }) => runs)).toEqual([1, 1])
    }
  })
})

/** The steps of all plans that go through all articles, or sort them before the page is cut. */
function costly(all: readonly Traced[]): string[] {
  return all.flatMap(({ plan }) =>
    plan.filter(
      (step, at) =>
        /^SCAN (?:articles|hit|knowledge_categories|staff)\b(?! USING COVERING INDEX articles_)/.test(
          step,
        ) ||
        (step.startsWith('USE TEMP B-TREE') && at < plan.length - 1),
    ),
  )
}

describe('the cost of a search', () => {
  test('is the match, and a look by id at what it found', () => {
    const asked = traced(house.store, (reader) => {
      expect(searchArticles(reader, 'kiln')).toHaveLength(20)
    })
    expect(asked.map(({ runs }) => runs)).toEqual([1])
    const steps = asked.flatMap(({ plan }) => plan)
    // The rest is of what was found, a few hundred at most.
    const reads = steps.filter((step) => /^(?:SCAN|SEARCH) (?!page|\(subquery)/.test(step))
    expect(reads.map((step) => step.replace(/(INDEX) \d+:\S+/, '$1'))).toEqual([
      'SCAN article_search VIRTUAL TABLE INDEX',
      'SEARCH hit USING INTEGER PRIMARY KEY (rowid=?)',
      'SCAN article_search VIRTUAL TABLE INDEX',
      'SEARCH hit USING INTEGER PRIMARY KEY (rowid=?)',
      'SEARCH articles USING INTEGER PRIMARY KEY (rowid=?)',
      'SEARCH knowledge_categories USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN',
      'SEARCH staff USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN',
    ])
  })

  test('is bounded where many match, and what has the words in its title is found all the same', async () => {
    using busy = await testDesk()
    await busy.desk.write(systemActor, (tx) => {
      createArticle(tx, { title: 'All of kilns', content: 'x '.repeat(500) })
      for (let n = 0; n < 1200; n++) createArticle(tx, { title: `Note ${n}`, content: 'kiln ' })
    })
    busy.desk.read(systemActor, (reader) => {
      const found = searchArticles(reader, 'kiln')
      expect(found.map(({ title }) => title)).toEqual([
        'All of kilns',
        ...Array.from({ length: 19 }, (_, at) => `Note ${1199 - at}`),
      ])
    })
  })

  test('is nothing at all when there is no word', () => {
    const asked = traced(house.store, (reader) => {
      expect(searchArticles(reader, '😀 *')).toEqual([])
    })
    expect(asked).toEqual([])
  })
})

function askedToRank(text: string, filter: RankFilter): Traced[] {
  return traced(house.store, (reader) =>
    rankArticles(reader, text, filter, { limit: 9, offset: 9 }),
  )
}

describe('a ranking', () => {
  const published = { status: 'published' } as const
  const ranked = (text: string, window: Window, filter: RankFilter = published) =>
    read((reader) => rankArticles(reader, text, filter, window))
  const whole = { limit: articlesMade, offset: 0 }

  test('has all that match, in the order of the search, and may be kept to categories', () => {
    const { rows, total } = ranked('kiln', whole)
    const matching = models.filter(({ status }) => status === 'published')
    expect([total, rows.length]).toEqual([matching.length, matching.length])
    expect(rows.map(({ rank }) => rank)).toEqual(rows.map((_, at) => at + 1))
    const best = read((reader) => searchArticles(reader, 'kiln')).map(({ id }) => id)
    expect(rows.slice(0, 20).map(({ id }) => id)).toEqual(best)
    for (const categoryIds of [[1], [2, 1], [99], []]) {
      const kept = rows.filter((row) => categoryIds.some((id) => id === row.categoryId))
      const page = ranked('kiln', whole, { ...published, categoryIds })
      expect(page.rows.map(({ id }) => id)).toEqual(kept.map(({ id }) => id))
      expect(page.total).toBe(kept.length)
    }
  })

  test('is cut into pages by number, and by the place of a row', () => {
    const ids = ranked('kiln', whole).rows.map(({ id }) => id)
    const idsIn = (window: Window) => ranked('kiln', window).rows.map(({ id }) => id)
    expect(idsIn({ limit: 7, offset: 14 })).toEqual(ids.slice(14, 21))
    expect(idsIn({ limit: 7, offset: 100_000 })).toEqual([])
    // Wherever the row is now; where there is no such row, nothing that has moved up is passed over.
    const [, , third = 0] = ids
    expect(idsIn({ limit: 7, after: { at: 30, id: third } })).toEqual(ids.slice(3, 10))
    expect(idsIn({ limit: 7, after: { at: 3, id: 100_000 } })).toEqual(ids.slice(2, 9))
    expect(idsIn({ limit: 7, after: { at: -5, id: 100_000 } })).toEqual(ids.slice(0, 7))
  })

  test('does not look into excerpts, and not past its bound', async () => {
    using busy = await testDesk()
    await busy.desk.write(systemActor, (tx) => {
      createArticle(tx, { title: 'All of kilns', content: 'x '.repeat(500) })
      createArticle(tx, { title: 'Wheels', content: 'x', excerpt: 'kiln' })
      for (let n = 0; n < 1200; n++) createArticle(tx, { title: `Note ${n}`, content: 'kiln ' })
    })
    busy.desk.read(systemActor, (reader) => {
      const { rows, total } = rankArticles(reader, 'kiln', published, { limit: 2, offset: 0 })
      expect([rows.map(({ title }) => title), total]).toEqual([['All of kilns', 'Note 1199'], 501])
      expect(rankArticles(reader, 'wheels', published, { limit: 2, offset: 0 }).total).toBe(1)
    })
  })

  test('is two statements, of which the second reads the page; none when nothing can be found', () => {
    const [ranking, page] = askedToRank('kiln', { ...published, categoryIds: [1] })
    expect([ranking?.runs, page?.runs]).toEqual([1, 1])
    expect(ranking?.plan.filter((step) => step.startsWith('SEARCH'))).toEqual([
      'SEARCH hit USING INTEGER PRIMARY KEY (rowid=?)',
      'SEARCH hit USING INTEGER PRIMARY KEY (rowid=?)',
    ])
    expect(page?.plan.slice(0, 2)).toEqual([
      'SCAN wanted VIRTUAL TABLE INDEX 1:',
      'SEARCH articles USING INTEGER PRIMARY KEY (rowid=?)',
    ])
    expect(askedToRank('*', published)).toEqual([])
    expect(askedToRank('kiln', { ...published, categoryIds: [] })).toEqual([])
  })
})

const kept = `SELECT category_id, status, articles FROM article_counts
  WHERE articles <> 0 ORDER BY category_id, status`

const counted = `SELECT 0 AS category_id, status, count(*) AS articles FROM articles GROUP BY status
  UNION ALL SELECT category_id, status, count(*)
    FROM articles WHERE category_id IS NOT NULL GROUP BY 1, 2
  ORDER BY 1, 2`

const categoriesKept = 'SELECT id, articles_count FROM knowledge_categories ORDER BY id'

const categoriesCounted = `SELECT c.id, count(a.id) AS articles_count
  FROM knowledge_categories c LEFT JOIN articles a ON a.category_id = c.id GROUP BY c.id`

/** One change of any kind, to any record. */
function act(tx: Tx, ids: (table: string) => number[]): void {
  const any = (table: string) => oneOf<number | null>(ids(table), null)
  const categoryId = random.chance(0.3) ? null : any('knowledge_categories')
  const status = oneOf(articleStatuses, 'draft')
  const id = any('articles')
  const dice = random.next()
  const title = oneOf(['Kiln', 'Glaze', 'Wheel'], 'Kiln')
  if (dice < 0.4 || id === null) createArticle(tx, { title, content: title, status, categoryId })
  else if (dice < 0.6) updateArticle(tx, id, { status: { to: status, unless: [] } })
  else if (dice < 0.7) updateArticle(tx, id, { categoryId })
  else if (dice < 0.8) updateArticle(tx, id, { title, excerpt: title })
  else if (dice < 0.92) deleteArticle(tx, id)
  else if (dice < 0.97) knowledgeCategories.create(tx, { name: title })
  else if (categoryId !== null) knowledgeCategories.remove(tx, categoryId)
}

describe('triggers', () => {
  test('keep counts and full text in step with everything that may happen', async () => {
    using walked = await testDesk()
    const client = clientOf(walked.store)
    const ids = (table: string) =>
      client.prepare(`SELECT id FROM ${table}`).pluck().all().map(Number)
    const all = (sql: string) => client.prepare(sql).all()
    for (let round = 0; round < 10; round++) {
      await walked.desk.write(systemActor, (tx) => {
        for (let n = 0; n < 100; n++) act(tx, ids)
      })
      expect(all(kept)).toEqual(all(counted))
      expect(all(categoriesKept)).toEqual(all(categoriesCounted))
      for (const status of articleStatuses) {
        for (const word of ['Kiln', 'Glaze', 'Wheel']) expectIndexed(client, status, word)
      }
      client.exec("INSERT INTO article_search (article_search, rank) VALUES ('integrity-check', 0)")
    }
    expect(ids('articles').length).toBeGreaterThan(100)
    expect(ids('knowledge_categories').length).toBeGreaterThan(3)
    const stray = `SELECT count(*) FROM article_counts
      WHERE category_id NOT IN (SELECT 0 UNION ALL SELECT id FROM knowledge_categories)`
    expect(client.prepare(stray).pluck().get()).toBe(0)
    const gone = "SELECT seq FROM sqlite_sequence WHERE name = 'knowledge_categories'"
    expect(Number(client.prepare(gone).pluck().get())).toBeGreaterThan(
      ids('knowledge_categories').length,
    )
    expect(client.pragma('foreign_key_check')).toEqual([])
  })
})

/** The index finds the articles of a status that have the word in their title, and no others. */
function expectIndexed(client: ReturnType<typeof clientOf>, status: string, word: string): void {
  const found = client
    .prepare('SELECT rowid FROM article_search WHERE article_search MATCH ? ORDER BY rowid')
    .pluck()
    .all(`status : ${status} AND title : ${word}`)
  const there = client
    .prepare('SELECT id FROM articles WHERE status = ? AND title = ? ORDER BY id')
    .pluck()
    .all(status, word)
  expect(found).toEqual(there)
}
