import { line, noted, raised, replied, tagged } from './graphline.ts'
import type { Graph } from './workflowgraph.ts'
import type { TriggerType } from './workflowplan.ts'

/** A workflow that somebody can start from: sent as it is, it makes one that can be switched on. */
export type WorkflowTemplate = {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly triggerType: TriggerType
  /** Null for the desk's level. */
  readonly autonomyLevel: number | null
  readonly graph: Graph
}

// A little less than the days of silence: the acknowledgement itself is a change of the ticket.
const quietMinutes = 7 * 24 * 60 - 10

const newTicket = { label: 'New ticket', triggerType: 'ticket_created' }

/** What small teams want first (ours). */
export const workflowTemplates: readonly WorkflowTemplate[] = [
  {
    id: 'vip_routing',
    name: 'VIP routing',
    description:
      'New tickets of VIP customers become urgent, are tagged, and say so to whoever opens them.',
    triggerType: 'ticket_created',
    autonomyLevel: null,
    graph: line(
      newTicket,
      {
        label: 'Is the customer a VIP?',
        conditions: [{ field: 'customer.is_vip', operator: 'equals', value: true }],
      },
      raised('urgent'),
      tagged(['vip']),
      noted('{{customer.name}} ({{customer.email}}) is a VIP. Please answer first.'),
    ),
  },
  {
    id: 'acknowledge_and_close',
    name: 'Acknowledge, and close after 7 quiet days',
    description:
      'Confirms each new ticket, and closes it when nothing has happened to it for a week.',
    triggerType: 'ticket_created',
    autonomyLevel: null,
    graph: line(
      newTicket,
      replied(
        'Confirm',
        'Hello {{customer.name}},\n\nwe have received “{{ticket.subject}}” and will answer soon.',
      ),
      { label: 'Wait a week', duration: 7, unit: 'days' },
      {
        label: 'Has nothing happened?',
        conditions: [
          { field: 'ticket.status', operator: 'in_list', value: ['open', 'pending'] },
          {
            field: 'time_since_updated',
            operator: 'greater_than_or_equal',
            value: quietMinutes,
          },
        ],
      },
      replied(
        'Say goodbye',
        'We have not heard from you for a week, so we close this ticket. Just answer to open it again.',
      ),
      { label: 'Close', action: 'set_status', config: { status: 'closed' } },
    ),
  },
  {
    id: 'keyword_escalation',
    name: 'Keyword escalation',
    description: 'Tickets that speak of refunds, lawyers or outages become urgent at once.',
    triggerType: 'ticket_created',
    autonomyLevel: null,
    graph: line(
      newTicket,
      {
        label: 'Does it name a keyword?',
        matchMode: 'any',
        conditions: ['ticket.subject', 'ticket.body'].map((field) => ({
          field,
          operator: 'matches_regex',
          value: '(?i)\\b(refund|chargeback|lawyer|legal|outage|data loss)\\b',
        })),
      },
      raised('urgent'),
      tagged(['escalated']),
      noted('Escalated by its words. Please look at it now.'),
    ),
  },
  {
    id: 'weekend_notice',
    name: 'Weekend notice',
    description: 'Tells customers who write on a weekend when they can expect an answer.',
    triggerType: 'ticket_created',
    autonomyLevel: null,
    graph: line(
      { label: 'New ticket', triggerType: 'ticket_created', timezone: 'UTC' },
      {
        label: 'Is it a weekend?',
        conditions: [{ field: 'working_hours', operator: 'equals', value: false }],
        workingHours: { days: [1, 2, 3, 4, 5], from: '00:00', to: '24:00' },
      },
      replied(
        'Say when',
        'Thank you for writing. Our team is back on Monday and will answer then.',
      ),
    ),
  },
  {
    id: 'sla_warning',
    name: 'SLA warning',
    description: 'Raises tickets whose customer has waited four hours for an answer.',
    triggerType: 'scheduled',
    autonomyLevel: null,
    graph: line(
      {
        label: 'Four hours without a reply',
        triggerType: 'scheduled',
        timer: { basis: 'no_reply', duration: 4, unit: 'hours' },
      },
      {
        label: 'Is it still open?',
        conditions: [{ field: 'ticket.status', operator: 'equals', value: 'open' }],
      },
      raised('high'),
      tagged(['sla-risk']),
      noted('{{customer.name}} has waited four hours for an answer.'),
    ),
  },
  {
    id: 'weekly_digest',
    name: 'Weekly digest by webhook',
    description:
      'Calls a URL of yours each Monday at 8, which can then collect the week and post it where you read it.',
    triggerType: 'scheduled',
    autonomyLevel: null,
    graph: line(
      { label: 'Mondays at 8', triggerType: 'scheduled', cron: '0 8 * * 1', timezone: 'UTC' },
      {
        label: 'Call the URL',
        action: 'send_webhook',
        config: {
          url: 'https://example.com/weekly-digest',
          method: 'POST',
          body: { event: 'weekly_digest', plannedAt: '{{trigger.data.plannedAt}}' },
        },
      },
    ),
  },
  {
    id: 'tag_by_domain',
    name: 'Tag by domain',
    description: 'Tags tickets by where their customer writes from.',
    triggerType: 'ticket_created',
    autonomyLevel: null,
    graph: line(
      newTicket,
      {
        label: 'Is it from this company?',
        conditions: [
          { field: 'ticket.customer_email', operator: 'ends_with', value: '@example.com' },
        ],
      },
      tagged(['example.com']),
    ),
  },
  {
    id: 'ai_draft',
    name: 'AI draft for approval',
    description:
      'A model drafts an answer to each new ticket; a person reads it before it is sent.',
    triggerType: 'ticket_created',
    autonomyLevel: 1,
    graph: line(
      newTicket,
      {
        label: 'Draft an answer',
        action: 'generate_ai_response',
        config: {
          promptTemplate:
            'Write a friendly, short answer to {{customer.name}}, who asks “{{ticket.subject}}”:\n\n{{ticket.body}}',
          saveAs: 'draft',
        },
      },
      {
        label: 'Answer, once a person agrees',
        action: 'send_reply',
        config: { content: '{{variables.draft}}', includeSignature: true },
      },
    ),
  },
]
