import type { Queries } from '../store/queries.ts'
import type { WorkflowRunRow, WorkflowStepRow } from '../store/schema.ts'
import { ticketRow } from '../store/tickets.ts'
import {
  graphOfVersion,
  insertRun,
  isAnotherGoing,
  runById,
  runNextInTurn,
  runOfCause,
  runsDue,
  runsLedTo,
  runsWithoutTurn,
  updateRun,
  workflowState,
  type DueRun,
} from '../store/workflowruns.ts'
import { insertStep, stepsOfRun, updateStep } from '../store/workflowsteps.ts'
import type { Fact, Variable } from './facts.ts'
import type { Reader, Tx } from './tx.ts'
import type { Graph } from './workflowgraph.ts'
import { programOf, type Program } from './workflowsteps.ts'

// A run is a row that says where it is; nothing of it is kept in memory. What holds:
// - a run starts in the transaction of its cause, and once for it;
// - of what runs led to, one after another or by the timers that they wound up, there is an end;
// - of the runs of one ticket one is going at a time, in the order in which they started; one that waits
//   (for a moment, a decision, another try) lets the others pass, and then takes its turn again;
// - whatever ends or pauses a run gives the turn to the next in the same transaction.

export type Run = WorkflowRunRow

export type StepRow = WorkflowStepRow

export type { DueRun } from '../store/workflowruns.ts'

/** The most runs that may lead to a run, each started by what the one before it did. */
export const depthMax = 8

/** The most runs that one may lead to: rules that set each other off grow in breadth as well. */
const ledToMax = 1000

export type NewRun = {
  readonly workflowId: number
  readonly version: number
  readonly ticketId: number | null
  readonly messageId?: number | null
  readonly triggerType: string
  readonly data: Fact
  /** What starts it, for which it starts once; null for a start by hand. */
  readonly cause: string | null
  /** What led to it, when that is not what acts now. */
  readonly lead?: Lead
}

/** How many runs led to something, the first of them, and how many webhooks lie behind it. */
export type Lead = { readonly depth: number; readonly rootId: number | null; readonly hops: number }

/** What leads to what follows from a transaction. */
export function leadOf({ actor: { run, hops = 0 } }: Tx): Lead {
  return { depth: run?.depth ?? 0, rootId: run ? (run.rootId ?? run.id) : null, hops }
}

/**
 * Starts a run, to be gone on with by the runner. Returns its id, or undefined when its cause had started it, or
 * when too many runs led to it, which an event tells of.
 */
export function startRun(tx: Tx, fresh: NewRun): number | undefined {
  const { workflowId, version, ticketId, messageId = null, triggerType, data, cause } = fresh
  if (cause !== null && runOfCause(tx.q, workflowId, cause) !== undefined) return undefined
  const { lead = leadOf(tx) } = fresh
  const { rootId, hops } = lead
  if (isTooMuch(tx, lead)) return tellOfCut(tx, { id: workflowId, ticketId, rootId })
  const hasToWait = ticketId !== null && isAnotherGoing(tx.q, ticketId, 0)
  const id = insertRun(tx.q, {
    uid: tx.uid(),
    workflowId,
    version,
    ticketId,
    messageId,
    triggerType,
    triggerData: JSON.stringify(data),
    cause,
    depth: lead.depth + 1,
    rootId,
    hops,
    status: hasToWait ? 'waiting' : 'running',
    waitsFor: hasToWait ? 'turn' : null,
    dueAt: hasToWait ? null : tx.now,
    startedAt: tx.now,
  })
  tx.wakeRunner()
  return id
}

/** Runs that can go on, the longest due first. */
export function dueRuns({ q, now }: Reader, most: number): DueRun[] {
  return runsDue(q, now, most)
}

/** The graphs of workflows by their version, which never changes; those used lately are kept. */
export class Programs {
  readonly #kept = new Map<string, Program>()

