import { createHmac, timingSafeEqual } from 'node:crypto'

/** How a caller shows that it knows a secret; null for what it did not send. */
export type Proof = {
  /** The secret itself. */
  readonly secret: string | null
  /** The hexadecimal HMAC-SHA256 of the body under it, with or without `sha256=` before it. */
  readonly signature: string | null
  readonly body: Uint8Array
}

/** Whether a caller knows the secret. Who sends both forms must have both right. */
export function isProven({ secret: sent, signature, body }: Proof, secret: string): boolean {
  if (sent === null && signature === null) return false
  if (sent !== null && !isSame(sent, secret)) return false
  if (signature === null) return true
  const mac = createHmac('sha256', secret).update(body).digest('hex')
  return isSame(
    signature
      .trim()
      .replace(/^sha256=/, '')
      .toLowerCase(),
    mac,
  )
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}
