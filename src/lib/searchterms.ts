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
  const words = searchWords(text)
  return words.length === 0 ? undefined : words.map((word) => `"${word}"*`).join(' AND ')
}

/** Matches what has one of these words, each as a whole. */
export function anyOf(words: readonly string[]): string {
  return words.map((word) => `"${word}"`).join(' OR ')
}

/** The different words of a text, as `matchExpression` sees them: the terms of each, one blank apart. */
export function searchWords(text: string): string[] {
  return [...new Set(wordsOf(text))]
}

/** A term as the index has it. */
export function indexedTerm(term: string): string {
  const characters = Array.from(term, (one) =>
    dropped.test(one) ? '' : (bareOf(one) ?? one.toLowerCase()),
  )
  return characters.join('')
}

/**
 * Finds a word of `searchWords` in a text as the index would, whatever its case and accents; with
 * `isBeginning` in longer words that begin so, too. It is global: it goes on where it stopped.
 */
export function wordPattern(word: string, isBeginning: boolean): RegExp {
  const terms = word.split(' ').map((term) => Array.from(term, anyForm).join(''))
  const end = isBeginning ? '' : `(?![${letter}])`
  return new RegExp(`(?<![${letter}])${terms.join(`[^${letter}]+`)}${end}`, 'giu')
}

/** A character in every form that is the same to the index, but for its case. */
function anyForm(character: string): string {
  if (dropped.test(character)) return ''
  const bare = bareOf(character)
  const form = bare === undefined ? character : `[${bare}${accentedForms().get(bare) ?? ''}]`
  return `${form}[${droppedMarks}]*`
}

const dropped = new RegExp(`[${droppedMarks}]`, 'u')
const allDropped = new RegExp(dropped, 'gu')

/** The Latin letter without its accents; of no other letter in one character the index drops any. */
function bareOf(character: string): string | undefined {
  const bare = character.normalize('NFD').replace(allDropped, '').toLowerCase()
  return /^[a-z]$/.test(bare) ? bare : undefined
}

let knownForms: ReadonlyMap<string, string> | undefined

/** Each Latin letter with all its accented forms. */
function accentedForms(): ReadonlyMap<string, string> {
  if (knownForms) return knownForms
  const forms = new Map<string, string>()
  for (let code = firstAccented; code <= lastAccented; code++) {
    const character = String.fromCharCode(code)
    const bare = bareOf(character)
    if (bare !== undefined) forms.set(bare, (forms.get(bare) ?? '') + character)
  }
  knownForms = forms
  return forms
}

const firstAccented = 0xc0
const lastAccented = 0x1ef9

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
