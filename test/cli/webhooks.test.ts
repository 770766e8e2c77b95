import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kevaSignature, standardSignature } from '../../src/security/signature.ts'
import { upsertCustomer } from '../../src/domain/customers.ts'
import { systemActor } from '../../src/domain/tx.ts'
import { createWebhook, disableWebhook } from '../../src/domain/webhooks.ts'
import { publicId } from '../../src/lib/ids.ts'
import { openStore, tempFolder, testDesk } from '../store/fixtures.ts'
import { deskbox, deskboxGiven } from './terminal.ts'

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
    expect([code, err]).toEqual([
      2,
      expect.stringContaining('needs one of: list, enable, disable, deliveries, verify'),
    ])
  })
})

const cli = (...args: string[]) => deskbox(folder.path, ['webhooks', ...args])
const json = async (...args: string[]) => JSON.parse((await cli(...args, '--json')).out) as object

describe('deskbox webhooks, of a desk', () => {
  let webhook = ''

  beforeEach(async () => {
    using own = openStore(`${folder.path}/data`)
    using house = await testDesk(own.store)
    webhook = await house.desk.write(systemActor, (tx) => {
      const url = 'https://hooks.test/a-secret'
      const made = createWebhook(tx, { url, events: ['customer.*'] }, 'seal').webhook
      upsertCustomer(tx, 'mara@x.test', 'Mara')
      disableWebhook(tx, made.id, 'failing')
      return publicId('webhook', made.uid)
    })
  })

  test('list shows each and its state, and nothing secret of its address', async () => {
    const { code, out, err } = await cli('list')
    expect([code, err]).toEqual([0, ''])
    expect(out).toBe(`${webhook}  off (failing)  hooks.test  customer.*`)
    expect(await json('list')).toMatchObject([{ id: webhook, disabledReason: 'failing' }])
  })

  test('enable and disable switch it, and twice is once', async () => {
    for (const [verb, state] of [
      ['enable', 'active'],
      ['enable', 'active'],
      ['disable', 'off'],
      ['disable', 'off'],
    ] as const) {
      const { code, out } = await cli(verb, webhook)
      expect([code, out]).toEqual([0, `${webhook}  ${state}  hooks.test  customer.*`])
    }
    expect(await json('enable', '1')).toMatchObject({ isActive: true, disabledReason: null })
  })

  test('deliveries tells what became of each', async () => {
    const { code, out } = await cli('deliveries', webhook, '--status', 'pending')
    expect(code).toBe(0)
    expect(out).toMatch(
      /^whd_\w+ {2}pending {2}2026-05-04T08:15:00Z {2}customer.created {2}0 attempts {2}not tried yet$/,
    )
    expect(await json('deliveries', '1', '--last', '1')).toMatchObject([{ status: 'pending' }])
    expect(await json('deliveries', '1', '--status', 'dead')).toEqual([])
  })

  test.each([
    [['enable', 'whk_x'], 1, 'There is no webhook whk_x'],
    [['deliveries', '7'], 1, 'There is no webhook 7'],
    [['enable'], 2, 'webhooks enable needs ID'],
    [['list', '--last', '1'], 2, 'webhooks list has no --last'],
    [['deliveries', '1', '--status', 'lost'], 2, '--status must be one of'],
    [['deliveries', '1', '--last', 'x'], 2, '--last takes a whole number'],
    [['list', '--data', 'elsewhere'], 1, 'There is no desk in'],
  ])('%j: %d', async (args, code, why) => {
    const ran = await cli(...args)
    expect([ran.code, ran.out]).toEqual([code, ''])
    expect(ran.err).toStartWith(`deskbox webhooks: ${why}`)
  })
})
