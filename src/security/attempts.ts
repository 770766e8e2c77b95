/*
 * What this file guarantees:
 *
 * - Of one account, no more than ten wrong passwords are tried from one client network, and no more than
 *   a hundred from all networks together, within any fifteen minutes.
 * - A try counts from the moment it begins, so tries at the same time cannot be more than those one
 *   after another. A right password takes back what its try counted, and clears the pair.
 * - A refused try counts as nothing: who waits as long as they were told is let through.
 * - Accounts that exist and those that do not are counted alike.
 * - Memory is bounded, and holds no account's name: only the hash of it.
 *
 * What it does not: a restart forgets all. Past `idsMost` accounts or pairs, the one that was tried
 * longest ago is forgotten; each try costs a password's hash, and a machine does not compute so many in
 * fifteen minutes.
 */

import type { Standing } from './bucket.ts'

const windowMs = 15 * 60_000
const triesPerPair = 10
const triesPerAccount = 100
const idsMost = 65_536

/** Counts wrong passwords; `monotonic` gives ms since any fixed instant. */
export class Attempts {
  readonly #monotonic: () => number
  readonly #pairs = new Windows(triesPerPair)
  readonly #accounts = new Windows(triesPerAccount)

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic
  }

  /** Begins a try and counts it as a failure until it succeeds; `allowed` is false when it must not be made. */
  begin(account: string, network: string): Standing {
    const now = this.#monotonic()
    const ids = idsOf(account, network)
    const waitMs = Math.max(
      this.#pairs.waitMs(ids.pair, now),
      this.#accounts.waitMs(ids.account, now),
    )
    const isAllowed = waitMs === 0
    if (isAllowed) {
      this.#pairs.count(ids.pair, now)
      this.#accounts.count(ids.account, now)
    }
    const retryInMs = Math.ceil(waitMs)
    return {
      allowed: isAllowed,
      limit: triesPerPair,
      remaining: isAllowed ? triesPerPair - this.#pairs.sizeOf(ids.pair) : 0,
      retryInMs,
      fullInMs: retryInMs,
    }
  }

  /** The try was no failure. */
  succeeded(account: string, network: string): void {
    const ids = idsOf(account, network)
    this.#pairs.clear(ids.pair)
    this.#accounts.takeBack(ids.account)
  }
}

function idsOf(account: string, network: string): { account: string; pair: string } {
  return { account: digest(account), pair: digest(`${account}\n${network}`) }
}

function digest(text: string): string {
  return Bun.CryptoHasher.hash('sha256', text, 'base64').slice(0, 22)
}

/** When each id was last tried, within the window; at most so many times for each. */
class Windows {
  readonly #most: number
  // In the order of last use, so that the first is the one to forget; see Limiter.
  readonly #times = new Map<string, readonly number[]>()
  readonly #front = this.#times.keys()

  constructor(most: number) {
    this.#most = most
  }

  /** How long until the id may be tried; 0 when it may be now. */
  waitMs(id: string, now: number): number {
    const recent = this.#recent(id, now)
    const oldest = recent.at(-this.#most)
    return oldest === undefined ? 0 : oldest + windowMs - now
  }

  sizeOf(id: string): number {
    return this.#times.get(id)?.length ?? 0
  }

  count(id: string, now: number): void {
    const recent = this.#recent(id, now)
    this.#times.delete(id)
    this.#times.set(id, [...recent, now])
    if (this.#times.size <= idsMost) return
    const front = this.#front.next()
    if (!front.done) this.#times.delete(front.value)
  }

  takeBack(id: string): void {
    const times = this.#times.get(id)
    if (times && times.length > 1) this.#times.set(id, times.slice(0, -1))
    else this.#times.delete(id)
  }

  clear(id: string): void {
    this.#times.delete(id)
  }

  #recent(id: string, now: number): readonly number[] {
    return (this.#times.get(id) ?? []).filter((at) => at > now - windowMs)
  }
}
