import { dayMs } from '../lib/time.ts'
import { runById, runsOfApproval, updateRun } from '../store/workflowruns.ts'
import { stepsOfRun, updateStep } from '../store/workflowsteps.ts'
import { createApproval } from './approvals.ts'
import type { Facts } from './facts.ts'
import type { Tx } from './tx.ts'
import { replyIn, textIn } from './workflowactions.ts'
import { endRun, type Run } from './workflowruns.ts'
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

/**
 * Whether an action waits for a person. Replies and e-mails that a model wrote may go out at level 4, and at level
 * 3 the routine ones: replies to tickets that are neither high nor urgent, of customers who are no VIPs. Platform
 * actions with text of a model need level 4; those marked sensitive always ask.
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
    return isFromModel && level < highAutonomy
  }
  if (!isFromModel || level >= highAutonomy) return false
  if (type === 'send_reply') return level < semiAuto || !isRoutine(facts)
  return type === 'send_email'
}

/**
 * Puts an action into the queue of approvals. Returns its proposal, or why there can be none. A reply is posted by
 * the decision itself; what leaves the machine is sent by the run once it goes on.
 */
export function propose(
  tx: Tx,
  run: Run,
  { type, config }: Action,
  signature: string,
): { readonly id: number; readonly uid: string } | string {
  const { ticketId } = run
  if (type === 'send_reply') {
    const draft = replyIn(config, signature)
    if (ticketId === null) return 'The run has no ticket'
    if (draft === '') return 'send_reply has no text'
    return createApproval(tx, { actionType: 'send_reply', ticketId, draft, lifeMs })
  }
  const { platform, actionId } =
    type === 'send_email' ? { platform: 'email', actionId: 'send' } : platformActionIn(config)
  if (platform === '' || actionId === '') return `${type} names no platform or no action`
  const draft = { actionType: 'platform_action', ticketId, platform, actionId } as const
  return createApproval(tx, { ...draft, params: config, lifeMs })
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
      updateStep(tx.q, step.id, { status: 'failed', error, settledAt: tx.now })
      endRun(tx, run, { error })
      continue
    }
    const { type } = JSON.parse(step.detail) as { type: string }
    if (type === 'send_reply') {
      updateStep(tx.q, step.id, { status: 'done', settledAt: tx.now })
      // It takes its turn when it goes on.
      updateRun(tx.q, id, { approvalId: null, waitsFor: 'delay', dueAt: tx.now })
    } else {
      updateStep(tx.q, step.id, { status: 'calling', dueAt: tx.now })
      updateRun(tx.q, id, { approvalId: null, status: 'running', waitsFor: 'call' })
    }
  }
}

function isRoutine({ ticket, customer }: Facts): boolean {
  const isPressing = ticket?.priority === 'high' || ticket?.priority === 'urgent'
  return !isPressing && customer?.isVip !== true
}

function platformActionIn(config: Action['config']) {
  return { platform: textIn(config, 'platform'), actionId: textIn(config, 'actionId', 'action') }
}
