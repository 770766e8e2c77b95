// What the tickets of the benchmark say. The same number gives the same ticket everywhere, so that
// the server and its floor write the same rows.

const words = `printer invoice password order delivery refund account login error screen update
  payment address shipping broken missing urgent question contract license export report calendar
  meeting customer warranty manual browser network cable monitor keyboard delayed wrong colour size
  subscription renewal discount voucher receipt statement balance transfer`.split(/\s+/)

const priorities = ['low', 'medium', 'high', 'urgent'] as const
const tagNames = ['billing', 'hardware', 'delivery', 'vip', 'returns', 'login'] as const

const customersMost = 5000
const bodyWords = 45

export type TicketText = {
  readonly subject: string
  readonly body: string
  readonly customerEmail: string
  readonly customerName: string
  readonly priority: (typeof priorities)[number]
}

/** The n-th ticket: about 300 characters of text from one of 5000 customers. */
export function ticketText(n: number): TicketText {
  const customer = n % customersMost
  return {
    subject: `${phrase(n, 4)} ${n}`,
    body: `${phrase(n * 7 + 3, bodyWords)}.`,
    customerEmail: `customer-${customer}@example.com`,
    customerName: `Customer ${customer}`,
    priority: priorities[n % priorities.length] ?? 'medium',
  }
}

/** The tags of the n-th ticket: none for every second one, else one or two. */
export function tagsOf(n: number): string[] {
  if (n % 2 === 0) return []
  const first = tagNames[(n >> 1) % tagNames.length]
  const second = n % 3 === 0 ? tagNames[(n >> 2) % tagNames.length] : undefined
  return [first, second].filter((tag) => tag !== undefined)
}

function phrase(seed: number, count: number): string {
  let state = seed >>> 0
  let text = ''
  for (let at = 0; at < count; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    text += (at === 0 ? '' : ' ') + (words[(state >>> 8) % words.length] ?? '')
  }
  return text
}

/** How many answers a ticket of the desks that are read has. */
export const repliesOfEach = 4

const vocabularySize = 20_000
const replyWords = { least: 15, most: 55 }

/** How often each word and all before it are used: the n-th word a n-th as often as the first, as in speech. */
const shares = sharesOf(vocabularySize)

function sharesOf(size: number): Float64Array {
  let sum = 0
  const sums = Float64Array.from({ length: size }, (_, n) => (sum += 1 / (n + 3)))
  return sums.map((one) => one / sum)
}

/** The n-th reply: some words are in most of them, most words are in few, and one is in no other. */
export function replyText(n: number): string {
  const next = randomFrom(n * 13 + 5)
  const { least, most } = replyWords
  const count = least + Math.floor(next() * (most - least))
  const text = Array.from({ length: count }, () => replyWord(placeOf(next()))).join(' ')
  return `${text} ${replyMark(n)}.`
}

/** The word that the n-th reply alone has. */
export function replyMark(n: number): string {
  return `r${n}x`
}

/** The n-th word of the vocabulary, the most frequent first. */
export function replyWord(n: number): string {
  const stem = words[n % words.length] ?? ''
  const turn = Math.floor(n / words.length)
  return turn === 0 ? stem : `${stem}${turn.toString(36)}`
}

/** The word at this share of all that is said, from 0 to 1. */
function placeOf(share: number): number {
  let [low, high] = [0, shares.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((shares[middle] ?? 1) < share) low = middle + 1
    else high = middle
  }
  return low
}

function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state >>> 8) / 2 ** 24
  }
}

/** Words that are ever rarer ones of the vocabulary, no two alike. */
export function seldomWords(count: number): string[] {
  const step = Math.max(1, Math.floor(vocabularySize / count))
  return Array.from({ length: count }, (_, n) => replyWord(words.length + n * step))
}
