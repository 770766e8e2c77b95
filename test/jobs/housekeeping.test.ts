import { afterEach, beforeEach, describe, expect, spyOn, test } from 'bun:test'
import { join } from 'node:path'
import { answersKeptMs, keepAnswer } from '../../src/domain/idempotency.ts'
import { KeyRing } from '../../src/domain/keyring.ts'
import { createKey } from '../../src/domain/keys.ts'
import { systemActor } from '../../src/domain/tx.ts'
import {
  forgetAnswers,
  reopenStore,
  saveKeyUses,
  whileWritable,
} from '../../src/jobs/housekeeping.ts'
import { beat } from '../../src/jobs/heartbeat.ts'
import type { Log } from '../../src/lib/log.ts'
import { minuteMs } from '../../src/lib/time.ts'
import { storedAnswer } from '../../src/store/idempotency.ts'
import { setMeta } from '../../src/store/meta.ts'
import { clientOf, openStore, T0, tempFolder, testDesk, type TestDesk } from '../store/fixtures.ts'

let house: TestDesk
let said: string[]
const log: Log = {
  info: (what) => void said.push(what),
  error: (what, err) => void said.push(`${what}: ${String(err)}`),
}

beforeEach(async () => {
  said = []
  house = await testDesk()
})
afterEach(() => house[Symbol.dispose]())

const makeKey = () =>
  house.desk.write(systemActor, (tx) =>
    createKey(tx, {
      kind: 'keva',
      name: 'x',
      scopes: null,
      isSpecial: false,
      ownerId: 1,
      agentId: null,
      expiresAt: null,
    }),
  )

async function keep(count: number, at: number, caller: string, prefix: string): Promise<void> {
  house.time.now = at
  await house.desk.write(systemActor, (tx) => {
    for (let n = 0; n < count; n++) {
      const answer = { status: 201, body: '{}', isSealed: false }
      keepAnswer(tx, caller, { key: `${prefix}${n}`, fingerprint: 'f' }, answer)
    }
  })
}

const left = () => clientOf(house.store).prepare('SELECT count(*) FROM idempotency').pluck().get()

describe('forgetAnswers', () => {
  test('forgets what has had its day, in batches, and keeps the rest', async () => {
    const { key } = await makeKey()
    await keep(450, T0, `key:${key.id}`, 'old')
    await keep(3, T0 + 1000, `key:${key.id}`, 'young')
    const job = forgetAnswers(house.desk)
    house.time.now = T0 + answersKeptMs + 1
    expect(await job.step(house.time.now)).toBe(true)
    expect(left()).toBe(253)
    expect(await job.step(house.time.now)).toBe(true)
    expect(await job.step(house.time.now)).toBe(false)
    expect(left()).toBe(3)
    const kept = house.store.read((q) => storedAnswer(q, `key:${key.id}`, 'young0'))
    expect(kept?.status).toBe(201)
  })

  test('looks once a minute', async () => {
    const job = forgetAnswers(house.desk)
    using write = spyOn(house.store, 'write')
    const looks: number[] = []
    for (const at of [0, 1000, minuteMs - 1, minuteMs, minuteMs + 1000, 2 * minuteMs]) {
      await job.step(T0 + at)
      looks.push(write.mock.calls.length)
    }
    expect(looks).toEqual([1, 1, 1, 2, 2, 3])
  })
})

describe('saveKeyUses', () => {
  test('writes what the ring has noted', async () => {
    const { key } = await makeKey()
    const ring = new KeyRing(house.desk, () => 0)
    ring.used(key.id, T0 + 7)
    expect(await saveKeyUses(ring).step(T0 + 9)).toBe(false)
    const saved = clientOf(house.store).prepare('SELECT last_used_at FROM api_keys').pluck().get()
    expect(saved).toBe(T0 + 7)
  })
})

test('whileWritable lets a job rest while the store has a fault', async () => {
  using folder = tempFolder('rest')
  using opened = openStore(join(folder.path, 'data'))
  const { store } = opened
  let steps = 0
  const job = whileWritable(store, {
    name: 'count',
    step: () => Promise.resolve(++steps < 1),
  })
  await job.step(T0)
  const client = clientOf(store)
  client.pragma(`max_page_count = ${String(client.pragma('page_count', { simple: true }))}`)
  await store.write((q) => setMeta(q, 'a', 'x'.repeat(200_000))).catch(() => {})
  await job.step(T0)
  expect(steps).toBe(1)
  store.reopen(T0)
  await job.step(T0)
  expect(steps).toBe(2)
})

describe('reopenStore', () => {
  test('leaves a sound store alone', async () => {
    using reopen = spyOn(house.store, 'reopen')
    expect(await reopenStore(house.store, log).step(T0)).toBe(false)
    expect([reopen.mock.calls.length, said]).toEqual([0, []])
  })

  test('tries again beat after beat until the store can be written to', async () => {
    using folder = tempFolder('reopen')
    using opened = openStore(join(folder.path, 'data'))
    const { store } = opened
    const client = clientOf(store)
    client.pragma(`max_page_count = ${String(client.pragma('page_count', { simple: true }))}`)
    await store.write((q) => setMeta(q, 'a', 'x'.repeat(200_000))).catch(() => {})
    expect(store.fault).toBeDefined()
    const jobs = [reopenStore(store, log)]
    {
      using reopen = spyOn(store, 'reopen').mockImplementation(() => {
        throw new Error('still full')
      })
      for (const ms of [0, 1000, minuteMs - 1, minuteMs]) await beat(jobs, T0 + ms, log)
      expect(reopen).toHaveBeenCalledTimes(4)
    }
    const told = 'store cannot be reopened yet: Error: still full'
    expect(said).toEqual([told, told])
    await beat(jobs, T0 + minuteMs + 1000, log)
    expect([store.fault, said.at(-1)]).toEqual([undefined, 'store reopened'])
    await store.write((q) => setMeta(q, 'a', '1'))
  })
})
