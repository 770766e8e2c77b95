import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { systemActor, type Tx } from '../../src/domain/tx.ts'
import { skippedMost } from '../../src/domain/skippedruns.ts'
import { deleteWorkflow, getWorkflow, updateWorkflow } from '../../src/domain/workflows.ts'
import { leadOf } from '../../src/domain/workflowruns.ts'
import { listVersions } from '../../src/domain/workflowversions.ts'
import { forgetRuns } from '../../src/jobs/housekeeping.ts'
import type { Job } from '../../src/jobs/heartbeat.ts'
import { dayMs, hourMs, minuteMs } from '../../src/lib/time.ts'
import type { RunStatus } from '../../src/store/schema.ts'
import {
  endedRuns,
  removeRuns,
  removeVersionsBefore,
  runsOfWorkflow,
  stepsOfRuns,
} from '../../src/store/workflowremains.ts'
import { insertRun } from '../../src/store/workflowruns.ts'
import { insertStep } from '../../src/store/workflowsteps.ts'
import { noteTime, putTimer } from '../../src/store/workflowtimes.ts'
import { openTicket } from '../support/workflows.ts'
import { makeWorkflow, simpleGraph } from '../support/workflowseed.ts'
import { clientOf, T0, testDesk, type TestDesk } from '../store/fixtures.ts'
import { traced } from '../store/plans.ts'

const kept = { endedMs: 90 * dayMs, skippedMs: dayMs }

let house: TestDesk
let job: Job

beforeEach(async () => {
  house = await testDesk()
  job = forgetRuns(house.desk, () => kept)
})
afterEach(() => house[Symbol.dispose]())

function write<T>(work: (tx: Tx) => T): Promise<T> {
  return house.desk.write(systemActor, work as (tx: Tx) => never)
}

const count = (table: string) =>
  Number(clientOf(house.store).prepare(`SELECT count(*) FROM ${table}`).pluck().get())

const tables = [
  'workflows',
  'workflow_versions',
  'workflow_runs',
  'workflow_steps',
  'workflow_timers',
  'workflow_times',
]

const counts = () => tables.map(count)

type RunFields = {
  readonly workflowId: number
  readonly status: RunStatus
  readonly completedAt: number | null
  readonly version?: number
}

type Shape = {
  readonly steps?: number
  readonly detail?: string
  readonly triggerData?: string
  /** How many steps it says that it has. */
  readonly said?: number
}

/** A run with a step; ended when it is given a moment. */
function run(tx: Tx, shape: Shape & RunFields): number {
  const { steps = 1, said = steps, detail = '{}', ...fields } = shape
  const common = { version: 1, triggerType: 'manual', triggerData: '{}', startedAt: T0 }
  const runId = insertRun(tx.q, { uid: tx.uid(), ...common, ...fields, steps: said })
  for (let position = 1; position <= steps; position++) {
    const step = { runId, position, nodeId: 'n', kind: 'end', status: 'done' } as const
    insertStep(tx.q, { ...step, uid: tx.uid(), detail, createdAt: T0 })
  }
  return runId
}

/** Lets the job go on until it rests. Returns how often that was. */
async function drained(now: number): Promise<number> {
  for (let n = 1; ; n++) if (!(await job.step(now))) return n
}

/** The runs that are left after the job has had its turn at that moment. */
async function left(now: number): Promise<unknown[]> {
  house.time.now = now
  await drained(now)
  return clientOf(house.store).prepare('SELECT status FROM workflow_runs ORDER BY id').pluck().all()
}

test('clears a deleted workflow away in small batches, and nothing of another', async () => {
  const { id, other } = await write((tx) => {
    const id = makeWorkflow(tx).id
    const other = makeWorkflow(tx).id
    for (const workflowId of [id, other]) {
      for (let n = 0; n < 250; n++) run(tx, { workflowId, status: 'running', completedAt: null })
      const ticketId = openTicket(tx)
      putTimer(tx.q, { workflowId, ticketId, dueAt: T0, ...leadOf(tx) })
      noteTime(tx.q, { workflowId, plannedAt: T0, outcome: 'missed', runId: null, createdAt: T0 })
    }
    return { id, other }
  })
  expect(await job.step(T0)).toBe(false)
  expect(counts()).toEqual([2, 2, 500, 500, 2, 2])
  await write((tx) => deleteWorkflow(tx, id))
  house.time.now = T0 + dayMs
  expect(await job.step(T0 + dayMs)).toBe(true)
  expect(counts()).toEqual([2, 2, 450, 450, 2, 2])
  expect(await drained(T0 + dayMs)).toBeLessThan(10)
  expect(counts()).toEqual([1, 1, 250, 250, 1, 1])
  expect(clientOf(house.store).prepare('SELECT id FROM workflows').pluck().all()).toEqual([other])
})

