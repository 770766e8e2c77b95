// How well a text answers a search. Pure.

/** The words that are searched for, rather than what they are called. */
export type Patterns = readonly RegExp[]

export type Searched = {
  readonly subject: string
  readonly body: string
  /** How long the body is, beside those of the others. */
  readonly length: number
}

/** A match in the subject counts as so many in the text. */
const subjectWeight = 5

/** From this many times on it hardly matters how often a word is there. */
const saturation = 1.2

/** How much the length of a text matters: in a long one words stand by chance. */
const lengthWeight = 0.75

const countMost = 16

/**
 * Between 0 and 1; undefined when a word is missing. Each word counts by how often it is there, in the
 * manner of BM25: more in the subject than in the text, and more in a short text than in a long one.
 */
export function relevanceOf(patterns: Patterns, { subject, body, length }: Searched) {
  const spread = 1 - lengthWeight + lengthWeight * length
  let sum = 0
  for (const pattern of patterns) {
    const often = subjectWeight * timesIn(subject, pattern) + timesIn(body, pattern) / spread
    if (often === 0) return undefined
    sum += often / (often + saturation)
  }
  return sum / patterns.length
}

function timesIn(text: string, pattern: RegExp): number {
  let times = 0
  pattern.lastIndex = 0
  while (times < countMost && pattern.test(text)) times += 1
  return times
}
