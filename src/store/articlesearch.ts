import { sql, type SQL } from 'drizzle-orm'
import { articleColumns, fromArticles, type ArticleView } from './articles.ts'
import { select, value, type Queries } from './queries.ts'
import { articles, type ArticleStatus } from './schema.ts'

// Ranking costs more than matching, so of each tier only the newest matches are ranked, and texts are
// read of those alone that are shown. What has every word in its title is a tier of its own, and so is
// not lost among articles that have the words anywhere.
const rankedMax = 500

const tiers = [
  { number: 0, columns: 'title' },
  { number: 1, columns: '{title excerpt content}' },
] as const

const weights = '100, 10, 1, 0' // title, excerpt, content, status

const best = select(articleColumns, (db, row) =>
  fromArticles(db, row, bestSource()).orderBy(
    sql`page.tier`,
    sql`page.score`,
    sql`page.views DESC`,
    sql`page.id DESC`,
  ),
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

/** The ids to show, and beside them their articles. An article in both tiers counts in the first. */
function bestSource(): SQL {
  const candidates = sql.join(tiers.map(candidatesOf), sql` UNION ALL `)
  return sql`(
    SELECT id, min(tier) AS tier, score, views FROM (${candidates})
    GROUP BY id ORDER BY tier, score, views DESC, id DESC LIMIT ${value('limit')}
  ) AS page CROSS JOIN ${articles} ON ${articles.id} = page.id`
}

function candidatesOf({ number, columns }: (typeof tiers)[number]): SQL {
  const tier = sql.raw(String(number))
  const score = sql.raw(`bm25(article_search, ${weights})`)
  const within = sql.raw(`' AND ${columns} : ('`)
  return sql`SELECT * FROM (
      SELECT hit.id, ${tier} AS tier, ${score} AS score, hit.views
      FROM article_search CROSS JOIN articles AS hit ON hit.id = article_search.rowid
      WHERE article_search MATCH
        'status : ' || ${value('status')} || ${within} || ${value('expression')} || ')'
      ORDER BY article_search.rowid DESC LIMIT ${value('rankedMax')})`
}
