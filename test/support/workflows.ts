import { sql } from 'drizzle-orm'
import { upsertCustomer } from '../../src/domain/customers.ts'
import { createTicket, type NewTicket } from '../../src/domain/tickets.ts'
import { systemActor, type Tx } from '../../src/domain/tx.ts'
import type { RunRules } from '../../src/domain/workflowadvance.ts'
import type { Call, CallOutcome } from '../../src/domain/workflowcalls.ts'
import type { Graph, GraphEdge, GraphNode } from '../../src/domain/workflowgraph.ts'
import { Programs } from '../../src/domain/workflowruns.ts'
import { CallDesk } from '../../src/jobs/workflowcalls.ts'
import { WorkflowRunner } from '../../src/jobs/workflows.ts'
import type { Log } from '../../src/lib/log.ts'
import { cell, command } from '../../src/store/queries.ts'
import { inserter } from '../../src/store/rows.ts'
import { workflows, workflowVersions, type WorkflowRow } from '../../src/store/schema.ts'
import { clientOf, testDesk, type TestDesk } from '../store/fixtures.ts'

type Data = { readonly [name: string]: unknown }

/** A node in short: what it is, and its data. */
export type Short =
  | { readonly trigger: Data }
  | { readonly condition: readonly Data[]; readonly mode?: 'all' | 'any'; readonly data?: Data }
  | { readonly action: string; readonly config?: Data }
  | { readonly delay: number; readonly unit?: string }

/** A graph of one line of nodes; a condition that does not hold leads to the end. */
export function line(...nodes: readonly Short[]): Graph {
  const all = [{ id: 'n0', type: 'trigger', data: {} }, ...nodes.map(nodeOf)]
  const end: GraphNode = { id: 'end', type: 'end' }
  const edges = all.flatMap((node, at): GraphEdge[] => {
    const target = all[at + 1]?.id ?? end.id
    if (node.type !== 'condition') return [{ source: node.id, target }]
    return [
      { source: node.id, target, sourceHandle: 'true' },
      { source: node.id, target: end.id, sourceHandle: 'false' },
    ]
  })
  return { nodes: [...all, end], edges }
}

function nodeOf(short: Short, at: number): GraphNode {
  const id = `n${at + 1}`
  if ('condition' in short) {
    const data = { ...short.data, conditions: short.condition, matchMode: short.mode }
    return { id, type: 'condition', data }
  }
  if ('action' in short) {
    return { id, type: 'action', data: { actionType: short.action, config: short.config ?? {} } }
  }
  if ('trigger' in short) return { id, type: 'trigger', data: short.trigger }
  const { delay: duration, unit = 'minutes' } = short
  return { id, type: 'delay', data: { duration, unit } }
}

const insert = inserter(workflows)
const insertVersion = command((db) =>
  db.insert(workflowVersions).values({
    workflowId: cell('workflowId'),
    version: cell('version'),
    triggerType: cell('triggerType'),
    graph: cell('graph'),
    createdAt: cell('createdAt'),
  }),
)
const change = (name: string, text: unknown) =>
  command(() => sql.raw(`UPDATE workflows SET ${name} = ${JSON.stringify(text)}`))

export type NewWorkflow = Partial<WorkflowRow> & { readonly graph: Graph }

/** Adds a workflow that is switched on, as creating one over the API does. */
export function addWorkflow(tx: Tx, { graph, ...row }: NewWorkflow): number {
  const triggerKind = row.triggerKind ?? 'ticket_created'
  const common = { triggerType: row.triggerType ?? triggerKind, createdAt: tx.now }
  const id = insert(tx.q, {
    uid: tx.uid(),
    name: 'Rule',
    isActive: true,
    updatedAt: tx.now,
    triggerKind,
    ...common,
    ...row,
  })
  insertVersion(tx.q).run({
    workflowId: id,
    version: 1,
    graph: JSON.stringify(graph),
    ...common,
  })
  changed(tx, id)
  return id
}

/** Sets a column of every workflow. */
export function changeWorkflows(tx: Tx, name: string, text: unknown): void {
  change(name, text)(tx.q).run({})
  changed(tx, 0)
}

function changed(tx: Tx, id: number): void {
  tx.emit('workflow.cut', null, { id, name: 'Rule', reference: null, runId: null })
}

export type WorkflowHouse = TestDesk & {
  readonly runner: WorkflowRunner
  readonly calls: Call[]
  readonly logged: string[]
  /** What the next calls come to; without any they succeed. */
  readonly outcomes: (CallOutcome | Error | 'hangs')[]
  readonly callDesk: CallDesk
  readonly rules: { -readonly [K in keyof RunRules]: RunRules[K] }
  /** Lets everything happen that is due at this moment. */
  settle(): Promise<void>
  /** Lets time pass, and everything that comes due by the end of it. */
  pass(ms: number): Promise<void>
  rows<Row>(text: string): Row[]
  add(workflow: NewWorkflow): Promise<number>
  open(fields?: Partial<NewTicket>): Promise<number>
}

/** A desk with a runner, whose clock is the test's and whose calls reach nobody. */
export async function workflowHouse(house?: TestDesk): Promise<WorkflowHouse> {
  const base = house ?? (await testDesk())
  const { desk, time } = base
  const calls: Call[] = []
  const outcomes: (CallOutcome | Error | 'hangs')[] = []
  const logged: string[] = []
  const log: Log = {
    info: (what) => void logged.push(what),
    error: (what, err) => void logged.push(`${what}: ${String(err)}`),
  }
  const rules = {
    programs: new Programs(),
    autonomy: { level: 2, sensitive: [] as readonly string[] },
    signature: '',
  }
  const callDesk = new CallDesk({
    inFlightMost: () => 16,
    desk,
    log,
    lease: 'test',
    timeoutMs: () => 15_000,
    breakOff: () => void logged.push('broken off'),
    make(call) {
      calls.push(call)
      const outcome = outcomes.shift() ?? { result: {} }
      if (outcome === 'hangs') return new Promise(() => {})
      return outcome instanceof Error ? Promise.reject(outcome) : Promise.resolve(outcome)
    },
  })
  const runner = new WorkflowRunner({ desk, log, rules: () => rules, calls: callDesk })
  const settle = async () => {
    for (let quiet = 0; quiet < 3; quiet++) {
      await runner.job.step(time.now)
      await runner.settled()
      while (callDesk.inFlight > 0) await Bun.sleep(0)
      await runner.settled()
    }
  }
  return {
    ...base,
    runner,
    calls,
    logged,
    outcomes,
    callDesk,
    rules,
    settle,
    async pass(ms) {
      time.now += ms
      await settle()
    },
    rows: <Row>(text: string) => clientOf(base.store).prepare<[], Row>(text).all(),
    add: (workflow) => desk.write(systemActor, (tx) => addWorkflow(tx, workflow)),
    open: (fields = {}) => desk.write(systemActor, (tx) => openTicket(tx, fields)),
  }
}

export function openTicket(tx: Tx, fields: Partial<NewTicket> = {}): number {
  return createTicket(tx, {
    customer: upsertCustomer(tx, 'mara@example.com', 'Mara Lind'),
    subject: 'Printer on fire',
    body: 'Please help',
    source: 'api',
    ...fields,
  })
}
