import type { Millis } from '../lib/time.ts'
import { minuteMs } from '../lib/time.ts'
import { hashKey } from '../security/apikey.ts'
import { allKeys, foreignChanges, updateKey, type KeyView } from '../store/keys.ts'
import { systemActor, type Desk } from './tx.ts'

// Every key in memory by its hash, so that a request with a key that does not exist costs one hash
// and no look at the database. A change made here is seen at once, one made by another process (the
// key command) within `foreignCheckMs`.

const foreignCheckMs = 250

/** The keys as the gate sees them, and when each was last used. */
export class KeyRing {
  readonly #desk: Desk
  readonly #monotonic: () => number
  #keys = new Map<string, KeyView>()
  #isStale = true
  #checkedAt = -Infinity
  #foreign = -1
  readonly #usedAt = new Map<number, Millis>()
  readonly #savedAt = new Map<number, Millis>()

  /** `monotonic` gives milliseconds that never go back. */
  constructor(desk: Desk, monotonic: () => number) {
    this.#desk = desk
    this.#monotonic = monotonic
    desk.onCommitted((types) => {
      if (types.some((type) => type.startsWith('api_key.') || type.startsWith('staff.'))) {
        this.#isStale = true
      }
    })
  }

  /** The key of that raw value, of whatever kind and state, or undefined. */
  recognise(raw: string): KeyView | undefined {
    this.#refresh()
    return this.#keys.get(hashKey(raw))
  }

  /** Notes a use; `saveUses` writes it down. */
  used(keyId: number, now: Millis): void {
    this.#usedAt.set(keyId, now)
  }

  /** Writes down the last uses, at most once a minute for each key. Returns how many it wrote. */
  async saveUses(now: Millis): Promise<number> {
    const due = [...this.#usedAt].filter(
      ([id, at]) => at - (this.#savedAt.get(id) ?? -Infinity) >= minuteMs,
    )
    if (due.length === 0) return 0
    await this.#desk.write(systemActor, (tx) => {
      for (const [id, at] of due) updateKey(tx.q, id, { lastUsedAt: at })
    })
    for (const [id] of due) {
      this.#savedAt.set(id, now)
      this.#usedAt.delete(id)
    }
    return due.length
  }

  #refresh(): void {
    const now = this.#monotonic()
    if (!this.#isStale && now - this.#checkedAt < foreignCheckMs) return
    this.#checkedAt = now
    this.#desk.read(systemActor, ({ q }) => {
      const foreign = foreignChanges(q)
      if (!this.#isStale && foreign === this.#foreign) return
      this.#keys = new Map(allKeys(q).map((key) => [key.hash, key]))
      this.#foreign = foreign
      this.#isStale = false
    })
  }
}
