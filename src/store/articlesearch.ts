import { sql, type SQL } from 'drizzle-orm'
import { articleColumns, fromArticles, type ArticleView } from './articles.ts'
import { select, value, type Queries, type Select } from './queries.ts'
import { remembered } from './rows.ts'
import { articles, type ArticleStatus } from './schema.ts'

// Ranking costs more than matching, so of each tier only the newest matches are ranked, and texts are
// read of those alone that are shown. What has every word in its title is a tier of its own, and so is
// not lost among articles that have the words anywhere.
const rankedMax = 500

type Scope = {
  /** The columns that may hold the words. */
  readonly columns: 'title excerpt content' | 'title content'
  readonly isInCategories: boolean
}

const weights = '100, 10, 1, 0' // title, excerpt, content, status

const best = select(articleColumns, (db, row) =>
  fromArticles(
    db,
    row,
    sql`(${ranking({ columns: 'title excerpt content', isInCategories: false })}
      LIMIT ${value('limit')}) AS page CROSS JOIN ${articles} ON ${articles.id} = page.id`,
  ).orderBy(sql`page.tier`, sql`page.score`, sql`page.views DESC`, sql`page.id DESC`),
)

/**
 * The articles of a status that match a full-text expression, best first: those with every word in the
 * title, then by bm25 with the title above the excerpt above the content, ties by views, then newest.
 */
export function matchingArticles(
  q: Queries,
  expression: string,
  { status, limit }: { readonly status: ArticleStatus; readonly limit: number },
): ArticleView[] {
  return best(q).all({ expression, status, limit, rankedMax })
}

const rankings = new Map<string, (q: Queries) => Select<{ id: number }>>()

/**
 * The ids of all that are ranked, in the order of `matchingArticles`, of those with the words in title or
 * content: the newest 500 with every word in the title, and the newest 500 with them anywhere.
 */
export function rankedArticleIds(
  q: Queries,
  expression: string,
  filter: { readonly status: ArticleStatus; readonly categoryIds?: readonly number[] | undefined },
): number[] {
  const { status, categoryIds } = filter
  const isInCategories = categoryIds !== undefined
  const list = remembered(rankings, [String(isInCategories)], () =>
    select(
      { id: sql<number>`id` },
      () => sql`SELECT id FROM (${ranking({ columns: 'title content', isInCategories })})`,
    ),
  )
  return list(q)
    .all({ expression, status, categoryIds: JSON.stringify(categoryIds), rankedMax })
    .map(({ id }) => id)
}

/** What is ranked, best first. An article in both tiers counts in the first. */
function ranking(scope: Scope): SQL {
  const candidates = sql.join(
    [candidatesOf(0, { ...scope, columns: 'title' }), candidatesOf(1, scope)],
    sql` UNION ALL `,
  )
  return sql`SELECT id, min(tier) AS tier, score, views FROM (${candidates})
    GROUP BY id ORDER BY tier, score, views DESC, id DESC`
}

function candidatesOf(
  tier: number,
  { columns, isInCategories }: { readonly columns: string; readonly isInCategories: boolean },
): SQL {
  const score = sql.raw(`bm25(article_search, ${weights})`)
  const within = sql.raw(`' AND {${columns}} : ('`)
  const inCategories = isInCategories
    ? sql` AND hit.category_id IN (SELECT value FROM json_each(${value('categoryIds')}))`
    : sql``
  return sql`SELECT * FROM (
      SELECT hit.id, ${sql.raw(String(tier))} AS tier, ${score} AS score, hit.views
      FROM article_search CROSS JOIN articles AS hit ON hit.id = article_search.rowid
      WHERE article_search MATCH
        'status : ' || ${value('status')} || ${within} || ${value('expression')} || ')'${inCategories}
      ORDER BY article_search.rowid DESC LIMIT ${value('rankedMax')})`
}
