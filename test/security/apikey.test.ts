import { describe, expect, test } from 'bun:test'
import { createHash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { hashKey, isRefreshToken, mintKey, type SecretKind } from '../../src/security/apikey.ts'
import { hasChecksum, keyPattern } from '../support/keys.ts'

const kinds: SecretKind[] = ['keva', 'internal', 'external', 'refresh']
const secure = (count: number) => new Uint8Array(randomBytes(count))
const constant = (byte: number) => (count: number) => new Uint8Array(count).fill(byte)

/** The number that six base62 characters spell, digits before capitals before small letters. */
function numberOf(text: string): number {
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
  return text.split('').reduce((sum, letter) => sum * 62 + digits.indexOf(letter), 0)
}

describe('mintKey', () => {
  test.each([
    ['keva', `keva_live_${'ab'.repeat(28)}`, /^[0-9a-f]{8}$/],
    ['internal', `deskbox_int_${'l'.repeat(30)}`, /^[0-9A-Za-z]{6}$/],
    ['external', `deskbox_ext_${'l'.repeat(30)}`, /^[0-9A-Za-z]{6}$/],
    ['refresh', `deskbox_ref_${'l'.repeat(30)}`, /^[0-9A-Za-z]{6}$/],
  ] as const)('%s: prefix, random part, then the CRC32 of both', (kind, body, form) => {
    // 0xab is 171, and 171 modulo 62 is 47: the letter l.
    const { raw, last4 } = mintKey(kind, constant(0xab))
    const checksum = raw.slice(body.length)
    expect(raw.slice(0, body.length)).toBe(body)
    expect(checksum).toMatch(form)
    const spelt = kind === 'keva' ? Number.parseInt(checksum, 16) : numberOf(checksum)
    expect(spelt).toBe(crc32(body))
    expect(last4).toBe(raw.slice(-4))
  })

  test('keva keys have 64 lower-case hexadecimal digits, as contract 2.1 says', () => {
    expect(mintKey('keva', secure).raw).toMatch(/^keva_live_[0-9a-f]{64}$/)
  })

  test('base62 is unbiased: over every byte, each character comes four times', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, n) => n)
    let next = 0
    const inTurn = (count: number) =>
      Uint8Array.from({ length: count }, () => bytes[next++ % 256] ?? 0)
    let text = ''
    // 124 keys of 30 characters are 3720: fifteen rounds of the 248 bytes that are used.
    for (let n = 0; n < 124; n++) text += mintKey('internal', inTurn).raw.slice(12, 42)
    const counts = new Map<string, number>()
    for (const letter of text) counts.set(letter, (counts.get(letter) ?? 0) + 1)
    expect(counts.size).toBe(62)
    expect(new Set(counts.values())).toEqual(new Set([60]))
  })

  test.each(kinds)('%s: a source that gives too little is refused', (kind) => {
    expect(() => mintKey(kind, () => new Uint8Array(5))).toThrow(RangeError)
  })
})

describe('hashKey', () => {
  test.each(['', 'abc', mintKey('keva', secure).raw, 'schlüssel'])('SHA-256 of %p', (raw) => {
    expect(hashKey(raw)).toBe(createHash('sha256').update(raw).digest('hex'))
  })

  test('the published test vector', () => {
    const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    expect(hashKey('abc')).toBe(abc)
  })
})

describe('A4: keys can be found and typos told', () => {
  test.each(kinds)('%s: the published pattern finds every planted key, exactly', (kind) => {
    const keys = Array.from({ length: 200 }, () => mintKey(kind, secure).raw)
    const noise = [`KEY=${'a'.repeat(90)}`, 'keva_live_short', 'deskbox_int_', 'deskbox_ext_x']
    const text = keys.map((key, n) => `${noise[n % 4]}\n"key": "${key}", `).join('')
    const found = [...text.matchAll(new RegExp(keyPattern[kind], 'g'))].map(([key]) => key)
    expect(found).toEqual(keys)
  })

  test('each kind matches its own pattern only', () => {
    for (const kind of kinds) {
      const { raw } = mintKey(kind, secure)
      expect(kinds.filter((other) => keyPattern[other].test(raw))).toEqual([kind])
    }
  })

  test.each(kinds)('%s: every single wrong character is noticed', (kind) => {
    const { raw } = mintKey(kind, secure)
    expect(hasChecksum(raw)).toBeTrue()
    for (let n = 0; n < raw.length; n++) {
      const wrong = raw[n] === '0' ? '1' : '0'
      expect(hasChecksum(raw.slice(0, n) + wrong + raw.slice(n + 1))).toBeFalse()
    }
  })

  test.each(kinds)('%s: nothing but the whole key counts', (kind) => {
    const { raw } = mintKey(kind, secure)
    const wrong = ['', raw.slice(1), raw.slice(0, -1), ` ${raw}`, `${raw}0`, `${raw}\n`, raw + raw]
    expect(wrong.filter(hasChecksum)).toEqual([])
  })
})

test('isRefreshToken knows a whole one, and no other', () => {
  const { raw } = mintKey('refresh', secure)
  expect(isRefreshToken(raw)).toBeTrue()
  const off = Array.from(raw, (letter, at) => {
    const wrong = letter === '0' ? '1' : '0'
    return raw.slice(0, at) + wrong + raw.slice(at + 1)
  })
  const others = kinds.filter((kind) => kind !== 'refresh').map((kind) => mintKey(kind, secure).raw)
  const wrong = ['', raw.slice(1), raw.slice(0, -1), ` ${raw}`, `${raw}0`, `${raw}\n`, ...others]
  expect([...off, ...wrong].filter(isRefreshToken)).toEqual([])
})
