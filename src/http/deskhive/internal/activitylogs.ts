import { z } from 'zod'
import {
  listActivity,
  type Activity,
  type RecordActivity,
  type RecordNoun,
  type TicketActivity,
} from '../../../domain/activity.ts'
import type { ApprovalAction } from '../../../domain/approvals.ts'
import { isoSeconds } from '../../../lib/time.ts'
import type { Endpoint } from '../../endpoint.ts'
import { list, listed, pagingOf, pagingQuery } from '../envelope.ts'
import { date, hashed, priorityWordOf, statusWordOf } from '../shapes.ts'

const perPage = 15

const shape = z
  .strictObject({
    id: z.int(),
    description: z.string(),
    user: z.strictObject({ id: z.int(), name: z.string() }).nullable(),
    ip_address: z.string().nullable(),
    created_at: date,
  })
  .meta({ id: 'ActivityLog' })

/** deskhive.md 19.1. */
export const activityLogs: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/activity-logs',
    scope: 'activity-logs:list',
    tag: 'Activity logs',
    summary: 'List what was done, newest first',
    query: z.object(pagingQuery(perPage)),
    answer: { status: 200, shape: list(shape) },
    run({ tx, query }) {
      const paging = pagingOf(query, perPage)
      return { status: 200, body: listed(paging, listActivity(tx, paging.range), present) }
    },
  },
]

function present(entry: Activity) {
  const { staffId, staffName } = entry
  return {
    id: entry.id,
    description: descriptionOf(entry),
    user: staffId === null || staffName === null ? null : { id: staffId, name: staffName },
    ip_address: entry.ipAddress,
    created_at: isoSeconds(entry.createdAt),
  }
}

function descriptionOf({ kind, subject, detail }: Activity): string {
  if (kind === 'settings.updated') return 'Settings updated'
  const [noun, what] = kind.split('.') as [RecordNoun | 'ticket', string]
  if (noun !== 'ticket') return `${nouns[noun]} "${subject}" ${verbs[what as RecordActivity]}`
  return `Ticket ${hashed(subject ?? '')} ${happenings[what as TicketActivity](detail)}`
}

const nouns: { readonly [N in RecordNoun]: string } = {
  department: 'Department',
  category: 'Category',
  label: 'Label',
  product: 'Product',
  canned_response: 'Canned response',
  custom_field: 'Custom field',
  knowledge_category: 'Knowledge category',
  article: 'Knowledge article',
  customer: 'Customer',
  agent: 'Agent',
  user: 'User',
  api_key: 'API key',
  webhook: 'Webhook',
  backup: 'Backup',
  workflow: 'Workflow',
}

const verbs: { readonly [V in RecordActivity]: string } = {
  created: 'created',
  updated: 'updated',
  deleted: 'deleted',
  revoked: 'revoked',
  disabled: 'disabled',
  enabled: 'enabled',
  secret_rotated: 'secret rotated',
  completed: 'completed',
  failed: 'failed',
  exported: 'exported',
  erased: 'erased',
  activated: 'activated',
  deactivated: 'deactivated',
  cut: 'not started again: it sets itself off',
}

type Happening = (detail: string | null) => string

/** What is set to nothing is cleared. */
const changed =
  (what: string): Happening =>
  (to) =>
    to === null ? `${what} cleared` : `${what} changed to ${to}`

const happenings: { readonly [A in TicketActivity]: Happening } = {
  created: () => 'created',
  status: (to) => `status changed to ${statusWordOf(to)}`,
  auto_closed: () => 'auto-closed',
  reopened: () => 'reopened',
  priority: (to) => `priority changed to ${priorityWordOf(to)}`,
  assignee: (to) => (to === null ? 'unassigned' : `assigned to ${to}`),
  ai_assigned: () => 'assigned to AI',
  department: changed('department'),
  category: changed('category'),
  product: changed('product'),
  subject: changed('title'),
  resolved: () => 'marked as resolved',
  unresolved: () => 'marked as unresolved',
  resolution: changed('resolution'),
  labels: changed('labels'),
  custom_fields: () => 'custom fields changed',
  replied: () => 'replied',
  note_added: () => 'note added',
  locked: () => 'locked',
  unlocked: () => 'unlocked',
  deleted: () => 'deleted',
  workflow_cut: (name) => `workflow "${name}" not started again: it sets itself off`,
  proposed: (action) => `${proposal(action)} proposed by AI`,
  approved: (action) => `${proposal(action)} proposal approved`,
  rejected: (action) => `${proposal(action)} proposal rejected`,
  expired: (action) => `${proposal(action)} proposal expired`,
}

const proposals: { readonly [A in ApprovalAction]: string } = {
  send_reply: 'reply',
  update_ticket: 'change',
  create_kb_entry: 'knowledge base entry',
  platform_action: 'platform action',
}

/** No detail is stored with a proposal but its action. */
function proposal(action: string | null): string {
  return proposals[action as ApprovalAction]
}
