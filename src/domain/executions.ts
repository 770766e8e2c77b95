import type { Page, Window } from '../lib/page.ts'
import type { Millis } from '../lib/time.ts'
import {
  executionById,
  executionByUid,
  executionPage,
  type ExecutionView,
  type WholeExecutionView,
} from '../store/executions.ts'
import type { NodeKind, WorkflowStepRow } from '../store/schema.ts'
import { runOfCause } from '../store/workflowruns.ts'
import { stepsOfRun } from '../store/workflowsteps.ts'
import { Fault, found } from './errors.ts'
import type { Fact, Variable } from './facts.ts'
import type { Reader, Tx } from './tx.ts'
import { startRun } from './workflowruns.ts'
import { getWorkflow, type WorkflowSummary } from './workflows.ts'

/** A run as lists show it. */
export type Execution = ExecutionView & { readonly createdAt: Millis }

/** What was done at a node, and why: what was compared with what, what was changed or sent. */
export type ExecutionStep = {
  readonly nodeId: string
  readonly kind: NodeKind
  readonly status: WorkflowStepRow['status']
  readonly attempts: number
  readonly error: string | null
  readonly startedAt: Millis
  readonly completedAt: Millis | null
  readonly detail: { readonly [name: string]: Fact }
}

/** A run with all that it did. */
export type WholeExecution = Execution & {
  readonly trigger: { readonly type: string; readonly at: Millis; readonly data: Fact }
  readonly variables: { readonly [name: string]: Fact }
  readonly dueAt: Millis | null
  /** Why it does not go on at once: a moment, a decision, a call, another try, or the run before it. */
  readonly waitsFor: WholeExecutionView['waitsFor']
  readonly steps: readonly ExecutionStep[]
}

/** Newest first; those that were skipped only when they are asked for. */
export function listExecutions(
  reader: Reader,
  { id: workflowId, shownRuns, skippedRuns }: WorkflowSummary,
  window: Window,
  { includesSkipped = false }: { readonly includesSkipped?: boolean } = {},
): Page<Execution> {
  const total = shownRuns + (includesSkipped ? skippedRuns : 0)
  const filter = { workflowId, includesSkipped, total }
  const { rows } = executionPage(reader.q, filter, window)
  return { rows: rows.map(placed), total }
}

/** Throws `not_found` when the workflow has no such run. */
export function getExecutionByUid(
  reader: Reader,
  workflowId: number,
  uid: string | undefined,
): WholeExecution {
  const row = uid === undefined ? undefined : executionByUid(reader.q, workflowId, uid)
  return whole(reader, found(row, 'execution'))
}

/** Throws `not_found` when the workflow has no such run. */
export function getExecution(
  reader: Reader,
  workflowId: number,
  id: number | undefined,
): WholeExecution {
  const row = id === undefined ? undefined : executionById(reader.q, workflowId, id)
  return whole(reader, found(row, 'execution'))
}

export type Start = {
  readonly ticketId: number | null
  readonly data: Fact
  /** What it starts for, once; null to start each time. */
  readonly cause?: string | null
}

/**
 * Starts a workflow of whatever trigger, with its present version, and returns its run: that which its cause has
 * started before, if one has. Throws `refused` for a workflow that is off.
 */
export function triggerWorkflow(tx: Tx, id: number, start: Start): WholeExecution {
  const { isActive, version, triggerType } = getWorkflow(tx, id)
  if (!isActive) throw new Fault('refused', 'inactiveWorkflow')
  const { ticketId, data, cause = null } = start
  const known = cause === null ? undefined : runOfCause(tx.q, id, cause)
  if (known !== undefined) return getExecution(tx, id, known)
  const fresh = { workflowId: id, version, ticketId, triggerType, data, cause }
  return getExecution(tx, id, startRun(tx, fresh))
}

function placed<E extends ExecutionView>(view: E): E & { readonly createdAt: Millis } {
  return { ...view, createdAt: view.startedAt }
}

function whole(reader: Reader, view: WholeExecutionView): WholeExecution {
  const { triggerType: type, triggerData, startedAt: at, variables } = view
  // Both are written by the runner alone.
  const saved = JSON.parse(variables) as { readonly [name: string]: Variable }
  const rows = stepsOfRun(reader.q, view.id)
  const last = rows.at(-1)
  // A call that failed is due by itself, its run once that is done.
  const isPutOff = view.waitsFor === 'retry' && last?.status === 'calling' && last.lease === null
  return {
    ...placed(view),
    dueAt: view.dueAt ?? (isPutOff ? last.dueAt : null),
    trigger: { type, at, data: JSON.parse(triggerData) as Fact },
    variables: Object.fromEntries(Object.entries(saved).map(([name, { value }]) => [name, value])),
    steps: rows.map(stepOf),
  }
}

function stepOf(row: WorkflowStepRow): ExecutionStep {
  const { nodeId, kind, status, attempts, error, createdAt: startedAt, settledAt } = row
  const detail = JSON.parse(row.detail) as ExecutionStep['detail']
  return { nodeId, kind, status, attempts, error, startedAt, completedAt: settledAt, detail }
}
