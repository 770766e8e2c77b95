import { sql, type SQL } from 'drizzle-orm'
import type { Page, Window } from '../lib/page.ts'
import { articleColumns, fromArticles, type ArticleView } from './articles.ts'
import { older, pageOf, type Order } from './pages.ts'
import { select, value, type Queries, type Select } from './queries.ts'
import { remembered } from './rows.ts'
import { articleCounts, articles, type ArticleStatus } from './schema.ts'

// As the lists of tickets: newest first, an index gives the order, a page is cut from the ids before
// anything is joined, and totals are running counts. Several categories at once, which is what a name
// that is used twice stands for, are an exception: their ids are sorted.

/** Which articles: all, those of a status, or those of a status in any of these categories. */
export type ArticleFilter =
  | { readonly status?: undefined; readonly categoryIds?: undefined }
  | { readonly status: ArticleStatus; readonly categoryIds?: readonly number[] | undefined }

const lists = new Map<string, (q: Queries) => Select<ArticleView>>()

/** A page, walked to from the end of the list that it is nearer to, or read on from a position. */
export function articlePage(q: Queries, filter: ArticleFilter, window: Window): Page<ArticleView> {
  const { status, categoryIds } = filter
  const [categoryId, ...others] = categoryIds ?? []
  const inCategories = others.length > 0 ? 'categories' : 'category'
  const conditions = [
    ...(status === undefined ? [] : ['status']),
    ...(categoryIds === undefined ? [] : [inCategories]),
  ]
  const shape = 'after' in window ? [...conditions, 'after'] : conditions
  const asked = { status, categoryId, categoryIds: JSON.stringify(categoryIds) }
  return pageOf(window, totalOf(q, filter), (order, values) =>
    listOf(shape, order)(q).all({ ...values, ...asked }),
  )
}

function listOf(shape: string[], order: Order): (q: Queries) => Select<ArticleView> {
  return remembered(lists, [...shape, order], () =>
    select(articleColumns, (db, row) =>
      fromArticles(db, row, pageSource(shape, order)).orderBy(...ordered[order]),
    ),
  )
}

const ordered: { readonly [O in Order]: SQL[] } = {
  newest: [sql`page.at DESC`, sql`page.id DESC`],
  oldest: [sql`page.at`, sql`page.id`],
}

/** The ids of one page, from the index alone, and beside them their articles. */
function pageSource(shape: string[], order: Order): SQL {
  const conditions = shape.flatMap((name) => conditionOf[name] ?? [])
  // Left to itself the planner would walk through all of the status.
  const source = shape.includes('categories')
    ? sql`articles INDEXED BY articles_category`
    : sql`articles`
  const arms = shape.includes('after')
    ? older(sql`created_at`, sql`id`).map((past) => indexWalk(source, [...conditions, past]))
    : [indexWalk(source, conditions)]
  const by = order === 'newest' ? sql`2 DESC, 1 DESC` : sql`2, 1`
  return sql`(
    ${sql.join(arms, sql` UNION ALL `)}
    ORDER BY ${by} LIMIT ${value('limit')} OFFSET ${value('offset')}
  ) AS page CROSS JOIN ${articles} ON ${articles.id} = page.id`
}

function indexWalk(source: SQL, conditions: readonly SQL[]): SQL {
  const where = conditions.length > 0 ? sql` WHERE ${sql.join([...conditions], sql` AND `)}` : sql``
  return sql`SELECT id, created_at AS at FROM ${source}${where}`
}

const conditionOf: { readonly [name: string]: SQL } = {
  status: sql`status = ${value('status')}`,
  category: sql`category_id = ${value('categoryId')}`,
  categories: sql`category_id IN (SELECT value FROM json_each(${value('categoryIds')}))`,
}

const allArticles = 0

const countOfStatus = select(
  { total: sql<number>`coalesce(sum(${articleCounts.articles}), 0)` },
  (db, row) =>
    db
      .select(row)
      .from(articleCounts)
      .where(
        sql`${articleCounts.categoryId} IN (SELECT value FROM json_each(${value('categoryIds')}))
          AND ${articleCounts.status} = ${value('status')}`,
      ),
)

const countOfAll = select(
  { total: sql<number>`coalesce(sum(${articleCounts.articles}), 0)` },
  (db, row) =>
    db
      .select(row)
      .from(articleCounts)
      .where(sql`${articleCounts.categoryId} = ${value('categoryId')}`),
)

function totalOf(q: Queries, { status, categoryIds = [allArticles] }: ArticleFilter): number {
  if (status === undefined) return countOfAll(q).get({ categoryId: allArticles })?.total ?? 0
  return countOfStatus(q).get({ status, categoryIds: JSON.stringify(categoryIds) })?.total ?? 0
}
