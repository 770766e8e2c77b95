import { z } from 'zod'
import type { Page, Position, Range, Window } from '../../lib/page.ts'
import type { Millis } from '../../lib/time.ts'
import { cursorAt, positionOf } from './cursor.ts'
import { pagingBy, rangeBy, wholeNumber, type Paging, type Sizes } from './paging.ts'

// Two surfaces over the same rows (keva.md R1, R2). Below `/api/v1` every answer has the overview's
// envelope and every list pages by number, by offset and by cursor; below `/api` a noun has the shape
// and the paging of its own page. A noun is a function of the surface, and index.ts mounts it on both:
//
//   export function entries(on: KevaSurface): readonly Endpoint[] {
//     const list = on.list('kb', byPage('entries', { usual: 20, most: 50 }))
//     return [
//       { method: 'GET', path: '/kb', …, query: list.query(filters), answer: list.answer(entryShape),
//         run: ({ tx, query }) => {
//           const filter = readQuery(tx, filters, query)
//           return { status: 200, body: list.body(query, (window) => listEntries(tx, filter, window), present) }
//         } },
//       { method: 'GET', path: '/kb/:id', …, answer: { status: 200, shape: on.single(entryShape) },
//         run: ({ tx, params }) => ({ status: 200, body: on.body(present(getEntry(tx, …))) }) },
//       { method: 'DELETE', path: '/kb/:id', …, answer: removed,
//         run: ({ tx, params }) => { removeEntry(tx, …); return gone } },
//     ]
//   }
//
// The domain's list takes a `Window`, by number or past a position, newest first (store/pages.ts).

export type KevaSurface = {
  /** The shape of an answer with one record. */
  readonly single: (record: z.ZodType) => z.ZodType
  readonly body: (record: object) => object
  /** A list: its name in cursors, and how its page shows it. */
  readonly list: (name: string, page: List) => List
}

/** One way to page and to wrap a list. */
export type List = {
  /** The paging of the query, and the filters, for the document. */
  readonly query: (filters?: z.ZodObject) => z.ZodObject
  readonly answer: (record: z.ZodType) => { readonly status: 200; readonly shape: z.ZodType }
  /**
   * The page that a query asks for. Throws `malformed` for a bad cursor. A list that does not go by time
   * says what the place of a row is.
   */
  readonly body: <Row extends Placed>(
    query: URLSearchParams,
    pageAt: (window: Window) => Page<Row>,
    present: (row: Row) => object,
    placeOf?: (row: Row) => Position,
  ) => object
}

type Placed = { readonly id: number; readonly createdAt: Millis }

/** `{data}` and `{data, pagination}` (keva.md 3.1). */
export const v1: KevaSurface = {
  single: (record) => z.strictObject({ data: record }),
  body: (record) => ({ data: record }),
  list: (name) => envelopeList(name),
}

/** Each page's own shapes: a record is bare. */
export const pages: KevaSurface = {
  single: (record) => record,
  body: (record) => record,
  list: (_, page) => page,
}

/** What a DELETE declares and answers. */
export const removed = { status: 204, shape: z.undefined() } as const
export const gone = { status: 204, body: null } as const

const v1Sizes: Sizes = { usual: 20, most: 100 }

/**
 * The list of `/api/v1`, by `page` and `per_page` with `limit` and `offset` beside them (3.2, R2), or
 * past a `cursor`, which goes before all of them but the size.
 */
export function envelopeList(name: string): List {
  return {
    query: (filters) => z.object({ ...envelopeQuery, ...filters?.shape }),
    answer: (record) => ({ status: 200, shape: envelopeShape(record) }),
    body(query, pageAt, present, placeOf = placeInTime) {
      const { page, perPage, range } = envelopePaging(query)
      const cursor = query.get('cursor')
      // One more than is shown tells whether a next page exists.
      const limit = perPage + 1
      const { rows, total } = pageAt(
        cursor === null ? { ...range, limit } : { limit, after: positionOf(name, cursor) },
      )
      const shown = rows.slice(0, perPage)
      const last = rows.length > perPage ? shown.at(-1) : undefined
      const nextCursor = last ? cursorAt(name, placeOf(last)) : null
      return {
        data: shown.map((row) => present(row)),
        pagination: { page, perPage, total, nextCursor },
      }
    },
  }
}

