import { minuteMs, secondMs, type Millis } from '../lib/time.ts'
import {
  accessTokenSeconds,
  mintSigningKey,
  publicHalf,
  type PublicJwk,
  type SigningKey,
} from '../security/session.ts'
import type { SecretText } from '../store/secretfile.ts'
import type { Random, Tx } from './tx.ts'

// The keys that sign access tokens, and the secret that seals what is kept for people. They are in a file
// beside the database, so that whoever has a copy of the database can neither make tokens nor open what is
// sealed. Another process may rotate them; the server takes notice within `checkMs`.

const checkMs = 250

// Longer than any token lives, with a minute for clocks that were set.
const formerMs = accessTokenSeconds * secondMs + minuteMs

const secretBytes = 32

type FormerKey = { readonly kid: string; readonly jwk: PublicJwk; readonly until: Millis }

type Held = {
  readonly current: SigningKey
  readonly former: readonly FormerKey[]
  readonly sealing: string
}

/** Makes the keys of a folder that has none. */
export function ensureSigningKeys(text: SecretText, random: Random): void {
  if (text.read() !== undefined) return
  write(text, {
    current: mintSigningKey(random),
    former: [],
    sealing: random(secretBytes).toHex(),
  })
}

/**
 * Signs with a new key from now on; tokens of the former one are good until they expire. The transaction
 * keeps two rotations apart. Returns the new key's id.
 */
export function rotateSigningKeys(tx: Tx, text: SecretText): string {
  ensureSigningKeys(text, tx.random)
  const { current, former, sealing } = parsed(text.read() ?? '')
  const retired = { kid: current.kid, jwk: publicHalf(current.jwk), until: tx.now + formerMs }
  const fresh = mintSigningKey(tx.random)
  write(text, {
    current: fresh,
    former: [...former.filter(({ until }) => until > tx.now), retired],
    sealing,
  })
  tx.emit('signing_key.rotated', null, { kid: fresh.kid })
  return fresh.kid
}

/** The keys as the server uses them. */
export class SigningKeys {
  readonly #text: SecretText
  readonly #monotonic: () => number
  readonly #onFault: (err: unknown) => void
  #held: Held
  #publicHalf: PublicJwk
  #stamp: string
  #checkedAt: number

  /**
   * `onFault` is told of a file that cannot be read any more; the keys known before stay. Throws when there
   * are none to begin with.
   */
  constructor(text: SecretText, monotonic: () => number, onFault: (err: unknown) => void) {
    this.#text = text
    this.#monotonic = monotonic
    this.#onFault = onFault
    this.#checkedAt = monotonic()
    this.#stamp = text.stamp()
    this.#held = parsed(text.read() ?? '')
    this.#publicHalf = publicHalf(this.#held.current.jwk)
  }

  get current(): SigningKey {
    return this.#fresh().current
  }

  /** What seals answers that hold a secret, for people who have no key of their own to seal them. */
  get sealing(): string {
    return this.#fresh().sealing
  }

  /** The key of that id, if tokens by it can be good at `now`. */
  publicKey(kid: string, now: Millis): PublicJwk | undefined {
    const { current, former } = this.#fresh()
    if (kid === current.kid) return this.#publicHalf
    return former.find((key) => key.kid === kid && key.until > now)?.jwk
  }

  #fresh(): Held {
    const now = this.#monotonic()
    if (now - this.#checkedAt < checkMs) return this.#held
    this.#checkedAt = now
    try {
      const stamp = this.#text.stamp()
      if (stamp === this.#stamp) return this.#held
      this.#stamp = stamp
      this.#held = parsed(this.#text.read() ?? '')
      this.#publicHalf = publicHalf(this.#held.current.jwk)
    } catch (err) {
      this.#onFault(err)
    }
    return this.#held
  }
}

function write(text: SecretText, held: Held): void {
  text.write(`${JSON.stringify(held, null, 2)}\n`)
}

function parsed(text: string): Held {
  const held = jsonOf(text)
  if (!isHeld(held))
    throw new Error('The file of the signing keys is not one that this program made')
  return held
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isHeld(value: unknown): value is Held {
  const { current, former, sealing } = (value ?? {}) as { readonly [K in keyof Held]?: unknown }
  return (
    isKey(current, ['x', 'd']) &&
    Array.isArray(former) &&
    former.every((key) => isKey(key, ['x']) && typeof key.until === 'number') &&
    typeof sealing === 'string' &&
    sealing.length === 2 * secretBytes
  )
}

function isKey(value: unknown, parts: readonly string[]): value is { readonly until?: unknown } {
  const { kid, jwk } = (value ?? {}) as { kid?: unknown; jwk?: unknown }
  if (typeof kid !== 'string' || typeof jwk !== 'object' || jwk === null) return false
  const { kty, crv, ...rest } = jwk as { readonly [name: string]: unknown }
  return kty === 'OKP' && crv === 'Ed25519' && parts.every((name) => typeof rest[name] === 'string')
}
