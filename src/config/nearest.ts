/**
 * The known dotted name that two slips of the pen or less make of `given`, its section left aside; of several the
 * one in the nearest section.
 */
export function nearest(given: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((name) => {
      const whole = slips(bare(given), bare(name))
      const last = slips(bare(lastPart(given)), bare(lastPart(name)))
      return { name, whole, slips: Math.min(whole, last) }
    })
    .toSorted((a, b) => a.slips - b.slips || a.whole - b.whole)
  return ranked[0] && ranked[0].slips <= 2 ? ranked[0].name : undefined
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}

function bare(name: string): string {
  return name.toLowerCase().replace(/[_-]/g, '').slice(0, 100)
}

/** Levenshtein distance. */
function slips(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (const [i, letter] of a.split('').entries()) {
    const next = [i + 1]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (letter === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
