import type { Millis } from '../lib/time.ts'
import type {
  ApprovalAction,
  ArticleStatus,
  Audience,
  EventRow,
  KeyKind,
  RiskLevel,
  StaffRole,
  TicketPriority,
  TicketStatus,
} from '../store/schema.ts'
import type { Settings } from './settings.ts'
import type { WorkflowBodies } from './workflowevents.ts'

type Change<T> = { readonly from: T; readonly to: T }

/** What changed in a ticket, in stored words; assignees are staff ids, or 'ai'. */
export type TicketChanges = {
  readonly subject?: Change<string>
  readonly status?: Change<TicketStatus>
  readonly priority?: Change<TicketPriority>
  readonly assignedTo?: Change<number | 'ai' | null>
  readonly departmentId?: Change<number | null>
  readonly categoryId?: Change<number | null>
  readonly productId?: Change<number | null>
  readonly isResolved?: Change<boolean>
  readonly isLocked?: Change<boolean>
  readonly resolutionType?: Change<string | null>
  readonly labels?: Change<readonly string[]>
  /** The values that changed, by the id of their field; null where there is none. */
  readonly customFields?: Change<CustomFieldValues>
}

type CustomFieldValues = { readonly [id: string]: string | null }

/**
 * Why a ticket changed by itself: its customer wrote, nobody did for too long, or it was new and there
 * was an agent for it.
 */
export type UpdateCause = 'reply' | 'inactivity' | 'auto_assign'

/**
 * Why a session ended early: its person signed out, a used refresh token came again, the person's account
 * changed, or the person has too many sessions.
 */
export type RevokeReason = 'sign_out' | 'reuse' | 'account_changed' | 'too_many'

type MessageSaid = {
  readonly reference: string
  readonly messageId: number
  readonly messageUid: string
  readonly direction: 'inbound' | 'outbound'
  readonly senderEmail: string | null
  readonly body: string
}

type Person = {
  readonly id: number
  readonly uid: string
  readonly name: string
  readonly role: StaffRole
}

type ArticleTold = {
  readonly id: number
  readonly uid: string
  readonly title: string
  readonly status: ArticleStatus
}

type Webhook = {
  readonly id: number
  readonly uid: string
  /** Where it is, but nothing of the path, which may hold a secret. */
  readonly host: string
}

/** Why an endpoint is told nothing more: somebody said so, it is gone, or it failed for too long. */
export type DisabledReason = 'manual' | 'gone' | 'failing'

type Addressed = {
  readonly id: number
  readonly uid: string
  readonly name: string | null
  readonly email: string
}

type ApprovalTold = {
  readonly id: number
  readonly uid: string
  /** Null for a proposal that concerns no ticket. */
  readonly ticketUid: string | null
  readonly reference: string | null
  readonly actionType: ApprovalAction
}

/** What an integrator needs to do what a desk cannot do itself. */
export type PlatformAction = {
  readonly platform: string
  readonly actionId: string
  readonly description: string | null
  readonly params: { readonly [name: string]: unknown }
}

