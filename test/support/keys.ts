// What the README publishes of the keys' formats, for secret scanners: patterns and checksum.

import { crc32 } from 'node:zlib'

export const keyPattern = {
  keva: /\bkeva_live_[0-9a-f]{64}\b/,
  internal: /\bdeskbox_int_[0-9A-Za-z]{36}\b/,
  external: /\bdeskbox_ext_[0-9A-Za-z]{36}\b/,
  refresh: /\bdeskbox_ref_[0-9A-Za-z]{36}\b/,
}

const wholeKeys = Object.values(keyPattern).map((pattern) => new RegExp(`^${pattern.source}$`))
const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Whether `raw` is a whole key that ends in the CRC32 of what precedes. */
export function hasChecksum(raw: string): boolean {
  if (!wholeKeys.some((pattern) => pattern.test(raw))) return false
  const isHex = raw.startsWith('keva_')
  const end = isHex ? -8 : -6
  const digits = raw.slice(end)
  const sum = isHex
    ? Number.parseInt(digits, 16)
    : Array.from(digits).reduce((value, digit) => value * 62 + base62.indexOf(digit), 0)
  return sum === crc32(raw.slice(0, end))
}
