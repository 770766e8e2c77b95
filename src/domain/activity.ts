import type { Page, Range } from '../lib/page.ts'
import { activityPage, insertActivity, type ActivityView } from '../store/activity.ts'
import type { CatalogNoun, EventBodies, EventName, RecordedEvent } from './events.ts'
import { updatedTicket, type TicketActivity } from './ticketactivity.ts'
import type { Reader, Tx } from './tx.ts'

export type { TicketActivity } from './ticketactivity.ts'

// The activity log follows from the events, here and nowhere else: what an event is not given an entry
// for in this table has none. An entry is in stored words, with the names of that moment; a dialect makes
// the sentence.

/** The nouns that an entry names by the name of a record. */
export type RecordNoun =
  | CatalogNoun
  | 'article'
  | 'customer'
  | 'agent'
  | 'user'
  | 'api_key'
  | 'webhook'
  | 'workflow'
  | 'backup'

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
  | 'completed'
  | 'failed'
  | 'exported'
  | 'erased'
  | 'cut'

type RecordKind = `${RecordNoun}.${RecordActivity}`

export type ActivityKind = `ticket.${TicketActivity}` | RecordKind | 'settings.updated'

/** An entry of the log. */
export type Activity = Omit<ActivityView, 'kind'> & { readonly kind: ActivityKind }

/** Newest first. */
export function listActivity(reader: Reader, range: Range): Page<Activity> {
  // No kind is written but by `recordActivity`.
  return activityPage(reader.q, range) as Page<Activity>
}

/** Writes the entries that an event gives, in its transaction. */
export function recordActivity(tx: Tx, event: RecordedEvent): void {
  const derive = derivations[event.type] as Derive<EventName> | null
  if (!derive) return
  const { actor, now: createdAt } = tx
  for (const { kind, subject = null, detail = null, isByCustomer } of derive(
    event.body,
    tx,
    event.type,
  )) {
    insertActivity(tx.q, {
      eventSequence: event.sequence,
      kind,
      subject,
      detail,
      ticketId: event.ticketId,
      staffId: isByCustomer ? null : actor.staffId,
      ipAddress: actor.ipAddress,
      createdAt,
    })
  }
}

export type Entry = {
  readonly kind: ActivityKind
  readonly subject?: string | undefined
  readonly detail?: string | null | undefined
  /** Whoever's key it came by, it is not the doing of the staff. */
  readonly isByCustomer?: boolean
}

type Derive<N extends EventName> = (body: EventBodies[N], tx: Tx, type: N) => readonly Entry[]

const derivations: { readonly [N in EventName]: Derive<N> | null } = {
  'ticket.created': ({ reference }) => [{ kind: 'ticket.created', subject: reference }],
  'ticket.updated': updatedTicket,
  // The change of status has told of it.
  'ticket.closed': null,
  'ticket.deleted': ({ reference }) => [{ kind: 'ticket.deleted', subject: reference }],
  // The opening message is a part of the ticket.
  'message.created': (said) => (said.isOpening ? [] : [messageEntry('ticket.replied', said)]),
  'note.created': (said) => [messageEntry('ticket.note_added', said)],
  'message.liked': null,
  'message.unliked': null,
  'approval.created': (told) => approvalEntries('proposed', told),
  'approval.decided': (told) => approvalEntries(told.decision, told),
  'approval.expired': (told) => approvalEntries('expired', told),
  'customer.created': customer,
  'customer.updated': customer,
  'customer.exported': numbered,
  'customer.erased': numbered,
  'staff.created': person('created'),
  'staff.updated': person('updated'),
  'staff.deleted': person('deleted'),
  'settings.updated': () => [{ kind: 'settings.updated' }],
  'session.created': null,
  'session.revoked': null,
  'signing_key.rotated': null,
  'webhook.created': hosted,
  'webhook.updated': hosted,
  'webhook.deleted': hosted,
  'webhook.disabled': hosted,
  'webhook.enabled': hosted,
  'webhook.secret_rotated': hosted,
  'webhook.test': null,
  'workflow.created': named,
  'workflow.updated': named,
  'workflow.activated': named,
  'workflow.deactivated': named,
  'workflow.deleted': named,
  'workflow.cut': ({ name, reference }) =>
    reference === null
      ? [{ kind: 'workflow.cut', subject: name }]
      : [{ kind: 'ticket.workflow_cut', subject: reference, detail: name, isByCustomer: true }],
  'backup.completed': backup,
  'backup.failed': backup,
  'api_key.created': named,
  'api_key.updated': named,
  'api_key.revoked': named,
  'department.created': named,
  'department.updated': named,
  'department.deleted': named,
  'category.created': named,
  'category.updated': named,
  'category.deleted': named,
  'label.created': named,
  'label.updated': named,
  'label.deleted': named,
  'product.created': named,
  'product.updated': named,
  'product.deleted': named,
  'canned_response.created': named,
  'canned_response.updated': named,
  'canned_response.deleted': named,
  'knowledge_category.created': named,
  'knowledge_category.updated': named,
  'knowledge_category.deleted': named,
  'article.created': titled,
  'article.updated': titled,
  'article.deleted': titled,
  'custom_field.created': named,
  'custom_field.updated': named,
  'custom_field.deleted': named,
}

function named({ name }: { readonly name: string }, _tx: Tx, kind: RecordKind): Entry[] {
  return [{ kind, subject: name }]
}

function titled({ title }: { readonly title: string }, _tx: Tx, kind: RecordKind): Entry[] {
  return [{ kind, subject: title }]
}

function hosted({ host }: { readonly host: string }, _tx: Tx, kind: RecordKind): Entry[] {
  return [{ kind, subject: host }]
}

function backup({ file }: { readonly file: string }, _tx: Tx, kind: RecordKind): Entry[] {
  return [{ kind, subject: file }]
}

function person(verb: RecordActivity) {
  return ({ name, role }: EventBodies['staff.created']): Entry[] => [
    { kind: `${role === 'agent' ? 'agent' : 'user'}.${verb}`, subject: name },
  ]
}

/** A customer known only by an address is named by it. */
function customer(
  { name, email }: EventBodies['customer.created'],
  _tx: Tx,
  kind: RecordKind,
): Entry[] {
  return [{ kind, subject: name ?? email }]
}

/** Whoever was erased is not to be named. */
function numbered({ id }: { readonly id: number }, _tx: Tx, kind: RecordKind): Entry[] {
  return [{ kind, subject: String(id) }]
}

function messageEntry(
  kind: ActivityKind,
  { reference, direction }: EventBodies['note.created'],
): Entry {
  return { kind, subject: reference, isByCustomer: direction === 'inbound' }
}

/** A proposal that concerns no ticket has none. */
function approvalEntries(
  what: 'proposed' | 'approved' | 'rejected' | 'expired',
  { reference, actionType }: Pick<EventBodies['approval.created'], 'reference' | 'actionType'>,
): Entry[] {
  return reference === null
    ? []
    : [{ kind: `ticket.${what}`, subject: reference, detail: actionType }]
}
