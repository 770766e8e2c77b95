import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kevaSignature, standardSignature } from '../../src/security/signature.ts'
import { tempFolder } from '../store/fixtures.ts'
import { deskboxGiven } from './terminal.ts'

const secret = `whsec_${Buffer.alloc(32, 5).toString('base64')}`
const body = '{"id":"evt_1","data":"Grüße\\n"}\n'
const id = 'evt_1'

let folder: ReturnType<typeof tempFolder>
beforeEach(() => {
  folder = tempFolder('verify')
})
afterEach(() => folder[Symbol.dispose]())

const nowSeconds = () => Math.floor(Date.now() / 1000)

function verify(given: { readonly [flag: string]: string }, ...more: string[]) {
  const flags = Object.entries(given).flatMap(([name, value]) => [`--${name}`, value])
  return deskboxGiven(folder.path, ['webhooks', 'verify', ...flags, ...more], body)
}

function signed(timestamp = nowSeconds()) {
  const signature = standardSignature([secret], { id, timestamp, body })
  return { secret, id, timestamp: String(timestamp), signature }
}

describe('deskbox webhooks verify', () => {
  test('says yes to a good signature of either form', async () => {
    const yes = { code: 0, out: 'The signature is good', err: '' }
    expect(await verify(signed())).toEqual(yes)
    expect(await verify({ secret, signature: kevaSignature(secret, body) })).toEqual(yes)
  })

  test('says no, and why', async () => {
    const wrong = await verify({ ...signed(), id: 'evt_2' })
    expect([wrong.code, wrong.out]).toEqual([1, expect.stringContaining('does not match')])
    const old = await verify(signed(nowSeconds() - 3600))
    expect([old.code, old.out]).toEqual([1, expect.stringContaining('too old')])
    const strange = await verify({ ...signed(), signature: 'abc' })
    expect([strange.code, strange.out]).toEqual([1, expect.stringContaining('no known form')])
  })

  test('takes an older one when it is told to', async () => {
    expect((await verify({ ...signed(nowSeconds() - 3600), tolerance: '4000' })).code).toBe(0)
  })

  test('takes the secret from a file', async () => {
    writeFileSync(join(folder.path, 'secret'), `${secret}\n`)
    const { secret: _, ...rest } = signed()
    expect((await verify({ ...rest, 'secret-file': 'secret' })).code).toBe(0)
  })

  test('answers for machines', async () => {
    expect(JSON.parse((await verify(signed(), '--json')).out)).toEqual({
      valid: true,
      reason: null,
    })
    const { code, out } = await verify(signed(nowSeconds() - 3600), '--json')
    expect([code, JSON.parse(out)]).toEqual([1, { valid: false, reason: 'timestamp_old' }])
  })

  test.each([
    [{ signature: 'x' }, 'one of --secret and --secret-file'],
    [{ signature: 'x', secret, 'secret-file': 'x' }, 'one of --secret and --secret-file'],
    [{ secret }, 'needs --signature'],
    [{ secret: ' ', signature: 'x' }, 'blank'],
    [{ secret, signature: 'x', tolerance: 'long' }, '--tolerance takes seconds'],
  ])('refuses a wrong call: %p', async (given, problem) => {
    const { code, err } = await verify(given)
    expect([code, err]).toEqual([2, expect.stringContaining(problem)])
  })

  test('knows no other word', async () => {
    const { code, err } = await deskboxGiven(folder.path, ['webhooks', 'send'], '')
    expect([code, err]).toEqual([2, expect.stringContaining('needs one of: verify')])
  })
})
