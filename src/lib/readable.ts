import { isoSeconds } from './time.ts'

type Stored = { readonly [column: string]: string | number | null }

/** A stored row as people and programs read it: times spelt, flags true or false, JSON as what it says. */
export function readable(row: Stored): { readonly [column: string]: unknown } {
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => [column, spelled(column, value)]),
  )
}

function spelled(column: string, value: string | number | null): unknown {
  if (typeof value === 'string') return /^\s*[[{]/.test(value) ? parsed(value) : value
  if (value === null) return null
  if (column.endsWith('_at')) return isoSeconds(value)
  return column.startsWith('is_') ? value === 1 : value
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
