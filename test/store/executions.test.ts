import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { listExecutions } from '../../src/domain/executions.ts'
import { systemActor } from '../../src/domain/tx.ts'
import { getWorkflow } from '../../src/domain/workflows.ts'
import type { Window } from '../../src/lib/page.ts'
import { insertRun, updateRun } from '../../src/store/workflowruns.ts'
import { seeded } from '../prove/random.ts'
import { makeWorkflow } from '../support/workflowseed.ts'
import { clientOf, T0, testDesk, type TestDesk } from './fixtures.ts'
import { traced } from './plans.ts'

// Runs as lists find them, against a model that sorts; and their running counts against what is there.

const made = 400
const workflows = 3
const random = seeded(11)

type Model = { id: number; workflowId: number; startedAt: number; status: string }

let house: TestDesk
let models: Model[]

beforeAll(async () => {
  house = await testDesk()
  await house.desk.write(systemActor, (tx) => {
    for (let n = 0; n < workflows; n++) makeWorkflow(tx)
    for (let n = 0; n < made; n++) {
      const id = insertRun(tx.q, {
        uid: tx.uid(),
        workflowId: random.between(1, workflows),
        version: 1,
        triggerType: 'manual',
        triggerData: '{}',
        // Many share their moment, and times go back, so that ids are not in order.
        startedAt: T0 + random.between(0, 40) * 1000,
        status: random.chance(0.3) ? 'skipped' : 'running',
      })
      if (random.chance(0.3)) updateRun(tx.q, id, { status: 'skipped', completedAt: tx.now })
      else if (random.chance(0.5)) updateRun(tx.q, id, { status: 'completed' })
    }
  })
  models = rows()
})
afterAll(() => house[Symbol.dispose]())

function rows(): Model[] {
  return clientOf(house.store)
    .prepare<[], Model>(
      `SELECT id, workflow_id AS workflowId, started_at AS startedAt, status FROM workflow_runs
        ORDER BY started_at DESC, id DESC`,
    )
    .all()
}

function page(workflowId: number, includesSkipped: boolean, window: Window) {
  return house.desk.read(systemActor, (reader) =>
    listExecutions(reader, getWorkflow(reader, workflowId), window, { includesSkipped }),
  )
}

describe.each([
  ['shown', false],
  ['all', true],
] as const)('%s', (_, includesSkipped) => {
  const wanted = (workflowId: number) =>
    models.filter(
      (one) => one.workflowId === workflowId && (includesSkipped || one.status !== 'skipped'),
    )

  test('order, pages and total are those of the model', () => {
    for (let workflowId = 1; workflowId <= workflows; workflowId++) {
      const ids = wanted(workflowId).map(({ id }) => id)
      expect(ids.length).toBeGreaterThan(20)
      for (const offset of [0, 3, 15, ids.length - 3, ids.length, 100_000]) {
        const { rows: found, total } = page(workflowId, includesSkipped, { limit: 7, offset })
        expect([offset, total, found.map(({ id }) => id)]).toEqual([
          offset,
          ids.length,
          ids.slice(offset, offset + 7),
        ])
      }
    }
  })

  test('what follows a position is what the model has there', () => {
    const all = wanted(2)
    for (const [at, { id, startedAt }] of all.entries()) {
      const { rows: found } = page(2, includesSkipped, { limit: 7, after: { at: startedAt, id } })
      expect(found.map((one) => one.id)).toEqual(all.slice(at + 1, at + 8).map((one) => one.id))
    }
  })

  test.each<Window>([
    { limit: 7, offset: 3 },
    { limit: 7, offset: 70 },
    { limit: 7, after: { at: T0 + 20_000, id: 50 } },
  ])('the ids of a page come from the index, in its order: %p', (window) => {
    const asked = traced(house.store, (reader) =>
      listExecutions(reader, getWorkflow(reader, 1), window, { includesSkipped }),
    )
    const steps = asked.flatMap(({ plan }) => plan)
    const index = includesSkipped ? 'workflow_runs_newest' : 'workflow_runs_shown'
    expect(steps.filter((step) => /^SCAN (?!page)/.test(step))).toEqual([])
    // The page itself may be put in order at the very end.
    expect(steps.slice(0, -1).filter((step) => step.startsWith('USE TEMP'))).toEqual([])
    expect(steps.some((step) => step.includes(`COVERING INDEX ${index}`))).toBe(true)
  })
})

/** How many runs of each workflow there are that did something, and that did nothing. */
function there(): [number, number][] {
  return Array.from({ length: workflows }, (_, at) => {
    const own = rows().filter(({ workflowId }) => workflowId === at + 1)
    const skipped = own.filter(({ status }) => status === 'skipped').length
    return [own.length - skipped, skipped]
  })
}

test('counts follow what becomes of runs, and what was done stays counted', async () => {
  const counts = () =>
    clientOf(house.store)
      .prepare('SELECT shown_runs, skipped_runs, execution_count FROM workflows ORDER BY id')
      .raw()
      .all() as [number, number, number][]
  expect(counts().map(([shown, skipped]) => [shown, skipped])).toEqual(there())
  expect(counts().map(([shown, , executions]) => executions === shown)).toEqual([true, true, true])
  const before = counts().map(([, , executions]) => executions)
  await house.desk.write(systemActor, ({ q }) => {
    q.prepared({}, ({ client }) => client.exec('DELETE FROM workflow_runs WHERE id % 2 = 0'))
  })
  expect(counts().map(([shown, skipped]) => [shown, skipped])).toEqual(there())
  expect(counts().map(([, , executions]) => executions)).toEqual(before)
})