/** By number or offset; beside a cursor only the size counts. */
export function envelopePaging(query: URLSearchParams): Paging {
  const perPage = query.get('per_page') ?? query.get('limit')
  if (query.has('cursor')) return pagingBy(null, perPage, v1Sizes)
  const page = query.get('page')
  const byNumber = pagingBy(page, perPage, v1Sizes)
  const offset = page === null ? wholeNumber(query.get('offset'), 0) : undefined
  if (offset === undefined) return byNumber
  const limit = byNumber.perPage
  return { page: Math.floor(offset / limit) + 1, perPage: limit, range: { limit, offset } }
}

function placeInTime({ createdAt, id }: Placed): Position {
  return { at: createdAt, id }
}

const envelopeQuery = {
  page: number(1, 1),
  per_page: size(v1Sizes),
  limit: number(1).meta({ description: 'Another name for `per_page`' }),
  offset: number(0).meta({ description: 'Rows to pass over, when `page` is absent' }),
  cursor: z.string().optional().meta({
    description: '`pagination.nextCursor` of the page before; page numbers do not count then',
  }),
}

function envelopeShape(record: z.ZodType) {
  return z.strictObject({
    data: z.array(record),
    pagination: z.strictObject({
      page: z.int().min(1),
      perPage: z.int().min(1).max(v1Sizes.most),
      total: z.int().min(0),
      nextCursor: z.string().nullable(),
    }),
  })
}

/** `{<name>, total, page, totalPages}`, by `page` and `limit` (6.2, 6.3). */
export function byPage(name: string, sizes: Sizes): List {
  return {
    query: (filters) => z.object({ page: number(1, 1), limit: size(sizes), ...filters?.shape }),
    answer: (record) =>
      answered({ [name]: z.array(record), total: count, page: count, totalPages: count }),
    body(query, pageAt, present) {
      const { page, perPage, range } = pagingBy(query.get('page'), query.get('limit'), sizes)
      const { rows, total } = pageAt(range)
      const totalPages = Math.ceil(total / perPage)
      return { [name]: rows.map((row) => present(row)), total, page, totalPages }
    },
  }
}

/** `{<name>, total, limit, offset}`, by `limit` and `offset` (7.2, 7.3, 8.6). */
export function byOffset(name: string, sizes: Sizes): List {
  return {
    query: (filters) => z.object({ limit: size(sizes), offset: number(0, 0), ...filters?.shape }),
    answer: (record) =>
      answered({ [name]: z.array(record), total: count, limit: count, offset: count }),
    body(query, pageAt, present) {
      const range = rangeBy(query.get('limit'), query.get('offset'), sizes)
      const { rows, total } = pageAt(range)
      return { [name]: rows.map((row) => present(row)), total, ...range }
    },
  }
}

// A page without paging shows all that a desk has, up to what one answer can hold.
const unpaged: Range = { limit: 1000, offset: 0 }

/** `{<name>}` without paging (8.2). */
export function named(name: string): List {
  return {
    query: (filters) => z.object({ ...filters?.shape }),
    answer: (record) => answered({ [name]: z.array(record) }),
    body: (_, pageAt, present) => ({ [name]: pageAt(unpaged).rows.map((row) => present(row)) }),
  }
}

/** A bare array without paging (5.2). */
export function bare(): List {
  return {
    query: (filters) => z.object({ ...filters?.shape }),
    answer: (record) => ({ status: 200, shape: z.array(record) }),
    body: (_, pageAt, present) => pageAt(unpaged).rows.map((row) => present(row)),
  }
}

const count = z.int().min(0)

function answered(shape: z.ZodRawShape) {
  return { status: 200, shape: z.strictObject(shape) } as const
}

function number(least: number, usual?: number) {
  const whole = z.int().min(least)
  return (usual === undefined ? whole : whole.default(usual)).optional()
}

function size({ usual, most }: Sizes) {
  return z.int().min(1).max(most).default(usual).optional()
}
