import type { Page, Range } from '../lib/page.ts'
import { searchWords, wordPattern } from '../lib/searchterms.ts'
import type { TicketFilter } from '../store/ticketlists.ts'
import {
  customersMatching,
  messagesMatching,
  messagesOfFew,
  newestMessageId,
  textsOfMessages,
  ticketsOfCustomers,
  ticketsReferred,
  type Candidate,
  type FoundTicket,
} from '../store/ticketsearch.ts'
import { totalOfTickets } from '../store/tickettotals.ts'
import { mayGoOn, rarestOf } from './rarewords.ts'
import { relevanceOf, type Patterns } from './relevance.ts'
import {
  fullTicketsInOrder,
  ticketsInOrder,
  type FullTicket,
  type LabelledTicket,
} from './ticketviews.ts'
import type { Reader } from './tx.ts'

// A search looks at a bounded part of a desk, so that none holds the process for long, however many
// messages there are and whatever is asked. Of its words the rarest leads: the newest messages that have
// it and pass the filters are read, and found is what has all the words in one message. A filter that
// leaves few tickets is read whole instead.

/** The newest messages with the rarest word that are put to the filters. */
const matchesMost = 1500
/** Of those the newest that are read, up to so many bytes for one word. */
const messagesMost = 400
const bytesMost = 400_000
/** A list of at most so many tickets is read whole, if it has no more messages than are read anyway. */
const fewTickets = 100

const customersRead = 200
const customersMost = 20
/** For all customers together. */
const customerTicketsMost = 400

/** Beyond what any text can score. */
const referenceScore = 10
const referenceLength = 64

const anyRow = Number.MAX_SAFE_INTEGER

/** A page of what was found, best first, and up to which message was looked. */
export type Found<Row> = Page<Row> & { readonly upTo: number }

export type Search = {
  readonly text: string
  readonly filter: TicketFilter
  readonly range: Range
  /** Looks at no message that was added after this one. */
  readonly upTo?: number | undefined
}

/**
 * The tickets that have every word of the text in one message, with the subject in the opening one, or in
 * the name, address or company of their customer; and those with that reference. Best first. The last
 * word may be the beginning of one. Finds nothing by a text without a word. The total is of what was found.
 */
export function searchTickets(reader: Reader, search: Search): Found<LabelledTicket> {
  return pageOf(reader, search, (ids) => ticketsInOrder(reader, ids))
}

/** As `searchTickets`, each with all that a desk shows beside it. */
export function searchFullTickets(reader: Reader, search: Search): Found<FullTicket> {
  return pageOf(reader, search, (ids) => fullTicketsInOrder(reader, ids))
}

function pageOf<Row>(
  reader: Reader,
  search: Search,
  rowsOf: (ids: readonly number[]) => Row[],
): Found<Row> {
  const upTo = search.upTo ?? newestMessageId(reader.q)
  const ids = ranked(reader, { ...search, upTo })
  const { offset, limit } = search.range
  return { rows: rowsOf(ids.slice(offset, offset + limit)), total: ids.length, upTo }
}

type Asked = Search & {
  readonly upTo: number
  readonly words: readonly string[]
  readonly patterns: Patterns
}

type Hit = FoundTicket & { readonly score: number }

/** The ids of the tickets that are found, best first. */
function ranked(reader: Reader, search: Search & { readonly upTo: number }): number[] {
  const words = searchWords(search.text)
  if (words.length === 0) return []
  const patterns = words.map((word, at) =>
    wordPattern(word, at === words.length - 1 && mayGoOn(word)),
  )
  const asked = { ...search, words, patterns }
  const hits = [
    ...hitsByReference(reader, asked),
    ...hitsByCustomer(reader, asked),
    ...hitsByMessage(reader, asked),
  ]
  const best = [...Map.groupBy(hits, (hit) => hit.id).values()].flatMap(bestOf)
  return best
    .toSorted((a, b) => b.score - a.score || b.createdAt - a.createdAt || b.id - a.id)
    .map(({ id }) => id)
}

/** A ticket counts as its best message, and a little more the more of them there are. */
function bestOf(hits: readonly Hit[]): Hit[] {
  const [first] = hits.toSorted((a, b) => b.score - a.score)
  return first ? [{ ...first, score: first.score + 0.1 * (1 - 1 / hits.length) }] : []
}

