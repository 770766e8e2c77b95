import { secondMs, type Millis } from '../lib/time.ts'
import { makeUid, uidRandomBytes } from '../lib/ids.ts'
import type { Queries, Sync } from '../store/queries.ts'
import { StoreUnavailable, type Store } from '../store/db.ts'
import { recordActivity } from './activity.ts'
import { Fault } from './errors.ts'
import type { Emit, EventName, NewEvent, RecordedEvent } from './events.ts'
import { tellAgents } from './notifications.ts'
import type { Outbox } from './outbox.ts'
import { Spine } from './spine.ts'
import { WatchingList } from './workflowlist.ts'
import { followWorkflows } from './workflowtriggers.ts'

/** Who acts. `staffId` is the user or agent that a key stands for. */
export type Actor = {
  readonly kind: 'key' | 'staff' | 'job' | 'system'
  readonly keyId: number | null
  readonly staffId: number | null
  readonly ipAddress: string | null
  /** How many webhooks lie behind this; none, unless it is given. */
  readonly hops?: number
  /** The run of a workflow that acts, so that what follows from what it does is known to. */
  readonly run?: ActingRun
}

/**
 * `depth` counts the runs that led here, each started by what the one before it did; the root is the first of
 * them, null for a run that is it.
 */
export type ActingRun = {
  readonly id: number
  readonly workflowId: number
  readonly depth: number
  readonly rootId: number | null
}

/** A snapshot at one instant. */
export type Reader = {
  readonly q: Queries
  readonly now: Millis
  readonly actor: Actor
}

/** One request or job step. Nothing inside asks the clock, or awaits. */
export type Tx = Reader & {
  readonly random: Random
  /** A fresh uid at this instant. */
  uid(): string
  /**
   * Appends to the spine, in this transaction, and writes what follows from the event; see EventBodies for
   * what each tells.
   */
  readonly emit: Emit
  /** A run of a workflow can go on: whoever runs them is told once this is on disk. */
  wakeRunner(): void
}

/** So many random bytes. */
export type Random = (bytes: number) => Uint8Array

export type Clock = () => Millis

/** The installation itself: the first start, the command line. */
export const systemActor: Actor = { kind: 'system', keyId: null, staffId: null, ipAddress: null }

/** What is done by itself when it is due. */
export const jobActor: Actor = { ...systemActor, kind: 'job' }

const clockJitterMs = 5 * secondMs

/** The desk of one data folder: whoever reads or writes does it through here, at one instant. */
export class Desk {
  readonly #store: Store
  readonly #clock: Clock
  readonly #random: Random
  readonly #outbox: Outbox | undefined
  readonly #listeners: ((types: readonly EventName[]) => void)[] = []
  readonly #runners: (() => void)[] = []
  readonly #workflows = new WatchingList()
  #latest: Millis = 0

  /** Without an outbox, nobody outside is told of anything. */
  constructor(parts: { store: Store; clock: Clock; random: Random; outbox?: Outbox }) {
    this.#store = parts.store
    this.#clock = parts.clock
    this.#random = parts.random
    this.#outbox = parts.outbox
  }

  /** Runs `job` on what is committed. Throws what it throws. */
  read<T>(actor: Actor, job: (reader: Reader) => Sync<T>): T {
    return this.#store.read<T>((q) => job({ q, now: this.#instant(), actor }))
  }

  /** Runs `job` in a transaction; settles when its changes are on disk, or with what it throws. */
  async write<T>(actor: Actor, job: (tx: Tx) => Sync<T>): Promise<T> {
    const spine = new Spine()
    try {
      const result = await this.#store.write((q) => this.#run(q, { actor, spine, job }))
      if (spine.types.length > 0) for (const listener of this.#listeners) listener(spine.types)
      if (spine.startsRun) for (const wake of this.#runners) wake()
      return result
    } catch (err) {
      this.#forget(spine)
      if (err instanceof StoreUnavailable) this.#outbox?.doubt()
      throw err instanceof StoreUnavailable ? new Fault('unavailable', 'storage') : err
    }
  }

  /** Tells `listener` which events a transaction announced, once they are on disk. */
  onCommitted(listener: (types: readonly EventName[]) => void): void {
    this.#listeners.push(listener)
  }

  /** Calls `wake` when runs of workflows that can go on are on disk. */
  onRunsStarted(wake: () => void): void {
    this.#runners.push(wake)
  }

  #run<T>(
    q: Queries,
    { actor, spine, job }: { actor: Actor; spine: Spine; job: (tx: Tx) => Sync<T> },
  ): Sync<T> {
    try {
      const value = job(this.#transaction(q, actor, spine))
      spine.close(q)
      return value
    } catch (err) {
      this.#forget(spine)
      if (spine.types.length > 0) this.#outbox?.doubt()
      throw err
    }
  }

  /** What was read of a workflow in a transaction that came to nothing is not so. */
  #forget({ types }: Spine): void {
    for (const type of types) this.#workflows.note(type)
  }

  #transaction(q: Queries, actor: Actor, spine: Spine): Tx {
    const now = this.#instant()
    const tx: Tx = {
      q,
      now,
      actor,
      random: this.#random,
      uid: () => makeUid(now, this.#random(uidRandomBytes)),
      emit: (type, ticketId, body) => {
        const recorded = spine.append(tx, { type, ticketId, body } as NewEvent)
        announce(tx, recorded, this.#outbox)
        followWorkflows(tx, this.#workflows, recorded)
      },
      wakeRunner: () => {
        spine.startsRun = true
      },
    }
    return tx
  }

  /**
   * Not earlier than the one before, so that rows in the order of ids are in the order of time; but a
   * clock that was set back for good is believed.
   */
  #instant(): Millis {
    const now = this.#clock()
    if (now > this.#latest || now < this.#latest - clockJitterMs) this.#latest = now
    return this.#latest
  }
}

/** What is derived from an event, each in one place. */
function announce(tx: Tx, recorded: RecordedEvent, outbox: Outbox | undefined): void {
  recordActivity(tx, recorded)
  tellAgents(tx, recorded)
  outbox?.follow(tx, recorded)
}
