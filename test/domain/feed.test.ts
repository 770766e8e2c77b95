import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { forgetOldEvents, readFeed, typesMeant } from '../../src/domain/feed.ts'
import { toldNames } from '../../src/domain/subscriptions.ts'
import { systemActor } from '../../src/domain/tx.ts'
import { forgetEvents } from '../../src/jobs/housekeeping.ts'
import { dayMs, minuteMs } from '../../src/lib/time.ts'
import { insertEvent } from '../../src/store/events.ts'
import { clientOf, T0, testDesk, type TestDesk } from '../store/fixtures.ts'
import { traced } from '../store/plans.ts'

let house: TestDesk
beforeEach(async () => {
  house = await testDesk()
  clientOf(house.store).exec('DELETE FROM events')
})
afterEach(() => house[Symbol.dispose]())

/** Appends events of these days, counted back from T0; returns their sequences. */
function happened(...daysAgo: readonly number[]): Promise<number[]> {
  return house.desk.write(systemActor, ({ q }) =>
    daysAgo.map((days, n) =>
      insertEvent(q, {
        uid: `e${n}`,
        type: 'label.created',
        ticketId: null,
        ticketSequence: null,
        actorKind: 'system',
        actorKeyId: null,
        actorStaffId: null,
        ipAddress: null,
        body: '{"id":1,"name":"Late"}',
        createdAt: T0 - days * dayMs,
      }),
    ),
  )
}

const kept = () =>
  clientOf(house.store).prepare('SELECT sequence FROM events ORDER BY 1').pluck().all()

const forget = (days: number, most = 200) =>
  house.desk.write(systemActor, (tx) => forgetOldEvents(tx, days, most))

const from = (after: number | null) =>
  house.desk.read(systemActor, (reader) => readFeed(reader, { ...whole, after }))

const whole = { types: toldNames, limit: 100, bytesMost: 1_000_000 }

describe('forgetting', () => {
  test('takes what is older than its days, and nothing younger', async () => {
    const [, , third, ...rest] = await happened(100, 90.001, 90, 89, 0)
    expect(await forget(90)).toBe(2)
    expect(kept()).toEqual([third, ...rest])
    expect(await forget(90)).toBe(0)
  })

  test('takes the oldest first, so many at a time', async () => {
    const all = await happened(...Array<number>(500).fill(91), 0)
    expect(await forget(90)).toBe(200)
    expect(kept()).toEqual(all.slice(200))
    expect([await forget(90), await forget(90), await forget(90)]).toEqual([200, 100, 0])
  })

  test('goes by what came before what, where a clock was wrong', async () => {
    const [, , , last] = await happened(100, -4000, 95, 5)
    expect(await forget(90)).toBe(3)
    expect(kept()).toEqual([last])
  })

  test('leaves the numbers as they are, also when nothing is left', async () => {
    const [, last = 0] = await happened(100, 100)
    await forget(90)
    expect(kept()).toEqual([])
    expect(await happened(0)).toEqual([last + 1])
  })

  test('takes fewer at a time where they are large', async () => {
    await happened(...Array<number>(20).fill(91))
    clientOf(house.store).exec(`UPDATE events SET body = json_object('name', hex(zeroblob(50000)))`)
    const batches: number[] = []
    for (let removed = -1; removed !== 0; batches.push(removed)) removed = await forget(90)
    expect(batches).toEqual([6, 6, 6, 2, 0])
  })

  test('takes nothing with 0 days', async () => {
    await happened(10_000)
    expect(await forget(0)).toBe(0)
    expect(kept()).toHaveLength(1)
  })
})

describe('the job', () => {
  test('works through what is due, then rests for a minute, by the days of the moment', async () => {
    await happened(...Array<number>(450).fill(91), ...Array<number>(10).fill(50))
    let days = 90
    const job = forgetEvents(house.desk, () => days)
    const steps: boolean[] = []
    for (let n = 0; n < 4; n++) steps.push(await job.step(T0))
    expect([steps, kept().length]).toEqual([[true, true, true, false], 10])
    days = 40
    expect(await job.step(T0 + minuteMs - 1)).toBe(false)
    expect(kept()).toHaveLength(10)
    await job.step(T0 + minuteMs)
    expect(kept()).toEqual([])
  })

  test('goes on when the clock was set back', async () => {
    const job = forgetEvents(house.desk, () => 90)
    await job.step(T0 + 10 * dayMs)
    await happened(100)
    await job.step(T0)
    expect(kept()).toEqual([])
  })
})

describe('a page', () => {
  test('tells where it is from, and what is gone', async () => {
    const [first = 0, , third] = await happened(100, 100, 0)
    await forget(90)
    expect(from(null).events.map(({ sequence }) => sequence)).toEqual([third ?? 0])
    expect(from(first + 1)).toMatchObject({ position: third, isEnd: true })
    expect(() => from(first)).toThrow('gone: events')
  })

  test('is one range of sequences, and sorts nothing', async () => {
    await happened(...Array<number>(5000).fill(1))
    const found = traced(house.store, (reader) =>
      readFeed(reader, { ...whole, after: 100, types: ['label.created'] }),
    )
    const onEvents = found.filter(({ sql }) => sql.includes('json_each'))
    expect(onEvents.map(({ runs }) => runs)).toEqual([1, 1])
    for (const { plan } of onEvents) {
      expect(plan).toEqual([
        'SEARCH events USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)',
        'LIST SUBQUERY 1',
        'SCAN json_each VIRTUAL TABLE INDEX 1:',
        'CREATE BLOOM FILTER',
      ])
    }
    const ends = found.filter(({ sql }) => !sql.includes('json_each'))
    expect(ends.flatMap(({ plan }) => plan)).toEqual(['SCAN sqlite_sequence', 'SCAN events'])
    // The first of a scan by the key.
    expect(ends[1]?.sql).toEndWith(' limit ?')
  })
})

test('a word means its types', () => {
  expect(typesMeant('*')).toEqual(toldNames)
  expect(typesMeant('message.*')).toEqual(['message.created'])
  expect(typesMeant('ticket.*')).toEqual([
    'ticket.created',
    'ticket.updated',
    'ticket.closed',
    'ticket.deleted',
  ])
  expect(typesMeant('ticket.closed')).toEqual(['ticket.closed'])
  for (const word of ['', 'ticket', 'ticket.', '.*', '*.*', 'api_key.*', 'api_key.created']) {
    expect([word, typesMeant(word)]).toEqual([word, []])
  }
})
