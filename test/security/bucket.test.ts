import { describe, expect, test } from 'bun:test'
import { Limiter, look, take, type Bucket } from '../../src/security/bucket.ts'

/**
 * The reference: the virtual scheduling form of GCRA, in whole units of 1/perMinute ms, so that it
 * shares neither the arithmetic nor the state of a bucket. A call costs 60000 units of time; one is
 * refused when the calls admitted so far would end more than a full burst after now.
 */
class Reference {
  #end: bigint | undefined
  readonly #rate: bigint

  constructor(perMinute: number) {
    this.#rate = BigInt(perMinute)
  }

  admits(nowMs: number): { allowed: boolean; remaining: number } {
    const now = BigInt(nowMs) * this.#rate
    const start = this.#end === undefined || this.#end < now ? now : this.#end
    const end = start + 60_000n
    const allowed = end - now <= 60_000n * this.#rate
    this.#end = allowed ? end : start
    return { allowed, remaining: Number((60_000n * this.#rate - (this.#end - now)) / 60_000n) }
  }
}

/** mulberry32: the same numbers on every run. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const rates = [1, 7, 60, 100, 600, 59_999, 1_000_000]
const startMs = 86_400_000_123

/** 10,000 calls at once, then ten minutes of bursts and pauses around `perMinute`. */
function arrivals(perMinute: number): number[] {
  const random = seeded(perMinute)
  const calls = Array<number>(10_000).fill(startMs)
  // At most 100,000 calls: the fast rates are met in bursts, with pauses that let them refill.
  const meanGapMs = Math.max(60_000 / perMinute / 1.5, 6)
  for (let now = startMs; now < startMs + 600_000;) {
    now += Math.round(random() < 0.02 ? random() * meanGapMs * 50 : random() * 2 * meanGapMs)
    const burst = random() < 0.01 ? Math.ceil(random() * Math.min(perMinute * 1.2, 2_000)) : 1
    for (let n = 0; n < burst; n++) calls.push(now)
  }
  return calls
}

describe('R1: admissions equal the reference, call by call', () => {
  for (const perMinute of rates) {
    test(`${perMinute} per minute`, () => {
      const calls = arrivals(perMinute)
      const clock = { now: startMs }
      const limiter = new Limiter({ perMinute, most: 1, monotonic: () => clock.now })
      const reference = new Reference(perMinute)
      const admitted: number[] = []
      let differences = 0
      for (const now of calls) {
        clock.now = now
        const standing = limiter.spend('key')
        const expected = reference.admits(now)
        if (standing?.allowed !== expected.allowed) differences++
        if (standing?.remaining !== expected.remaining) differences++
        if (standing?.allowed) admitted.push(now)
      }
      expect(differences).toBe(0)
      expect(admitted.length).toBeGreaterThan(Math.min(perMinute, 10_000))
      expect(worstExcess(admitted, perMinute)).toBeLessThanOrEqual(0)
    })
  }

  test('10,000 calls at one instant admit the burst and no more', () => {
    const limiter = new Limiter({ perMinute: 100, most: 1, monotonic: () => 5 })
    const standings = Array.from({ length: 10_000 }, () => limiter.spend('key'))
    expect(standings.filter((standing) => standing?.allowed)).toHaveLength(100)
    expect(standings.every((standing, n) => standing?.remaining === Math.max(0, 99 - n))).toBeTrue()
  })
})

/**
 * By how many units any window admits more than burst + rate * t. For a window from call i to call
 * j this is (j - i + 1) * 60000 - rate * (60000 + t), so the best i for each j is a running maximum.
 */
function worstExcess(admitted: number[], perMinute: number): number {
  let worst = -Infinity
  let best = -Infinity
  for (const [n, at] of admitted.entries()) {
    const line = n * 60_000 - perMinute * (at - startMs)
    best = Math.max(best, -line)
    worst = Math.max(worst, line + 60_000 + best - perMinute * 60_000)
  }
  return worst
}

test('the window check itself finds a call too many', () => {
  expect(worstExcess([startMs, startMs, startMs + 30_000], 2)).toBe(0)
  expect(worstExcess([startMs, startMs, startMs + 29_999], 2)).toBe(2)
})

describe('R2: a standing comes true to the millisecond', () => {
  for (const perMinute of rates) {
    test(`${perMinute} per minute`, () => {
      const random = seeded(perMinute + 1)
      for (let round = 0; round < 200; round++) {
        const bucket = { level: Math.floor(random() * perMinute * 60_000), at: startMs }
        const { bucket: after, standing } = take(bucket, perMinute, startMs)
        const fullAt = startMs + standing.fullInMs
        expect(look(after, perMinute, fullAt).standing.remaining).toBe(perMinute)
        expect(look(after, perMinute, fullAt).standing.fullInMs).toBe(0)
        expect(look(after, perMinute, fullAt - 1).standing.fullInMs).toBe(1)
        if (standing.allowed) continue
        expect(standing.retryInMs).toBeGreaterThan(0)
        const retryAt = startMs + standing.retryInMs
        expect(take(after, perMinute, retryAt - 1).standing.allowed).toBeFalse()
        expect(take(after, perMinute, retryAt).standing.allowed).toBeTrue()
      }
    })
  }

  test.each([
    ['a new bucket', undefined, 0, [true, 99, 600, 0]],
    ['the last call', { level: 60_000, at: 0 }, 0, [true, 0, 60_000, 0]],
    ['one unit short of a call', { level: 59_999, at: 0 }, 0, [false, 0, 59_401, 1]],
    ['an empty one', { level: 0, at: 0 }, 0, [false, 0, 60_000, 600]],
    ['just before its first call', { level: 0, at: 0 }, 599, [false, 0, 59_401, 1]],
    ['at its first call', { level: 0, at: 0 }, 600, [true, 0, 60_000, 0]],
    ['a day later', { level: 0, at: 0 }, 86_400_000, [true, 99, 600, 0]],
    ['30,000 years later', { level: 0, at: 0 }, 1e15, [true, 99, 600, 0]],
  ] as const)('at 100 per minute, %s', (_, bucket, now, expected) => {
    const { allowed, limit, remaining, fullInMs, retryInMs } = take(bucket, 100, now).standing
    expect([allowed, remaining, fullInMs, retryInMs]).toEqual([...expected])
    expect(limit).toBe(100)
  })

  test('a full bucket holds exactly the burst', () => {
    expect(take(undefined, 7, 5).bucket).toEqual({ level: 360_000, at: 5 })
    expect(take({ level: 1, at: 5 }, 7, 60_006).bucket).toEqual({ level: 360_000, at: 60_006 })
  })

  test('looking promises what the next take does, and takes nothing', () => {
    let bucket: Bucket | undefined
    for (let n = 0; n < 12; n++) {
      const seen = look(bucket, 10, n)
      expect(look(bucket, 10, n)).toEqual(seen)
      const taken = take(bucket, 10, n)
      expect(taken.standing.allowed).toBe(seen.standing.allowed)
      expect(taken.standing.remaining).toBe(Math.max(0, seen.standing.remaining - 1))
      bucket = taken.bucket
    }
    expect(look(bucket, 10, 12).standing).toMatchObject({ allowed: false, retryInMs: 5_988 })
  })
})

describe('R4: a clock that goes back changes nothing', () => {
  test('jumps of an hour back and forth admit what a halted clock would', () => {
    const random = seeded(4)
    let jumping = take(undefined, 100, startMs).bucket
    let halted = jumping
    let latest = startMs
    let refused = 0
    for (let n = 0; n < 20_000; n++) {
      const now = latest + Math.floor(random() * 400) - (random() < 0.5 ? 3_600_000 : 0)
      latest = Math.max(latest, now)
      const one = take(jumping, 100, now)
      const other = take(halted, 100, latest)
      expect(one.bucket).toEqual(other.bucket)
      expect(one.standing.allowed).toBe(other.standing.allowed)
      expect(one.standing.remaining).toBe(other.standing.remaining)
      if (!one.standing.allowed) refused++
      jumping = one.bucket
      halted = other.bucket
    }
    expect(refused).toBeWithin(5_000, 19_000)
    expect(latest).toBeGreaterThan(startMs + 600_000)
  })

  test('waiting as told is enough even when the clock is behind', () => {
    const bucket = { level: 0, at: 10_000 }
    const { standing } = take(bucket, 100, 7_000)
    expect(standing).toMatchObject({ allowed: false, retryInMs: 3_600, fullInMs: 63_000 })
    expect(take(bucket, 100, 7_000 + 3_599).standing.allowed).toBeFalse()
    expect(take(bucket, 100, 7_000 + 3_600).standing.allowed).toBeTrue()
  })

  test('a fraction of a millisecond is no time', () => {
    const clock = { now: 0.9 }
    const limiter = new Limiter({ perMinute: 60_000, most: 1, monotonic: () => clock.now })
    expect(limiter.spend(1)?.fullInMs).toBe(1)
    clock.now = 0.99
    expect(limiter.spend(1)?.fullInMs).toBe(2)
    clock.now = 1
    expect(limiter.peek(1)?.fullInMs).toBe(1)
  })
})

describe('R5: memory is bounded', () => {
  const floods: [string, number, (n: number) => string | number][] = [
    ['1,000,000 ids', 1_000_000, (n) => n],
    ['100,000 addresses', 100_000, (n) => `2001:db8:${(n >> 16).toString(16)}:${n & 65_535}::/64`],
  ]
  test.each(floods)('%s stay within most', (_, count, id) => {
    const most = 5_000
    const limiter = new Limiter({ perMinute: 60, most, monotonic: () => 0 })
    let largest = 0
    for (let n = 0; n < count; n++) {
      limiter.spend(id(n))
      if (limiter.size > largest) largest = limiter.size
    }
    expect(largest).toBe(most)
    expect(limiter.peek(id(count - most))?.remaining).toBe(59)
    expect(limiter.peek(id(count - most - 1))?.remaining).toBe(60)
  })

  test('the least recently used is forgotten, and a look neither adds nor refreshes', () => {
    const limiter = new Limiter({ perMinute: 10, most: 3, monotonic: () => 0 })
    for (const id of ['a', 'b', 'c', 'a']) limiter.spend(id)
    limiter.peek('b')
    limiter.peek('stranger')
    expect(limiter.size).toBe(3)
    limiter.spend('d')
    const left = ['a', 'b', 'c', 'd'].map((id) => limiter.peek(id)?.remaining)
    expect(left).toEqual([8, 10, 9, 9])
  })

  test('order holds under random use, against a plain list', () => {
    const random = seeded(5)
    const limiter = new Limiter({ perMinute: 1_000, most: 20, monotonic: () => 0 })
    let kept: { id: number; spent: number }[] = []
    for (let n = 0; n < 20_000; n++) {
      const id = Math.floor(random() * random() * 60)
      const spent = (kept.find((one) => one.id === id)?.spent ?? 0) + 1
      kept = [...kept.filter((one) => one.id !== id), { id, spent }].slice(-20)
      expect(limiter.spend(id)?.remaining).toBe(Math.max(0, 1_000 - spent))
    }
    expect(limiter.size).toBe(20)
  })
})

describe('Limiter', () => {
  test('keeps ids apart', () => {
    const limiter = new Limiter({ perMinute: 1, most: 9, monotonic: () => 0 })
    const outcomes = ['a', 'b', 'a', 1, '1'].map((id) => limiter.spend(id)?.allowed)
    expect(outcomes).toEqual([true, true, false, true, true])
  })

  test('is off at 0 per minute', () => {
    const limiter = new Limiter({ perMinute: 0, most: 9, monotonic: () => 0 })
    expect([limiter.spend('a'), limiter.peek('a'), limiter.size]).toEqual([null, null, 0])
  })

  test.each([
    [-1, 1],
    [1.5, 1],
    [1_000_001, 1],
    [Number.NaN, 1],
    [1, 0],
    [1, Infinity],
  ])('refuses %p per minute and at most %p buckets', (perMinute, most) => {
    expect(() => new Limiter({ perMinute, most, monotonic: () => 0 })).toThrow(RangeError)
  })
})
