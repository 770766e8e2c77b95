import { dayMs } from '../lib/time.ts'
import { runById, runsOfApproval, updateRun } from '../store/workflowruns.ts'
import { stepsOfRun, updateStep } from '../store/workflowsteps.ts'
import { createApproval, type DiffLine } from './approvals.ts'
import type { Fact, Facts } from './facts.ts'
import { textOf } from './templates.ts'
import type { Tx } from './tx.ts'
import { doInDesk, isDeskAction, patchOf, replyIn, textIn } from './workflowactions.ts'
import { isOutside, missingIn } from './workflowcalls.ts'
import { changesBetween, factsAfter } from './workflowforesight.ts'
import type { ActionType } from './workflowgraph.ts'
import { endRun, type Run, type StepRow } from './workflowruns.ts'
import type { Action } from './workflowsteps.ts'

// What a model wrote goes out only as far as the desk trusts it (keva.md section 10): below that a person decides,
// and the run waits.

/** From 1, where everything is asked, to 5, where nothing is but what is marked sensitive. */
export type Autonomy = {
  readonly level: number
  /** Platform actions that always ask: `platform` or `platform.actionId` (keva.md R11). */
  readonly sensitive: readonly string[]
}

const lifeMs = 7 * dayMs

const semiAuto = 3
const highAutonomy = 4

/** Where an action leads: to the customer, out of the house, to a change of the ticket, or nowhere but inside. */
type Reach = 'reply' | 'outward' | 'change' | 'inside'

/**
 * A note is a draft that only staff sees, and it says that a model wrote it; what is asked of a model tells nobody
 * else. Everything that leaves the house is held back like an e-mail, whoever is at the other end.
 */
const reaches: { readonly [A in ActionType]: Reach } = {
  set_status: 'change',
  set_priority: 'change',
  assign_to: 'change',
  add_tags: 'change',
  remove_tags: 'change',
  add_internal_note: 'inside',
  send_reply: 'reply',
  send_email: 'outward',
  send_slack_message: 'outward',
  send_teams_message: 'outward',
  send_webhook: 'outward',
  generate_ai_response: 'inside',
  classify_ticket: 'inside',
  execute_connector_action: 'outward',
}

/**
 * Whether an action waits for a person. One in which a model wrote a part waits below level 4, unless it stays
 * inside; at level 3 the routine replies go out: those to tickets that are neither high nor urgent, of customers who
 * are no VIPs. Platform actions that are marked sensitive always wait, whoever wrote them.
 */
export function needsApproval(
  action: Action,
  { level, sensitive }: Autonomy,
  facts: Facts,
): boolean {
  const { type, config, isFromModel } = action
  if (type === 'execute_connector_action') {
    const { platform, actionId } = platformActionIn(config)
    if (sensitive.includes(platform) || sensitive.includes(`${platform}.${actionId}`)) return true
  }
  if (!isFromModel || level >= highAutonomy) return false
  const reach = Object.hasOwn(reaches, type) ? reaches[type as ActionType] : 'outward'
  if (reach === 'reply') return level < semiAuto || !isRoutine(facts)
  return reach !== 'inside'
}

/**
 * Puts an action into the queue of approvals. Returns its proposal, or why there can be none. What is done in the
 * desk is done by the decision itself; what leaves the machine is sent by the run once it goes on.
 */
export function propose(
  tx: Tx,
  run: Run,
  action: Action,
  { facts, signature }: { readonly facts: Facts; readonly signature: string },
): { readonly id: number; readonly uid: string } | string {
  const { type, config } = action
  const { ticketId } = run
  if (type === 'send_reply') {
    const draft = replyIn(config, signature)
    if (ticketId === null) return 'The run has no ticket'
    if (draft === '') return 'send_reply has no text'
    const model = modelOf(tx, run, action)
    return createApproval(tx, { actionType: 'send_reply', ticketId, draft, model, lifeMs })
  }
  const problem = isDeskAction(type) ? changeProblem(tx, ticketId, action) : callProblem(action)
  if (problem !== null) return problem
  const { platform, actionId } = Object.hasOwn(ownPlatforms, type)
    ? { platform: ownPlatforms[type] ?? '', actionId: type }
    : platformActionIn(config)
  const diff = linesOf(action, facts)
  const model = modelOf(tx, run, action)
  const named = { actionType: 'platform_action', ticketId, platform, actionId, model } as const
  return createApproval(tx, { ...named, params: config, diff, lifeMs })
}

