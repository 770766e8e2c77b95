import { RE2JS } from 're2js'

/*
 * Regular expressions of strangers, in time linear in the text whatever they look like: RE2's syntax, so no
 * look-around and no back-references. What a match may cost is bounded: a pattern that compiles to more than
 * `sizeMax` instructions is refused, and of a text only so much is looked at that instructions times
 * characters stay within `workMax`.
 */

export type Pattern = { isIn(text: string): boolean }

const sourceMax = 1000
const sizeMax = 2000
const textMax = 200_000
const workMax = 4_000_000
const keptMax = 200

const kept = new Map<string, Pattern | undefined>()

/** The pattern, found anywhere in a text unless it is anchored; undefined when it is none. */
export function patternOf(source: string): Pattern | undefined {
  if (kept.has(source)) return kept.get(source)
  const pattern = compiled(source)
  if (kept.size >= keptMax) kept.clear()
  kept.set(source, pattern)
  return pattern
}

function compiled(source: string): Pattern | undefined {
  if (source.length > sourceMax) return undefined
  try {
    const expression = RE2JS.compile(source)
    const size = expression.programSize()
    if (size > sizeMax) return undefined
    const seenMax = Math.min(textMax, Math.floor(workMax / size))
    return { isIn: (text) => expression.test(text.slice(0, seenMax)) }
  } catch {
    return undefined
  }
}
