import { beforeAll, describe, expect, test } from 'bun:test'
import { proveHostile, proveRebinding } from './prove/hookhostile.ts'
import { proveOutbox, proveRotation } from './prove/hookinside.ts'
import { killDeliveries } from './prove/hookkill.ts'
import { proveIsolation } from './prove/hookload.ts'
import { proveLoop } from './prove/hookloop.ts'
import { proveOutboxKills } from './prove/hookoutbox.ts'
import { proveSignatures } from './prove/hooksigned.ts'
import { proveStop } from './prove/hookstop.ts'
import { proveTargets } from './prove/hooktargets.ts'
import { dist, ensureBuilt } from './support/binary.ts'

// The bars of webhooks, scaled down; bun run prove webhooks has them at full size.

beforeAll(ensureBuilt, 60_000)

describe('webhooks', () => {
  test('killed in the middle of 1,000 deliveries, all arrive, and only what was under way twice (W6, J2)', async () => {
    const size = { rounds: 5, events: 250, endpoints: 4 }
    const result = await killDeliveries({ binary: dist, seed: 20_260_504, ...size })
    expect(result.problems).toEqual([])
    expect([result.rounds, result.deliveries]).toEqual([5, 5000])
    // A kill that caught nothing under way would prove nothing.
    expect(result.leased).toBeGreaterThan(10)
    expect(result.repeats).toBeGreaterThan(0)
    expect(result.repeats).toBeLessThanOrEqual(result.leased)
  }, 120_000)

  test('end in time at receivers that misbehave, and follow none elsewhere (W1, W4)', async () => {
    const { problems } = await proveHostile({ binary: dist, times: 3, timeoutSeconds: 1 })
    expect(problems).toEqual([])
  }, 60_000)

  test('are never sent to what must not be called (W2)', async () => {
    expect((await proveTargets(dist)).problems).toEqual([])
  }, 60_000)

  test('stop at the third hop where receivers lead back (W12)', async () => {
    expect((await proveLoop(dist, 3)).problems).toEqual([])
  }, 60_000)

  test('are signed so that every language can tell (W8)', async () => {
    const { figure, problems } = await proveSignatures(300, 8)
    expect(problems).toEqual([])
    expect(figure).toContain('1200 cases')
  }, 30_000)

  test('reach receivers beside others that hang (W5)', async () => {
    const field = { endpoints: 12, hanging: 3, eventsPerSecond: 20, seconds: 4 }
    expect((await proveIsolation({ binary: dist, ...field })).problems).toEqual([])
  }, 60_000)

  test('call nobody but the vetted address (W3)', async () => {
    expect((await proveRebinding(100)).problems).toEqual([])
  })

  test('can be told from forged ones while secrets change (W9)', async () => {
    const { problems } = await proveRotation({ perSecond: 200, seconds: 2, rotations: 2 })
    expect(problems).toEqual([])
  }, 30_000)

  test('are written with the change, or neither is (J3)', async () => {
    expect((await proveOutbox(500)).problems).toEqual([])
  })

  test('are there with the change when the server is killed (J3)', async () => {
    const { problems } = await proveOutboxKills({ binary: dist, rounds: 2, seed: 3 })
    expect(problems).toEqual([])
  }, 60_000)

  test('are given back when the server is told to stop (J11)', async () => {
    expect((await proveStop(dist)).problems).toEqual([])
  }, 60_000)
})
