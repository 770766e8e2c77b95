import { sql, type SQL } from 'drizzle-orm'
import type { Page, Range } from '../lib/page.ts'
import { articleColumns, fromArticles, type ArticleView } from './articles.ts'
import { select, value, type Queries, type Select, type Values } from './queries.ts'
import { remembered } from './rows.ts'
import { articleCounts, articles, type ArticleStatus } from './schema.ts'

// As the lists of tickets: newest first, an index gives the order, a page is cut from the ids before
// anything is joined, and totals are running counts.

/** Which articles: all, those of a status, or those of a status in a category. */
export type ArticleFilter =
  | { readonly status?: undefined; readonly categoryId?: undefined }
  | { readonly status: ArticleStatus; readonly categoryId?: number | undefined }

type Order = 'newest' | 'oldest'

const lists = new Map<string, (q: Queries) => Select<ArticleView>>()

/** A page, walked to from the end of the list that it is nearer to. */
export function articlePage(
  q: Queries,
  filter: ArticleFilter,
  { limit, offset }: Range,
): Page<ArticleView> {
  const { status, categoryId } = filter
  const values = { status, categoryId }
  const total = totalOf(q, filter)
  const rest = total - offset
  if (rest <= 0) return { rows: [], total }
  if (offset <= rest) return { rows: rowsOf(q, 'newest', { ...values, limit, offset }), total }
  const range = { limit: Math.min(limit, rest), offset: Math.max(0, rest - limit) }
  return { rows: rowsOf(q, 'oldest', { ...values, ...range }).toReversed(), total }
}

function rowsOf(q: Queries, order: Order, values: Values): ArticleView[] {
  const names = ['status', 'categoryId'].filter((name) => values[name] !== undefined)
  const list = remembered(lists, [order, ...names], () =>
    select(articleColumns, (db, row) =>
      fromArticles(db, row, pageSource(order, names)).orderBy(...ordered[order]),
    ),
  )
  return list(q).all(values)
}

const ordered: { readonly [O in Order]: SQL[] } = {
  newest: [sql`page.created_at DESC`, sql`page.id DESC`],
  oldest: [sql`page.created_at`, sql`page.id`],
}

/** The ids of one page, from the index alone, and beside them their articles. */
function pageSource(order: Order, names: readonly string[]): SQL {
  const conditions = names.flatMap((name) => conditionOf[name] ?? [])
  const where = conditions.length > 0 ? sql` WHERE ${sql.join(conditions, sql` AND `)}` : sql``
  const by = order === 'newest' ? sql`created_at DESC, id DESC` : sql`created_at, id`
  return sql`(
    SELECT id, created_at FROM articles${where}
      ORDER BY ${by} LIMIT ${value('limit')} OFFSET ${value('offset')}
  ) AS page CROSS JOIN ${articles} ON ${articles.id} = page.id`
}

const conditionOf: { readonly [name: string]: SQL } = {
  status: sql`status = ${value('status')}`,
  categoryId: sql`category_id = ${value('categoryId')}`,
}

const allArticles = 0

const countOfStatus = select({ total: articleCounts.articles }, (db, row) =>
  db
    .select(row)
    .from(articleCounts)
    .where(
      sql`${articleCounts.categoryId} = ${value('categoryId')} AND ${articleCounts.status} = ${value('status')}`,
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

function totalOf(q: Queries, { status, categoryId = allArticles }: ArticleFilter): number {
  const count = status === undefined ? countOfAll(q) : countOfStatus(q)
  return count.get({ categoryId, status })?.total ?? 0
}