test('forgets the times of a schedule with the runs of that day, and those of another workflow alike', async () => {
  await write((tx) => {
    for (const { id: workflowId } of [makeWorkflow(tx), makeWorkflow(tx)]) {
      for (const plannedAt of [T0, T0 + 90 * dayMs]) {
        noteTime(tx.q, { workflowId, plannedAt, outcome: 'run', runId: null, createdAt: T0 })
      }
    }
  })
  house.time.now = T0 + 90 * dayMs - 1
  await drained(house.time.now)
  expect(count('workflow_times')).toBe(4)
  house.time.now += minuteMs
  await drained(house.time.now)
  expect(
    clientOf(house.store).prepare('SELECT planned_at FROM workflow_times').pluck().all(),
  ).toEqual([T0 + 90 * dayMs, T0 + 90 * dayMs])
})

test('forgets what did nothing after its days and the rest after theirs, but nothing that goes on', async () => {
  await write((tx) => {
    const { id } = makeWorkflow(tx)
    for (const status of ['skipped', 'completed', 'failed'] as const)
      run(tx, { workflowId: id, status, completedAt: T0 })
    run(tx, { workflowId: id, status: 'running', completedAt: null })
    run(tx, { workflowId: id, status: 'waiting', completedAt: null })
  })
  expect(await left(T0 + dayMs - 1)).toHaveLength(5)
  // It rests for a minute after it has found nothing.
  expect(await left(T0 + dayMs + minuteMs)).toEqual(['completed', 'failed', 'running', 'waiting'])
  expect(await left(T0 + 90 * dayMs - 60_001)).toHaveLength(4)
  expect(await left(T0 + 90 * dayMs)).toEqual(['running', 'waiting'])
  expect(await left(T0 + 900 * dayMs)).toEqual(['running', 'waiting'])
})

const long = (length: number) => JSON.stringify('x'.repeat(length))

describe('a batch holds the writer for few rows', () => {
  const old = T0 + 91 * dayMs

  // So many of such runs, and how many runs and steps the first batch takes.
  test.each<[string, Shape, number, readonly [runs: number, steps: number]]>([
    ['short runs', { steps: 4 }, 40, [20, 80]],
    ['a run of many steps', { steps: 450 }, 1, [0, 100]],
    ['runs that had more steps than they say', { steps: 30, said: 1 }, 10, [3, 100]],
    ['runs that say more than they have', { steps: 3, said: 49 }, 10, [2, 6]],
    ['long steps', { steps: 10, detail: long(100_000) }, 2, [0, 2]],
    ['a step longer than all that', { steps: 2, detail: long(400_000) }, 2, [0, 1]],
    ['long data', { steps: 1, triggerData: long(400_000) }, 3, [1, 1]],
  ])('of %s', async (_, shape, made, [runs, steps]) => {
    await write((tx) => {
      const { id } = makeWorkflow(tx)
      for (let n = 0; n < made; n++) {
        run(tx, { workflowId: id, status: 'completed', completedAt: T0 + made - n, ...shape })
      }
    })
    house.time.now = old
    const [, , before = 0, stepsBefore = 0] = counts()
    expect(await job.step(old)).toBe(true)
    expect(counts().slice(2, 4)).toEqual([before - runs, stepsBefore - steps])
    // However it is cut, all of it goes.
    await drained(old)
    expect(counts().slice(2, 4)).toEqual([0, 0])
  })

  test('which an index finds', async () => {
    await write((tx) => {
      run(tx, { workflowId: makeWorkflow(tx).id, status: 'completed', completedAt: T0 })
    })
    const asked = traced(house.store, (reader) => {
      endedRuns(reader.q, 'completed', T0, 100)
      runsOfWorkflow(reader.q, 1, 100)
      stepsOfRuns(reader.q, [1], 100)
      removeRuns(reader.q, [1], [1])
      removeVersionsBefore(reader.q, 100, 2)
    })
    const plan = asked.flatMap((one) => one.plan)
    // There are few workflows, and no more in the lists of ids than a batch has.
    const scanned = plan.filter((step) => /^SCAN (?!w$|json_each)/.test(step))
    expect(scanned).toEqual([])
    expect(plan.join()).toContain('workflow_runs_ended')
    expect(plan.join()).toContain('workflow_runs_live (workflow_id=? AND version=?)')
  })
})

