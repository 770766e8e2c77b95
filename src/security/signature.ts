import { createHmac, timingSafeEqual } from 'node:crypto'

// How a receiver knows that a call is ours. Two forms say so: that of Standard Webhooks, which covers the id
// and the moment and allows several secrets at once, and the contract's own (keva.md 9.3), which covers the
// body alone.

/** What is signed: the same id and bytes at every attempt, at another moment each. */
export type Signed = {
  readonly id: string
  /** Unix seconds. */
  readonly timestamp: number | string
  readonly body: string | Uint8Array
}

const secretPrefix = /^whsec_/
const version = 'v1'

/** The `webhook-signature` of Standard Webhooks: one for each secret. */
export function standardSignature(secrets: readonly string[], signed: Signed): string {
  return secrets.map((secret) => `${version},${standardMac(secret, signed)}`).join(' ')
}

/** The `X-Keva-Signature`: the hex HMAC of the body, keyed with the secret as it was copied. */
export function kevaSignature(secret: string, body: Signed['body']): string {
  return createHmac('sha256', secret).update(body).digest('hex')
}

/** Why a signature is not good, or that it is. */
export type Verdict =
  | 'valid'
  | 'form_unknown'
  | 'id_missing'
  | 'timestamp_missing'
  | 'timestamp_invalid'
  | 'timestamp_old'
  | 'timestamp_ahead'
  | 'mismatch'

export type Received = {
  readonly secret: string
  readonly signature: string
  readonly body: Uint8Array
  readonly id?: string | undefined
  readonly timestamp?: string | undefined
}

/**
 * Whether a call that came in was signed with the secret, in either form, at most `toleranceSeconds` from
 * `nowSeconds`. The contract's form does not cover the moment: it is looked at only when it is given.
 */
export function verifySignature(
  received: Received,
  { nowSeconds, toleranceSeconds }: { nowSeconds: number; toleranceSeconds: number },
): Verdict {
  const { secret, signature, body, id, timestamp } = received
  const isKeva = /^[0-9a-f]{64}$/.test(signature)
  if (!isKeva && !/^v\d+a?,\S+(?: v\d+a?,\S+)*$/.test(signature)) return 'form_unknown'
  if (!isKeva && !id) return 'id_missing'
  if (timestamp === undefined) {
    if (!isKeva) return 'timestamp_missing'
  } else {
    if (!/^\d{1,12}$/.test(timestamp)) return 'timestamp_invalid'
    const age = nowSeconds - Number(timestamp)
    if (age > toleranceSeconds) return 'timestamp_old'
    if (age < -toleranceSeconds) return 'timestamp_ahead'
  }
  const isOurs = isKeva
    ? isSame(signature, kevaSignature(secret, body))
    : hasStandard(
        signature,
        standardMac(secret, { id: id ?? '', timestamp: timestamp ?? '', body }),
      )
  return isOurs ? 'valid' : 'mismatch'
}

function hasStandard(signature: string, expected: string): boolean {
  return signature.split(' ').some((one) => isSame(one, `${version},${expected}`))
}

function standardMac(secret: string, { id, timestamp, body }: Signed): string {
  const key = Buffer.from(secret.replace(secretPrefix, ''), 'base64')
  return createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}
