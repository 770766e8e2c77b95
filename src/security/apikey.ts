/** Which client a key is for; it decides the key's format and the contract it opens. */
export type KeyKind = 'keva' | 'internal' | 'external'

/** Whatever is minted: keys, and the tokens by which a session goes on. */
export type SecretKind = KeyKind | 'refresh'

const prefixes = {
  keva: 'keva_live_',
  internal: 'deskbox_int_',
  external: 'deskbox_ext_',
  refresh: 'deskbox_ref_',
} as const satisfies Record<SecretKind, string>

const base62Letters = 30

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/**
 * Makes a secret that nobody can guess: 224 random bits for Keva (contract 2.1: `keva_live_` and 64
 * lower-case hexadecimal digits), 178 for the others. The last 8 hexadecimal or 6 base62 characters are
 * the CRC32 of all before them, so that a secret scanner can tell a key from its look-alikes. `random` gives that many bytes from a
 * cryptographic source; a shorter answer throws a RangeError. `raw` is shown once and never stored.
 */
export function mintKey(
  kind: SecretKind,
  random: (bytes: number) => Uint8Array,
): { raw: string; last4: string } {
  const secret = kind === 'keva' ? draw(random, 28).toHex() : base62Text(random, base62Letters)
  const body = prefixes[kind] + secret
  const raw = body + (kind === 'keva' ? hexChecksum(body) : base62Checksum(body))
  return { raw, last4: raw.slice(-4) }
}

// What a service that makes keys gives them at least: `sk_` and 17 random characters, or more.
const foreignSecret = /^[\x21-\x7e]{20,200}$/

/** Whether a Keva key that was made elsewhere can be one here: of its form, and too long to be guessed. */
export function isForeignKey(raw: string): boolean {
  return raw.startsWith(prefixes.keva) && foreignSecret.test(raw.slice(prefixes.keva.length))
}

/** Whether a refresh token is whole, so that a typo costs no look at the database. */
export function isRefreshToken(raw: string): boolean {
  const bodyLength = prefixes.refresh.length + base62Letters
  if (raw.length !== bodyLength + 6 || !raw.startsWith(prefixes.refresh)) return false
  const body = raw.slice(0, bodyLength)
  return raw === body + base62Checksum(body)
}

/**
 * What is stored and looked up in place of a key: its SHA-256 in lower-case hexadecimal. A key has
 * too many random bits to be guessed, so a slow password hash would add nothing but time.
 */
export function hashKey(raw: string): string {
  return Bun.CryptoHasher.hash('sha256', raw, 'hex')
}

function draw(random: (bytes: number) => Uint8Array, count: number): Uint8Array {
  const bytes = random(count)
  if (bytes.length !== count) {
    throw new RangeError(`${bytes.length} random bytes instead of ${count}`)
  }
  return bytes
}

/** Leaves out bytes from 248 (4 * 62) up, so that every character is equally likely. */
function base62Text(random: (bytes: number) => Uint8Array, length: number): string {
  let text = ''
  while (text.length < length) {
    for (const byte of draw(random, length - text.length)) {
      if (byte < 248) text += base62.charAt(byte % 62)
    }
  }
  return text
}

function hexChecksum(body: string): string {
  return Bun.hash.crc32(body).toString(16).padStart(8, '0')
}

function base62Checksum(body: string): string {
  let text = ''
  for (let rest = Bun.hash.crc32(body); text.length < 6; rest = Math.floor(rest / 62)) {
    text = base62.charAt(rest % 62) + text
  }
  return text
}
