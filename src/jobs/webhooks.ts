import type { Kept } from '../domain/dispatchends.ts'
import type { Waits } from '../domain/retries.ts'
import type { Clock, Desk, Random } from '../domain/tx.ts'
import type { Log } from '../lib/log.ts'
import type { Millis } from '../lib/time.ts'
import { outboundClient } from '../security/outbound.ts'
import type { TargetRules } from '../security/target.ts'
import { Deliverer } from './deliver.ts'

/** What the settings say of deliveries; a running server takes new ones. */
export type DeliverySettings = {
  readonly waits: Waits
  readonly timeoutMs: Millis
  readonly kept: Kept
}

type Machine = {
  readonly clock: Clock
  readonly monotonic: () => number
  readonly random: Random
  readonly log: Log
}

export type WebhookParts = {
  readonly sealing: () => string
  readonly targets: () => TargetRules
  readonly rules: () => { readonly deliveries: DeliverySettings }
}

// The list of deliveries keeps less; the rest is read so that a wrong receiver can be told from a right one.
const bodyBytesMax = 16 * 1024
const leaseBytes = 8

/** The delivery loop on the network, under way. */
export class Webhooks {
  readonly #deliverer: Deliverer
  readonly #ended = new AbortController()

  constructor(desk: Desk, machine: Machine, { sealing, targets, rules }: WebhookParts) {
    const { clock, monotonic, random, log } = machine
    const ended = this.#ended.signal
    this.#deliverer = new Deliverer({
      desk,
      clock,
      log,
      lease: random(leaseBytes).toHex(),
      rules() {
        const { waits, timeoutMs } = rules().deliveries
        const options = { ...targets(), timeoutMs, bodyBytesMax, monotonic, ended }
        return { waits, timeoutMs, send: outboundClient(options) }
      },
      sealing,
    })
    desk.onCommitted(() => this.#deliverer.wake())
    void this.#deliverer.start()
  }

  get job() {
    return this.#deliverer.job
  }

  /** Begins nothing more, gives what is under way `graceMs`, and the rest back. */
  async stop(graceMs: Millis): Promise<void> {
    await this.#deliverer.stop(graceMs)
    this.#ended.abort()
  }
}
