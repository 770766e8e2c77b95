import { z } from 'zod'
import type { Fault } from '../domain/errors.ts'
import type { EventName } from '../domain/events.ts'
import { feedHead, oldestKept, readFeed, typesMeant, type FeedPage } from '../domain/feed.ts'
import { toldNames } from '../domain/subscriptions.ts'
import type { Reader } from '../domain/tx.ts'
import type { Call, Followed } from './endpoint.ts'
import { finding, readQuery } from './fields.ts'
import { payloadOf, type Payload } from './payloads.ts'

// The event feed, for both dialects: they page in words of their own, and show the same events. `after` is
// the sequence of the last event that was seen; a page says how far it got, so that a reader who keeps asking
// from there sees every event once and in order.

export const feedSizes = { usual: 100, most: 1000 } as const

const listedBytesMost = 4 * 1024 * 1024

// Little enough that a slow reader holds little, and enough that a page costs little.
const streamedAtOnce = { limit: 100, bytesMost: 128 * 1024 } as const

/** An event as both dialects show it. */
export const eventShape = z
  .strictObject({
    id: z.string(),
    type: z.enum(toldNames),
    createdAt: z.iso.datetime({ precision: 0 }),
    sequence: z.int().min(1),
    ticketSequence: z.int().min(1).nullable(),
    data: z.looseObject({}),
  })
  .meta({ id: 'Event' })

const after = z
  .string()
  .refine((text) => /^\d{1,15}$/.test(text), finding({ rule: 'integer' }))
  .transform(Number)
  .meta({
    type: 'integer',
    minimum: 0,
    description: 'The sequence of the last event that was seen',
  })

const types = z
  .string()
  .refine((text) => wordsIn(text).every(isMeaning), finding({ rule: 'oneOf', allowed: toldNames }))
  .meta({ description: 'Types between commas: `ticket.created`, `ticket.*`, or `*` for all' })

const unlessBlank = (value: unknown) => (value === '' ? undefined : value)

/** What the feed and its stream take in their query. */
export const feedQuery = z.object({
  after: z.preprocess(unlessBlank, after.optional()),
  types: z.preprocess(unlessBlank, types.optional()),
})

/** What a list besides takes, under one of two names. */
export const feedLimit = z.int().min(1).max(feedSizes.most).default(feedSizes.usual).optional()

export const feedRefusals = { 410: 'Events that were asked for are no longer kept' } as const

export type PayloadPage = {
  readonly payloads: readonly Payload[]
  readonly nextAfter: number
  readonly hasMore: boolean
}

/** The page that a query asks for; without `after` it begins with the oldest event that is kept. */
export function payloadPage(reader: Reader, query: URLSearchParams, limit: number): PayloadPage {
  const { after = null, types } = readQuery(reader, feedQuery, query)
  const page = readFeed(reader, { after, types: typesIn(types), limit, bytesMost: listedBytesMost })
  return { payloads: payloadsOf(page), nextAfter: page.position, hasMore: !page.isEnd }
}

/**
 * The events past `after`, as they happen; without it, from now on. A browser that comes again says in
 * `Last-Event-ID` what it has seen since it was given its address, so that goes first.
 */
export function followFeed(
  { tx, query }: Pick<Call<Reader>, 'tx' | 'query'>,
  lastEventId: string | null,
): Followed {
  const asked = new URLSearchParams(query)
  if (lastEventId !== null && lastEventId !== '') asked.set('after', lastEventId)
  const { after: position = feedHead(tx), types } = readQuery(tx, feedQuery, asked)
  const wanted = { types: typesIn(types), ...streamedAtOnce }
  // What is no longer kept is refused before the stream begins.
  readFeed(tx, { ...wanted, after: position, limit: 1 })
  return {
    position,
    next(reader, after) {
      const page = readFeed(reader, { ...wanted, after })
      const messages = payloadsOf(page).map((payload) => ({
        id: payload.sequence,
        event: payload.type,
        data: JSON.stringify(payload),
      }))
      return { messages, position: page.position, isEnd: page.isEnd }
    },
  }
}

/** Some events are told to nobody for what changed shows nowhere. */
function payloadsOf({ events }: FeedPage): Payload[] {
  return events.map(payloadOf).filter((payload) => payload !== null)
}

function wordsIn(text: string): string[] {
  return text.split(',').map((word) => word.trim())
}

function isMeaning(word: string): boolean {
  return typesMeant(word).length > 0
}

function typesIn(text = '*'): readonly EventName[] {
  return [...new Set(wordsIn(text).flatMap(typesMeant))]
}

/** The end of the sentence that refuses what is no longer kept; nothing for any other fault. */
export function oldestIn(fault: Fault): string {
  return fault.kind === 'gone' ? `; the oldest is ${oldestKept(fault)}` : ''
}

const retrySeconds = 10

/** What a refusal by the feed says in headers besides. */
export function headersOf(fault: Fault): { readonly [name: string]: string } | undefined {
  if (fault.kind === 'gone') return { 'X-Oldest-Sequence': String(oldestKept(fault)) }
  // Calls are not what there are too many of, so the limiter does not know when.
  if (fault.about === 'streams') return { 'Retry-After': String(retrySeconds) }
  return undefined
}
