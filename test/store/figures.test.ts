import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { figures, workDue } from '../../src/domain/figures.ts'
import { systemActor } from '../../src/domain/tx.ts'
import { insertRun, updateRun } from '../../src/store/workflowruns.ts'
import { dueWorkProbe, stateGauges } from '../../src/jobs/figures.ts'
import { migrate } from '../../src/store/migrate.ts'
import { runStatuses } from '../../src/store/schema.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { fixture } from '../fixtures/make.ts'
import { seeded, type Random } from '../prove/random.ts'
import { makeWorkflow } from '../support/workflowseed.ts'
import { clientOf, T0, testDesk, type TestDesk } from './fixtures.ts'
import { traced } from './plans.ts'

// The figures of webhooks and workflows: what they say is what there is, and they walk through nothing that grows.

let house: TestDesk
beforeEach(async () => {
  house = await testDesk()
})
afterEach(() => house[Symbol.dispose]())

const sql = (text: string) => clientOf(house.store).exec(text)
const count = (text: string) => Number(clientOf(house.store).prepare(text).pluck().get())

/** Each endpoint, what it is told as, and its state by the columns that make it. */
const endpoints = [
  [1, 'active', '1, NULL, NULL, NULL'],
  [2, 'failing', `1, ${T0}, NULL, NULL`],
  [3, 'paused', `1, ${T0}, ${T0 + 1}, NULL`],
  [4, 'disabled', '0, NULL, NULL, NULL'],
  [5, null, `0, NULL, NULL, ${T0}`],
] as const

function seedEndpoints(): void {
  for (const [id, , state] of endpoints) {
    sql(`INSERT INTO webhook_endpoints (id, uid, url, events, is_active, failing_since, paused_until,
      deleted_at, created_at, updated_at) VALUES (${id}, 'e${id}', 'https://x.test', '["*"]',
      ${state}, ${T0}, ${T0})`)
  }
}

