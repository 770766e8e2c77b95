import { afterEach, beforeEach, describe, expect, spyOn, test } from 'bun:test'
import { join } from 'node:path'
import { KeyRing } from '../../src/domain/keyring.ts'
import { createKey, revokeKey, updateKey, type NewKey } from '../../src/domain/keys.ts'
import { createStaff, deleteStaff, updateStaff as changeStaff } from '../../src/domain/staff.ts'
import { systemActor, type Desk } from '../../src/domain/tx.ts'
import { keyById } from '../../src/store/keys.ts'
import { updateStaff } from '../../src/store/staff.ts'
import { openStore, T0, tempFolder, testDesk, type TestDesk } from '../store/fixtures.ts'

let house: TestDesk
let ring: KeyRing
let monotonic: number

beforeEach(async () => {
  house = await testDesk()
  monotonic = 1_000_000
  ring = new KeyRing(house.desk, () => monotonic)
})
afterEach(() => house[Symbol.dispose]())

const plain: NewKey = {
  kind: 'internal',
  name: 'one',
  scopes: null,
  isSpecial: true,
  ownerId: 1,
  agentId: null,
  expiresAt: null,
}

const make = (desk: Desk, fields: Partial<NewKey> = {}) =>
  desk.write(systemActor, (tx) => createKey(tx, { ...plain, ...fields }))

const lastUsed = (id: number) =>
  house.desk.read(systemActor, ({ q }) => keyById(q, id)?.lastUsedAt ?? null)

describe('a change made here', () => {
  test('is seen at once: a new key, a change and a revocation', async () => {
    expect(ring.recognise('deskbox_int_unknown')).toBeUndefined()
    const { key, raw } = await make(house.desk)
    expect(ring.recognise(raw)).toMatchObject({ id: key.id, name: 'one', revokedAt: null })
    await house.desk.write(systemActor, (tx) => updateKey(tx, key.id, { name: 'two' }))
    expect(ring.recognise(raw)?.name).toBe('two')
    await house.desk.write(systemActor, (tx) => revokeKey(tx, key.id))
    expect(ring.recognise(raw)?.revokedAt).toBe(T0)
  })

  test('is not seen before it is committed, and a lost one never', async () => {
    const { key, raw } = await make(house.desk)
    ring.recognise(raw)
    const lost = house.desk.write(systemActor, (tx) => {
      revokeKey(tx, key.id)
      throw new Error('no')
    })
    await lost.catch(() => {})
    expect(ring.recognise(raw)?.revokedAt).toBeNull()
  })

  test('knows the agent behind a key', async () => {
    const agent = await house.desk.write(systemActor, (tx) =>
      createStaff(tx, { role: 'agent', name: 'Ada', email: 'ada@example.com' }),
    )
    const { raw } = await make(house.desk, {
      kind: 'external',
      isSpecial: false,
      agentId: agent.id,
    })
    expect(ring.recognise(raw)).toMatchObject({ agentName: 'Ada', isAgentActive: true })
    await house.desk.write(systemActor, (tx) => changeStaff(tx, agent.id, { isActive: false }))
    expect(ring.recognise(raw)).toMatchObject({ agentName: 'Ada', isAgentActive: false })
    await house.desk.write(systemActor, (tx) => deleteStaff(tx, agent.id))
    expect(ring.recognise(raw)).toMatchObject({ agentId: null, isAgentActive: null })
  })

  test('knows nobody behind a key of somebody who is no agent', async () => {
    const { raw } = await make(house.desk, { kind: 'external', isSpecial: false, agentId: 1 })
    expect(ring.recognise(raw)).toMatchObject({ agentId: 1, agentName: null, isAgentActive: null })
  })
})

describe('a change made by another process', () => {
  test('is seen 250 ms later on the monotonic clock, not before', async () => {
    using folder = tempFolder('ring')
    const data = join(folder.path, 'data')
    using server = openStore(data)
    using command = openStore(data, 'share')
    const here = await testDesk(server.store)
    const there = await testDesk(command.store, 2)
    const { key, raw } = await make(there.desk)
    const own = new KeyRing(here.desk, () => monotonic)
    expect(own.recognise(raw)?.revokedAt).toBeNull()
    await there.desk.write(systemActor, (tx) => revokeKey(tx, key.id))
    monotonic += 249
    expect(own.recognise(raw)?.revokedAt).toBeNull()
    monotonic += 1
    expect(own.recognise(raw)?.revokedAt).toBe(T0)
  })

  test('is not mistaken for a change of our own, which costs no reading of keys', async () => {
    const { raw } = await make(house.desk)
    const first = ring.recognise(raw)
    await house.desk.write(systemActor, (tx) => updateStaff(tx.q, 1, { lastAssignedAt: 1 }))
    monotonic += 10_000
    expect(ring.recognise(raw)).toBe(first)
  })
})

describe('a key that does not exist', () => {
  test('costs no look at the database', async () => {
    const { raw } = await make(house.desk)
    ring.recognise(raw)
    using read = spyOn(house.store, 'read')
    using write = spyOn(house.store, 'write')
    for (let n = 0; n < 500; n++) {
      monotonic += 0.4
      expect(ring.recognise(`keva_live_${n}`)).toBeUndefined()
    }
    expect([read.mock.calls.length, write.mock.calls.length]).toEqual([0, 0])
    monotonic += 250
    ring.recognise('keva_live_x')
    expect(read).toHaveBeenCalledTimes(1)
  })

  test('is no other key, nor a part of one', async () => {
    const { raw } = await make(house.desk)
    for (const wrong of [
      raw.slice(0, -1),
      `${raw} `,
      raw.toUpperCase(),
      `${raw}x`,
      '',
      '__proto__',
    ]) {
      expect(ring.recognise(wrong)).toBeUndefined()
    }
    expect(ring.recognise(raw)).toBeDefined()
  })
})

describe('the last use of a key', () => {
  test('is written at most once a minute for each key', async () => {
    const one = (await make(house.desk)).key.id
    const two = (await make(house.desk)).key.id
    expect(await ring.saveUses(T0)).toBe(0)
    ring.used(one, T0 + 1000)
    expect(await ring.saveUses(T0 + 2000)).toBe(1)
    expect([lastUsed(one), lastUsed(two)]).toEqual([T0 + 1000, null])
    ring.used(one, T0 + 30_000)
    ring.used(two, T0 + 30_000)
    expect(await ring.saveUses(T0 + 31_000)).toBe(1)
    expect([lastUsed(one), lastUsed(two)]).toEqual([T0 + 1000, T0 + 30_000])
    ring.used(one, T0 + 62_000)
    expect(await ring.saveUses(T0 + 62_000)).toBe(1)
    expect(lastUsed(one)).toBe(T0 + 62_000)
    expect(await ring.saveUses(T0 + 300_000)).toBe(0)
  })

  test('costs nothing when nothing was used', async () => {
    using write = spyOn(house.store, 'write')
    expect(await ring.saveUses(T0)).toBe(0)
    expect(write).not.toHaveBeenCalled()
  })

  test('is kept for the next try when the store cannot be written to', async () => {
    const { key } = await make(house.desk)
    ring.used(key.id, T0 + 1000)
    {
      using write = spyOn(house.store, 'write').mockRejectedValue(new Error('no'))
      const failed = await ring.saveUses(T0 + 1000).catch(() => 'failed')
      expect([failed, write.mock.calls.length]).toEqual(['failed', 1])
    }
    expect(await ring.saveUses(T0 + 2000)).toBe(1)
    expect(lastUsed(key.id)).toBe(T0 + 1000)
  })
})
