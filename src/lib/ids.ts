import type { Millis } from './time.ts'

/** Prefixes of the public identifiers (keva.md section 1). */
export const prefixes = {
  ticket: 'tkt',
  message: 'msg',
  approval: 'apr',
  customer: 'cust',
  staff: 'user',
  article: 'kb',
  event: 'evt',
  webhook: 'whk',
  delivery: 'whd',
  key: 'key',
  workspace: 'ws',
  workflow: 'wf',
  run: 'exec',
} as const

export type Noun = keyof typeof prefixes

// Crockford's base 32, lower case: its order is the byte order, so later ids sort after earlier ones.
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const uidPattern = /^[0-9a-hjkmnp-tv-z]{26}$/
export const uidRandomBytes = 10

/**
 * A 26-character identifier as ULID lays it out: 48 bits of time, then 80 random bits (`random`, ten
 * bytes). Unguessable enough for an id, and new rows go to the end of its index.
 */
export function makeUid(now: Millis, random: Uint8Array): string {
  let time = ''
  for (let rest = now, n = 0; n < 10; n++) {
    time = alphabet.charAt(rest % 32) + time
    rest = Math.floor(rest / 32)
  }
  return time + encoded(random)
}

export const secretUidRandomBytes = 16

/**
 * A 26-character identifier that is a credential as well: its 128 bits are all random (`random`, sixteen bytes),
 * and it says nothing of when it was made.
 */
export function makeSecretUid(random: Uint8Array): string {
  return encoded(random)
}

/** Bytes in base 32; bits that are missing at the end are 0. */
function encoded(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let held = 0
  for (const byte of bytes) {
    held = (held << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += alphabet.charAt((held >> bits) & 31)
    }
    held &= (1 << bits) - 1
  }
  return bits === 0 ? text : text + alphabet.charAt((held << (5 - bits)) & 31)
}

/** `tkt_01…` from the stored uid. */
export function publicId(noun: Noun, uid: string): string {
  return `${prefixes[noun]}_${uid}`
}

/** The stored uid of a public id, or undefined when it cannot be one of this noun. */
export function uidOf(noun: Noun, id: string): string | undefined {
  const prefix = prefixes[noun].length + 1
  if (!id.startsWith(`${prefixes[noun]}_`)) return undefined
  const uid = id.slice(prefix)
  return uidPattern.test(uid) ? uid : undefined
}

/** The integer of a path segment, or undefined: digits only, at least 1, exactly representable. */
export function integerId(segment: string): number | undefined {
  if (!/^[1-9][0-9]{0,15}$/.test(segment)) return undefined
  const id = Number(segment)
  return Number.isSafeInteger(id) ? id : undefined
}
