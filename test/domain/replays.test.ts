import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { labels } from '../../src/domain/catalog.ts'
import { upsertCustomer } from '../../src/domain/customers.ts'
import { forgetOldEvents } from '../../src/domain/feed.ts'
import { postMessage } from '../../src/domain/messages.ts'
import { replay, type Replay, type Replayed } from '../../src/domain/replays.ts'
import { createTicket, updateTicket } from '../../src/domain/tickets.ts'
import { systemActor, type Tx } from '../../src/domain/tx.ts'
import { createWebhook, disableWebhook } from '../../src/domain/webhooks.ts'
import { payloadOf } from '../../src/http/payloads.ts'
import { dayMs } from '../../src/lib/time.ts'
import type { Sync } from '../../src/store/queries.ts'
import { clientOf, T0, testDesk, type TestDesk } from '../store/fixtures.ts'
import { traced } from '../store/plans.ts'

// A replay to one endpoint, held against another that was told of everything as it happened.

let house: TestDesk
let first: number

beforeEach(async () => {
  house = await testDesk()
  first = await endpoint(['*'])
})
afterEach(() => house[Symbol.dispose]())

const write = <T>(job: (tx: Tx) => Sync<T>) => house.desk.write<T>(systemActor, job)

function endpoint(events: readonly string[], isOrdered = false): Promise<number> {
  const fields = { url: 'https://hooks.test/in', events, isOrdered }
  return write((tx) => createWebhook(tx, fields, 'sealing').webhook.id)
}

// The first administrator is made before it.
const start = T0 + 1

const everything: Replay = { types: null, from: null, to: null, status: null, after: null }

function again(id: number, wanted: Partial<Replay>): Promise<Replayed> {
  return write((tx) => replay(tx, id, { ...everything, ...wanted }, payloadOf))
}

/** Replays to the end, as an integration does, and says how much each page queued. */
async function allPages(id: number, wanted: Partial<Replay>): Promise<number[]> {
  const queued: number[] = []
  for (let after = wanted.after ?? null; ;) {
    const page = await again(id, { ...wanted, after })
    queued.push(page.queued)
    if (page.nextAfter === null) return queued
    expect(page.nextAfter).toBeGreaterThan(after ?? -1)
    after = page.nextAfter
  }
}

type Row = {
  readonly event_sequence: number
  readonly event_uid: string
  readonly event_type: string
  readonly ticket_id: number | null
  readonly body: string
  readonly created_at: number
}

function toldTo(id: number): Row[] {
  return clientOf(house.store)
    .prepare<[number], Row>(
      `SELECT event_sequence, event_uid, event_type, ticket_id, body, created_at FROM deliveries
       WHERE endpoint_id = ? ORDER BY event_sequence`,
    )
    .all(id)
}

const sql = (text: string) => void clientOf(house.store).exec(text)
const settleAll = () =>
  sql(`UPDATE deliveries SET status = 'delivered', settled_at = ${T0}, due_at = NULL`)

/** A ticket, a note and changes, of which some show in no field; a second later each time. */
async function happen(rounds = 3): Promise<void> {
  for (let n = 0; n < rounds; n++) {
    house.time.now += 1000
    await write((tx) => {
      const customer = upsertCustomer(tx, `c${n}@x.test`, 'Ada')
      const id = createTicket(tx, { customer, subject: 'Kiln', body: 'Cold', source: 'api' })
      postMessage(tx, id, { body: 'Psst', isInternal: true, direction: 'outbound' })
      updateTicket(tx, id, { isLocked: true })
      updateTicket(tx, id, { priority: 'urgent' })
    })
  }
}

describe('an endpoint that was not there', () => {
  test('is told of what happened, with the ids and bytes that the others got', async () => {
    await happen()
    const late = await endpoint(['*'])
    const { queued, nextAfter } = await again(late, { from: start })
    expect(toldTo(late)).toEqual(toldTo(first))
    expect([queued, nextAfter]).toEqual([toldTo(first).length, null])
    expect(queued).toBe(12)
  })

  test('is told of all of it once, however often it asks', async () => {
    await happen()
    const late = await endpoint(['*'])
    await again(late, { from: start })
    expect(await again(late, { from: start })).toEqual({ queued: 0, nextAfter: null })
    settleAll()
    expect((await again(late, { from: start })).queued).toBe(12)
    expect(toldTo(late)).toEqual(toldTo(first))
  })

  test('is told only of what it subscribes to; what is private must be named', async () => {
    await happen()
    const tickets = await endpoint(['ticket.*'])
    const notes = await endpoint(['note.created', 'ticket.created'])
    await again(tickets, { types: ['*'] })
    await again(notes, { from: start })
    expect(new Set(toldTo(tickets).map((row) => row.event_type))).toEqual(
      new Set(['ticket.created', 'ticket.updated']),
    )
    expect(toldTo(notes).filter((row) => row.event_type === 'note.created')).toHaveLength(3)
    expect(toldTo(first).filter((row) => row.event_type === 'note.created')).toEqual([])
    expect((await again(notes, { types: ['message.*'] })).queued).toBe(0)
  })

  test('may ask for a range of time, or for what is past a sequence', async () => {
    await happen(5)
    const late = await endpoint(['*'])
    const told = toldTo(first)
    await again(late, { from: T0 + 2000, to: T0 + 4000 })
    const between = told.filter((row) => row.created_at >= T0 + 2000 && row.created_at < T0 + 4000)
    expect(between).toHaveLength(8)
    expect(toldTo(late)).toEqual(between)
    const after = told.at(-3)?.event_sequence ?? 0
    expect((await again(late, { after })).queued).toBe(2)
    expect((await again(late, { to: T0 + 2000, from: start })).queued).toBe(4)
    expect((await again(late, { from: T0 + 9000 })).queued).toBe(0)
    expect((await again(late, { to: T0 })).queued).toBe(0)
  })

  test('gets them in order, also where it was told of some', async () => {
    await happen(2)
    const late = await endpoint(['*'], true)
    await happen(2)
    settleAll()
    await again(late, { from: start })
    const due = clientOf(house.store)
      .prepare(
        `SELECT event_sequence FROM deliveries WHERE endpoint_id = ? AND due_at <= ?
         ORDER BY due_at, event_sequence`,
      )
      .pluck()
      .all(late, house.time.now)
    expect(due).toEqual(toldTo(first).map((row) => row.event_sequence))
    expect(due).toHaveLength(14)
  })
})

