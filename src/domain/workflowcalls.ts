import type { Millis } from '../lib/time.ts'
import { hourMs, minuteMs, secondMs } from '../lib/time.ts'
import { runById, updateRun } from '../store/workflowruns.ts'
import {
  callsDue,
  callsDueOfOthers,
  type DueCall,
  giveCallsBack,
  stepById,
  takeCallsBack,
  updateStep,
} from '../store/workflowsteps.ts'
import type { WorkflowStepRow } from '../store/schema.ts'
import type { Fact, Facts, Variable } from './facts.ts'
import type { Tx } from './tx.ts'
import { textIn } from './workflowactions.ts'
import { endRun, isInCall, pauseRun, variablesOf } from './workflowruns.ts'
import type { Action } from './workflowsteps.ts'

// What leaves the machine. A step writes down that a call is to be made, under an id that every try of it carries;
// the call itself is made outside of any transaction, under a lease, and settled in another one. A crash in
// between only makes the call come due again, so it is made at least once, and a receiver knows a repeat by its id.

/** The actions that leave the machine. */
const outsideActions = [
  'send_email',
  'send_slack_message',
  'send_teams_message',
  'send_webhook',
  'generate_ai_response',
  'classify_ticket',
  'execute_connector_action',
] as const

export type OutsideAction = (typeof outsideActions)[number]

type Config = Action['config']

/** A call to be made: `uid` is the id that it carries however often it is tried. */
export type Call = {
  readonly stepId: number
  readonly workflowId: number
  readonly uid: string
  readonly type: OutsideAction
  readonly config: Config
  readonly lease: string
  readonly attempts: number
  /** How many webhooks lie behind it, itself among them. */
  readonly hops: number
}

/** What came of a call. */
export type CallOutcome =
  | { readonly result: { readonly [name: string]: Fact }; readonly variable?: Variable | undefined }
  /** It did not work. Unless it is final it is tried again, after `retryAfterMs` if that is said. */
  | {
      readonly failure: string
      readonly isFinal: boolean
      readonly retryAfterMs?: Millis | undefined
    }

/** What a step knows of its call. */
type Detail = {
  readonly type: OutsideAction
  readonly config: Config
  /** Whether a model wrote a part of the configuration. */
  readonly isFromModel?: boolean
}

const retryDelays: readonly Millis[] = [
  10 * secondMs,
  minuteMs,
  5 * minuteMs,
  15 * minuteMs,
  hourMs,
]

const textMax = 100_000

export function isOutside(type: string): type is OutsideAction {
  return (outsideActions as readonly string[]).includes(type)
}

/** What a call will need, as it is known when the step is taken; or why it cannot be made. */
export function prepareCall(
  action: Action,
  facts: Facts,
): { readonly config: Config } | { readonly failure: string } {
  const { type, config } = action
  const missing = missingIn(action)
  if (missing !== undefined) return { failure: `${type} has no ${missing}` }
  if (type === 'generate_ai_response') return { config: { ...config, ticket: told(facts) } }
  if (type !== 'classify_ticket') return { config }
  if (!facts.ticket) return { failure: 'The run has no ticket' }
  return { config: { ...config, ticket: told(facts) } }
}

/** What a call cannot be made without and is not told; undefined for nothing. */
export function missingIn({ type, config }: Action): string | undefined {
  return needed[type as OutsideAction]?.find((names) => !textIn(config, ...names))?.[0]
}

/** What the configuration of an action must have, each by one of these names. */
const needed: { readonly [T in OutsideAction]?: readonly (readonly [string, ...string[]])[] } = {
  send_email: [
    ['to', 'email'],
    ['body', 'content', 'message'],
  ],
  send_slack_message: [['message', 'text', 'content']],
  send_teams_message: [['message', 'text', 'content']],
  send_webhook: [['url']],
  generate_ai_response: [['promptTemplate', 'prompt']],
  execute_connector_action: [['platform'], ['actionId', 'action']],
}

/** What a model is told of the ticket. */
function told({ ticket, message }: Facts): Fact {
  if (!ticket) return null
  const { subject, body, status, priority } = ticket
  const last = message?.body ?? ''
  const lastMessage = last === body ? '' : last.slice(0, textMax)
  return { subject, body: body.slice(0, textMax), status, priority, lastMessage }
}

export type Room = {
  /** How many calls more may be under way. */
  readonly most: number
  /** How many of the same workflow may be, and how many of each are. */
  readonly ofOneWorkflow: number
  readonly underWay: ReadonlyMap<number, number>
  /** Whether to look behind many calls of workflows that have no room. */
  readonly isDeep: boolean
}

/** So many of those that are due are looked at. */
const seenMost = 100