function hitsByMessage(reader: Reader, asked: Asked): Hit[] {
  const candidates = ofFewTickets(reader, asked) ?? byRarestWord(reader, asked)
  const read = withinBytes(candidates, bytesFor(asked))
  const byId = new Map(read.map((one) => [one.id, one]))
  const usual = read.reduce((sum, { size }) => sum + size, 0) / read.length
  return textsOfMessages(reader.q, [...byId.keys()]).flatMap(({ id, subject, body }) => {
    const candidate = byId.get(id)
    if (!candidate) return []
    const length = candidate.size / usual
    const score = relevanceOf(asked.patterns, { subject, body, length })
    const { ticketId, createdAt } = candidate
    return score === undefined ? [] : [{ id: ticketId, createdAt, score }]
  })
}

/** The more words are counted, the less is read. */
function bytesFor({ words }: Asked): number {
  return bytesMost / (0.5 + words.length / 2)
}

/** The first of them that have no more bytes together. */
function withinBytes(candidates: readonly Candidate[], most: number): readonly Candidate[] {
  let bytes = 0
  const past = candidates.findIndex(({ size }) => (bytes += size) > most)
  return past === -1 ? candidates : candidates.slice(0, past)
}

function byRarestWord(reader: Reader, asked: Asked): Candidate[] {
  const { filter, upTo } = asked
  const expression = rarestOf(reader, 'search', asked)
  const reading = { expression, upTo, matches: matchesMost, limit: messagesMost }
  return messagesMatching(reader.q, filter, reading)
}

/** All messages of the filter's tickets, or undefined when they are more than are read. */
function ofFewTickets(reader: Reader, asked: Asked): Candidate[] | undefined {
  const { filter, upTo } = asked
  const within = narrowest(reader, filter)
  if (!within) return undefined
  const reading = { within, tickets: fewTickets, upTo, limit: messagesMost + 1 }
  const candidates = messagesOfFew(reader.q, filter, reading)
  const bytes = candidates.reduce((sum, { size }) => sum + size, 0)
  const isFew = candidates.length <= messagesMost && bytes <= bytesFor(asked)
  return isFew ? candidates : undefined
}

/** The one condition of the filter that leaves the fewest tickets, if those are few. */
function narrowest(reader: Reader, filter: TicketFilter): TicketFilter | undefined {
  const { customerId, agentId, assignedTo, departmentId, byDepartment } = filter
  const conditions: (TicketFilter | undefined)[] = [
    customerId === undefined ? undefined : { customerId },
    agentId === undefined ? undefined : { agentId, byDepartment },
    assignedTo === undefined ? undefined : { assignedTo },
    departmentId === undefined ? undefined : { departmentId },
  ]
  const totals = conditions.flatMap((condition) =>
    condition ? [{ condition, total: totalOfTickets(reader.q, condition) }] : [],
  )
  const [least] = totals.toSorted((a, b) => a.total - b.total)
  return least && least.total <= fewTickets ? least.condition : undefined
}

function hitsByCustomer(reader: Reader, { words, filter, patterns }: Asked): Hit[] {
  const expression = rarestOf(reader, 'customer_search', { words, upTo: anyRow })
  const scores = new Map<number, number>()
  for (const { id, text } of customersMatching(reader.q, expression, customersRead)) {
    const score = relevanceOf(patterns, { subject: text, body: '', length: 1 })
    if (score !== undefined && scores.size < customersMost) scores.set(id, score)
  }
  if (scores.size === 0) return []
  const each = Math.ceil(customerTicketsMost / scores.size)
  const found = ticketsOfCustomers(reader.q, filter, [...scores.keys()], each)
  return found.map(({ id, createdAt, customerId }) => {
    return { id, createdAt, score: scores.get(customerId) ?? 0 }
  })
}

function hitsByReference(reader: Reader, { text, filter }: Asked): Hit[] {
  const typed = text.trim()
  if (typed.length > referenceLength) return []
  const bare = typed.replace(/^#/, '')
  const forms = [typed, bare, typed.toUpperCase(), bare.toUpperCase()]
  const found = ticketsReferred(reader.q, filter, [...new Set(forms)])
  return found.map((ticket) => ({ ...ticket, score: referenceScore }))
}
