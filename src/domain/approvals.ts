import type { Page, Window } from '../lib/page.ts'
import type { Millis } from '../lib/time.ts'
import {
  approvalByUid,
  approvalsByStatus,
  approvalsDue,
  insertApproval,
  updateApproval,
  type ApprovalView,
} from '../store/approvals.ts'
import type {
  ApprovalStatus,
  Classification,
  DiffLine,
  ProposedChanges,
  Reasoning,
  RiskLevel,
} from '../store/schema.ts'
import { staffById } from '../store/staff.ts'
import { runsOfApproval } from '../store/workflowruns.ts'
import { carryOut, platformActionOf } from './approvalactions.ts'
import { Fault, found } from './errors.ts'
import { lastCustomerMessage } from './messages.ts'
import { getTicketRow } from './tickets.ts'
import type { Reader, Tx } from './tx.ts'

export { approvalActions, riskLevels } from '../store/schema.ts'
export { approvalStatuses } from '../store/schema.ts'
export type { ApprovalAction, ApprovalStatus, DiffLine, ProposedChanges } from '../store/schema.ts'

export type Approval = ApprovalView

type Content =
  | { readonly actionType: 'send_reply'; readonly ticketId: number; readonly draft: string }
  | {
      readonly actionType: 'update_ticket'
      readonly ticketId: number
      readonly changes: ProposedChanges
    }
  | {
      readonly actionType: 'create_kb_entry'
      readonly ticketId: number | null
      readonly title: string
      readonly draft: string
      readonly category: string | null
    }
  | {
      readonly actionType: 'platform_action'
      readonly ticketId: number | null
      readonly platform: string
      readonly actionId: string
      readonly params: { readonly [name: string]: unknown }
    }

/** What an AI proposes, why, and how long the proposal stands. */
export type NewApproval = Content & {
  readonly description?: string | null | undefined
  readonly riskLevel?: RiskLevel | undefined
  readonly diff?: readonly DiffLine[] | undefined
  readonly model?: string | null | undefined
  readonly classification?: Classification | null | undefined
  readonly reasoning?: Reasoning | null | undefined
  readonly lifeMs: Millis
}

export type Verdict = {
  readonly decision: 'approved' | 'rejected'
  readonly feedback?: string | null | undefined
  /** Takes the place of the draft when the action is carried out; both are kept. */
  readonly editedDraft?: string | undefined
  /** Approves although the customer has written since. */
  readonly isForced?: boolean | undefined
}

/** Puts an action into the queue; nothing else happens until a person approves it. */
export function createApproval(tx: Tx, { lifeMs, ...proposed }: NewApproval): Approval {
  const uid = tx.uid()
  const { ticketId } = proposed
  insertApproval(tx.q, {
    ...proposed,
    ...(ticketId !== null && stateOf(tx, ticketId)),
    uid,
    proposedByKeyId: tx.actor.keyId,
    expiresAt: tx.now + lifeMs,
    createdAt: tx.now,
    updatedAt: tx.now,
  })
  const approval = getApproval(tx, uid)
  const { riskLevel, expiresAt } = approval
  tx.emit('approval.created', ticketId, { ...told(approval), riskLevel, expiresAt })
  return approval
}

/** Throws `not_found` when there is none. */
export function getApproval(reader: Reader, uid: string | undefined): Approval {
  return found(uid === undefined ? undefined : approvalByUid(reader.q, uid), 'approval')
}

/** Newest first. */
export function listApprovals(
  reader: Reader,
  status: ApprovalStatus,
  window: Window,
): Page<Approval> {
  return approvalsByStatus(reader.q, status, window)
}

/**
 * Decides a proposal, once: what is approved is carried out in this transaction, what is rejected leaves
 * no other trace. Throws `refused` when it was decided before, when its time is over, or when its ticket has
 * changed in a way that the proposal did not know of.
 */
