import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { listDeliveries } from '../../src/domain/deliveries.ts'
import { createWebhook } from '../../src/domain/webhooks.ts'
import { systemActor } from '../../src/domain/tx.ts'
import type { Window } from '../../src/lib/page.ts'
import { countMost, type DeliveryFilter, type DeliveryView } from '../../src/store/deliverylists.ts'
import { seeded } from '../prove/random.ts'
import { clientOf, T0, testDesk, type TestDesk } from './fixtures.ts'
import { traced } from './plans.ts'

// The lists of deliveries against a model, and what they cost.

type Model = {
  readonly id: number
  readonly createdAt: number
  readonly status: string
  readonly eventType: string
}

let house: TestDesk
const models: Model[] = []

const made = 400
const types = ['ticket.created', 'message.created', 'ticket.updated'] as const
const statuses = ['pending', 'delivered', 'dead'] as const

/** Many share their moment, so that only the id puts them in order; a second endpoint has as many. */
beforeAll(async () => {
  house = await testDesk()
  const random = seeded(4)
  for (const url of ['https://a.test/', 'https://b.test/']) {
    await house.desk.write(
      systemActor,
      (tx) => createWebhook(tx, { url, events: ['*'] }, 'secret').webhook.id,
    )
  }
  const insert = clientOf(house.store).prepare(
    `INSERT INTO deliveries (uid, endpoint_id, event_sequence, event_uid, event_type, body, status, due_at, created_at)
      VALUES (?, ?, ?, 'e', ?, '{}', ?, ?, ?)`,
  )
  let createdAt = T0
  for (let n = 0; n < made * 2; n++) {
    if (random.chance(0.3)) createdAt += 1000
    const eventType = types[random.between(0, 2)] ?? 'ticket.created'
    const status = statuses[random.between(0, 2)] ?? 'pending'
    const endpointId = 1 + (n % 2)
    const dueAt = status === 'pending' ? createdAt : null
    const { lastInsertRowid } = insert.run(
      `u${n}`,
      endpointId,
      n,
      eventType,
      status,
      dueAt,
      createdAt,
    )
    if (endpointId === 1) models.push({ id: Number(lastInsertRowid), createdAt, status, eventType })
  }
})
afterAll(() => house[Symbol.dispose]())

function read(filter: DeliveryFilter, window: Window): { rows: DeliveryView[]; total: number } {
  return house.desk.read<{ rows: DeliveryView[]; total: number }>(systemActor, (reader) =>
    listDeliveries(reader, 1, filter, window),
  )
}

function expectedOf({ status, eventType, since = 0, until = Infinity }: DeliveryFilter): number[] {
  return models
    .filter((row) => status === undefined || row.status === status)
    .filter((row) => eventType === undefined || row.eventType === eventType)
    .filter((row) => row.createdAt >= since && row.createdAt < until)
    .toSorted((a, b) => b.createdAt - a.createdAt || b.id - a.id)
    .map(({ id }) => id)
}

const since = T0 + 40_000
const until = T0 + 120_000

const filters: readonly DeliveryFilter[] = [
  {},
  { status: 'dead' },
  { eventType: 'ticket.updated' },
  { status: 'pending', eventType: 'message.created' },
  { since },
  { until },
  { since, until, status: 'delivered' },
  { since, until, eventType: 'ticket.created' },
  { since, until, status: 'dead', eventType: 'ticket.updated' },
]

describe.each(filters.map((filter) => [JSON.stringify(filter), filter] as const))(
  '%s',
  (_, filter) => {
    test('order, pages and total are those of the model', () => {
      const wanted = expectedOf(filter)
      expect(wanted.length).toBeGreaterThan(10)
      for (const offset of [0, 3, 9, wanted.length - 2, wanted.length, 100_000]) {
        const { rows, total } = read(filter, { limit: 5, offset })
        const ids = rows.map(({ id }) => id)
        expect([offset, total, ids]).toEqual([
          offset,
          wanted.length,
          wanted.slice(offset, offset + 5),
        ])
      }
    })

    test('read on from the last row it is the same list', () => {
      const ids: number[] = []
      for (let window: Window = { limit: 7, offset: 0 }; ids.length <= made;) {
        const { rows } = read(filter, window)
        ids.push(...rows.map(({ id }) => id))
        const last = rows.at(-1)
        if (!last) break
        window = { limit: 7, after: { at: last.createdAt, id: last.id } }
      }
      expect(ids).toEqual(expectedOf(filter))
    })

    test('comes from walks of an index, and from rows by their ids', () => {
      const windows: Window[] = [
        { limit: 5, offset: 0 },
        { limit: 5, offset: 10 },
        { limit: 5, after: { at: until, id: 1 } },
      ]
      for (const window of windows) {
        const asked = traced(house.store, (reader) => listDeliveries(reader, 1, filter, window))
        const steps = asked.flatMap(({ plan }) => plan)
        const strange = steps.filter(
          (step) =>
            /SCAN (?!page|\(subquery)/.test(step) ||
            (/TEMP B-TREE/.test(step) && !/ORDER BY/.test(step)),
        )
        expect(strange).toEqual([])
        const walks = steps.filter((step) =>
          /USING COVERING INDEX deliveries_(status|type) /.test(step),
        )
        expect(walks.length).toBeGreaterThan(0)
      }
    })
  },
)

test('of a range of time no more is counted than can be counted at once', async () => {
  using large = await testDesk()
  await large.desk.write(
    systemActor,
    (tx) => createWebhook(tx, { url: 'https://a.test/', events: ['*'] }, 'secret').webhook.id,
  )
  clientOf(large.store).exec(`
    WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ${countMost + 2000})
    INSERT INTO deliveries (uid, endpoint_id, event_sequence, event_uid, event_type, body, status, created_at)
      SELECT 'u' || n, 1, n, 'e' || n, 'ticket.created', '{}', 'dead', ${T0} + n FROM n`)
  const list = (filter: DeliveryFilter, window: Window) =>
    large.desk.read<{ ids: number[]; total: number }>(systemActor, (reader) => {
      const { rows, total } = listDeliveries(reader, 1, filter, window)
      return { ids: rows.map(({ id }) => id), total }
    })
  const newest = countMost + 2000
  expect(list({}, { limit: 1, offset: 0 })).toEqual({ ids: [newest], total: newest })
  expect(list({ since: T0 }, { limit: 1, offset: 0 })).toEqual({ ids: [newest], total: countMost })
  expect(list({ since: T0 }, { limit: 2, offset: countMost - 1 })).toEqual({
    ids: [newest - countMost + 1],
    total: countMost,
  })
  expect(list({ since: T0 }, { limit: 2, offset: countMost })).toEqual({
    ids: [],
    total: countMost,
  })
  const after = { at: T0 + 5, id: 5 }
  expect(list({ since: T0 + 3 }, { limit: 9, after })).toEqual({ ids: [4, 3], total: countMost })
})