describe('what is no longer kept', () => {
  test('of deliveries is told anew from the events, with the same bytes', async () => {
    await happen()
    const before = toldTo(first)
    sql('DELETE FROM deliveries')
    await again(first, { from: start })
    expect(toldTo(first)).toEqual(before)
  })

  test('of events is told from the deliveries', async () => {
    await happen()
    settleAll()
    const before = toldTo(first)
    house.time.now += 90 * dayMs + 1000
    await write((tx) => forgetOldEvents(tx, 90, 1000))
    expect((await again(first, { from: start })).queued).toBe(before.length)
    settleAll()
    expect((await again(first, { from: T0 + 2000, to: T0 + 3000 })).queued).toBe(4)
    settleAll()
    expect((await again(first, { status: 'delivered', after: 10 })).queued).toBe(
      before.filter((row) => row.event_sequence > 10).length,
    )
    expect(toldTo(first)).toEqual(before)
  })
})

test('an endpoint that is off is refused', async () => {
  await write((tx) => disableWebhook(tx, first, 'gone'))
  await happen()
  return expect(again(first, { from: start })).rejects.toMatchObject({ kind: 'refused' })
})

describe('much of it', () => {
  const many = 2000

  const make = () => {
    house.time.now += 1000
    return write((tx) => {
      for (let n = 0; n < many; n++) labels.create(tx, { name: `L ${n}`, color: '#abc' })
    })
  }

  test('is queued some at a time, once and in order', async () => {
    await make()
    const late = await endpoint(['label.*'])
    const pages = await allPages(late, { from: start })
    expect(pages.length).toBeGreaterThan(4)
    expect(Math.max(...pages)).toBeLessThanOrEqual(250)
    expect(toldTo(late)).toEqual(toldTo(first).filter((row) => row.event_type === 'label.created'))
    settleAll()
    expect(await allPages(late, { status: 'delivered' })).toEqual(
      Array<number>(many / 250).fill(250),
    )
    settleAll()
    expect(sum(await allPages(late, { from: start }))).toBe(many)
    expect(toldTo(late)).toHaveLength(many)
  })

  test('is found behind much that is not wanted', async () => {
    for (let n = 0; n < 3; n++) {
      sql(`WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 6000)
        INSERT INTO events (uid, type, actor_kind, body, created_at)
          SELECT 'e', 'session.created', 'system', '{}', ${T0} FROM n`)
      await write((tx) => labels.create(tx, { name: `Label ${n}`, color: '#abc' }).id)
    }
    const late = await endpoint(['label.*'])
    const pages = await allPages(late, { types: ['label.created'] })
    expect([pages.length > 3, sum(pages)]).toEqual([true, 3])
  })

  test('is queued less at a time when it is large', async () => {
    const body = 'x'.repeat(60_000)
    house.time.now += 1000
    await write((tx) => {
      const customer = upsertCustomer(tx, 'ada@x.test', 'Ada')
      const id = createTicket(tx, { customer, subject: 'Kiln', body, source: 'api' })
      for (let n = 0; n < 20; n++) {
        postMessage(tx, id, { body, isInternal: false, direction: 'outbound' })
      }
    })
    const late = await endpoint(['message.created'])
    const pages = await allPages(late, { from: start })
    expect([Math.max(...pages) <= 5, sum(pages)]).toEqual([true, 21])
  })

  test.each<[Partial<Replay>, number, number | null]>([
    [{ from: T0 + 50_000 }, 250, 50_251],
    [{ types: ['department.*'] }, 0, 5000],
    [{ from: T0 + 99_000, to: T0 + 99_100 }, 100, null],
    [{ after: 70_000 }, 250, 70_250],
  ])('looks at so many events and no more for %p', async (wanted, queued, nextAfter) => {
    sql(`WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 100000)
      INSERT INTO events (uid, type, actor_kind, body, created_at)
        SELECT 'e' || n, 'label.created', 'system', '{"id":1,"name":"x"}', ${T0} + n FROM n`)
    const late = await endpoint(['*'])
    expect(await again(late, wanted)).toMatchObject({ queued, nextAfter })
  })

  test('is read from an index, or by sequence', async () => {
    await happen()
    const wanted = [{ from: T0 + 1 }, { types: ['ticket.*'] }, { status: 'delivered', after: 3 }]
    for (const one of wanted) {
      const plans = traced(house.store, (reader) =>
        replay({ ...reader } as Tx, first, { ...everything, ...one } as Replay, payloadOf),
      ).flatMap(({ sql: text, plan }) => (isFirstOfAll(text) ? [] : plan))
      expect(plans.filter((step) => /SCAN (?:deliveries|events)/.test(step))).toEqual([])
    }
  })
})

/** The oldest event that is kept: the first row of its table. */
function isFirstOfAll(text: string): boolean {
  return text.includes('from "events" order by')
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0)
}
