import {
  claimDeliveries,
  giveBackDeliveries,
  isAnyDeliveryDue,
  takeBackDeliveries,
  type Claimed,
} from '../domain/dispatch.ts'
import { Places } from '../domain/places.ts'
import type { Waits } from '../domain/retries.ts'
import { jobActor, type Clock, type Desk } from '../domain/tx.ts'
import type { Log } from '../lib/log.ts'
import { secondMs, type Millis } from '../lib/time.ts'
import type { Send } from '../security/outbound.ts'
import { Opener } from '../security/seal.ts'
import { Endings } from './endings.ts'
import type { Job } from './heartbeat.ts'
import { outgoingOf } from './outgoing.ts'

/*
 * The delivery loop. What it guarantees:
 *
 * - every delivery is attempted until it is delivered or dead, whenever the process dies; what was in flight
 *   then is repeated under the same id, and nothing else is;
 * - two attempts at most are under way at an endpoint, and so many in all (see Places);
 * - in order means that nothing of a ticket is sent before what came earlier is settled.
 *
 * It is woken by every commit that announces something, by every settled attempt and once a second.
 */

export type DeliveryRules = {
  readonly waits: Waits
  readonly timeoutMs: Millis
  readonly send: Send
}

export type DelivererParts = {
  readonly desk: Desk
  readonly clock: Clock
  readonly log: Log
  /** Names this run of the server; no other run has the same. */
  readonly lease: string
  /** What holds now. */
  readonly rules: () => DeliveryRules
  /** What opens the secrets of endpoints. */
  readonly sealing: () => string
}

// Past the deadline of an attempt, for a process that was held up.
const leaseMarginMs = 30 * secondMs

export class Deliverer {
  readonly #parts: DelivererParts
  readonly #places = new Places()
  readonly #underWay = new Map<number, Promise<void>>()
  readonly #opener = new Opener()
  readonly #ended: Endings
  #isStopping = false
  #isClaiming = false
  #isClaimWanted = false
  #isLookAhead = false

  constructor(parts: DelivererParts) {
    this.#parts = parts
    this.#ended = new Endings({
      ...parts,
      underWay: () => this.#underWay.size,
      onQueued: () => this.#claim(),
    })
  }

  /** Whether anything is under way, or about to be. */
  get isAtWork(): boolean {
    return this.#isLookAhead || this.#isClaiming || this.#underWay.size > 0
  }

  /** Takes back what earlier runs had in flight, and begins. */
  async start(): Promise<void> {
    const { desk, lease, log } = this.#parts
    try {
      const taken = await desk.write(jobActor, (tx) => takeBackDeliveries(tx, lease))
      if (taken > 0) log.info('deliveries taken back', { deliveries: taken })
    } catch (err) {
      log.error('deliveries not taken back', err)
    }
    this.wake()
  }

  /** The part of the heartbeat: wakes the loop for what has come due by itself. */
  get job(): Job {
    return {
      name: 'deliver webhooks',
      step: () => {
        this.wake()
        return Promise.resolve(false)
      },
    }
  }

  /** Looks for what is due, once for all who wake it in this turn. */
  wake(): void {
    if (this.#isLookAhead || this.#isStopping) return
    this.#isLookAhead = true
    setImmediate(() => {
      this.#isLookAhead = false
      this.#look()
    })
  }

  /**
   * Begins nothing more, waits for what is under way, for `graceMs` at most, and gives back the rest. The
   * caller ends the calls that are left.
   */
  async stop(graceMs: Millis): Promise<void> {
    this.#isStopping = true
    const { desk, lease, log } = this.#parts
    await within(graceMs, Promise.all(this.#underWay.values()))
    try {
      const given = await desk.write(jobActor, (tx) => giveBackDeliveries(tx, lease))
      if (given > 0) log.info('deliveries given back', { deliveries: given })
    } catch (err) {
      // The next run of the server takes them back.
      log.error('deliveries not given back', err)
    }
  }

  /** A question costs no commit; with nothing due none is made. */
  #look(): void {
    if (this.#isStopping || this.#places.isFull) return
    const { desk, log } = this.#parts
    try {
      if (desk.read(jobActor, isAnyDeliveryDue)) this.#claim()
    } catch (err) {
      log.error('deliveries not looked for', err)
    }
  }

  /** Claims until there is no more that could begin; one claim at a time, and one more for all who ask. */
  #claim(): void {
    this.#isClaimWanted = true
    if (!this.#isClaiming) void this.#claimAll()
  }

  async #claimAll(): Promise<void> {
    this.#isClaiming = true
    while (this.#isClaimWanted && !this.#isStopping) {
      this.#isClaimWanted = false
      try {
        await this.#claimOnce()
      } catch (err) {
        // The next beat tries again.
        this.#isClaimWanted = false
        this.#parts.log.error('deliveries not claimed', err)
      }
    }
    this.#isClaiming = false
  }

  /** Claims, and begins what was claimed once that is on disk. */
  async #claimOnce(): Promise<void> {
    if (this.#places.isFull) return
    const { desk, lease, rules, sealing } = this.#parts
    const secret = sealing()
    const terms = {
      lease,
      leaseMs: rules().timeoutMs + leaseMarginMs,
      places: this.#places,
      isUnderWay: (id: number) => this.#underWay.has(id),
      unseal: (sealed: string) => this.#opener.open(sealed, secret),
    }
    const { claimed, isMore } = await desk.write(jobActor, (tx) => claimDeliveries(tx, terms))
    // What was claimed while stopping is given back with the rest.
    if (this.#isStopping) return
    for (const one of claimed) this.#begin(one)
    if (isMore) this.#isClaimWanted = true
  }

  #begin(claimed: Claimed): void {
    this.#places.take(claimed)
    const attempt = this.#attempt(claimed).finally(() => this.#underWay.delete(claimed.id))
    this.#underWay.set(claimed.id, attempt)
  }

  async #attempt(claimed: Claimed): Promise<void> {
    const { clock, rules } = this.#parts
    const { send, waits } = rules()
    const outcome = await send(outgoingOf(claimed, clock()))
    this.#places.leave(claimed)
    await this.#ended.add({ claimed, outcome, waits })
  }
}

async function within(ms: Millis, work: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  await Promise.race([work, promise])
  clearTimeout(timer)
}
