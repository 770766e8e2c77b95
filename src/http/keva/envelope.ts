import { z } from 'zod'
import { positiveInteger, rangeOf, type Page, type Range } from '../../lib/page.ts'

// keva.md 3.1, 3.2 and R2: `{data}` and `{data, pagination}`, by page or by offset.

const perPageDefault = 20
const perPageMax = 100

export type Paging = { readonly page: number; readonly perPage: number; readonly range: Range }

/** A bad number falls back to the default, one above the maximum to the maximum. */
export function pagingOf(query: URLSearchParams): Paging {
  const perPage = Math.min(
    positiveInteger(query.get('per_page') ?? query.get('limit')) ?? perPageDefault,
    perPageMax,
  )
  const page = query.get('page')
  const offset = query.get('offset')
  if (page === null && offset !== null && /^\d{1,15}$/.test(offset)) {
    const skipped = Number(offset)
    return {
      page: Math.floor(skipped / perPage) + 1,
      perPage,
      range: { limit: perPage, offset: skipped },
    }
  }
  const number = positiveInteger(page) ?? 1
  return { page: number, perPage, range: rangeOf(number, perPage) }
}

export function listed<Row>(
  { page, perPage }: Paging,
  { rows, total }: Page<Row>,
  present: (row: Row) => object,
) {
  return { data: rows.map((row) => present(row)), pagination: { page, perPage, total } }
}

export function single(shape: z.ZodType) {
  return z.strictObject({ data: shape })
}

export function list(shape: z.ZodType) {
  return z.strictObject({
    data: z.array(shape),
    pagination: z.strictObject({
      page: z.int().min(1),
      perPage: z.int().min(1).max(perPageMax),
      total: z.int().min(0),
    }),
  })
}

/** What every list takes in its query, for the document; `pagingOf` reads it. */
export const pagingQuery = {
  page: z.int().min(1).default(1).optional(),
  per_page: z.int().min(1).max(perPageMax).default(perPageDefault).optional(),
  limit: z.int().min(1).max(perPageMax).optional(),
  offset: z.int().min(0).optional(),
  workspace_id: z.string().optional(),
  workspaceId: z.string().optional(),
}
