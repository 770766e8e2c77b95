import { sql } from 'drizzle-orm'
import type { Millis } from '../lib/time.ts'
import { eventColumns } from './events.ts'
import { select, value, type Queries } from './queries.ts'
import type { OfEvent } from './redelivery.ts'
import { deliveries, events, type EventRow } from './schema.ts'

// A stretch of the spine as one endpoint knows it: what it was told of, by the deliveries that are kept, and
// what it was not, by the events that are. Both are read by sequence, and no more of them than the stretch.

const createdAtOf = select({ at: events.createdAt }, (db, row) =>
  db
    .select(row)
    .from(events)
    .where(sql`${events.sequence} >= ${value('sequence')}`)
    .orderBy(events.sequence)
    .limit(1),
)

const firstTold = select({ sequence: deliveries.eventSequence }, (db, row) =>
  db
    .select(row)
    .from(deliveries)
    .where(sql`${deliveries.endpointId} = ${value('endpointId')}`)
    .orderBy(deliveries.eventSequence)
    .limit(1),
)

const isInStretch = sql`${deliveries.endpointId} = ${value('endpointId')}
  AND ${deliveries.eventSequence} > ${value('after')} AND ${deliveries.eventSequence} <= ${value('through')}`

const told = select(
  { id: deliveries.id, sequence: sql<number>`${deliveries.eventSequence}` },
  (db, row) =>
    db
      .select(row)
      .from(deliveries)
      .where(
        sql`${isInStretch} AND ${deliveries.status} <> 'pending'
          AND ${deliveries.createdAt} >= ${value('since')} AND ${deliveries.createdAt} < ${value('until')}
          AND (${value('types')} IS NULL
            OR ${deliveries.eventType} IN (SELECT value FROM json_each(${value('types')})))`,
      )
      .orderBy(deliveries.eventSequence)
      .limit(value('limit')),
)

// Its size is in the head of a row, so that no body is read for it.
const untold = select(
  { sequence: events.sequence, bytes: sql<number>`octet_length(${events.body})` },
  (db, row) =>
    db
      .select(row)
      .from(events)
      .where(
        sql`${events.sequence} > ${value('after')} AND ${events.sequence} <= ${value('through')}
          AND ${events.type} IN (SELECT value FROM json_each(${value('types')}))
          AND NOT EXISTS (
            SELECT 1 FROM ${deliveries} WHERE ${deliveries.endpointId} = ${value('endpointId')}
              AND ${deliveries.eventSequence} = ${events.sequence}
          )`,
      )
      .orderBy(events.sequence)
      .limit(value('limit')),
)

const inSequences = select(eventColumns, (db, row) =>
  db
    .select(row)
    .from(events)
    .where(sql`${events.sequence} IN (SELECT value FROM json_each(${value('sequences')}))`)
    .orderBy(events.sequence),
)

/**
 * The first sequence from a moment on, `head + 1` when all was before it. No index has the moments of events:
 * they grow with the sequence, but where a clock was set back.
 */
export function sequenceFrom(
  q: Queries,
  at: Millis,
  { oldest, head }: { readonly oldest: number; readonly head: number },
): number {
  let [low, high] = [oldest, head + 1]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const moment = createdAtOf(q).get({ sequence: middle })?.at ?? Infinity
    if (moment >= at) high = middle
    else low = middle + 1
  }
  return low
}

/** The sequence of the earliest event that an endpoint was told of, as far as deliveries are kept. */
export function firstToldSequence(q: Queries, endpointId: number): number | undefined {
  return firstTold(q).get({ endpointId })?.sequence
}

export type ToldStretch = {
  readonly endpointId: number
  readonly after: number
  /** The last sequence that is looked at. */
  readonly through: number
  readonly limit: number
}

/** The settled deliveries of a stretch, in the order of their events; any type, when `types` is null. */
export function settledInStretch(
  q: Queries,
  stretch: ToldStretch,
  wanted: {
    readonly since: Millis
    readonly until: Millis
    readonly types: readonly string[] | null
  },
): OfEvent[] {
  return told(q).all({ ...stretch, ...wanted, types: wanted.types && JSON.stringify(wanted.types) })
}

/** The events of a stretch and of these types that the endpoint has no delivery of, with their sizes. */
export function untoldInStretch(
  q: Queries,
  stretch: ToldStretch,
  types: readonly string[],
): { readonly sequence: number; readonly bytes: number }[] {
  return untold(q).all({ ...stretch, types: JSON.stringify(types) })
}

/** The events with these sequences, in order. */
export function eventsOf(q: Queries, sequences: readonly number[]): EventRow[] {
  return inSequences(q).all({ sequences: JSON.stringify(sequences) })
}