const versions = () =>
  clientOf(house.store)
    .prepare('SELECT version FROM workflow_versions WHERE workflow_id = 1 ORDER BY version')
    .pluck()
    .all()
    .map(Number)

/** A workflow that was saved so many times. */
async function saved(times: number): Promise<number> {
  const { id } = await write((tx) => makeWorkflow(tx))
  await write((tx) => {
    for (let n = 2; n <= times; n++) {
      updateWorkflow(tx, id, { graph: { ...simpleGraph, round: n } }, '')
    }
  })
  return id
}

const upTo = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, at) => first + at)

describe('versions', () => {
  test('older than the newest hundred go, but none that a run goes on with', async () => {
    const id = await saved(120)
    await write((tx) => {
      run(tx, { workflowId: id, status: 'waiting', completedAt: null, version: 3 })
      run(tx, { workflowId: id, status: 'running', completedAt: null, version: 17 })
      run(tx, { workflowId: id, status: 'completed', completedAt: T0, version: 5 })
      run(tx, { workflowId: id, status: 'running', completedAt: null, version: 120 })
    })
    expect(await drained(T0)).toBeLessThan(20)
    expect(versions()).toEqual([3, 17, ...upTo(21, 120)])
    clientOf(house.store).exec(
      `UPDATE workflow_runs SET status = 'completed', completed_at = ${T0} WHERE version = 3`,
    )
    await drained(T0 + hourMs)
    expect(versions()).toEqual([17, ...upTo(21, 120)])
  })

  test('of a workflow that has no more than a hundred stay', async () => {
    await saved(100)
    await drained(T0)
    expect(versions()).toEqual(upTo(1, 100))
  })

  test('are listed as far back as they are kept, cleared away already or not', async () => {
    const id = await saved(120)
    const listed = (offset: number, limit: number) =>
      house.desk.read(systemActor, (reader) => {
        const { rows, total } = listVersions(reader, getWorkflow(reader, id), { offset, limit })
        return [total, ...rows.map((row) => row.id)]
      })
    for (let n = 0; n < 2; n++) {
      expect(listed(0, 3)).toEqual([100, 120, 119, 118])
      expect(listed(97, 50)).toEqual([100, 23, 22, 21])
      expect(listed(100, 50)).toEqual([100])
      await drained(T0 + hourMs)
    }
  })
})

describe('runs that did nothing', () => {
  test('are at most so many of all workflows together; the oldest go', async () => {
    const fill = clientOf(house.store).prepare(`
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
      INSERT INTO workflow_runs (uid, workflow_id, version, trigger_type, trigger_data, status,
        started_at, completed_at)
      SELECT 'r' || i, 1 + i % 2, 1, 'manual', '{}', 'skipped', ${T0}, ${T0} - i FROM n`)
    await write((tx) => {
      makeWorkflow(tx)
      makeWorkflow(tx)
    })
    fill.run(skippedMost + 250)
    await drained(T0)
    const ids = clientOf(house.store).prepare('SELECT id FROM workflow_runs ORDER BY id').pluck()
    expect(ids.all().map(Number)).toEqual(upTo(1, skippedMost))
    const { kept } = clientOf(house.store)
      .prepare<[], { kept: number }>('SELECT sum(skipped_runs) AS kept FROM workflows')
      .get() ?? { kept: 0 }
    expect(kept).toBe(skippedMost)
  })
})
