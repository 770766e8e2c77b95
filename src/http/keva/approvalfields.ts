import { z } from 'zod'
import {
  approvalActions,
  riskLevels,
  type NewApproval,
  type Verdict,
} from '../../domain/approvals.ts'
import { findTicketId, ticketIdOf } from '../../domain/tickets.ts'
import { getTicket } from '../../domain/ticketviews.ts'
import type { Reader, Tx } from '../../domain/tx.ts'
import { uidOf } from '../../lib/ids.ts'
import { dayMs, hourMs, minuteMs, secondMs } from '../../lib/time.ts'
import { anyObject, asking, isRecord, read, type Question } from '../fields.ts'
import { changesTable, diffOf, storedChanges } from './approvalchanges.ts'
import {
  anyText,
  between,
  flag,
  line,
  oneOf,
  optionalText,
  records,
  text,
  wholeBetween,
} from './fields.ts'

const draftMax = 65_535
const longMax = 10_000
const titleMax = 500
const nameMax = 250
const diffMost = 100

const lifeDefault = (8 * hourMs) / secondMs

const actionType = oneOf(approvalActions)

const isTicket: Question = {
  rule: 'exists',
  holds: (reader, id: string) => findTicketId(reader, uidOf('ticket', id)) !== undefined,
}
const ticketId = asking(z.string(), isTicket)
const maybeTicketId = asking(z.string().nullable().optional(), isTicket)

const draft = text(draftMax)
const riskLevel = oneOf(riskLevels)
const params = anyObject(draftMax).optional()
const diff = records(
  z.object({ field: text(nameMax), before: anyText(longMax), after: anyText(longMax) }),
  diffMost,
).optional()

/** What every proposal may say of itself (keva.md 5.3). */
const explained = {
  model: optionalText(nameMax),
  classification: z
    .object({ category: text(nameMax), sentiment: text(nameMax), urgency: text(nameMax) })
    .nullable()
    .optional(),
  reasoning: z
    .object({ context: text(longMax), approach: text(longMax), confidence: between(0, 1) })
    .nullable()
    .optional(),
  expiresIn: wholeBetween(minuteMs / secondMs, (30 * dayMs) / secondMs)
    .default(lifeDefault)
    .meta({ description: 'Seconds until the proposal expires' }),
}

const reply = z.object({ actionType, ticketId, draft, ...explained })

const update = z.object({
  actionType,
  ticketId,
  changes: changesTable,
  description: optionalText(longMax),
  riskLevel: riskLevel.optional(),
  diff,
  ...explained,
})

const entry = z.object({
  actionType,
  ticketId: maybeTicketId,
  title: line(titleMax),
  content: draft,
  category: optionalText(nameMax),
  ...explained,
})

const platformAction = z.object({
  actionType,
  ticketId: maybeTicketId,
  platform: text(nameMax),
  actionId: text(nameMax),
  description: text(longMax),
  riskLevel,
  diff,
  params,
  ...explained,
})

/** Every field of a proposal. Which of them must be there follows from the action. */
export const proposal = z.object({
  actionType,
  ticketId: maybeTicketId.meta({
    description: 'Required for send_reply and update_ticket',
  }),
  draft: draft.optional().meta({ description: 'The reply; required for send_reply' }),
  changes: changesTable
    .optional()
    .meta({ description: 'As in PATCH /tickets/{id}; required for update_ticket' }),
  title: line(titleMax).optional().meta({ description: 'Required for create_kb_entry' }),
  content: draft.optional().meta({ description: 'Markdown; required for create_kb_entry' }),
  category: optionalText(nameMax).meta({ description: 'Of a create_kb_entry, by name' }),
  platform: text(nameMax).optional().meta({ description: 'Required for platform_action' }),
  actionId: text(nameMax).optional().meta({ description: 'Required for platform_action' }),
  description: optionalText(longMax).meta({
    description: 'What the action does, for people; required for platform_action',
  }),
  riskLevel: riskLevel.optional().meta({ description: 'Required for platform_action' }),
  diff,
  params,
  ...explained,
})

/** A proposal from the body, or `invalid` with every issue that its action gives rise to. */
export function readProposal(tx: Tx, body: unknown): NewApproval {
  const actionType = isRecord(body) ? body['actionType'] : undefined
  switch (actionType) {
    case 'send_reply': {
      const fields = read(tx, reply, body)
      const ticketId = ticketIdIn(tx, fields.ticketId)
      return { actionType, ticketId, draft: fields.draft, ...explanation(fields) }
    }
    case 'update_ticket': {
      const { description, riskLevel, diff, ...fields } = read(tx, update, body)
      const ticketId = ticketIdIn(tx, fields.ticketId)
      const changes = storedChanges(fields.changes)
      const shownDiff = diff ?? diffOf(changes, getTicket(tx, ticketId))
      const told = { description, riskLevel, diff: shownDiff, ...explanation(fields) }
      return { actionType, ticketId, changes, ...told }
    }
    case 'create_kb_entry': {
      const { title, content, category = null, ...fields } = read(tx, entry, body)
      const ticketId = maybeTicketIdIn(tx, fields.ticketId)
      return { actionType, ticketId, title, draft: content, category, ...explanation(fields) }
    }
    case 'platform_action': {
      const { platform, actionId, params = {}, ...fields } = read(tx, platformAction, body)
      const { description, riskLevel, diff } = fields
      const ticketId = maybeTicketIdIn(tx, fields.ticketId)
      const told = { description, riskLevel, diff, ...explanation(fields) }
      return { actionType, ticketId, platform, actionId, params, ...told }
    }
    default:
      read(tx, proposal, body)
      throw new Error('A proposal of no known action was let through')
  }
}

type Explained = Pick<
  z.output<typeof reply>,
  'model' | 'classification' | 'reasoning' | 'expiresIn'
>

function explanation({ model, classification, reasoning, expiresIn }: Explained) {
  return { model, classification, reasoning, lifeMs: expiresIn * secondMs }
}

function ticketIdIn(reader: Reader, id: string): number {
  return ticketIdOf(reader, uidOf('ticket', id))
}

function maybeTicketIdIn(reader: Reader, id: string | null | undefined): number | null {
  return id === null || id === undefined ? null : ticketIdIn(reader, id)
}

const decisions = ['approved', 'rejected'] as const

/** keva.md 5.4: the imperative is as good, and so is `status` as the name of the field. */
const decision = z
  .preprocess((value) => participles.get(value) ?? value, z.enum(decisions))
  .meta({ enum: [...decisions, 'approve', 'reject'] })
  .optional()

const participles = new Map<unknown, string>([
  ['approve', 'approved'],
  ['reject', 'rejected'],
])

const edited = text(draftMax).nullable().optional()

/** What decides a proposal; one of `decision` and `status` must be there. */
export const verdict = z.object({
  decision,
  status: decision.meta({ description: 'Another name of `decision`' }),
  feedback: optionalText(longMax),
  editedDraft: edited,
  draft: edited.meta({ description: 'Another name of `editedDraft`' }),
  force: flag().meta({ description: 'Approve although the customer has written since' }),
})

/** The verdict in the body. None at all is answered like a bad one. */
export function readVerdict(tx: Tx, body: unknown): Verdict {
  const given = isRecord(body) ? body : {}
  const isNamed = given['decision'] !== undefined || given['status'] !== undefined
  const fields = read(tx, verdict, isNamed ? given : { ...given, decision: '' })
  return {
    decision: fields.decision ?? fields.status ?? 'rejected',
    feedback: fields.feedback,
    editedDraft: fields.editedDraft ?? fields.draft ?? undefined,
    isForced: fields.force ?? false,
  }
}
