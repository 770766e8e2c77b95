import { z } from 'zod'
import { positiveInteger, rangeOf, type Page, type Range } from '../../lib/page.ts'

// deskhive.md 3.1 and section 4: `{data, meta}`, `{data, message}`, and `status: true` for agents.

const perPageMax = 200

export type Paging = { readonly page: number; readonly perPage: number; readonly range: Range }

/** A bad number falls back, one above the maximum is lowered to it, and `meta` shows what was used. */
export function pagingOf(query: URLSearchParams, perPageDefault: number): Paging {
  const perPage = Math.min(positiveInteger(query.get('per_page')) ?? perPageDefault, perPageMax)
  const page = positiveInteger(query.get('page')) ?? 1
  return { page, perPage, range: rangeOf(page, perPage) }
}

export function listed<Row>(
  { page, perPage }: Paging,
  { rows, total }: Page<Row>,
  present: (row: Row) => object,
) {
  return {
    data: rows.map((row) => present(row)),
    meta: {
      current_page: page,
      last_page: Math.max(1, Math.ceil(total / perPage)),
      per_page: perPage,
      total,
    },
  }
}

export const created = 'Created successfully'
export const updated = 'Updated successfully'
export const deleted = 'Deleted successfully'

const metaShape = z.strictObject({
  current_page: z.int().min(1),
  last_page: z.int().min(1),
  per_page: z.int().min(1).max(perPageMax),
  total: z.int().min(0),
})

const ok = { status: z.literal(true) }

/** `{data}` */
export function single(shape: z.ZodType) {
  return z.strictObject({ data: shape })
}

/** `{data, message}` */
export function told(shape: z.ZodType, message: string) {
  return z.strictObject({ data: shape, message: z.literal(message) })
}

/** `{data: […], meta}` */
export function list(shape: z.ZodType) {
  return z.strictObject({ data: z.array(shape), meta: metaShape })
}

/** `{status: true, data}` */
export function agentSingle(shape: z.ZodType) {
  return z.strictObject({ ...ok, data: shape })
}

/** `{status: true, data, message}` */
export function agentTold(shape: z.ZodType, message: string) {
  return z.strictObject({ ...ok, data: shape, message: z.literal(message) })
}

/** `{status: true, data: […], meta}` (D2) */
export function agentList(shape: z.ZodType) {
  return z.strictObject({ ...ok, data: z.array(shape), meta: metaShape })
}

/** `{status: true, message}` */
export function checked(message: string) {
  return z.strictObject({ ...ok, message: z.literal(message) })
}

/** What every list takes in its query, for the document; `pagingOf` reads it. */
export function pagingQuery(perPageDefault: number) {
  return {
    page: z.int().min(1).default(1).optional(),
    per_page: z.int().min(1).max(perPageMax).default(perPageDefault).optional(),
  }
}
