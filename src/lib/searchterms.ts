// What people type into a search field, as an expression for SQLite's full-text index. The classes of
// characters are those of its tokenizer unicode61, so that both cut a text into the same terms.

const termsMax = 8
const termLengthMax = 64

// The marks after a letter that the tokenizer drops; any other mark ends the term.
const droppedMarks =
  '\\u0300-\\u0304\\u0306-\\u030c\\u030f\\u0311\\u031b\\u0323-\\u0328\\u032d\\u032e\\u0330\\u0331'
const letter = '\\p{L}\\p{N}\\p{Co}'
const termPattern = new RegExp(`[${letter}][${letter}${droppedMarks}]*`, 'gu')

/**
 * Matches what has every word of the text, each as a word or as the beginning of one. A word with
 * signs in it, such as `E-07`, is its terms side by side. Nothing in the text is an operator. Looks at
 * the first eight terms only, each cut to 64 characters; undefined when there is none.
 */
export function matchExpression(text: string): string | undefined {
  const words = new Set(wordsOf(text))
  return words.size === 0 ? undefined : [...words].map((word) => `"${word}"*`).join(' AND ')
}

/** The terms of each word, set apart by one blank. */
function wordsOf(text: string): string[] {
  const words: string[] = []
  let count = 0
  let end = 0
  for (const { 0: term, index } of text.matchAll(termPattern)) {
    if (count === termsMax) break
    const kept = cut(term)
    const last = words.at(-1)
    const isNewWord = last === undefined || /\s/.test(text.slice(end, index))
    if (isNewWord) words.push(kept)
    else words[words.length - 1] = `${last} ${kept}`
    // The rest of the word would have to stand beside what is cut off.
    if (kept !== term) break
    count += 1
    end = index + term.length
  }
  return words
}

function cut(term: string): string {
  return term.length <= termLengthMax ? term : Array.from(term).slice(0, termLengthMax).join('')
}