/** Every event and what it tells. The spine of audit, activity, webhooks and workflows. */
type NounBodies = {
  'ticket.created': {
    readonly uid: string
    readonly reference: string
    readonly subject: string
    readonly customerEmail: string
    readonly customerName: string | null
    readonly source: string
    readonly priority: TicketPriority
  }
  'ticket.updated': {
    readonly uid: string
    readonly reference: string
    readonly changes: TicketChanges
    /** The public uids of the assignees, where they changed and are people. */
    readonly assigneeUids?: Change<string | null> | undefined
    readonly cause?: UpdateCause | undefined
  }
  'ticket.closed': {
    readonly uid: string
    readonly resolution: TicketStatus
    readonly resolutionType: string | null
  }
  'ticket.deleted': { readonly uid: string; readonly reference: string }
  /** The opening message is a part of its ticket; the others are replies. */
  'message.created': MessageSaid & { readonly ticketUid: string; readonly isOpening: boolean }
  'note.created': MessageSaid & { readonly ticketUid: string }
  'message.liked': { readonly messageId: number; readonly staffId: number }
  'message.unliked': { readonly messageId: number; readonly staffId: number }
  'approval.created': ApprovalTold & {
    readonly riskLevel: RiskLevel | null
    readonly expiresAt: Millis
  }
  'approval.decided': ApprovalTold & {
    readonly decision: 'approved' | 'rejected'
    /** The uid of the person behind the key that decided. */
    readonly decidedBy: string | null
    readonly isEdited: boolean
    readonly feedback: string | null
    /** The message or the article that the approved draft became. */
    readonly messageUid: string | null
    readonly articleUid: string | null
    /** On a platform action, whether approved or not; null on what is carried out here. */
    readonly platformAction: PlatformAction | null
  }
  'approval.expired': ApprovalTold & { readonly expiresAt: Millis }
  'customer.created': Addressed
  'customer.updated': Addressed & { readonly fields: string[] }
  /** All that was held on the customer was given out. */
  'customer.exported': { readonly id: number; readonly uid: string }
  /** The customer was taken out of everything, earlier events among it. */
  'customer.erased': { readonly id: number; readonly uid: string }
  'staff.created': Person
  /** The settings that changed, and what they are now. */
  'settings.updated': { readonly changes: Partial<Settings> }
  /** `fields` names what changed; a password is only named. */
  'staff.updated': Person & { readonly fields: string[] }
  'staff.deleted': Person
  'article.created': ArticleTold
  'article.updated': ArticleTold
  'article.deleted': ArticleTold
  'api_key.created': { readonly id: number; readonly name: string; readonly kind: KeyKind }
  'api_key.updated': { readonly id: number; readonly name: string }
  'api_key.revoked': { readonly id: number; readonly name: string }
  'session.created': { readonly uid: string; readonly staffId: number; readonly audience: Audience }
  'session.revoked': {
    readonly uid: string
    readonly staffId: number
    readonly audience: Audience
    readonly reason: RevokeReason
  }
  'signing_key.rotated': { readonly kid: string }
  'webhook.created': Webhook
  /** `fields` names what changed; headers are only named. */
  'webhook.updated': Webhook & { readonly fields: string[] }
  'webhook.deleted': Webhook
  'webhook.disabled': Webhook & { readonly reason: DisabledReason }
  'webhook.enabled': Webhook
  'webhook.secret_rotated': Webhook
  /** Told to that endpoint alone. */
  'webhook.test': Webhook
  /** The state of the desk up to the event `lastSequence` is in a file of that name. */
  'backup.completed': {
    readonly file: string
    readonly bytes: number
    readonly lastSequence: number
  }
  'backup.failed': { readonly file: string; readonly reason: string }
}

/** The nouns that are only lists. */
export type CatalogNoun =
  | 'department'
  | 'category'
  | 'label'
  | 'product'
  | 'canned_response'
  | 'custom_field'
  | 'knowledge_category'

type CatalogVerb = 'created' | 'updated' | 'deleted'

type CatalogBodies = {
  [E in `${CatalogNoun}.${CatalogVerb}`]: { readonly id: number; readonly name: string }
}

export type EventBodies = NounBodies & CatalogBodies & WorkflowBodies

export type EventName = keyof EventBodies

export type Emit = <N extends EventName>(
  type: N,
  ticketId: number | null,
  body: EventBodies[N],
) => void

export type NewEvent = {
  [N in EventName]: {
    readonly type: N
    readonly ticketId: number | null
    readonly body: EventBodies[N]
  }
}[EventName]

/** An event as it stands on the spine. */
export type RecordedEvent = NewEvent & {
  readonly uid: string
  readonly sequence: number
  readonly ticketSequence: number | null
  readonly createdAt: Millis
}

/** An event as it was stored. */
export function recordedEvent(row: EventRow): RecordedEvent {
  const { uid, type, ticketId, sequence, ticketSequence, createdAt } = row
  const body: unknown = JSON.parse(row.body)
  // No row is written but by `Spine.append`.
  return { uid, type, ticketId, body, sequence, ticketSequence, createdAt } as RecordedEvent
}
