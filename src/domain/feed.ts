import { dayMs } from '../lib/time.ts'
import { eventsOfTypes, lastSequence, oldestSequence, removeEvents } from '../store/events.ts'
import { Fault } from './errors.ts'
import { recordedEvent, type EventName, type RecordedEvent } from './events.ts'
import { toldNames } from './subscriptions.ts'
import type { Reader, Tx } from './tx.ts'

// The feed is the spine read by sequence: every event that is told outside the desk, in the order in which
// they happened. Whoever keeps the position that a page reached misses none and sees none twice.

/** How many events a page looks at, however few are of the types that are asked for. */
const examinedMost = 5000

// What is removed at once holds up who wants to write.
const removedBytesMost = 512 * 1024

export type FeedPage = {
  readonly events: readonly RecordedEvent[]
  /** How far the page got: every event of these types up to here has been seen. */
  readonly position: number
  /** Nothing is past the position. */
  readonly isEnd: boolean
}

export type FeedQuery = {
  /** Null begins with the oldest event that is kept. */
  readonly after: number | null
  readonly types: readonly EventName[]
  /** So many events, and so many bytes of what they tell but for the last of them. */
  readonly limit: number
  readonly bytesMost: number
}

/**
 * A page of events past a sequence. It may be short, or empty, without being the last. Throws `gone` when
 * events that were asked for are no longer kept.
 */
export function readFeed(reader: Reader, query: FeedQuery): FeedPage {
  const { types, limit, bytesMost } = query
  const head = lastSequence(reader.q)
  const oldest = oldestSequence(reader.q) ?? head + 1
  const after = query.after ?? oldest - 1
  if (after < oldest - 1) throw gone(oldest)
  const through = Math.min(after + examinedMost, head)
  const found = eventsOfTypes(reader.q, { after, through, types, limit, bytesMost })
  const position = Math.max(after, found.reached)
  return { events: found.rows.map(recordedEvent), position, isEnd: position >= head }
}

/** The sequence of the newest event. */
export function feedHead(reader: Reader): number {
  return lastSequence(reader.q)
}

/** The types that a word means: one of them, `ticket.*`, or `*`; none for any other word. */
export function typesMeant(word: string): readonly EventName[] {
  if (word === '*') return toldNames
  if (!word.endsWith('.*')) return toldNames.filter((name) => name === word)
  return toldNames.filter((name) => name.startsWith(word.slice(0, -1)))
}

/**
 * Removes a batch, of `most` at most, of the events that have been kept for so many days; 0 days keep them
 * for ever. Returns how many it removed: none is left once that is 0.
 */
export function forgetOldEvents(tx: Tx, days: number, most: number): number {
  if (days === 0) return 0
  const before = tx.now - days * dayMs
  return removeEvents(tx.q, { before, most, bytesMost: removedBytesMost })
}

function gone(oldest: number): Fault {
  return new Fault('gone', 'events', [{ field: 'after', rule: 'min', min: oldest - 1 }])
}

/** The oldest sequence that is kept, as a `gone` fault tells. */
export function oldestKept({ issues }: Fault): number {
  const [issue] = issues
  return issue?.rule === 'min' ? issue.min + 1 : 0
}
