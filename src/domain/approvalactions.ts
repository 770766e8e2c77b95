import type { ApprovalView } from '../store/approvals.ts'
import type { ApprovalAction } from '../store/schema.ts'
import { staffByUid } from '../store/staff.ts'
import { createArticle } from './articles.ts'
import type { Assignee } from './assignments.ts'
import { Fault } from './errors.ts'
import type { PlatformAction } from './events.ts'
import { knowledgeCategoryIdByName } from './knowledgecategories.ts'
import { labelIdsByName } from './labels.ts'
import { postMessage } from './messages.ts'
import { updateTicket } from './tickets.ts'
import type { Reader, Tx } from './tx.ts'

/** What an approved action has become. */
export type Outcome = {
  readonly message?: { readonly id: number; readonly uid: string }
  readonly article?: { readonly id: number; readonly uid: string }
}

/**
 * Does what was proposed, with `text` in the place of the draft. A platform action is for an integrator
 * to do, who hears of it by `approval.decided`.
 */
export function carryOut(tx: Tx, approval: ApprovalView, text: string): Outcome {
  return acts[approval.actionType](tx, approval, text)
}

type Act = (tx: Tx, approval: ApprovalView, text: string) => Outcome

const acts: { readonly [A in ApprovalAction]: Act } = {
  send_reply: sendReply,
  update_ticket: changeTicket,
  create_kb_entry: createEntry,
  platform_action: () => ({}),
}

/** What an integrator is asked to do, or null when the desk does it itself. */
export function platformActionOf(approval: ApprovalView): PlatformAction | null {
  const { platform, actionId, description, params } = approval
  if (platform === null || actionId === null) return null
  return { platform, actionId, description, params: params ?? {} }
}

/** The AI's words, by leave of the person behind the key; like an integration's they name nobody. */
function sendReply(tx: Tx, approval: ApprovalView, body: string): Outcome {
  const message = postMessage(tx, idOfTicket(approval), {
    body,
    isInternal: false,
    direction: 'outbound',
    senderName: null,
    senderEmail: null,
    isByAi: true,
  })
  return { message }
}

function changeTicket(tx: Tx, approval: ApprovalView): Outcome {
  const { assigneeUid, labels, ...plain } = approval.changes ?? {}
  updateTicket(tx, idOfTicket(approval), {
    ...plain,
    assignedTo: assigneeOf(tx, assigneeUid),
    labelIds: labels && labelIdsByName(tx, labels),
  })
  return {}
}

function createEntry(tx: Tx, { title, category }: ApprovalView, content: string): Outcome {
  const categoryId = category === null ? null : knowledgeCategoryIdByName(tx, category)
  const article = createArticle(tx, {
    title: title ?? '',
    content,
    categoryId,
    status: 'published',
    source: 'ai',
  })
  return { article }
}

function assigneeOf(reader: Reader, uid: string | null | undefined): Assignee | undefined {
  if (uid === undefined || uid === null || uid === 'ai') return uid
  const person = staffByUid(reader.q, uid)
  if (!person) throw new Fault('refused', 'assigneeGone')
  return person.id
}

function idOfTicket({ ticketId }: ApprovalView): number {
  if (ticketId === null) throw new Error('A proposal has lost its ticket')
  return ticketId
}
