import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { ensureSigningKeys, rotateSigningKeys, SigningKeys } from '../../src/domain/signingkeys.ts'
import { systemActor } from '../../src/domain/tx.ts'
import { eventsAfter } from '../../src/store/events.ts'
import type { SecretText } from '../../src/store/secretfile.ts'
import { randomBytes, T0, testDesk, type TestDesk } from '../store/fixtures.ts'
import { memorySecret } from '../support/harness.ts'

let house: TestDesk
let text: SecretText
let monotonic: number
let faults: unknown[]

beforeEach(async () => {
  house = await testDesk()
  text = memorySecret()
  monotonic = 0
  faults = []
})
afterEach(() => house[Symbol.dispose]())

const ensure = () => ensureSigningKeys(text, randomBytes(7))
const open = () =>
  new SigningKeys(
    text,
    () => monotonic,
    (err) => faults.push(err),
  )
const rotate = () => house.desk.write(systemActor, (tx) => rotateSigningKeys(tx, text))

type Held = {
  readonly current: { readonly kid: string; readonly jwk: { readonly d?: string } }
  readonly former: readonly { readonly kid: string; readonly jwk: object; readonly until: number }[]
  readonly sealing: string
}

const held = () => JSON.parse(text.read() ?? '') as Held

test('are made once, and stay', () => {
  ensure()
  const first = text.read()
  ensureSigningKeys(text, randomBytes(8))
  expect(text.read()).toBe(first)
  expect(open().current.kid).toBe(held().current.kid)
})

describe('rotating', () => {
  test('signs with another key, and keeps only the public half of the former', async () => {
    ensure()
    const before = held()
    const kid = await rotate()
    const after = held()
    expect([after.current.kid, after.sealing]).toEqual([kid, before.sealing])
    expect(kid).not.toBe(before.current.kid)
    const { d, ...half } = before.current.jwk
    expect(after.former).toEqual([{ kid: before.current.kid, jwk: half, until: T0 + 960_000 }])
    expect(text.read()).not.toContain(d ?? 'none')
  })

  test('forgets former keys whose tokens have expired', async () => {
    ensure()
    await rotate()
    house.time.now = T0 + 100_000
    const second = await rotate()
    expect(held().former).toHaveLength(2)
    house.time.now = T0 + 960_000
    await rotate()
    expect(
      held()
        .former.map(({ kid }) => kid)
        .at(-1),
    ).toBe(second)
    expect(held().former).toHaveLength(2)
  })

  test('makes the first keys where there are none, and is an event', async () => {
    const kid = await rotate()
    expect(held().current.kid).toBe(kid)
    const { body } = house.store.read((q) => eventsAfter(q, 0, 100)).at(-1) ?? { body: '' }
    expect(JSON.parse(body)).toEqual({ kid })
  })
})

describe('the running server', () => {
  test('takes notice of a rotation after 250 ms, and knows the former key until then and on', async () => {
    ensure()
    const keys = open()
    const { kid: former } = keys.current
    const kid = await rotate()
    monotonic = 249
    expect(keys.current.kid).toBe(former)
    monotonic = 250
    expect(keys.current.kid).toBe(kid)
    expect(keys.publicKey(kid, T0)).toBeDefined()
    expect(keys.publicKey(former, T0 + 959_999)).toBeDefined()
    expect(keys.publicKey(former, T0 + 960_000)).toBeUndefined()
    expect(keys.publicKey('x', T0)).toBeUndefined()
  })

  test('never hands out the private half to check by', () => {
    ensure()
    const keys = open()
    expect(Object.keys(keys.publicKey(keys.current.kid, T0) ?? {})).toEqual(['kty', 'crv', 'x'])
  })

  test.each(['', '{', '{}', '{"current":1}', 'null'])(
    'keeps the keys that it has when the file becomes %j, and says so once',
    (broken) => {
      ensure()
      const keys = open()
      const { kid } = keys.current
      text.write(broken)
      monotonic = 250
      expect(keys.current.kid).toBe(kid)
      monotonic = 500
      expect(keys.current.kid).toBe(kid)
      expect(faults).toHaveLength(1)
    },
  )

  test('does not start without keys, or with others than its own', () => {
    expect(open).toThrow('signing keys')
    text.write('{"current":{"kid":"a","jwk":{"kty":"RSA"}},"former":[],"sealing":"x"}')
    expect(open).toThrow('signing keys')
  })
})
