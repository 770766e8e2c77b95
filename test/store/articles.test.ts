import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import {
  createArticle,
  deleteArticle,
  listArticles,
  searchArticles,
  updateArticle,
  type ArticleFilter,
  type ArticleStatus,
} from '../../src/domain/articles.ts'
import { knowledgeCategories } from '../../src/domain/catalog.ts'
import { systemActor, type Reader, type Tx } from '../../src/domain/tx.ts'
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
    { status, categoryId: 1 },
    { status, categoryId: 2 },
    { status, categoryId: 99 },
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

describe('a list of articles', () => {
  test.each(filters.map((filter) => [JSON.stringify(filter), filter] as const))(
    '%s: order, pages and total are those of the model',
    (_, filter) => {
      const wanted = models
        .filter(
          ({ status, categoryId }) =>
            (filter.status === undefined || filter.status === status) &&
            (filter.categoryId === undefined || filter.categoryId === categoryId),
        )
        .toSorted((a, b) => b.createdAt - a.createdAt || b.id - a.id)
        .map(({ id }) => id)
      expect(wanted.length > 20).toBe(filter.categoryId !== 99)
      for (const range of ranges) {
        const { rows, total } = read((reader) => listArticles(reader, filter, range))
        const { limit, offset } = range
        expect([total, rows.map(({ id }) => id)]).toEqual([
          wanted.length,
          wanted.slice(offset, offset + limit),
        ])
      }
    },
  )

  test('reads the rows of its page alone, in the order of an index, and running counts', () => {
    for (const filter of filters) {
      for (const offset of [30, articlesMade - 20]) {
        const asked = traced(house.store, (reader) =>
          listArticles(reader, filter, { limit: 15, offset }),
        )
        expect(costly(asked)).toEqual([])
        expect(asked[0]?.plan.join()).toContain('SEARCH article_counts USING PRIMARY KEY')
      }
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