/** The model that the run asked last, of an action in which a model wrote a part. */
function modelOf(tx: Tx, { id }: Run, { isFromModel }: Action): string | null {
  if (!isFromModel) return null
  const models = stepsOfRun(tx.q, id).map(({ detail }) => (JSON.parse(detail) as Asked).model)
  return models.findLast((model) => model !== undefined) ?? null
}

type Asked = { readonly model?: string }

/** Under which platform an action is proposed that names none itself. */
const ownPlatforms: { readonly [type: string]: string } = {
  set_status: 'desk',
  set_priority: 'desk',
  assign_to: 'desk',
  add_tags: 'desk',
  remove_tags: 'desk',
  send_email: 'email',
  send_slack_message: 'slack',
  send_teams_message: 'teams',
  send_webhook: 'webhook',
}

/** Why a change of the ticket could not be done if it were approved. */
function changeProblem(tx: Tx, ticketId: number | null, { type, config }: Action): string | null {
  if (ticketId === null) return 'The run has no ticket'
  // New tags are made only once somebody agrees.
  if (type === 'add_tags' || type === 'remove_tags') return null
  const patch = patchOf(tx, ticketId, type, config)
  return typeof patch === 'string' ? patch : null
}

function callProblem(action: Action): string | null {
  const missing = missingIn(action)
  return missing === undefined ? null : `${action.type} has no ${missing}`
}

/** What an action would make of its ticket, in the words of the graph. */
function linesOf(action: Action, facts: Facts): DiffLine[] {
  return changesBetween(facts, factsAfter(facts, action)).map(({ field, from, to }) => ({
    field,
    before: wordsOf(from),
    after: wordsOf(to),
  }))
}

function wordsOf(value: Fact): string {
  return value === null ? 'unassigned' : textOf(value)
}

/**
 * Lets the run of a decided proposal go on: past what the decision did, or to send what was approved. What was
 * rejected, or not decided in time, ends the run.
 */
export function resumeDecided(
  tx: Tx,
  approvalId: number,
  decision: 'approved' | 'rejected' | 'expired',
): void {
  for (const id of runsOfApproval(tx.q, approvalId)) {
    const run = runById(tx.q, id)
    const step = stepsOfRun(tx.q, id).at(-1)
    if (run?.waitsFor !== 'approval' || step?.status !== 'waiting') continue
    if (decision !== 'approved') {
      const error = decision === 'rejected' ? 'The approval was rejected' : 'The approval expired'
      endRun(tx, run, { error })
      continue
    }
    goOn(tx, run, step)
  }
}

/** Sends what was approved, once the run has its turn. */
export function sendApproved(tx: Tx, run: Run): void {
  const step = stepsOfRun(tx.q, run.id).at(-1)
  if (step) updateStep(tx.q, step.id, { status: 'calling', dueAt: tx.now })
  const going = { status: 'running', waitsFor: 'call', dueAt: null } as const
  updateRun(tx.q, run.id, { ...going, approvalId: null })
}

/**
 * A reply was posted by the decision, and a change is made now. The run takes its turn when it goes on; until it has
 * sent what leaves the machine it keeps its proposal.
 */
function goOn(tx: Tx, run: Run, step: StepRow): void {
  const { type, config } = JSON.parse(step.detail) as Pick<Action, 'type' | 'config'>
  const next = { waitsFor: 'delay', dueAt: tx.now } as const
  if (isOutside(type)) return updateRun(tx.q, run.id, next)
  const done =
    type !== 'send_reply' && isDeskAction(type)
      ? doInDesk(tx, run.ticketId, { type, config, isFromModel: true }, '')
      : { result: {} }
  if ('failure' in done) return endRun(tx, run, { error: done.failure })
  updateStep(tx.q, step.id, { status: 'done', settledAt: tx.now })
  updateRun(tx.q, run.id, { ...next, approvalId: null })
}

function isRoutine({ ticket, customer }: Facts): boolean {
  const isPressing = ticket?.priority === 'high' || ticket?.priority === 'urgent'
  return !isPressing && customer?.isVip !== true
}

function platformActionIn(config: Action['config']) {
  return { platform: textIn(config, 'platform'), actionId: textIn(config, 'actionId', 'action') }
}
