import type { Page, Range } from '../lib/page.ts'
import { messageById, newestMessage, type MessageView } from '../store/messages.ts'
import {
  insertNotification,
  markAllRead,
  markRead,
  notificationCountsOf,
  notificationOf,
  notificationsOf,
  recipientById,
  recipientsOfTicket,
  type NotificationView,
  type Recipient,
} from '../store/notifications.ts'
import type { NotificationKind } from '../store/schema.ts'
import { staffById } from '../store/staff.ts'
import { found } from './errors.ts'
import type { EventBodies, NewEvent } from './events.ts'
import { endings } from './statuses.ts'
import type { Reader, Tx } from './tx.ts'

export type { NotificationKind } from '../store/schema.ts'

export type Notification = NotificationView

/** Newest first. */
export function listNotifications(
  reader: Reader,
  agentId: number,
  range: Range,
): Page<Notification> {
  return notificationsOf(reader.q, agentId, range)
}

export function unreadCount(reader: Reader, agentId: number): number {
  return notificationCountsOf(reader.q, agentId).unread
}

/** Marks it as read, which no event tells of. Throws `not_found` for another agent's. */
export function readNotification(tx: Tx, agentId: number, id: number | undefined): Notification {
  const notification = notificationIn(tx, agentId, id)
  markRead(tx.q, notification.id)
  return notificationIn(tx, agentId, id)
}

/** Marks all of an agent's as read, which no event tells of. */
export function readAllNotifications(tx: Tx, agentId: number): void {
  markAllRead(tx.q, agentId)
}

/**
 * Notifies the agents whom an event concerns, in its transaction, unless they did it themselves, do not
 * work any more, or have switched the kind off (deskhive.md 23.2 and 25).
 */
export function tellAgents(tx: Tx, { type, ticketId, body }: NewEvent): void {
  if (ticketId === null) return
  if (type === 'message.created') tellOfReply(tx, ticketId, body)
  if (type === 'ticket.updated') tellOfChange(tx, ticketId, body)
}

type Notice = {
  readonly ticketId: number
  readonly kind: NotificationKind
  readonly detail?: string
}

/**
 * Who did it, as named and pictured at that moment: the customer who wrote, the user or agent behind the
 * key or session that acted, or nobody for what a job did.
 */
type Sender = { readonly senderName: string | null; readonly senderAvatarUrl: string | null }

/** The opening message is no reply, and what the staff says is no news to it. */
function tellOfReply(tx: Tx, ticketId: number, said: EventBodies['message.created']): void {
  if (said.isOpening || said.direction !== 'inbound') return
  const recipients = recipientsOfTicket(tx.q, ticketId)
  insertFor(tx, recipients, { ticketId, kind: 'ticket_reply' }, () =>
    customerOf(messageById(tx.q, said.messageId)),
  )
}

function tellOfChange(tx: Tx, ticketId: number, body: EventBodies['ticket.updated']): void {
  const { assignedTo, status } = body.changes
  // What follows by itself is nobody's doing, whoever's key the request came by.
  const actingId = body.cause === undefined ? tx.actor.staffId : null
  const others = (one: Recipient) => one.id !== actingId
  const sender = () =>
    body.cause === 'reply' ? customerOf(newestMessage(tx.q, ticketId)) : staffOf(tx, actingId)
  if (typeof assignedTo?.to === 'number') {
    const assignee = recipientById(tx.q, assignedTo.to)
    const recipients = assignee ? [assignee].filter(others) : []
    insertFor(tx, recipients, { ticketId, kind: 'ticket_assigned' }, sender)
  }
  // From one way to be done with to the other is no news to an agent, who sees one of them.
  if (status && !(endings.has(status.from) && endings.has(status.to))) {
    const recipients = recipientsOfTicket(tx.q, ticketId).filter(others)
    const kind = 'ticket_status_changed'
    insertFor(tx, recipients, { ticketId, kind, detail: status.to }, sender)
  }
}

function insertFor(
  tx: Tx,
  recipients: readonly Recipient[],
  notice: Notice,
  senderOf: () => Sender,
): void {
  const wanting = recipients.filter((one) => wants(one, notice.kind))
  if (wanting.length === 0) return
  const row = { ...notice, ...senderOf(), createdAt: tx.now }
  for (const { id: staffId } of wanting) insertNotification(tx.q, { ...row, staffId })
}

const off: ReadonlySet<unknown> = new Set([false, 0, '0', 'false'])

/** A kind that the settings do not name is on (deskhive.md 23.1). */
function wants({ settings }: Recipient, kind: NotificationKind): boolean {
  return !off.has(settings[kind])
}

/** The name that the message bears, which is the customer's unless the caller gave another one. */
function customerOf(message: MessageView | undefined): Sender {
  const senderName = message?.senderName ?? message?.senderEmail ?? null
  return { senderName, senderAvatarUrl: message?.customerAvatarUrl ?? null }
}

/** The user or agent who acts; nobody for a job, the system, or a key without an owner. */
function staffOf(tx: Tx, id: number | null): Sender {
  const person = id === null ? undefined : staffById(tx.q, id)
  return { senderName: person?.name ?? null, senderAvatarUrl: person?.avatarUrl ?? null }
}

function notificationIn(reader: Reader, agentId: number, id: number | undefined): Notification {
  return found(id === undefined ? undefined : notificationOf(reader.q, agentId, id), 'record')
}
