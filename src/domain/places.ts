// Who may be called at the same time. Two calls at most to one endpoint, so that a slow one is not buried; a
// fixed number in all, so that the machine is not; and those that fail share half of them, so that however
// many hang, the others have their places.

const perEndpoint = 2
export const placesMost = 64
const failingMost = placesMost / 2

/** An endpoint as far as its places depend on it. */
export type Seat = { readonly endpointId: number; readonly isFailing: boolean }

/** What is under way, in memory only: leases in the database tell the same after a crash. */
export class Places {
  readonly #byEndpoint: Map<number, number>
  /** When an endpoint was last given a place, counted in places. */
  readonly #turns: Map<number, number>
  readonly #most: number
  #all: number
  #failing: number
  #turn: number

  constructor(most = placesMost) {
    this.#most = most
    this.#byEndpoint = new Map()
    this.#turns = new Map()
    this.#all = 0
    this.#failing = 0
    this.#turn = 0
  }

  get isFull(): boolean {
    return this.#all >= this.#most
  }

  get taken(): number {
    return this.#all
  }

  takenBy(endpointId: number): number {
    return this.#byEndpoint.get(endpointId) ?? 0
  }

  /** How many more calls to this endpoint may begin, beside so many that are about to. */
  free({ endpointId, isFailing }: Seat, about: { all: number; failing: number }): number {
    const own = perEndpoint - this.takenBy(endpointId)
    const all = this.#most - this.#all - about.all
    const failing = isFailing
      ? Math.min(failingMost, this.#most) - this.#failing - about.failing
      : all
    return Math.max(0, Math.min(own, all, failing))
  }

  take({ endpointId, isFailing }: Seat): void {
    this.#byEndpoint.set(endpointId, this.takenBy(endpointId) + 1)
    this.#turns.set(endpointId, ++this.#turn)
    this.#all++
    if (isFailing) this.#failing++
  }

  /** Gives back a place that was taken for the same seat. */
  leave({ endpointId, isFailing }: Seat): void {
    const left = this.takenBy(endpointId) - 1
    if (left > 0) this.#byEndpoint.set(endpointId, left)
    else this.#byEndpoint.delete(endpointId)
    this.#all--
    if (isFailing) this.#failing--
  }

  /** Whoever has waited longest for a place comes first. */
  inTurn<E extends { readonly id: number }>(endpoints: readonly E[]): E[] {
    const turnOf = ({ id }: E) => this.#turns.get(id) ?? 0
    return endpoints.toSorted((a, b) => turnOf(a) - turnOf(b))
  }
}
