import { sql } from 'drizzle-orm'
import { select, value, type Queries } from './queries.ts'

// FTS5 walks the matches of one word, or of any of several, from the newest row down and stops when it
// has enough. Of several words together it does not: it looks for the first row that has them all, to
// the end if need be; and bm25 counts every match of every word, whatever is asked for. So the indexes
// are asked for one word at a time, and the rest is done with the rows that come of it.

/** A full-text index, and the table of its terms. */
export type TextIndex = keyof typeof termsOf

const termsOf = { search: 'search_terms', customer_search: 'customer_search_terms' } as const

const nextTerm = perIndex((index) =>
  select(
    { term: sql<string>`term` },
    () => sql`SELECT term FROM ${sql.raw(termsOf[index])} WHERE term >= ${value('from')} LIMIT 1`,
  ),
)

/** The first terms of the index, by the alphabet, that begin so. */
export function termsBeginning(
  q: Queries,
  index: TextIndex,
  beginning: string,
  limit: number,
): string[] {
  const terms: string[] = []
  for (let from = beginning; terms.length < limit;) {
    const term = nextTerm[index](q).get({ from })?.term
    if (!term?.startsWith(beginning)) break
    terms.push(term)
    // What follows in the alphabet, since no term has this character.
    from = `${term}\u0001`
  }
  return terms
}

const nth = perIndex((index) => {
  const table = sql.raw(index)
  return select(
    { id: sql<number>`id` },
    () => sql`SELECT rowid AS id FROM ${table}
      WHERE ${table} MATCH ${value('expression')} AND rowid <= ${value('upTo')}
      ORDER BY rowid DESC LIMIT 1 OFFSET ${value('offset')}`,
  )
})

/** The row of the match that has so many newer ones, or 0 when there are fewer. */
export function rowOfMatch(
  q: Queries,
  index: TextIndex,
  expression: string,
  { upTo, newer }: { readonly upTo: number; readonly newer: number },
): number {
  return nth[index](q).get({ expression, upTo, offset: newer })?.id ?? 0
}

function perIndex<T>(make: (index: TextIndex) => T): { readonly [I in TextIndex]: T } {
  return { search: make('search'), customer_search: make('customer_search') }
}
