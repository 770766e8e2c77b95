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
