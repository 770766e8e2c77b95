import type { CatalogNoun } from './events.ts'

/** What can be said of a ticket. What is set to nothing has no detail. */
export type TicketActivity =
  | 'created'
  | 'status'
  | 'auto_closed'
  | 'reopened'
  | 'priority'
  | 'assignee'
  | 'ai_assigned'
  | 'department'
  | 'category'
  | 'product'
  | 'subject'
  | 'resolved'
  | 'unresolved'
  | 'resolution'
  | 'labels'
  | 'custom_fields'
  | 'replied'
  | 'note_added'
  | 'locked'
  | 'unlocked'
  | 'deleted'
  | 'workflow_cut'
  | 'proposed'
  | 'approved'
  | 'rejected'
  | 'expired'

/** The nouns that an entry names by the name of a record. */
export type RecordNoun =
  CatalogNoun | 'article' | 'customer' | 'agent' | 'user' | 'api_key' | 'webhook' | 'workflow'

export type RecordActivity =
  | 'created'
  | 'updated'
  | 'deleted'
  | 'revoked'
  | 'disabled'
  | 'enabled'
  | 'secret_rotated'
  | 'activated'
  | 'deactivated'

export type RecordKind = `${RecordNoun}.${RecordActivity}`

export type ActivityKind = `ticket.${TicketActivity}` | RecordKind | 'settings.updated'
