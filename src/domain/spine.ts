import { insertEvent, setTicketSequence, ticketSequence } from '../store/events.ts'
import type { Queries } from '../store/queries.ts'
import type { EventName, NewEvent, RecordedEvent } from './events.ts'
import type { Tx } from './tx.ts'

/**
 * The spine of one transaction. Each event is written beside the change that it tells of, numbered
 * globally and within its ticket; a ticket's number is kept in the ticket itself, once, at the end.
 */
export class Spine {
  readonly types: EventName[] = []
  /** Whether a run of a workflow can go on after it. */
  startsRun = false
  readonly #sequences = new Map<number, number>()

  append(tx: Tx, event: NewEvent): RecordedEvent {
    const { q, now, actor } = tx
    const { type, ticketId, body } = event
    const uid = tx.uid()
    const ticketSequence = ticketId === null ? null : this.#next(q, ticketId)
    const sequence = insertEvent(q, {
      uid,
      type,
      ticketId,
      ticketSequence,
      actorKind: actor.kind,
      actorKeyId: actor.keyId,
      actorStaffId: actor.staffId,
      ipAddress: actor.ipAddress,
      body: JSON.stringify(body),
      createdAt: now,
    })
    this.types.push(type)
    return { ...event, uid, sequence, ticketSequence, createdAt: now }
  }

  /** Keeps the numbers that were given. The last thing that a transaction does. */
  close(q: Queries): void {
    for (const [ticketId, sequence] of this.#sequences) setTicketSequence(q, ticketId, sequence)
  }

  #next(q: Queries, ticketId: number): number {
    const next = (this.#sequences.get(ticketId) ?? ticketSequence(q, ticketId)) + 1
    this.#sequences.set(ticketId, next)
    return next
  }
}
