/**
 * A whole number from 0 that is free while the one before it is not: the first free one, when none
 * below the last taken one is free. Looks at few even after thousands: doubles, then halves.
 */
export function firstFree(isFree: (n: number) => boolean): number {
  if (isFree(0)) return 0
  let taken = 0
  let free = 1
  while (!isFree(free)) {
    taken = free
    free *= 2
  }
  while (free - taken > 1) {
    const middle = Math.floor((taken + free) / 2)
    if (isFree(middle)) free = middle
    else taken = middle
  }
  return free
}
