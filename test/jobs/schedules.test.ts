import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { nextRun } from '../../src/lib/cron.ts'
import { dayMs, hourMs, minuteMs, secondMs } from '../../src/lib/time.ts'
import type { MisfirePolicy } from '../../src/store/schema.ts'
import { T0, testDesk } from '../store/fixtures.ts'
import { line, workflowHouse, type WorkflowHouse } from '../support/workflows.ts'

let house: WorkflowHouse

beforeEach(async () => {
  house = await workflowHouse()
})
afterEach(() => house[Symbol.dispose]())

const graph = line({ delay: 0 })

async function plan(schedule: string, misfirePolicy: MisfirePolicy = 'run_once'): Promise<void> {
  const nextRunAt = nextRun(schedule, 'UTC', house.time.now)
  await house.add({ triggerKind: 'scheduled', schedule, misfirePolicy, nextRunAt, graph })
}

function outcomes(): { [outcome: string]: number } {
  const rows = house.rows<{ outcome: string; n: number }>(
    'SELECT outcome, count(*) AS n FROM workflow_times GROUP BY outcome',
  )
  return Object.fromEntries(rows.map(({ outcome, n }) => [outcome, n]))
}

function runs(): number {
  return house.rows('SELECT 1 FROM workflow_runs').length
}

function next(): number {
  return house.rows<{ at: number }>('SELECT next_run_at AS at FROM workflows')[0]?.at ?? 0
}

describe('a schedule', () => {
  test('runs at each of its times, and once for each', async () => {
    await plan('*/5 * * * *')
    for (let minute = 0; minute < 60; minute++) await house.pass(minuteMs)
    expect(outcomes()).toEqual({ run: 12 })
    expect(runs()).toBe(12)
    expect(house.rows("SELECT 1 FROM workflow_runs WHERE status <> 'completed'")).toEqual([])
  })

  test('runs a time once however often it starts again around it (J4)', async () => {
    await plan('*/5 * * * *')
    house.time.now = next() - 500
    for (let start = 0; start < 100; start++) {
      house.time.now += 10
      const again = await workflowHouse(house)
      await again.settle()
    }
    expect(runs()).toBe(1)
    expect(outcomes()).toEqual({ run: 1 })
  })

  test.each<[MisfirePolicy, number, { [outcome: string]: number }]>([
    // Off from 8:15 on, every five minutes.
    ['skip', minuteMs, {}],
    ['run_once', minuteMs, {}],
    ['skip', hourMs, { missed: 11, run: 1 }],
    ['run_once', hourMs + 2 * minuteMs, { missed: 11, late: 1 }],
    ['run_all', hourMs + 2 * minuteMs, { late: 12 }],
    ['skip', 3 * dayMs + 2 * minuteMs, { missed: 864 }],
    ['run_once', 3 * dayMs + 2 * minuteMs, { missed: 863, late: 1 }],
    ['run_all', 3 * dayMs + 2 * minuteMs, { missed: 764, late: 100 }],
  ])('%s after %d ms without a server (J5)', async (policy, off, expected) => {
    await plan('*/5 * * * *', policy)
    await house.pass(off)
    expect(outcomes()).toEqual(expected)
    expect(runs()).toBe((expected['run'] ?? 0) + (expected['late'] ?? 0))
    const logged = house.logged.filter((what) => what === 'workflow times missed')
    expect(logged.length > 0).toBe((expected['missed'] ?? 0) > 0)
    await house.pass(next() - house.time.now)
    expect(runs()).toBe((expected['run'] ?? 0) + (expected['late'] ?? 0) + 1)
  })

  test('is not caught up when it is older than a day', async () => {
    await plan('0 0 1 * *')
    await house.pass(60 * dayMs)
    expect(outcomes()).toEqual({ missed: 2 })
    expect(runs()).toBe(0)
  })

  test('survives a clock that jumps (J6)', async () => {
    await plan('*/5 * * * *')
    for (let n = 0; n < 6; n++) await house.pass(5 * minuteMs)
    expect(runs()).toBe(6)
    const before = house.time.now
    // An hour back: what ran does not run again; after it, it goes on.
    await house.pass(-hourMs)
    for (let n = 0; n < 12; n++) await house.pass(5 * minuteMs)
    expect(house.time.now).toBe(before)
    const planned = house.rows<{ n: number }>(
      'SELECT count(DISTINCT planned_at) AS n FROM workflow_times',
    )
    expect(runs()).toBe(planned[0]?.n ?? 0)
    expect(runs()).toBeGreaterThanOrEqual(6)
    await house.pass(5 * minuteMs)
    const steady = runs()
    // An hour ahead: one catches up; ten years ahead and back: it is planned anew.
    await house.pass(hourMs)
    expect(runs()).toBe(steady + 1)
    const tenYears = 3652 * dayMs
    await house.pass(tenYears)
    for (let n = 0; n < 100; n++) await house.settle()
    await house.pass(-tenYears)
    const count = runs()
    await house.pass(5 * minuteMs)
    expect(runs()).toBe(count + 1)
    for (let n = 0; n < 20; n++) await house.pass(-secondMs)
    expect(runs()).toBe(count + 1)
  })

  test('costs next to nothing to look at while nothing is due', async () => {
    await plan('0 0 1 1 *')
    await house.settle()
    const begun = process.cpuUsage()
    for (let beat = 0; beat < 60; beat++) await house.pass(secondMs)
    const { user, system } = process.cpuUsage(begun)
    // A minute of beats must take less than a fifth of a minute.
    expect((user + system) / 1000).toBeLessThan(12_000)
  })

  test('that is switched off starts nothing', async () => {
    await plan('*/5 * * * *')
    using other = await testDesk()
    expect(other.time.now).toBe(T0)
    house.rows('SELECT 1')
    await house.desk.write(
      { kind: 'system', keyId: null, staffId: null, ipAddress: null },
      (tx) => {
        tx.q.prepared({}, ({ client }) => client.exec('UPDATE workflows SET is_active = 0'))
      },
    )
    await house.pass(hourMs)
    expect(runs()).toBe(0)
  })
})
