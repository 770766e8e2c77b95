import type { EventBodies, RecordedEvent, TicketChanges } from '../domain/events.ts'
import { isTold, type ToldName } from '../domain/subscriptions.ts'
import { publicId } from '../lib/ids.ts'
import { isoSeconds } from '../lib/time.ts'
import { customerFields, shownEntryStatuses, shownStatuses } from './shown.ts'

/** What receivers are told of an event (keva.md 9.1), with its place among all events and its ticket's. */
export type Payload = {
  readonly id: string
  readonly type: string
  readonly createdAt: string
  readonly sequence: number
  /** Null for what concerns no ticket. */
  readonly ticketSequence: number | null
  readonly data: object
}

/**
 * The payload of an event, the same whenever it is made; null for what is not told outside the desk, and for
 * a change that shows in no field of this contract.
 */
export function payloadOf(event: RecordedEvent): Payload | null {
  const { type } = event
  if (!isTold(type)) return null
  const spell = spellings[type] as (body: RecordedEvent['body']) => object | null
  const data = spell(event.body)
  if (!data) return null
  return {
    id: publicId('event', event.uid),
    type,
    createdAt: isoSeconds(event.createdAt),
    sequence: event.sequence,
    ticketSequence: event.ticketSequence,
    data,
  }
}

/** `data` of each type: keva.md 9.2, and ours in the same manner. */
const spellings: { readonly [N in ToldName]: (body: EventBodies[N]) => object | null } = {
  'ticket.created': (body) => ({
    ticketId: publicId('ticket', body.uid),
    subject: body.subject,
    customerEmail: body.customerEmail,
    customerName: body.customerName,
    source: body.source,
    priority: body.priority,
  }),
  'ticket.updated': updatedTicket,
  'ticket.closed': (body) => ({
    ticketId: publicId('ticket', body.uid),
    resolution: shownStatuses[body.resolution],
    resolutionType: body.resolutionType,
  }),
  'ticket.deleted': (body) => ({ ticketId: publicId('ticket', body.uid) }),
  'message.created': said,
  'note.created': said,
  'approval.created': awaited,
  'approval.decided': (body) => ({
    ...proposal(body),
    decision: body.decision,
    decidedBy: body.decidedBy && publicId('staff', body.decidedBy),
    feedback: body.feedback,
    messageId: body.messageUid && publicId('message', body.messageUid),
    entryId: body.articleUid && publicId('article', body.articleUid),
    // What the desk cannot do itself, for whoever is told that it may be done.
    platformAction: body.platformAction,
  }),
  'approval.expired': awaited,
  'customer.created': customer,
  'customer.updated': updatedCustomer,
  'customer.erased': ({ uid }) => ({ customerId: publicId('customer', uid) }),
  'staff.created': person,
  'staff.updated': (body) => ({ ...person(body), fields: body.fields }),
  'staff.deleted': person,
  'settings.updated': ({ changes }) => ({ fields: Object.keys(changes) }),
  'article.created': entry,
  'article.updated': entry,
  'article.deleted': entry,
  'webhook.disabled': ({ uid, reason }) => ({ webhookId: publicId('webhook', uid), reason }),
  'webhook.enabled': ({ uid }) => ({ webhookId: publicId('webhook', uid) }),
  'webhook.test': ({ uid }) => ({ webhookId: publicId('webhook', uid) }),
  'department.created': listed,
  'department.updated': listed,
  'department.deleted': listed,
  'category.created': listed,
  'category.updated': listed,
  'category.deleted': listed,
  'label.created': listed,
  'label.updated': listed,
  'label.deleted': listed,
  'product.created': listed,
  'product.updated': listed,
  'product.deleted': listed,
  'canned_response.created': listed,
  'canned_response.updated': listed,
  'canned_response.deleted': listed,
  'custom_field.created': listed,
  'custom_field.updated': listed,
  'custom_field.deleted': listed,
  'knowledge_category.created': listed,
  'knowledge_category.updated': listed,
  'knowledge_category.deleted': listed,
  'backup.completed': ({ file, bytes, lastSequence }) => ({ file, bytes, lastSequence }),
  // The reason may name folders of the machine, which are for its administrator.
  'backup.failed': ({ file }) => ({ file }),
}

function said(body: EventBodies['note.created']) {
  return {
    messageId: publicId('message', body.messageUid),
    ticketId: publicId('ticket', body.ticketUid),
    direction: body.direction,
    senderEmail: body.senderEmail,
    body: body.body,
  }
}

function proposal({
  uid,
  ticketUid,
  actionType,
}: Omit<EventBodies['approval.expired'], 'expiresAt'>) {
  return {
    approvalId: publicId('approval', uid),
    ticketId: ticketUid && publicId('ticket', ticketUid),
    actionType,
  }
}

function awaited(body: EventBodies['approval.expired']) {
  return { ...proposal(body), expiresAt: isoSeconds(body.expiresAt) }
}

function customer({ uid, email, name }: EventBodies['customer.created']) {
  return { customerId: publicId('customer', uid), email, name }
}

function updatedCustomer(body: EventBodies['customer.updated']) {
  const known: readonly string[] = customerFields
  const fields = body.fields.filter((field) => known.includes(field))
  return fields.length === 0 ? null : { ...customer(body), fields }
}

function person({ uid, name, role }: EventBodies['staff.created']) {
  return { userId: publicId('staff', uid), name, role }
}

function entry({ uid, title, status }: EventBodies['article.created']) {
  return { entryId: publicId('article', uid), title, status: shownEntryStatuses[status] }
}

function listed({ id, name }: EventBodies['label.created']) {
  return { id, name }
}

type Shown = { readonly from: unknown; readonly to: unknown }

/** The changes that show in a ticket of keva.md 4.3, in its words; null when none does. */
function updatedTicket({ uid, changes, assigneeUids }: EventBodies['ticket.updated']) {
  const { status, priority, assignedTo, subject, labels, resolutionType } = changes
  const shown: { readonly [field: string]: Shown | undefined } = {
    subject,
    status: status && { from: shownStatuses[status.from], to: shownStatuses[status.to] },
    priority,
    assignedTo: assignedTo && {
      from: assigneeOf(assignedTo.from, assigneeUids?.from),
      to: assigneeOf(assignedTo.to, assigneeUids?.to),
    },
    resolutionType,
    tags: labels,
  }
  const told = Object.entries(shown).filter(([, change]) => change && change.from !== change.to)
  if (told.length === 0) return null
  return { ticketId: publicId('ticket', uid), changes: Object.fromEntries(told) }
}

type Assigned = Required<TicketChanges>['assignedTo']['to']

function assigneeOf(assigned: Assigned, uid: string | null | undefined): string | null {
  if (assigned === 'ai') return 'ai'
  return uid ? publicId('staff', uid) : null
}
