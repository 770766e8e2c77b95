import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { claimDeliveries, isAnyDeliveryDue, takeBackDeliveries } from '../../src/domain/dispatch.ts'
import { buryWaiting, forgetSettled } from '../../src/domain/dispatchends.ts'
import { Places } from '../../src/domain/places.ts'
import { systemActor, type Tx } from '../../src/domain/tx.ts'
import { createWebhook } from '../../src/domain/webhooks.ts'
import { dayMs, minuteMs } from '../../src/lib/time.ts'
import { opening, sealing } from '../support/deliveries.ts'
import { clientOf, T0, testDesk, type TestDesk } from './fixtures.ts'
import { traced } from './plans.ts'

// 100,000 pending deliveries: 90,000 at five endpoints that hang, of which one wants order; the other 45 have
// little. What is claimed, and what it costs, must not depend on the backlog.

const endpoints = 50
const hanging = 5
const perHanging = 18_000
const perOther = 220

let house: TestDesk

beforeAll(async () => {
  house = await testDesk()
  await house.desk.write(systemActor, (tx) => {
    for (let n = 1; n <= endpoints; n++) {
      const fields = { url: `https://hook${n}.test/`, events: ['*'], isOrdered: n === 1 }
      createWebhook(tx, fields, sealing)
    }
  })
  const db = clientOf(house.store)
  db.exec('DELETE FROM deliveries')
  const insert = db.prepare(
    `INSERT INTO deliveries (uid, endpoint_id, event_sequence, event_uid, event_type, ticket_id, body,
      due_at, created_at) VALUES (?, ?, ?, 'e', 'ticket.updated', ?, '{}', ?, ?)`,
  )
  db.exec('BEGIN')
  for (let endpoint = 1, n = 0; endpoint <= endpoints; endpoint++) {
    const many = endpoint <= hanging ? perHanging : perOther
    for (let at = 0; at < many; at++, n++)
      insert.run(`u${n}`, endpoint, n, at % 7, T0 - at, T0 - at)
  }
  db.exec('COMMIT')
  db.exec('ANALYZE')
}, 60_000)
afterAll(() => house[Symbol.dispose]())

const terms = (places = new Places(), lease = 'run 1') => ({
  lease,
  leaseMs: minuteMs,
  places,
  isUnderWay: () => false,
  unseal: opening,
})

/** Two places of every hanging endpoint are taken, as they are once those hang. */
function takenByHanging(): Places {
  const places = new Places()
  for (let endpointId = 1; endpointId <= hanging; endpointId++) {
    for (const _ of [1, 2]) places.take({ endpointId, isFailing: false })
  }
  return places
}

const claim = (places: Places) =>
  house.desk.write(systemActor, (tx) => claimDeliveries(tx, terms(places)))

describe('with 100,000 deliveries pending, of which 90,000 are at endpoints that hang', () => {
  test('a claim is answered by the index on what is due at one endpoint', () => {
    const used: string[] = []
    const statements = traced(house.store, (reader) => {
      claimDeliveries({ ...reader, now: T0 } as Tx, terms())
      isAnyDeliveryDue(reader)
    }).filter(({ sql }) => /"?deliveries"?/.test(sql))
    for (const { sql, plan } of statements) {
      for (const step of plan) {
        if (!/deliveries|before/.test(step)) continue
        used.push(step)
        expect([sql, step]).toEqual([sql, expect.stringMatching(/^SEARCH/)])
      }
      expect(plan.filter((step) => step.includes('TEMP B-TREE'))).toEqual([])
    }
    expect(used.join('\n')).toContain('USING INDEX deliveries_due (endpoint_id=? AND due_at<?)')
    expect(used.join('\n')).toContain(
      'USING COVERING INDEX deliveries_waiting (endpoint_id=? AND ticket_id=? AND event_sequence<?)',
    )
  })

  test('a claim takes what there are places for, earliest first, within 20 ms', async () => {
    await claim(takenByHanging())
    const took: number[] = []
    for (let n = 0; n < 15; n++) {
      const began = performance.now()
      const { claimed } = await claim(takenByHanging())
      took.push(performance.now() - began)
      expect(claimed).toHaveLength(54)
      expect(claimed.every(({ endpointId }) => endpointId > hanging)).toBe(true)
    }
    expect(took.toSorted((a, b) => a - b)[7]).toBeLessThan(20)
  })

  test('an endpoint that wants order parks its backlog in small steps', async () => {
    const db = clientOf(house.store)
    const { claimed, isMore } = await claim(new Places())
    expect(claimed.filter(({ endpointId }) => endpointId === 1).length).toBeLessThanOrEqual(2)
    const parked = db
      .prepare("SELECT count(*) FROM deliveries WHERE status = 'pending' AND due_at IS NULL")
      .pluck()
      .get()
    expect(Number(parked)).toBeWithin(80, 101)
    expect(isMore).toBe(true)
  })

  test('leases are taken back by their own index, all at once', async () => {
    const statements = traced(house.store, (reader) =>
      takeBackDeliveries({ ...reader, now: T0 } as Tx, 'run 2'),
    )
    expect(statements.flatMap(({ plan }) => plan)).toEqual([
      expect.stringContaining('deliveries_leased'),
    ])
    const taken = await house.desk.write(systemActor, (tx) => takeBackDeliveries(tx, 'run 2'))
    expect(taken).toBeGreaterThan(700)
  })

  test('giving up and forgetting go in small steps, by an index', async () => {
    const db = clientOf(house.store)
    db.exec("UPDATE webhook_endpoints SET is_active = 0, disabled_reason = 'failing' WHERE id = 2")
    const steps = traced(house.store, (reader) => {
      const tx = { ...reader, now: T0 } as Tx
      buryWaiting(tx, 100)
      forgetSettled(tx, { deliveredMs: 1, deadMs: 1 }, 100)
    })
    const plans = steps.flatMap(({ plan }) => plan).filter((step) => /deliver|waiting/.test(step))
    expect(plans.filter((step) => !/SEARCH/.test(step))).toEqual([])
    const write = (job: (tx: Tx) => number) => house.desk.write<number>(systemActor, job)
    expect(await write((tx) => buryWaiting(tx, 100))).toBe(100)
    const kept = { deliveredMs: 30 * dayMs, deadMs: 90 * dayMs }
    expect(await write((tx) => forgetSettled(tx, kept, 100))).toBe(0)
    house.time.now = T0 + 91 * dayMs
    expect(await write((tx) => forgetSettled(tx, kept, 60))).toBe(60)
    // The attempts that go with them count as well; one delivery goes however many it had.
    db.exec('UPDATE deliveries SET attempts = 4')
    expect(await write((tx) => forgetSettled(tx, kept, 60))).toBe(12)
    expect(await write((tx) => forgetSettled(tx, kept, 1))).toBe(1)
    db.exec('UPDATE deliveries SET attempts = 0')
    expect(await write((tx) => forgetSettled(tx, kept, 60))).toBe(27)
  })
})
