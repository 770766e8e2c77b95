import type { Page, Range } from '../../lib/page.ts'
import { cursorAt, positionOf } from './cursor.ts'
import { envelopePaging } from './surface.ts'

/** Some of what a search found, and up to which record it looked. */
type Found<Row> = Page<Row> & { readonly upTo: number }

/**
 * The list of `/api/v1` for what comes best first. Its cursor is how many rows were shown and up to where
 * the search looked, so that what is added meanwhile moves nothing; it belongs to the same search.
 */
export function foundBody<Row>(
  name: string,
  query: URLSearchParams,
  pageAt: (range: Range, upTo: number | undefined) => Found<Row>,
  present: (row: Row) => object,
) {
  const { page, perPage, range } = envelopePaging(query)
  const cursor = query.get('cursor')
  const place = cursor === null ? undefined : positionOf(name, cursor)
  const offset = place ? Math.max(0, place.id) : range.offset
  const { rows, total, upTo } = pageAt({ limit: perPage, offset }, place?.at)
  const end = offset + rows.length
  const nextCursor = end < total && rows.length > 0 ? cursorAt(name, { at: upTo, id: end }) : null
  return { data: rows.map((row) => present(row)), pagination: { page, perPage, total, nextCursor } }
}
