import type { Millis } from './time.ts'

/** Which rows of a list are wanted: `offset` rows are passed over, at most `limit` follow. */
export type Range = { readonly limit: number; readonly offset: number }

/** Where a row stands in a list that goes by time: its moment, and its id among those of the moment. */
export type Position = { readonly at: Millis; readonly id: number }

/** The rows that follow a position, at most `limit` of them. */
export type Keyset = { readonly limit: number; readonly after: Position }

/** Some rows of a list that can be read on from a position as well as by number. */
export type Window = Range | Keyset

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
