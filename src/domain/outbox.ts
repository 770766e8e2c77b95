import { foreignChanges } from '../store/keys.ts'
import { insertDelivery } from '../store/deliverylists.ts'
import type { Queries } from '../store/queries.ts'
import { activeSubscribers, type Subscriber } from '../store/webhooks.ts'
import type { RecordedEvent } from './events.ts'
import { subscribes } from './subscriptions.ts'
import type { Tx } from './tx.ts'

// What holds: every endpoint that is active and subscribes to the type of an event has a delivery of it,
// written in the event's own transaction, with the bytes that every attempt will send.
//
// The endpoints are kept in memory. Each transaction that announces something asks once whether another
// process has changed the database, within the transaction, so that nothing can change in between; a change
// made here, and one that is rolled back, has them read again.

/** The payload of an event as receivers get it; null for what they are not told. */
export type PayloadOf = (event: RecordedEvent) => object | null

/** Writes the deliveries of events. */
export class Outbox {
  readonly #payloadOf: PayloadOf
  #subscribers: readonly Subscriber[] = []
  #isStale = true
  #foreign = -1
  #checked: Queries | undefined

  constructor(payloadOf: PayloadOf) {
    this.#payloadOf = payloadOf
  }

  /** Writes a delivery for each endpoint that is told of the event. */
  follow(tx: Tx, event: RecordedEvent): void {
    if (event.type.startsWith('webhook.')) this.#isStale = true
    const told = this.#current(tx.q).filter((one) => isTold(one, event))
    if (told.length === 0) return
    const payload = this.#payloadOf(event)
    if (!payload) return
    const body = JSON.stringify(payload)
    for (const { id } of told) tell(tx, id, event, body)
  }

  /** Something that was announced has been taken back. */
  doubt(): void {
    this.#isStale = true
  }

  #current(q: Queries): readonly Subscriber[] {
    if (this.#isStale || this.#checked !== q) this.#refresh(q)
    return this.#subscribers
  }

  #refresh(q: Queries): void {
    this.#checked = q
    const foreign = foreignChanges(q)
    if (!this.#isStale && foreign === this.#foreign) return
    this.#subscribers = activeSubscribers(q)
    this.#foreign = foreign
    this.#isStale = false
  }
}

function isTold({ id, events }: Subscriber, event: RecordedEvent): boolean {
  return event.type === 'webhook.test' ? event.body.id === id : subscribes(events, event.type)
}

/** Writes the delivery of an event to an endpoint that has none of it. */
export function tell(tx: Tx, endpointId: number, event: RecordedEvent, body: string): void {
  insertDelivery(tx.q, {
    uid: tx.uid(),
    endpointId,
    eventSequence: event.sequence,
    eventUid: event.uid,
    eventType: event.type,
    ticketId: event.ticketId,
    hops: (tx.actor.hops ?? 0) + 1,
    body,
    dueAt: tx.now,
    createdAt: event.createdAt,
  })
}