/** Deliveries of an endpoint: how many, how they stand and when they are due. */
function seedDeliveries(endpoint: number, rows: number, state: string): void {
  sql(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
    INSERT INTO deliveries (uid, endpoint_id, event_sequence, event_uid, event_type, body, created_at,
      status, due_at, lease) SELECT hex(randomblob(8)), ${endpoint}, i, i, 'note.created', '{}', ${T0},
      ${state} FROM n`)
}

const read = () => house.desk.read(systemActor, figures)
const due = () => {
  const found = house.desk.read(systemActor, workDue)
  return Object.fromEntries(found.map(({ work, rows, waitedMs }) => [work, [rows, waitedMs]]))
}

const idle = {
  deliveries: [0, 0],
  runs: [0, 0],
  calls: [0, 0],
  timers: [0, 0],
  schedules: [0, 0],
  approvals: [0, 0],
}

const someStatus = (random: Random) =>
  runStatuses[random.between(0, runStatuses.length - 1)] ?? 'running'

describe('the states', () => {
  test('of an empty desk are all nought, and each is told', () => {
    const found = read()
    expect([...found.deliveries.keys()]).toEqual(['pending', 'delivered', 'dead'])
    expect([...found.runs.keys()]).toEqual([...runStatuses])
    const all = [found.deliveries, found.endpoints, found.runs]
    expect(all.flatMap((one) => [...one.values()]).every((value) => value === 0)).toBe(true)
    expect([found.deliveriesInFlight, due()]).toEqual([0, idle])
  })

  test('of webhooks and deliveries are what there is', () => {
    seedEndpoints()
    seedDeliveries(1, 3, `'pending', ${T0 + 60_000}, 'mine'`)
    seedDeliveries(2, 4, `'delivered', NULL, NULL`)
    seedDeliveries(4, 5, `'dead', NULL, NULL`)
    const found = read()
    expect(Object.fromEntries(found.deliveries)).toEqual({ pending: 3, delivered: 4, dead: 5 })
    expect(found.deliveriesInFlight).toBe(3)
    expect(Object.fromEntries(found.endpoints)).toEqual({
      active: 1,
      failing: 1,
      paused: 1,
      disabled: 1,
    })
  })

  test('of runs are kept through every change', async () => {
    const random = seeded(15)
    await house.desk.write(systemActor, (tx) => {
      for (let n = 0; n < 3; n++) makeWorkflow(tx)
      for (let n = 0; n < 200; n++) {
        const run = { uid: tx.uid(), version: 1, triggerType: 'manual', triggerData: '{}' }
        const workflowId = random.between(1, 3)
        const id = insertRun(tx.q, {
          ...run,
          workflowId,
          startedAt: tx.now,
          status: someStatus(random),
        })
        if (random.chance(0.5)) updateRun(tx.q, id, { status: someStatus(random) })
      }
    })
    sql('DELETE FROM workflow_runs WHERE id % 3 = 0; DELETE FROM workflows WHERE id = 2')
    const counted = runStatuses.map((status) => [
      status,
      count(`SELECT count(*) FROM workflow_runs WHERE status = '${status}'`),
    ])
    expect(Object.fromEntries(read().runs)).toEqual(Object.fromEntries(counted))
    expect(count('SELECT count(*) FROM workflow_runs')).toBeGreaterThan(50)
  })
})

test('a desk that had runs before they were counted has them counted', () => {
  const client = openSqlite(Buffer.from(fixture('0014_workflows')), 0, undefined)
  client.exec("UPDATE workflow_runs SET status = 'failed' WHERE id <= 2")
  migrate(client, T0)
  const kept = client.prepare("SELECT name, value FROM counters WHERE name LIKE 'runs.%' AND value")
  expect(kept.all()).toEqual(
    client
      .prepare("SELECT 'runs.' || status AS name, count(*) AS value FROM workflow_runs GROUP BY 1")
      .all(),
  )
  client.close()
})

describe('what is due', () => {
  test('is told by kind, with how long the oldest of it has waited', async () => {
    seedEndpoints()
    seedDeliveries(1, 2, `'pending', ${T0 - 7000} + i, NULL`)
    seedDeliveries(2, 1, `'pending', ${T0 + 1}, NULL`)
    // Nobody is late with what an endpoint that is paused or switched off is to be told.
    seedDeliveries(3, 4, `'pending', ${T0 - 90_000}, NULL`)
    seedDeliveries(4, 4, `'pending', ${T0 - 90_000}, NULL`)
    await house.desk.write(systemActor, (tx) => makeWorkflow(tx))
    const run = `(uid, workflow_id, version, trigger_type, trigger_data, started_at, due_at)`
    sql(`INSERT INTO workflow_runs ${run} VALUES ('a', 1, 1, 'manual', '{}', 1, ${T0 - 5000}),
      ('b', 1, 1, 'manual', '{}', 1, ${T0 + 5000});
      UPDATE workflows SET next_run_at = ${T0}`)
    expect(due()).toEqual({ ...idle, deliveries: [2, 6999], runs: [1, 5000], schedules: [1, 0] })
  })

  test('is counted so far and no further', () => {
    seedEndpoints()
    seedDeliveries(1, 1500, `'pending', ${T0 - 1}, NULL`)
    expect(due()['deliveries']).toEqual([1000, 1])
  })

  test('is well until something has waited for more than five minutes', () => {
    seedEndpoints()
    const probe = dueWorkProbe(house.desk)
    seedDeliveries(1, 1, `'pending', ${T0 - 300_000}, NULL`)
    expect(probe.look()).toEqual({ isWell: true, detail: 'none is late' })
    sql('UPDATE deliveries SET due_at = due_at - 60000')
    expect(probe.look()).toEqual({
      isWell: false,
      isMinor: true,
      detail: 'deliveries: the oldest has waited for 6 minutes',
    })
  })
})

describe('a look', () => {
  test('is a few seeks, however much there is', () => {
    const plans = traced(house.store, (reader) => [figures(reader), workDue(reader)])
    expect(plans.length).toBeGreaterThan(8)
    const walks = plans.flatMap(({ plan }) => plan.filter((line) => line.startsWith('SCAN')))
    // The endpoints, their running counts, and what is in flight: none of them grows with tickets.
    const few =
      /^SCAN (?:webhook_endpoints|delivery_counts|deliveries USING (?:COVERING )?INDEX deliveries_leased|\(sub)/
    expect(walks.filter((line) => !few.test(line) && !line.startsWith('SCAN CONSTANT'))).toEqual([])
  })

  test('has a gauge for each figure', () => {
    expect(stateGauges(house.desk).map(({ name, label }) => [name, label])).toEqual([
      ['deskbox_webhook_deliveries', 'state'],
      ['deskbox_webhook_deliveries_in_flight', undefined],
      ['deskbox_webhook_endpoints', 'state'],
      ['deskbox_workflow_runs', 'state'],
      ['deskbox_due_work', 'work'],
      ['deskbox_due_work_waited_seconds', 'work'],
    ])
    for (const { read: value } of stateGauges(house.desk)) expect(value()).toBeDefined()
  })
})
