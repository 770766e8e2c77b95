import { afterEach, beforeEach, describe, expect, spyOn, test } from 'bun:test'
import { join } from 'node:path'
import { answersKeptMs, keepAnswer } from '../../src/domain/idempotency.ts'
import { KeyRing } from '../../src/domain/keyring.ts'
import { createKey } from '../../src/domain/keys.ts'
import { createWebhook, deleteWebhook } from '../../src/domain/webhooks.ts'
import { systemActor } from '../../src/domain/tx.ts'
import {
  forgetAnswers,
  forgetSessions,
  forgetWebhooks,
  reopenStore,
  saveKeyUses,
  whileWritable,
} from '../../src/jobs/housekeeping.ts'
import { beat } from '../../src/jobs/heartbeat.ts'
import type { Log } from '../../src/lib/log.ts'
import { dayMs, minuteMs } from '../../src/lib/time.ts'
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
      const answer = { status: 201, body: '{}', isSealed: false, version: null }
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

const sessionCounts = () => {
  const client = clientOf(house.store)
  return ['sessions', 'refresh_tokens'].map((table) =>
    client.prepare(`SELECT count(*) FROM ${table}`).pluck().get(),
  )
}

/** So many sessions of the administrator, each with so many tokens, that end at `at`. */
const insertSessions = (sessions: number, tokens: number, at: number, name: string) =>
  clientOf(house.store).exec(`
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${sessions})
    INSERT INTO sessions (uid, staff_id, audience, expires_at, created_at)
      SELECT '${name}' || i, 1, 'internal', ${at}, ${T0} FROM n;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${tokens})
    INSERT INTO refresh_tokens (session_id, hash, expires_at, created_at)
      SELECT s.id, s.uid || '-' || i, ${T0 + dayMs}, ${T0}
        FROM sessions s, n WHERE s.uid LIKE '${name}%';`)

describe('forgetSessions', () => {
  test('forgets what has ended, tokens before sessions, in batches, and keeps the rest', async () => {
    insertSessions(3, 150, T0 + 1000, 'old')
    insertSessions(2, 2, T0 + 2 * dayMs, 'young')
    const job = forgetSessions(house.desk)
    const step = async (now: number) => {
      house.time.now = now
      return [await job.step(now), ...sessionCounts()]
    }
    expect(await step(T0 + 999)).toEqual([false, 5, 454])
    expect(await step(T0 + minuteMs + 1000)).toEqual([true, 4, 254])
    expect(await step(T0 + minuteMs + 1000)).toEqual([true, 3, 54])
    expect(await step(T0 + minuteMs + 1000)).toEqual([false, 2, 4])
    expect(await step(T0 + dayMs + minuteMs)).toEqual([false, 2, 0])
    expect(await step(T0 + 2 * dayMs + minuteMs)).toEqual([false, 0, 0])
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

test('forgetWebhooks clears away a deleted webhook, and leaves one that is in use', async () => {
  await house.desk.write(systemActor, (tx) => {
    const fields = { url: 'https://hooks.test/', events: ['*'] }
    const { webhook } = createWebhook(tx, fields, 'secret')
    createWebhook(tx, fields, 'secret')
    deleteWebhook(tx, webhook.id)
  })
  const webhooks = () =>
    clientOf(house.store).prepare('SELECT id FROM webhook_endpoints').pluck().all()
  expect(webhooks()).toEqual([1, 2])
  expect(await forgetWebhooks(house.desk).step(T0)).toBe(false)
  expect(webhooks()).toEqual([2])
})
