import { eq, getTableColumns, sql, type SQL } from 'drizzle-orm'
import type { Drizzle } from './connection.ts'
import { command, select, value, type Queries } from './queries.ts'
import { inserter, patcher } from './rows.ts'
import { articles, knowledgeCategories, staff, type ArticleRow } from './schema.ts'

/** An article beside its category and its author. */
export const articleColumns = {
  ...getTableColumns(articles),
  categoryName: knowledgeCategories.name,
  authorName: staff.name,
  authorUid: staff.uid,
}

export type ArticleView = ArticleRow & {
  readonly categoryName: string | null
  readonly authorName: string | null
  readonly authorUid: string | null
}

type Selected = Parameters<Drizzle['select']>[0]

/** Articles beside what they refer to; `source` is all articles or some of them. */
export function fromArticles(
  db: Drizzle,
  row: NonNullable<Selected>,
  source: typeof articles | SQL = articles,
) {
  return db
    .select(row)
    .from(source)
    .leftJoin(knowledgeCategories, eq(knowledgeCategories.id, articles.categoryId))
    .leftJoin(staff, eq(staff.id, articles.authorId))
}

const byId = select(articleColumns, (db, row) =>
  fromArticles(db, row).where(eq(articles.id, value('id'))),
)

const byUid = select(articleColumns, (db, row) =>
  fromArticles(db, row).where(eq(articles.uid, value('uid'))),
)

// The list of ids leads, so that its order is that of the rows.
const inOrder = select(articleColumns, (db, row) =>
  fromArticles(
    db,
    row,
    sql`json_each(${value('ids')}) AS wanted CROSS JOIN ${articles} ON ${articles.id} = wanted.value`,
  ).orderBy(sql`wanted.key`),
)

const idBySlug = select({ id: articles.id }, (db, row) =>
  db
    .select(row)
    .from(articles)
    .where(eq(articles.slug, value('slug'))),
)

const remove = command((db) => db.delete(articles).where(eq(articles.id, value('id'))))

const patch = patcher(articles)

export const insertArticle = inserter(articles)

/** Sets the given columns, and moves the row's version on. */
export function updateArticle(
  q: Queries,
  row: ArticleRow,
  changes: Parameters<typeof patch>[2],
): void {
  patch(q, row.id, { ...changes, version: row.version + 1 })
}

export function removeArticle(q: Queries, id: number): void {
  remove(q).run({ id })
}

export function articleById(q: Queries, id: number): ArticleView | undefined {
  return byId(q).get({ id })
}

export function articleByUid(q: Queries, uid: string): ArticleView | undefined {
  return byUid(q).get({ uid })
}

/** The articles with these ids, in the order of the ids. */
export function articlesById(q: Queries, ids: readonly number[]): ArticleView[] {
  return inOrder(q).all({ ids: JSON.stringify(ids) })
}

export function articleIdBySlug(q: Queries, slug: string): number | undefined {
  return idBySlug(q).get({ slug })?.id
}