/** Leases calls that are due and have room, until `leaseMs` from now. */
export function claimCalls(
  tx: Tx,
  { lease, leaseMs, room }: { lease: string; leaseMs: Millis; room: Room },
): Call[] {
  return callsWithin(tx, room).flatMap(({ id: stepId, workflowId, hops }) => {
    const step = stepById(tx.q, stepId)
    if (!step) return []
    const attempts = step.attempts + 1
    updateStep(tx.q, stepId, { lease, attempts, dueAt: tx.now + leaseMs })
    const { type, config } = JSON.parse(step.detail) as Detail
    return [{ stepId, workflowId, uid: step.uid, type, config, lease, attempts, hops: hops + 1 }]
  })
}

/** Whether `claimCalls` would do anything. */
export function areCallsDue(tx: Pick<Tx, 'q' | 'now'>, room: Room): boolean {
  return callsWithin(tx, room).length > 0
}

function callsWithin({ q, now }: Pick<Tx, 'q' | 'now'>, room: Room): DueCall[] {
  const due = callsDue(q, now, seenMost)
  const chosen = withRoom(due, room)
  if (chosen.length > 0 || due.length < seenMost || !room.isDeep) return chosen
  const busy = new Set(due.map(({ workflowId }) => workflowId))
  return withRoom(callsDueOfOthers(q, now, { limit: seenMost, without: [...busy] }), room)
}

function withRoom(due: readonly DueCall[], { most, ofOneWorkflow, underWay }: Room): DueCall[] {
  const counts = new Map(underWay)
  const chosen = due.filter(({ workflowId }) => {
    const count = counts.get(workflowId) ?? 0
    counts.set(workflowId, count + 1)
    return count < ofOneWorkflow
  })
  return chosen.slice(0, most)
}

/** At the start of the server: whoever held a lease is dead, so its calls come due at once. */
export function takeBackCalls(tx: Tx): number {
  return takeCallsBack(tx.q, tx.now)
}

/** Before the server ends: what it has begun and not ended is not counted, and comes due at once. */
export function giveBackCalls(tx: Tx, lease: string): number {
  return giveCallsBack(tx.q, lease, tx.now)
}

/**
 * Writes down what came of a call and lets its run go on. A finisher whose lease was taken over in the meantime
 * changes nothing.
 */
export function settleCall(tx: Tx, { stepId, lease, attempts }: Call, outcome: CallOutcome): void {
  const step = stepById(tx.q, stepId)
  if (!step || step.status !== 'calling') return
  if (step.lease !== lease || step.attempts !== attempts) return
  if ('failure' in outcome) return settleFailure(tx, step, outcome)
  const detail = JSON.parse(step.detail) as Detail
  const { type, config } = detail
  updateStep(tx.q, step.id, {
    ...settled(tx),
    status: 'done',
    detail: JSON.stringify({ ...detail, ...outcome.result }),
    error: null,
  })
  const run = runById(tx.q, step.runId)
  if (!run || !isInCall(run)) return
  const { variable } = outcome
  const name = variable && (textIn(config, 'saveAs') || usualNames[type])
  // Who was sent what a model wrote may send it back.
  const isFromModel = variable?.isFromModel === true || detail.isFromModel === true
  const saved = name
    ? { ...variablesOf(run), [name]: { value: variable.value, isFromModel } }
    : undefined
  updateRun(tx.q, run.id, {
    // After a first failure it has to take its turn again.
    waitsFor: run.waitsFor === 'retry' ? 'retry' : null,
    error: null,
    dueAt: tx.now,
    variables: saved && JSON.stringify(saved),
  })
}

/** Under which name an output is saved that was given none. */
const usualNames: { readonly [T in OutsideAction]?: string } = {
  generate_ai_response: 'response',
  classify_ticket: 'classification',
}

function settleFailure(
  tx: Tx,
  step: WorkflowStepRow,
  { failure, isFinal, retryAfterMs }: Extract<CallOutcome, { failure: string }>,
): void {
  const run = runById(tx.q, step.runId)
  const isCalling = run !== undefined && isInCall(run)
  const delay = retryDelays[step.attempts - 1]
  if (!isFinal && delay !== undefined) {
    const dueAt = tx.now + Math.max(delay, Math.min(retryAfterMs ?? 0, hourMs))
    updateStep(tx.q, step.id, { lease: null, dueAt, error: failure })
    // Other runs of the ticket need not wait for a receiver that is down.
    if (isCalling) pauseRun(tx, run, { waitsFor: 'retry', dueAt: null, error: failure })
    return
  }
  updateStep(tx.q, step.id, { ...settled(tx), status: 'failed', error: failure })
  if (isCalling) endRun(tx, run, { error: failure })
}

function settled(tx: Tx) {
  return { lease: null, dueAt: null, settledAt: tx.now }
}
