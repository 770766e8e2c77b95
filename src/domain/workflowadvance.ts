import { publicId } from '../lib/ids.ts'
import { minuteMs, secondMs, type Millis } from '../lib/time.ts'
import { updateRun, workflowState, type WorkflowState } from '../store/workflowruns.ts'
import type { Fact, Facts } from './facts.ts'
import { sampleSkipped } from './skippedruns.ts'
import type { Tx } from './tx.ts'
import { doInDesk, isDeskAction } from './workflowactions.ts'
import { needsApproval, propose, sendApproved, type Autonomy } from './workflowapprovals.ts'
import { isOutside, prepareCall } from './workflowcalls.ts'
import { factsOf } from './workflowfacts.ts'
import {
  endRun,
  isTicketGone,
  pauseRun,
  recordStep,
  runToGoOn,
  variablesOf,
  type Programs,
  type Run,
  type StepRow,
} from './workflowruns.ts'
import { stepAt, type Action, type Program, type Step } from './workflowsteps.ts'

/** What holds for every run beside its graph. */
export type RunRules = {
  readonly programs: Programs
  readonly autonomy: Autonomy
  /** What goes below a reply that asks for it; empty for nothing. */
  readonly signature: string
}

/** The most nodes that a run may come by, which only a graph that goes round reaches. */
const nodesMax = 500

/** The node of a run that has no way on but waits for the end of what it did last. */
const pastTheLast = ''

/** When a step that threw is tried again. */
const retryDelays: readonly Millis[] = [secondMs, 10 * secondMs, minuteMs, 5 * minuteMs]

/**
 * Takes a run on by one step: past its conditions to the next thing that it does, and does that. What was done and
 * that it was done are one change, so wherever the process dies the run goes on behind it. A run that is not due,
 * or not at its turn, stays as it is. `doing` is told what is tried, for whoever has to say what threw.
 */
export function advanceRun(tx: Tx, id: number, rules: RunRules, doing: Doing = {}): void {
  const run = runToGoOn(tx, id)
  if (!run) return
  const { workflowId, version } = run
  const state = workflowState(tx.q, workflowId)
  const program = rules.programs.get(tx.q, workflowId, version)
  const end = (error: string) => endRun(tx, run, { error })
  if (!program || !state) return end('The version of the workflow is gone')
  if (!state.isActive) return end('The workflow was switched off')
  if (isTicketGone(tx, run)) return end('The ticket was deleted')
  if (run.approvalId !== null) return sendApproved(tx, run)
  const facts = factsFor(tx, run, state)
  const nodeId = run.nodeId ?? program.start ?? null
  go({
    tx,
    run,
    program,
    rules,
    state,
    facts,
    doing,
    nodeId: nodeId === pastTheLast ? null : nodeId,
    steps: run.steps,
    hasActed: false,
    hasRefused: false,
  })
}

/**
 * What becomes of a run of which a step threw, in a transaction of its own: it is tried again later, and in the end
 * it has failed.
 */
export function failStep(tx: Tx, id: number, reason: string, { action }: Doing = {}): void {
  const run = runToGoOn(tx, id)
  if (!run) return
  const delay = retryDelays[run.attempts]
  if (delay === undefined) return failForGood(tx, run, reason, action)
  pauseRun(tx, run, {
    waitsFor: 'retry',
    attempts: run.attempts + 1,
    dueAt: tx.now + delay,
    error: reason,
  })
}

/** The last try stands among what the run did. */
function failForGood(tx: Tx, run: Run, error: string, action: Doing['action']): void {
  if (!action) return endRun(tx, run, { error })
  const { nodeId, ...detail } = action
  const position = run.steps + 1
  const failed = { kind: 'action', status: 'failed', attempts: run.attempts + 1 } as const
  recordStep(tx, { runId: run.id, position, nodeId, ...failed, detail, error })
  endRun(tx, run, { error, steps: position })
}

/** What a step tries to do; it outlives a transaction that came to nothing. */
export type Doing = { action?: Pick<Action, 'type' | 'config'> & { readonly nodeId: string } }

/** One step of one run, on its way. */
type Walk = {
  readonly tx: Tx
  readonly run: Run
  readonly program: Program
  readonly rules: RunRules
  readonly state: WorkflowState
  readonly facts: Facts
  readonly doing: Doing
  nodeId: string | null
  steps: number
  hasActed: boolean
  hasRefused: boolean
}

function factsFor(tx: Tx, run: Run, { timezone }: WorkflowState): Facts {
  const { triggerType: type, startedAt: at, triggerData } = run
  return factsOf(tx, run, {
    timezone: timezone ?? 'UTC',
    variables: variablesOf(run),
    trigger: { type, at, data: JSON.parse(triggerData) as Fact },
  })
}

