import { anyOf, indexedTerm } from '../lib/searchterms.ts'
import { rowOfMatch, termsBeginning, type TextIndex } from '../store/textindex.ts'
import type { Reader } from './tx.ts'

/** A word is rare by how far back so many of its matches go. */
const probedMatches = 250
/** The last word may go on, from so many characters, as so many words of the index. */
const beginningLength = 3
const endingsMost = 8

/** What finds the word of which the index has the fewest up to that row, or one of these few. */
export function rarestOf(
  reader: Reader,
  index: TextIndex,
  { words, upTo }: { readonly words: readonly string[]; readonly upTo: number },
): string {
  const terms = words.flatMap((word) => word.split(' '))
  const expressions = terms.map((term, at) =>
    at === terms.length - 1 ? begun(reader, index, term) : anyOf([term]),
  )
  const [only = ''] = expressions
  if (expressions.length === 1) return only
  const probe = { upTo, newer: probedMatches }
  const probed = expressions.map((expression) => ({
    expression,
    row: rowOfMatch(reader.q, index, expression, probe),
  }))
  return probed.toSorted((a, b) => a.row - b.row)[0]?.expression ?? only
}

/** What finds a term, and others that begin with it. */
function begun(reader: Reader, index: TextIndex, term: string): string {
  if (!mayGoOn(term)) return anyOf([term])
  const terms = termsBeginning(reader.q, index, indexedTerm(term), endingsMost)
  return anyOf(terms.length > 0 ? terms : [term])
}

/** Whether the last word may be the beginning of one. */
export function mayGoOn(word: string): boolean {
  return word.length >= beginningLength
}
