/** Numbers that look random and are the same again for the same seed. */
export type Random = {
  /** From 0 up to, not including, 1. */
  readonly next: () => number
  /** A whole number from `low` up to and including `high`. */
  readonly between: (low: number, high: number) => number
  readonly chance: (probability: number) => boolean
}

/** mulberry32: small, and good enough to choose moments and victims. */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    next,
    between: (low, high) => low + Math.floor(next() * (high - low + 1)),
    chance: (probability) => next() < probability,
  }
}

/** The same items in another order. */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const keyed = items.map((item) => ({ item, at: random.next() }))
  return keyed.sort((a, b) => a.at - b.at).map(({ item }) => item)
}
