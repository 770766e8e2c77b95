import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'

const nonceBytes = 12
const tagBytes = 16

/**
 * Encrypts `text` (AES-256-GCM) under a key derived from `secret`, which is not stored: whoever holds
 * the database but not the secret cannot read it. `nonce` is 12 random bytes.
 */
export function seal(text: string, secret: string, nonce: Uint8Array): string {
  const cipher = createCipheriv('aes-256-gcm', keyOf(secret), nonce)
  const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([sealed, cipher.getAuthTag()]).toString('base64')
}

/** The text that was sealed. Throws when the secret is another or the bytes were changed. */
export function unseal(sealed: string, secret: string): string {
  const bytes = Buffer.from(sealed, 'base64')
  const nonce = bytes.subarray(0, nonceBytes)
  const decipher = createDecipheriv('aes-256-gcm', keyOf(secret), nonce)
  decipher.setAuthTag(bytes.subarray(-tagBytes))
  const text = decipher.update(bytes.subarray(nonceBytes, -tagBytes))
  return Buffer.concat([text, decipher.final()]).toString('utf8')
}

export const sealNonceBytes = nonceBytes

const keptMost = 1000

/** What opens texts that come again and again; the last ones are kept open. */
export class Opener {
  readonly #kept = new Map<string, string>()
  #secret = ''

  /** As `unseal`. */
  open(sealed: string, secret: string): string {
    if (this.#secret !== secret || this.#kept.size >= keptMost) this.#kept.clear()
    this.#secret = secret
    const known = this.#kept.get(sealed)
    if (known !== undefined) return known
    const text = unseal(sealed, secret)
    this.#kept.set(sealed, text)
    return text
  }
}

// Deriving it costs more than what it opens, and nearly always the secret is the same.
let derived: { readonly secret: string; readonly key: Uint8Array } | undefined

function keyOf(secret: string): Uint8Array {
  if (derived?.secret !== secret) {
    const key = hkdfSync('sha256', secret, '', 'deskbox sealed answer', 32)
    derived = { secret, key: new Uint8Array(key) }
  }
  return derived.key
}
