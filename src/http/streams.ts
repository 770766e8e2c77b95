import { Fault } from '../domain/errors.ts'
import type { EventName } from '../domain/events.ts'
import { feedHead } from '../domain/feed.ts'
import { systemActor, type Desk } from '../domain/tx.ts'
import type { Log } from '../lib/log.ts'
import { secondMs } from '../lib/time.ts'
import type { Followed } from './endpoint.ts'
import type { Gate } from './gate.ts'
import { Stream } from './stream.ts'

/** Checks that a caller still may, with a gate that takes no call; throws when not. */
export type Readmit = (gate: Gate) => Promise<void> | undefined

const streamsMost = 100
const streamsOfCallerMost = 10
const heartbeatMs = 15 * secondMs
const patienceMs = secondMs

/**
 * Every stream that is open. A commit wakes them, and a beat once a second finds what another process
 * wrote, sends heartbeats, and ends the streams of callers who may read no more.
 */
export class Streams {
  readonly #desk: Desk
  readonly #gate: Gate
  readonly #log: Log
  readonly #monotonic: () => number
  readonly #open = new Map<Stream, { readonly caller: string; readonly readmit: Readmit }>()
  #isWaking = false
  #timer: Timer | undefined
  #closedAt: number | undefined
  #ending: readonly Stream[] = []
  #head = 0

  /** `gate` has no limits, so that nobody pays for being looked at. */
  constructor(parts: { desk: Desk; gate: Gate; log: Log; monotonic: () => number }) {
    this.#desk = parts.desk
    this.#gate = parts.gate
    this.#log = parts.log
    this.#monotonic = parts.monotonic
    parts.desk.onCommitted((types) => {
      if (this.#open.size === 0) return
      // Before they are woken: whoever lost the right to read is not sent what came after.
      if (types.some(changesRights)) this.#readmitAll()
      this.#wakeSoon()
    })
  }

  get size(): number {
    return this.#open.size
  }

  /** The body of a new stream. Throws `limited` and `unavailable` when there are too many. */
  open(caller: string, followed: Followed, readmit: Readmit): ReadableStream<Uint8Array> {
    const own = [...this.#open.values()].filter((one) => one.caller === caller)
    if (own.length >= streamsOfCallerMost) throw new Fault('limited', 'streams')
    if (this.#closedAt !== undefined || this.#open.size >= streamsMost)
      throw new Fault('unavailable', 'busy')
    const stream = new Stream({
      position: followed.position,
      read: (position) => this.#desk.read(systemActor, (reader) => followed.next(reader, position)),
      monotonic: this.#monotonic,
      onFailure: (err) => this.#log.error('stream failed', err),
      onEnd: () => this.#open.delete(stream),
    })
    this.#open.set(stream, { caller, readmit })
    return stream.body
  }

  /** Beats once a second until `close`; not as one of the jobs, which may take their time. */
  start(): void {
    this.#timer = setInterval(() => this.beat(), secondMs)
  }

  /** Never throws. */
  beat(): void {
    if (this.#open.size === 0) return
    this.#readmitAll()
    if (this.#isPastHead()) this.#wakeAll()
    for (const stream of this.#open.keys()) stream.beat(heartbeatMs)
  }

  /** Ends every stream, and opens no more. */
  close(): void {
    clearInterval(this.#timer)
    this.#closedAt = this.#monotonic()
    this.#ending = [...this.#open.keys()]
    for (const stream of this.#ending) stream.end('the server is stopping')
  }

  /** How many of those that were closed nobody reads, after a moment to take the end: not to be waited for. */
  get unread(): number {
    const hasHadTime = this.#monotonic() - (this.#closedAt ?? Infinity) >= patienceMs
    return hasHadTime ? this.#ending.filter((stream) => stream.isUnread).length : 0
  }

  /** Once for all that was committed together. */
  #wakeSoon(): void {
    if (this.#isWaking) return
    this.#isWaking = true
    setImmediate(() => {
      this.#isWaking = false
      this.#wakeAll()
    })
  }

  #wakeAll(): void {
    for (const stream of this.#open.keys()) stream.wake()
  }

  #isPastHead(): boolean {
    try {
      const head = this.#desk.read(systemActor, feedHead)
      const isPast = head !== this.#head
      this.#head = head
      return isPast
    } catch (err) {
      this.#log.error('streams cannot be read', err)
      return false
    }
  }

  #readmitAll(): void {
    for (const [stream, { readmit }] of this.#open) {
      const refuse = () => stream.end('access has ended')
      try {
        readmit(this.#gate)?.catch(refuse)
      } catch {
        refuse()
      }
    }
  }
}

/** Whether an event may take somebody's right to read. */
function changesRights(type: EventName): boolean {
  return /^(?:api_key|staff|session)\./.test(type)
}
