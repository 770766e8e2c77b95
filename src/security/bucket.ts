/*
 * What this file guarantees:
 *
 * - Over any window of t milliseconds a bucket admits at most perMinute + perMinute * t / 60000
 *   calls: the burst, and what grew meanwhile. This is exact, because every number is an integer.
 *   A level counts 1/60000 of a call, so a millisecond adds perMinute, a call costs 60000, and
 *   nothing is ever rounded.
 * - A bucket's time never goes back. An instant earlier than the last one counts as no time, so a
 *   clock that jitters neither gives nor takes anything.
 * - What a standing promises comes true: `retryInMs` and `fullInMs` are the first whole millisecond
 *   at which it does, on the clock that was handed in, if nobody else takes meanwhile.
 * - Memory is bounded by `most` buckets and no call does more than a constant amount of work:
 *   nothing is swept, and no timer runs.
 *
 * What it does not: a forgotten bucket comes back full. For API keys `most` is therefore at least
 * the number of keys that can be valid, and nothing is ever forgotten. For client addresses it costs
 * the caller `most` other addresses to have one forgotten, and whoever holds that many is
 * allowed `most` times the rate anyway: one address, or a few, gain nothing. A restart forgets all.
 */

/** The state of one bucket: what is in it, in 1/60000 of a call, as of `at` in whole ms. */
export type Bucket = { level: number; at: number }

/**
 * Where a caller stands: `remaining` whole calls of `limit`, `retryInMs` until the next call is
 * admitted (0 when one is now), `fullInMs` until the whole limit is there again.
 */
export type Standing = {
  allowed: boolean
  limit: number
  remaining: number
  fullInMs: number
  retryInMs: number
}

const callCost = 60_000
const minuteMs = 60_000

/**
 * Takes one call out of a bucket at `now`, a whole number of ms on a monotonic clock; no bucket is a
 * full one. `perMinute` is a whole number from 1 to 1,000,000, the burst and the refill alike.
 */
export function take(
  bucket: Bucket | undefined,
  perMinute: number,
  now: number,
): { bucket: Bucket; standing: Standing } {
  const grown = grow(bucket, perMinute, now)
  const allowed = grown.level >= callCost
  const after = allowed ? { level: grown.level - callCost, at: grown.at } : grown
  return { bucket: after, standing: standingOf(after, perMinute, now, allowed) }
}

/** Says what `take` would find at `now`, and takes nothing: `allowed` is about the next call. */
export function look(
  bucket: Bucket | undefined,
  perMinute: number,
  now: number,
): { bucket: Bucket; standing: Standing } {
  const grown = grow(bucket, perMinute, now)
  return {
    bucket: grown,
    standing: standingOf(grown, perMinute, now, grown.level >= callCost),
  }
}

/** Buckets by id, least recently used forgotten past `most`. */
export class Limiter {
  #perMinute = 0
  readonly #most: number
  readonly #monotonic: () => number
  // A Map keeps insertion order and a bucket moves to the end when it is spent from, so the front
  // is the least recently used. The one iterator stays at the front: a new one for each eviction
  // would walk over all entries deleted since the map was last compacted.
  readonly #buckets = new Map<string | number, Bucket>()
  readonly #front = this.#buckets.keys()

  /**
   * `perMinute` 0 switches the limiter off; `monotonic` gives ms since any fixed instant.
   * Throws a RangeError when `perMinute` or `most` is no whole number in range.
   */
  constructor(options: { perMinute: number; most: number; monotonic: () => number }) {
    const { perMinute, most, monotonic } = options
    this.setRate(perMinute)
    if (!Number.isSafeInteger(most) || most < 1) {
      throw new RangeError(`most must be a whole number from 1, not ${most}`)
    }
    this.#most = most
    this.#monotonic = monotonic
  }

  /** Limits to so many calls from now on, 0 for no limit. Throws a RangeError out of range. */
  setRate(perMinute: number): void {
    if (!Number.isSafeInteger(perMinute) || perMinute < 0 || perMinute > 1_000_000) {
      throw new RangeError(`perMinute must be a whole number from 0 to 1000000, not ${perMinute}`)
    }
    this.#perMinute = perMinute
  }

  /** How many buckets are held now: never more than `most`. */
  get size(): number {
    return this.#buckets.size
  }

  /** Takes one call for `id`; null when the limiter is off. */
  spend(id: string | number): Standing | null {
    if (this.#perMinute === 0) return null
    const { bucket, standing } = take(this.#buckets.get(id), this.#perMinute, this.#now())
    this.#buckets.delete(id)
    this.#buckets.set(id, bucket)
    if (this.#buckets.size > this.#most) this.#forgetOne()
    return standing
  }

  /** Where `id` stands, without taking, remembering or refreshing it; null when off. */
  peek(id: string | number): Standing | null {
    if (this.#perMinute === 0) return null
    return look(this.#buckets.get(id), this.#perMinute, this.#now()).standing
  }

  #forgetOne(): void {
    const front = this.#front.next()
    if (!front.done) this.#buckets.delete(front.value)
  }

  #now(): number {
    return Math.floor(this.#monotonic())
  }
}

function grow(bucket: Bucket | undefined, perMinute: number, now: number): Bucket {
  const capacity = perMinute * callCost
  if (!bucket) return { level: capacity, at: now }
  // A minute fills any bucket, and the cut keeps the product within exact integers.
  const elapsed = Math.min(Math.max(now - bucket.at, 0), minuteMs)
  return {
    level: Math.min(bucket.level + elapsed * perMinute, capacity),
    at: Math.max(now, bucket.at),
  }
}

function standingOf(
  { level, at }: Bucket,
  perMinute: number,
  now: number,
  allowed: boolean,
): Standing {
  // Growth resumes only where the bucket's own time stands, so a clock behind it waits longer.
  const until = (wanted: number) =>
    level >= wanted ? 0 : at - now + Math.ceil((wanted - level) / perMinute)
  return {
    allowed,
    limit: perMinute,
    remaining: Math.floor(level / callCost),
    fullInMs: until(perMinute * callCost),
    retryInMs: allowed ? 0 : until(callCost),
  }
}