function go(walk: Walk): void {
  while (walk.nodeId !== null) {
    if (walk.steps >= nodesMax) return finish(walk, `The run came by more than ${nodesMax} nodes`)
    const step = stepAt(walk.program, walk.nodeId, walk.facts)
    if (!pass(walk, step)) return
  }
  finish(walk, null)
}

/** Whether the walk goes on in this transaction. */
function pass(walk: Walk, step: Step): boolean {
  switch (step.kind) {
    case 'trigger':
      walk.nodeId = step.next
      return true
    case 'condition': {
      const { held, comparisons, next } = step
      record(walk, 'condition', { held, comparisons })
      walk.hasRefused ||= !held
      walk.nodeId = next
      return true
    }
    case 'delay': {
      const dueAt = walk.tx.now + step.delayMs
      record(walk, 'delay', { until: dueAt })
      pauseRun(walk.tx, walk.run, { ...placed(walk, step.next), waitsFor: 'delay', dueAt })
      return false
    }
    case 'action':
      act(walk, step.action, step.next)
      return false
    case 'end':
    case 'broken':
      finish(walk, step.kind === 'end' ? null : step.reason)
      return false
    default:
      return step satisfies never
  }
}

function act(walk: Walk, action: Action, next: string | null): void {
  const { tx, run, rules, state, facts } = walk
  walk.hasActed = true
  walk.doing.action = { type: action.type, config: action.config, nodeId: walk.nodeId ?? '' }
  const autonomy = { ...rules.autonomy, level: state.autonomyLevel ?? rules.autonomy.level }
  if (needsApproval(action, autonomy, facts)) return ask(walk, action, next)
  if (isOutside(action.type)) return call(walk, action, next)
  const { type, config } = action
  if (!isDeskAction(type)) return refuse(walk, action, `There is no action ${type}`)
  const done = doInDesk(tx, run.ticketId, { ...action, type }, rules.signature)
  if ('failure' in done) return refuse(walk, action, done.failure)
  record(walk, 'action', { type, config, ...done.result })
  if (next === null || walk.program.node(next)?.type === 'end') return finish(walk, null)
  updateRun(tx.q, run.id, { ...going, ...placed(walk, next), dueAt: tx.now })
}

/** A person decides first; the run waits for that. */
function ask(walk: Walk, action: Action, next: string | null): void {
  const { tx, run, rules, facts } = walk
  const asked = propose(tx, run, action, { facts, signature: rules.signature })
  if (typeof asked === 'string') return refuse(walk, action, asked)
  const { type, config, isFromModel } = action
  const approvalId = publicId('approval', asked.uid)
  const detail = { type, config, approvalId, ...(isFromModel && { isFromModel }) }
  record(walk, 'action', detail, { status: 'waiting' })
  const waiting = { waitsFor: 'approval', approvalId: asked.id, dueAt: null } as const
  pauseRun(tx, run, { ...placed(walk, next), ...waiting })
}

/** What leaves the machine is only written down here; the caller does it, and settles it. */
function call(walk: Walk, action: Action, next: string | null): void {
  const prepared = prepareCall(action, walk.facts)
  if ('failure' in prepared) return refuse(walk, action, prepared.failure)
  const { type, isFromModel } = action
  const detail = { type, config: prepared.config, ...(isFromModel && { isFromModel }) }
  record(walk, 'action', detail, { status: 'calling' })
  updateRun(walk.tx.q, walk.run.id, {
    ...placed(walk, next),
    status: 'running',
    waitsFor: 'call',
    dueAt: null,
  })
}

function refuse(walk: Walk, { type, config }: Action, reason: string): void {
  record(walk, 'action', { type, config }, { status: 'failed', error: reason })
  finish(walk, reason)
}

function record(
  walk: Walk,
  kind: 'condition' | 'action' | 'delay',
  detail: object,
  outcome: Pick<Partial<StepRow>, 'status' | 'error'> = {},
): void {
  const { status = 'done', error = null } = outcome
  walk.steps += 1
  walk.hasActed ||= kind !== 'condition'
  recordStep(walk.tx, {
    runId: walk.run.id,
    position: walk.steps,
    nodeId: walk.nodeId ?? '',
    kind,
    status,
    detail,
    error,
    dueAt: status === 'calling' ? walk.tx.now : null,
  })
}

const going = { status: 'running', waitsFor: null } as const

function placed({ steps }: Walk, next: string | null): Partial<Run> {
  return { nodeId: next ?? pastTheLast, steps, attempts: 0, error: null }
}

/** A run that did nothing because a condition did not hold is no execution. */
function finish(walk: Walk, error: string | null): void {
  const { tx, run, state, steps, hasActed, hasRefused } = walk
  const isSkipped = error === null && hasRefused && !hasActed && run.steps === 0
  endRun(tx, run, { error, steps, isSkipped })
  if (isSkipped) sampleSkipped(tx, run, state)
}
