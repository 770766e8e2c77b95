// Measures the runner of workflows on this machine, in this run, on a file with every commit synced: how many runs
// of trigger, condition and action end in a second, and how late timers are with 100,000 of them pending.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { install } from '../src/domain/installation.ts'
import { Desk, systemActor } from '../src/domain/tx.ts'
import { makeRunner, noServices } from '../src/jobs/workflowhouse.ts'
import { Networks } from '../src/security/networks.ts'
import { Store } from '../src/store/db.ts'
import { clientOf } from '../test/store/fixtures.ts'
import { addWorkflow, line, openTicket, type NewWorkflow } from '../test/support/workflows.ts'
import { machine } from './desk.ts'
import type { Row } from './report.ts'
import { grouped } from './stats.ts'

const runsTimed = 5000
const timersPending = 100_000
const timersTimed = 2000
const timerSpanMs = 10_000

const condition = [{ field: 'ticket.subject', operator: 'contains', value: 'ticket' }]
const action = { action: 'set_priority', config: { priority: 'high' } }

const runsAim = 500
const lateMsAim = 2000

/** Runs workflows, then timers, each on a desk of its own. */
export async function timeWorkflows(): Promise<Row[]> {
  const perSecond = await runsPerSecond()
  const lateMs = await timerLateness()
  return [
    {
      measure: 'Workflows of trigger, condition and action, each step synced',
      figure: `${grouped(perSecond)} runs/s`,
      aim: `>= ${runsAim}`,
      reached: perSecond >= runsAim,
    },
    {
      measure: `Timers of workflows, ${grouped(timersPending)} pending`,
      figure: `p99 ${grouped(lateMs)} ms late`,
      aim: `<= ${lateMsAim} ms`,
      reached: lateMs <= lateMsAim,
    },
  ]
}

async function runsPerSecond(): Promise<number> {
  using house = await open({ graph: line({ condition }, action) })
  const begun = performance.now()
  for (let n = 0; n < runsTimed; n++) {
    void house.desk.write(systemActor, (tx) => openTicket(tx, { subject: `ticket ${n}` }))
    if (n % 64 === 63) await house.desk.write(systemActor, () => undefined)
  }
  await house.ended(runsTimed)
  return Math.round(runsTimed / ((performance.now() - begun) / 1000))
}

async function timerLateness(): Promise<number> {
  const graph = line(action)
  const data = { timer: { basis: 'created', duration: 365, unit: 'days' } }
  const nodes = graph.nodes.map((node) => (node.type === 'trigger' ? { ...node, data } : node))
  using house = await open({ triggerKind: 'scheduled', graph: { ...graph, nodes } })
  for (let n = 0; n < timersPending; n++) {
    void house.desk.write(systemActor, (tx) => openTicket(tx, { subject: `ticket ${n}` }))
    if (n % 256 === 255) await house.desk.write(systemActor, () => undefined)
  }
  await house.desk.write(systemActor, () => undefined)
  const first = Date.now() + 500
  const step = timerSpanMs / timersTimed
  clientOf(house.store)
    .prepare(
      'UPDATE workflow_timers SET due_at = CAST(? + ticket_id * ? AS INTEGER) WHERE ticket_id <= ?',
    )
    .run(first, step, timersTimed)
  const beat = setInterval(() => void house.runner.job.step(Date.now()), 1000)
  await house.ended(timersTimed)
  clearInterval(beat)
  const late = clientOf(house.store)
    .prepare<[number, number], { late: number }>(
      'SELECT started_at - CAST(? + ticket_id * ? AS INTEGER) AS late FROM workflow_runs ORDER BY late',
    )
    .all(first, step)
  return late[Math.floor(late.length * 0.99)]?.late ?? 0
}

async function open(workflow: NewWorkflow) {
  const directory = mkdtempSync(join(tmpdir(), 'deskbox-bench-'))
  const store = Store.open({ directory, access: 'own', now: Date.now(), onFault: console.error })
  const parts = machine()
  const desk = new Desk({ store, ...parts })
  await desk.write(systemActor, (tx) => {
    install(tx)
    addWorkflow(tx, workflow)
  })
  const runner = makeRunner({
    desk,
    machine: parts,
    settings: () => noServices,
    targets: () => ({ resolve: parts.resolve, allowed: new Networks([]), ownPort: 0 }),
  })
  const done = clientOf(store).prepare(
    "SELECT count(*) FROM workflow_runs WHERE status = 'completed'",
  )
  return {
    store,
    desk,
    runner,
    async ended(count: number) {
      while (Number(done.pluck().get()) < count) await Bun.sleep(20)
    },
    [Symbol.dispose]: () => {
      store[Symbol.dispose]()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
