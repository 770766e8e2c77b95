/** What one hash takes: memory in KiB, and how often it is gone through. */
export type PasswordCost = { readonly memoryKiB: number; readonly passes: number }

/** 64 MiB and two passes: above the least that OWASP asks of argon2id (ASVS 5.0, 11.4.2). */
export const standardPasswordCost: PasswordCost = { memoryKiB: 64 * 1024, passes: 2 }

/** How many characters a new password has; the most is far above what people or programs choose. */
export const passwordLength = { min: 8, max: 1000 } as const

// Each hash holds its memory and a core while it lasts; two leave the rest of a small machine alone.
const hashesAtOnceMax = 2

// Whoever would have to wait for more than these is better told so at once.
const checksAtOnceMax = 250

/** Hashes and checks passwords by argon2id, off the main thread and at most two at a time. */
export class Passwords {
  readonly #cost: PasswordCost
  readonly #waiting: (() => void)[] = []
  #running = 0
  #checking = 0
  #decoy: Promise<string> | undefined

  constructor(cost: PasswordCost) {
    this.#cost = cost
  }

  /** Whether so many passwords are being checked that another one had better come later. */
  get isBusy(): boolean {
    return this.#checking >= checksAtOnceMax
  }

  /** The hash to store, in PHC form. */
  hash(password: string): Promise<string> {
    return this.#inTurn(() => this.#hash(password))
  }

  /**
   * Whether the password is the one of the hash. Without a hash it takes the same time, so that nobody can
   * tell an account that does not exist from a wrong password.
   */
  async verify(password: string, hash: string | null): Promise<boolean> {
    this.#checking++
    try {
      // Made for whoever comes first, or the first unknown account would show by the time it takes.
      const decoy = await (this.#decoy ??= this.#inTurn(() => this.#hash('decoy')))
      const isRight = await this.#inTurn(() => Bun.password.verify(password, hash ?? decoy))
      return isRight && hash !== null
    } finally {
      this.#checking--
    }
  }

  #hash(password: string): Promise<string> {
    const { memoryKiB, passes } = this.#cost
    return Bun.password.hash(password, {
      algorithm: 'argon2id',
      memoryCost: memoryKiB,
      timeCost: passes,
    })
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running === hashesAtOnceMax) {
      await new Promise<void>((go) => this.#waiting.push(go))
    } else {
      this.#running++
    }
    try {
      return await work()
    } finally {
      // A place goes to whoever waits longest, or becomes free.
      const next = this.#waiting.shift()
      if (next) next()
      else this.#running--
    }
  }
}