  /** Undefined when there is no such version. */
  get(q: Queries, workflowId: number, version: number): Program | undefined {
    const key = `${workflowId}:${version}`
    const known = this.#kept.get(key)
    if (known) return known
    const graph = graphOfVersion(q, workflowId, version)
    if (graph === undefined) return undefined
    if (this.#kept.size >= programsMax) this.#kept.clear()
    // What is stored was validated when it was saved.
    const program = programOf(JSON.parse(graph) as Graph)
    this.#kept.set(key, program)
    return program
  }
}

const programsMax = 500

/** The run, if it can go on at this instant and has its turn; otherwise it takes its place in the line. */
export function runToGoOn(tx: Tx, id: number): Run | undefined {
  const run = runById(tx.q, id)
  if (!run || run.dueAt === null || run.dueAt > tx.now) return undefined
  if (run.waitsFor === null || run.ticketId === null) return run
  if (!isAnotherGoing(tx.q, run.ticketId, id)) return run
  updateRun(tx.q, id, { status: 'waiting', waitsFor: 'turn', dueAt: null })
  return undefined
}

export function variablesOf(run: Run): { readonly [name: string]: Variable } {
  return JSON.parse(run.variables) as { readonly [name: string]: Variable }
}

/** Writes down what a run did at a node. */
export function recordStep(
  tx: Tx,
  step: Pick<WorkflowStepRow, 'runId' | 'position' | 'nodeId' | 'kind'> &
    Partial<Omit<WorkflowStepRow, 'detail'>> & { readonly detail?: object },
): number {
  const { status = 'done', detail = {} } = step
  const settledAt = status === 'done' || status === 'failed' ? tx.now : null
  return insertStep(tx.q, {
    uid: tx.uid(),
    settledAt,
    createdAt: tx.now,
    ...step,
    status,
    detail: JSON.stringify(detail),
  })
}

type Ending = {
  /** Why it could not go on; null when it came to its end. */
  readonly error: string | null
  /** It did nothing, because a condition did not hold. */
  readonly isSkipped?: boolean
  readonly steps?: number
}

/** Ends a run, and gives the turn to the next one of its ticket. */
export function endRun(tx: Tx, run: Run, { error, isSkipped = false, steps }: Ending): void {
  const ended = isSkipped ? 'skipped' : 'completed'
  if (error !== null) closeOpenStep(tx, run, error)
  updateRun(tx.q, run.id, {
    steps,
    status: error === null ? ended : 'failed',
    waitsFor: null,
    dueAt: null,
    approvalId: null,
    error: error === null ? null : error.slice(0, errorMax),
    completedAt: tx.now,
  })
  giveTurn(tx, run)
}

const errorMax = 500

/** Whether it waits for a call, or for a call that is to be tried again; a step that is to be has a moment. */
export function isInCall({ waitsFor, dueAt }: Run): boolean {
  return waitsFor === 'call' || (waitsFor === 'retry' && dueAt === null)
}

/** What the run waited for is not waited for any more. */
function closeOpenStep(tx: Tx, run: Run, error: string): void {
  if (!isInCall(run) && run.waitsFor !== 'approval' && run.approvalId === null) return
  const step = stepsOfRun(tx.q, run.id).at(-1)
  if (step?.status !== 'calling' && step?.status !== 'waiting') return
  const settled = { lease: null, dueAt: null, settledAt: tx.now }
  updateStep(tx.q, step.id, { ...settled, status: 'failed', error })
}

/** Ends a run that somebody else found unable to go on. */
export function failRun(tx: Tx, id: number, error: string): void {
  const run = runById(tx.q, id)
  if (run) endRun(tx, run, { error })
}

/** Pauses a run until something happens, or until `dueAt`. */
export function pauseRun(
  tx: Tx,
  run: Run,
  changes: Partial<Run> & { readonly waitsFor: 'delay' | 'retry' | 'approval' },
): void {
  const status = changes.waitsFor === 'retry' ? 'running' : 'waiting'
  updateRun(tx.q, run.id, { status, ...changes })
  giveTurn(tx, run)
}

/** Gives a turn to runs whose predecessor is gone, as when its workflow was deleted. Returns how many. */
export function giveLostTurns(tx: Tx, most: number): number {
  const ids = runsWithoutTurn(tx.q, most)
  for (const id of ids) takeTurn(tx, id)
  return ids.length
}

/** Whether a run that is started now would be one too many. */
function isTooMuch({ q }: Tx, { depth, rootId }: Lead): boolean {
  return depth >= depthMax || (rootId !== null && runsLedTo(q, rootId) >= ledToMax)
}

type Cut = { readonly id: number; readonly ticketId: number | null; readonly rootId: number | null }

/** Tells of it once for all that one run leads to. */
function tellOfCut(tx: Tx, { id, ticketId, rootId }: Cut): undefined {
  const root = rootId === null ? undefined : runById(tx.q, rootId)
  if (root?.isCut) return
  if (root) updateRun(tx.q, root.id, { isCut: true })
  const name = workflowState(tx.q, id)?.name ?? ''
  const reference = (ticketId === null ? undefined : ticketRow(tx.q, ticketId))?.reference ?? null
  tx.emit('workflow.cut', ticketId, { id, name, reference, runId: tx.actor.run?.id ?? null })
}

export function isTicketGone(tx: Tx, { ticketId }: Run): boolean {
  return ticketId !== null && ticketRow(tx.q, ticketId) === undefined
}

function giveTurn(tx: Tx, { id, ticketId }: Run): void {
  if (ticketId === null || isAnotherGoing(tx.q, ticketId, id)) return
  const next = runNextInTurn(tx.q, ticketId)
  if (next !== undefined) takeTurn(tx, next)
}

function takeTurn(tx: Tx, id: number): void {
  updateRun(tx.q, id, { status: 'running', waitsFor: null, dueAt: tx.now })
}
