import { expect, test } from 'bun:test'
import {
  makeSecretUid,
  makeUid,
  secretUidRandomBytes,
  uidOf,
  uidRandomBytes,
} from '../../src/lib/ids.ts'

const bytes = (length: number, byte: number) => new Uint8Array(length).fill(byte)

test('a uid has its time in front, so that later ones come later', () => {
  expect(makeUid(0, bytes(uidRandomBytes, 255))).toBe(`${'0'.repeat(10)}${'z'.repeat(16)}`)
  expect(makeUid(1, bytes(uidRandomBytes, 0)) > makeUid(0, bytes(uidRandomBytes, 255))).toBe(true)
})

test('a secret uid has 128 random bits, each of which shows, and is a uid', () => {
  const zero = bytes(secretUidRandomBytes, 0)
  expect(makeSecretUid(zero)).toBe('0'.repeat(26))
  expect(makeSecretUid(bytes(secretUidRandomBytes, 255))).toBe(`${'z'.repeat(25)}w`)
  const seen = new Set<string>()
  for (let bit = 0; bit < 128; bit++) {
    const one = bytes(secretUidRandomBytes, 0)
    one[bit >> 3] = 1 << (bit & 7)
    const uid = makeSecretUid(one)
    expect(uidOf('workflow', `wf_${uid}`)).toBe(uid)
    seen.add(uid)
  }
  expect(seen.size).toBe(128)
})