export function decideApproval(tx: Tx, uid: string | undefined, verdict: Verdict): Approval {
  const approval = getApproval(tx, uid)
  requireOpen(tx, approval)
  const { decision, feedback = null } = verdict
  const isApproved = decision === 'approved'
  const editedDraft = isApproved ? editOf(approval, verdict.editedDraft) : null
  if (isApproved) requireFresh(tx, approval, verdict.isForced ?? false)
  const { message, article } = isApproved
    ? carryOut(tx, approval, editedDraft ?? approval.draft ?? '')
    : {}
  const { keyId, staffId } = tx.actor
  updateApproval(tx.q, approval.id, {
    status: decision,
    feedback,
    editedDraft,
    messageId: message?.id,
    articleId: article?.id,
    decidedByKeyId: keyId,
    decidedById: staffId,
    decidedAt: tx.now,
    updatedAt: tx.now,
  })
  tx.emit('approval.decided', approval.ticketId, {
    ...told(approval),
    decision,
    decidedBy: (staffId === null ? undefined : staffById(tx.q, staffId)?.uid) ?? null,
    isEdited: editedDraft !== null,
    feedback,
    messageUid: message?.uid ?? null,
    articleUid: article?.uid ?? null,
    // The run of a workflow that waits for it does it itself.
    platformAction: isOfRun(tx, approval) ? null : platformActionOf(approval),
  })
  return getApproval(tx, uid)
}

/** Ends proposals whose time is over, a batch at a time. Returns how many. */
export function expireApprovals(tx: Tx, most: number): number {
  const due = approvalsDue(tx.q, tx.now, most)
  for (const approval of due) expire(tx, approval)
  return due.length
}

/** Ends a proposal before its time. Throws `not_found` when there is none. */
export function expireApproval(tx: Tx, uid: string): void {
  expire(tx, getApproval(tx, uid))
}

function expire(tx: Tx, approval: Approval): void {
  const { id, ticketId, expiresAt } = approval
  updateApproval(tx.q, id, { status: 'expired', updatedAt: tx.now })
  tx.emit('approval.expired', ticketId, { ...told(approval), expiresAt })
}

/** Whether `expireApprovals` would find one. */
export function areApprovalsDue(reader: Reader): boolean {
  return approvalsDue(reader.q, reader.now, 1).length > 0
}

/** What a proposal knows of its ticket. */
function stateOf(reader: Reader, ticketId: number) {
  return {
    ticketClosedAt: getTicketRow(reader, ticketId).closedAt,
    customerMessageId: lastCustomerMessage(reader, ticketId) ?? null,
  }
}

function requireOpen(reader: Reader, { status, expiresAt }: Approval): void {
  if (status === 'approved' || status === 'rejected') throw new Fault('refused', 'approvalDecided')
  // The job that ends it may not have run yet.
  if (status === 'expired' || expiresAt <= reader.now) throw new Fault('refused', 'approvalExpired')
}

/** An entry is as good when its ticket has gone on; what is done to a ticket is not. */
function requireFresh(reader: Reader, approval: Approval, isForced: boolean): void {
  const { actionType, ticketId, ticketClosedAt, customerMessageId } = approval
  if (ticketId === null || actionType === 'create_kb_entry') return
  const now = stateOf(reader, ticketId)
  if (now.ticketClosedAt !== null && now.ticketClosedAt !== ticketClosedAt) {
    throw new Fault('refused', 'ticketClosed')
  }
  if (now.customerMessageId !== customerMessageId && !isForced) {
    throw new Fault('refused', 'newCustomerMessage')
  }
}

/** The text that takes the draft's place, or null when it is the draft's own. */
function editOf({ draft }: Approval, editedDraft: string | undefined): string | null {
  if (editedDraft === undefined) return null
  if (draft === null) throw new Fault('refused', 'noDraft')
  return editedDraft === draft ? null : editedDraft
}

function isOfRun({ q }: Reader, { id }: Approval): boolean {
  return runsOfApproval(q, id).length > 0
}

function told({ id, uid, ticketUid, ticketReference, actionType }: Approval) {
  return { id, uid, ticketUid, reference: ticketReference, actionType }
}
