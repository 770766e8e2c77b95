import { z } from 'zod'
import {
  approvalStatuses,
  riskLevels,
  type Approval,
  type ApprovalAction,
  type DiffLine,
} from '../../domain/approvals.ts'
import { publicId } from '../../lib/ids.ts'
import { isoSeconds, isoSecondsOrNull } from '../../lib/time.ts'
import { presentChanges } from './approvalchanges.ts'
import { date } from './shapes.ts'
import { ticketShape } from './tickets.ts'

const common = {
  id: z.string(),
  ticketId: z.string().nullable(),
  status: z.enum(approvalStatuses),
  expiresAt: date,
  createdAt: date,
  decidedAt: date.nullable(),
  ticketSubject: z.string().nullable(),
  customerEmail: z.string().nullable(),
  customerName: z.string().nullable(),
  feedback: z.string().nullable(),
  model: z.string().nullable(),
  classification: z
    .strictObject({ category: z.string(), sentiment: z.string(), urgency: z.string() })
    .nullable(),
  reasoning: z
    .strictObject({
      context: z.string(),
      approach: z.string(),
      confidence: z.number().min(0).max(1),
    })
    .nullable(),
}

const diff = z.array(z.strictObject({ field: z.string(), before: z.string(), after: z.string() }))

const changes = ticketShape
  .pick({
    status: true,
    priority: true,
    assignedTo: true,
    tags: true,
    subject: true,
    resolutionType: true,
  })
  .partial()

/** keva.md 5.3, and the two actions that no page describes. */
export const approvalShape = z
  .discriminatedUnion('actionType', [
    z.strictObject({
      ...common,
      actionType: z.literal('send_reply'),
      draft: z.string(),
      editedDraft: z.string().nullable(),
    }),
    z.strictObject({
      ...common,
      actionType: z.literal('update_ticket'),
      changes,
      description: z.string().nullable(),
      riskLevel: z.enum(riskLevels).nullable(),
      diff,
    }),
    z.strictObject({
      ...common,
      actionType: z.literal('create_kb_entry'),
      title: z.string(),
      content: z.string(),
      category: z.string().nullable(),
      editedDraft: z.string().nullable(),
    }),
    z.strictObject({
      ...common,
      actionType: z.literal('platform_action'),
      platform: z.string(),
      actionId: z.string(),
      description: z.string().nullable(),
      riskLevel: z.enum(riskLevels).nullable(),
      diff,
      params: z.record(z.string(), z.unknown()),
    }),
  ])
  .meta({ id: 'Approval' })

export function presentApproval(approval: Approval) {
  const { ticketUid, classification, reasoning } = approval
  return {
    id: publicId('approval', approval.uid),
    ticketId: ticketUid === null ? null : publicId('ticket', ticketUid),
    actionType: approval.actionType,
    status: approval.status,
    expiresAt: isoSeconds(approval.expiresAt),
    createdAt: isoSeconds(approval.createdAt),
    decidedAt: isoSecondsOrNull(approval.decidedAt),
    ticketSubject: approval.ticketSubject,
    customerEmail: approval.customerEmail,
    customerName: approval.customerName,
    feedback: approval.feedback,
    ...presentAction[approval.actionType](approval),
    model: approval.model,
    classification: classification && {
      category: classification.category,
      sentiment: classification.sentiment,
      urgency: classification.urgency,
    },
    reasoning: reasoning && {
      context: reasoning.context,
      approach: reasoning.approach,
      confidence: reasoning.confidence,
    },
  }
}

const presentAction: { readonly [A in ApprovalAction]: (approval: Approval) => object } = {
  send_reply: ({ draft, editedDraft }) => ({ draft, editedDraft }),
  update_ticket: ({ changes: proposed, description, riskLevel, diff: lines }) => ({
    changes: presentChanges(proposed ?? {}),
    description,
    riskLevel,
    diff: presentDiff(lines),
  }),
  create_kb_entry: ({ title, draft, category, editedDraft }) => ({
    title,
    content: draft,
    category,
    editedDraft,
  }),
  platform_action: ({ platform, actionId, description, riskLevel, diff: lines, params }) => ({
    platform,
    actionId,
    description,
    riskLevel,
    diff: presentDiff(lines),
    params,
  }),
}

function presentDiff(lines: readonly DiffLine[]) {
  return lines.map(({ field, before, after }) => ({ field, before, after }))
}
