const slugLengthMax = 250

// Letters that are one with what other alphabets take for an accent.
const foldedLetters: { readonly [letter: string]: string } = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ð: 'd',
  đ: 'd',
  þ: 'th',
  ł: 'l',
  ħ: 'h',
  ı: 'i',
}

const foldedPattern = new RegExp(`[${Object.keys(foldedLetters).join('')}]`, 'g')

/**
 * A text as it stands in an address: lower case, accents folded, every run of what is neither letter
 * nor digit one hyphen, at most 250 characters. Letters of other scripts stay. Undefined when nothing
 * is left.
 */
export function slugOf(text: string): string | undefined {
  const folded = text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
    .toLowerCase()
    .replace(foldedPattern, (letter) => foldedLetters[letter] ?? letter)
  const [first, ...others] = folded.match(/[\p{L}\p{N}\p{M}]+/gu) ?? []
  return first === undefined ? undefined : atMost([first, ...others].join('-'), slugLengthMax)
}

/** The slug for the n-th clash: `n` after a hyphen, within the same length. */
export function numberedSlug(slug: string, n: number): string {
  const end = `-${n}`
  return `${atMost(slug, slugLengthMax - end.length)}${end}`
}

/** The n of a slug that is `numberedSlug(slug, n)`, or undefined. */
export function numberOfSlug(numbered: string, slug: string): number | undefined {
  const n = Number(/-([1-9]\d{0,8})$/.exec(numbered)?.[1])
  return n > 0 && numberedSlug(slug, n) === numbered ? n : undefined
}

/** The first characters, without a hyphen at the cut. */
function atMost(slug: string, length: number): string {
  return Array.from(slug).slice(0, length).join('').replace(/-$/, '')
}
