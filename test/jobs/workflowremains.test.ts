import { afterEach, beforeEach, expect, test } from 'bun:test'
import { systemActor, type Tx } from '../../src/domain/tx.ts'
import { deleteWorkflow } from '../../src/domain/workflows.ts'
import { forgetRuns } from '../../src/jobs/housekeeping.ts'
import type { Job } from '../../src/jobs/heartbeat.ts'
import { dayMs } from '../../src/lib/time.ts'
import type { RunStatus } from '../../src/store/schema.ts'
import { insertRun, updateRun } from '../../src/store/workflowruns.ts'
import { insertStep } from '../../src/store/workflowsteps.ts'
import { noteTime, putTimer } from '../../src/store/workflowtimes.ts'
import { openTicket } from '../support/workflows.ts'
import { makeWorkflow } from '../support/workflowseed.ts'
import { clientOf, T0, testDesk, type TestDesk } from '../store/fixtures.ts'

const kept = { endedMs: 90 * dayMs, skippedMs: 7 * dayMs }

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
  clientOf(house.store).prepare(`SELECT count(*) FROM ${table}`).pluck().get()

const tables = [
  'workflows',
  'workflow_versions',
  'workflow_runs',
  'workflow_steps',
  'workflow_timers',
  'workflow_times',
]

const counts = () => tables.map(count)

/** A run with a step; ended when it is given a moment. */
function run(tx: Tx, workflowId: number, status: RunStatus, completedAt: number | null): number {
  const runId = insertRun(tx.q, {
    uid: tx.uid(),
    workflowId,
    version: 1,
    triggerType: 'manual',
    triggerData: '{}',
    startedAt: T0,
    status,
    completedAt,
    steps: 1,
  })
  const step = { runId, position: 1, nodeId: 'n', kind: 'end', status: 'done' } as const
  insertStep(tx.q, { ...step, uid: tx.uid(), detail: '{}', createdAt: T0 })
  return runId
}

/** The runs that are left after the job has had its turn at that moment. */
async function left(now: number): Promise<unknown[]> {
  house.time.now = now
  while (await job.step(now));
  return clientOf(house.store).prepare('SELECT status FROM workflow_runs ORDER BY id').pluck().all()
}

test('clears a deleted workflow away in small batches, and nothing of another', async () => {
  const { id, other } = await write((tx) => {
    const id = makeWorkflow(tx).id
    const other = makeWorkflow(tx).id
    for (const workflowId of [id, other]) {
      for (let n = 0; n < 250; n++) run(tx, workflowId, 'running', null)
      const ticketId = openTicket(tx)
      putTimer(tx.q, { workflowId, ticketId, dueAt: T0 })
      noteTime(tx.q, { workflowId, plannedAt: T0, outcome: 'missed', runId: null, createdAt: T0 })
    }
    return { id, other }
  })
  expect(await job.step(T0)).toBe(false)
  expect(counts()).toEqual([2, 2, 500, 500, 2, 2])
  await write((tx) => deleteWorkflow(tx, id))
  house.time.now = T0 + dayMs
  expect(await job.step(T0 + dayMs)).toBe(true)
  // A run with its step is two rows.
  expect(counts()).toEqual([2, 2, 450, 450, 2, 2])
  while (await job.step(T0 + dayMs));
  expect(counts()).toEqual([1, 1, 250, 250, 1, 1])
  expect(clientOf(house.store).prepare('SELECT id FROM workflows').pluck().all()).toEqual([other])
})

test('clears away fewer runs at once where much hangs on each, and one however long', async () => {
  await write((tx) => {
    const { id } = makeWorkflow(tx)
    for (let n = 0; n < 10; n++) updateRun(tx.q, run(tx, id, 'completed', T0), { steps: 39 })
    updateRun(tx.q, run(tx, id, 'completed', T0), { steps: 500 })
  })
  house.time.now = T0 + 100 * dayMs
  const sizes: unknown[] = []
  do sizes.push(count('workflow_runs'))
  while (await job.step(house.time.now))
  expect(sizes).toEqual([11, 8, 5, 2, 0])
})

test('forgets what did nothing after a week and the rest after ninety days, but nothing that goes on', async () => {
  await write((tx) => {
    const { id } = makeWorkflow(tx)
    for (const status of ['skipped', 'completed', 'failed'] as const) run(tx, id, status, T0)
    run(tx, id, 'running', null)
    run(tx, id, 'waiting', null)
  })
  expect(await left(T0 + 7 * dayMs - 1)).toHaveLength(5)
  // It rests for a minute after it has found nothing.
  expect(await left(T0 + 8 * dayMs)).toEqual(['completed', 'failed', 'running', 'waiting'])
  expect(await left(T0 + 90 * dayMs - 60_001)).toHaveLength(4)
  expect(await left(T0 + 90 * dayMs)).toEqual(['running', 'waiting'])
  expect(await left(T0 + 900 * dayMs)).toEqual(['running', 'waiting'])
})
