/** Which rows of a list are wanted: `offset` rows are passed over, at most `limit` follow. */
export type Range = { readonly limit: number; readonly offset: number }

/** One page of a list and how many rows the whole list has. */
export type Page<Row> = { readonly rows: Row[]; readonly total: number }

/** The range of a 1-based page. */
export function rangeOf(page: number, perPage: number): Range {
  return { limit: perPage, offset: (page - 1) * perPage }
}

/** A whole number from 1 that stays exact in any sum, or undefined. */
export function positiveInteger(text: string | null): number | undefined {
  return text !== null && /^0*[1-9]\d{0,11}$/.test(text) ? Number(text) : undefined
}
