import { settleAttempt, type Claimed, type Settled } from '../domain/dispatch.ts'
import type { Waits } from '../domain/retries.ts'
import { jobActor, type Clock, type Desk, type Tx } from '../domain/tx.ts'
import { publicId } from '../lib/ids.ts'
import type { Log } from '../lib/log.ts'
import type { Millis } from '../lib/time.ts'
import type { Outcome } from '../security/outbound.ts'

/** An attempt that is over, and what came of it. */
export type Ended = {
  readonly claimed: Claimed
  readonly outcome: Outcome
  readonly waits: Waits
}

type Waiting = Ended & { readonly written: () => void }

type Parts = {
  readonly desk: Desk
  readonly clock: Clock
  readonly log: Log
  /** Of this run of the server. */
  readonly lease: string
  /** How many attempts are under way, those that wait here included. */
  readonly underWay: () => number
  /** Told when a transaction is queued: what comes right behind it is in the same commit. */
  readonly onQueued: () => void
}

// A transaction of a few dozen that takes so long has waited for the disk.
const slowMs: Millis = 4
const patienceMs: Millis = 3

/**
 * Attempts that are over and not yet written down. All that wait when a transaction begins are written by it,
 * since one for each would cost as much as the call; should it fail, each gets one of its own, so that none
 * goes down with another. Where the disk is slow they wait a moment for each other.
 */
export class Endings {
  readonly #parts: Parts
  #waiting: Waiting[] = []
  #isQueued = false
  #tookMs: Millis = 0
  #timer: Timer | undefined

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Settles when it is on disk, or has failed, which the log tells. */
  add(ended: Ended): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push({ ...ended, written: resolve })
    if (!this.#isQueued) this.#writeSoon()
    return promise
  }

  #writeSoon(): void {
    const areAllHere = this.#waiting.length >= this.#parts.underWay()
    if (areAllHere || this.#tookMs < slowMs) void this.#write()
    else this.#timer ??= setTimeout(() => void this.#write(), patienceMs)
  }

  async #write(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#isQueued = true
    let taken: Waiting[] = []
    const take = () => {
      // Who comes from now on has the next transaction.
      this.#isQueued = false
      taken = this.#waiting.splice(0)
      return taken
    }
    try {
      const { desk, clock, onQueued } = this.#parts
      const beganAt = clock()
      const settling = desk.write(jobActor, (tx) => take().map((one) => this.#settle(tx, one)))
      onQueued()
      const settled = await settling
      this.#tookMs = clock() - beganAt
      for (const [at, one] of taken.entries()) this.#tell(one, settled[at])
    } catch {
      if (this.#isQueued) take()
      for (const one of taken) void this.#writeAlone(one)
      return
    }
    for (const { written } of taken) written()
  }

  async #writeAlone(one: Waiting): Promise<void> {
    const { desk, log } = this.#parts
    try {
      const settle = (tx: Tx) => [this.#settle(tx, one)]
      for (const settled of await desk.write(jobActor, settle)) this.#tell(one, settled)
    } catch (err) {
      // The lease runs out, and the receiver is told once more.
      const delivery = publicId('delivery', one.claimed.uid)
      log.error('attempt not written down', err, { delivery })
    }
    one.written()
  }

  #settle(tx: Tx, { claimed, outcome, waits }: Ended): Settled | undefined {
    return settleAttempt(tx, claimed, outcome, { lease: this.#parts.lease, waits })
  }

  /** One line for an attempt that failed; the others are in the list of deliveries only. */
  #tell({ claimed, outcome }: Ended, settled: Settled | undefined): void {
    if (!settled || settled.status === 'delivered') return
    const { nextAttemptAt: nextAt } = settled
    this.#parts.log.info('webhook attempted', {
      delivery: publicId('delivery', claimed.uid),
      event: claimed.eventType,
      host: URL.parse(claimed.url)?.host ?? '',
      attempt: claimed.attempt,
      failure: settled.failure,
      status: outcome.status,
      duration_ms: outcome.durationMs,
      next_attempt_at: nextAt === null ? null : new Date(nextAt).toISOString(),
    })
  }
}
