/** The middle value; of an even number of values the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  const upper = sorted[half] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2
}

/** The value below which that share of the values lies; `sorted` is ascending. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const at = Math.min(sorted.length - 1, Math.floor(sorted.length * share))
  return sorted[at] ?? Number.NaN
}

/** `12 300`: three significant digits, thousands apart. */
export function grouped(value: number): string {
  const rounded = Number(value.toPrecision(3))
  return rounded >= 1000
    ? rounded.toFixed(0).replace(/\B(?=(\d{3})+$)/g, ' ')
    : String(Number(rounded.toFixed(2)))
}
