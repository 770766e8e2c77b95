import { sql, type SQL, type SQLWrapper } from 'drizzle-orm'
import type { Keyset, Page, Window } from '../lib/page.ts'
import { value, type Values } from './queries.ts'

// Lists that go by time are read from an index, by number or from a position. A position costs the same
// wherever it is, and rows that are added meanwhile neither repeat nor hide others.

export type Order = 'newest' | 'oldest'

/** A page by number is walked to from the end of the list that it is nearer to. */
export function pageOf<Row>(
  window: Window,
  total: number,
  rowsIn: (order: Order, values: Values) => Row[],
): Page<Row> {
  if ('after' in window) return { rows: rowsIn('newest', keysetValues(window)), total }
  const { limit, offset } = window
  const rest = total - offset
  if (rest <= 0) return { rows: [], total }
  if (offset <= rest) return { rows: rowsIn('newest', { limit, offset }), total }
  const range = { limit: Math.min(limit, rest), offset: Math.max(0, rest - limit) }
  return { rows: rowsIn('oldest', range).toReversed(), total }
}

/**
 * The rows past a position, in a list that has the newest first: those of its moment, and those before,
 * each for an arm of its own. SQLite enters an index by a pair that ends in the rowid at the first
 * column only, and would step over all rows of the moment, which after an import may be all there are.
 */
export function older(at: SQLWrapper, id: SQLWrapper): readonly SQL[] {
  return [
    sql`${at} = ${value('afterAt')} AND ${id} < ${value('afterId')}`,
    sql`${at} < ${value('afterAt')}`,
  ]
}

/** The rows past a position, in a short list that has the oldest first. */
export function newer(at: SQLWrapper, id: SQLWrapper): SQL {
  return sql`(${at}, ${id}) > (${value('afterAt')}, ${value('afterId')})`
}

/** What `older` and `newer` compare with, and the limit beside them. */
export function keysetValues({ limit, after }: Keyset): Values {
  return { limit, offset: 0, afterAt: after.at, afterId: after.id }
}
