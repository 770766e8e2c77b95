import { median } from './stats.ts'

/** One run of one measure. Times of the CPU are per answer, all threads of the server together. */
export type Sample = {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly cpuUs: number
}

/** A median over the rounds, and what it lay between. */
export type Spread = { readonly middle: number; readonly least: number; readonly most: number }

/** The samples of every measure, in the order of the rounds. */
export class Samples {
  readonly #byName = new Map<string, Sample[]>()

  add(name: string, sample: Sample): void {
    const known = this.#byName.get(name)
    if (known) known.push(sample)
    else this.#byName.set(name, [sample])
  }

  of(name: string): readonly Sample[] {
    return this.#byName.get(name) ?? []
  }

  median(name: string, what: keyof Sample): number {
    return median(this.of(name).map((sample) => sample[what]))
  }

  least(name: string, what: keyof Sample): number {
    return Math.min(...this.of(name).map((sample) => sample[what]))
  }

  /** How one measure compares with another of the same round. */
  ratio(name: string, floor: string): Spread {
    const floors = this.of(floor).map((sample) => sample.perSecond)
    return spread(this.of(name).map((one, at) => one.perSecond / (floors[at] ?? Number.NaN)))
  }
}

export function spread(values: readonly number[]): Spread {
  return { middle: median(values), least: Math.min(...values), most: Math.max(...values) }
}
