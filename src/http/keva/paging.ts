import { rangeOf, type Range } from '../../lib/page.ts'

// keva.md 3.2: a number that is none, or below what there is, falls back to the default; one above the
// maximum becomes it. A page or an offset has no maximum, so a huge one is past the end.

export type Sizes = { readonly usual: number; readonly most: number }

/** By page: `page` from 1, so many rows on each. */
export type Paging = { readonly page: number; readonly perPage: number; readonly range: Range }

export function pagingBy(page: string | null, perPage: string | null, sizes: Sizes): Paging {
  const number = wholeNumber(page, 1) ?? 1
  const size = sizeOf(perPage, sizes)
  return { page: number, perPage: size, range: rangeOf(number, size) }
}

export function rangeBy(limit: string | null, offset: string | null, sizes: Sizes): Range {
  return { limit: sizeOf(limit, sizes), offset: wholeNumber(offset, 0) ?? 0 }
}

function sizeOf(text: string | null, { usual, most }: Sizes): number {
  return Math.min(wholeNumber(text, 1) ?? usual, most)
}

// Larger than any list, and exact in every sum and product that it goes through.
const numberMost = 1e12

/** The number that a text of digits means, or undefined when it is none or below `least`. */
export function wholeNumber(text: string | null, least: number): number | undefined {
  if (text === null || !/^\d+$/.test(text)) return undefined
  const number = Math.min(Number(text), numberMost)
  return number < least ? undefined : number
}
