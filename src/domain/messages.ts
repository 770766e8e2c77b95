import type { Page, Range, Window } from '../lib/page.ts'
import { emailKey } from '../lib/text.ts'
import { customerByEmail, customerById } from '../store/customers.ts'
import {
  insertMessage,
  lastCustomerMessageId,
  messageById,
  messagesOfTicket,
  repliesToTicket,
  type MessageView,
} from '../store/messages.ts'
import type { TicketRow } from '../store/schema.ts'
import { staffById } from '../store/staff.ts'
import { updateTicket as patchTicket } from '../store/tickets.ts'
import { Fault } from './errors.ts'
import { getTicketRow, reopenTicket } from './tickets.ts'
import type { Reader, Tx } from './tx.ts'

export type Message = MessageView

/** Which way a message goes: from the customer, or from the desk. */
export function directionOf(message: Pick<Message, 'senderKind'>): 'inbound' | 'outbound' {
  return message.senderKind === 'customer' ? 'inbound' : 'outbound'
}

export type NewMessage = {
  readonly body: string
  readonly isInternal: boolean
  readonly direction: 'inbound' | 'outbound'
  /** Left out, the name and address of who sends it; null, none for a message of the staff. */
  readonly senderName?: string | null | undefined
  readonly senderEmail?: string | null | undefined
  /** An AI wrote it, and who acts let it. */
  readonly isByAi?: boolean | undefined
  /** A workflow says it. */
  readonly isByWorkflow?: boolean | undefined
}

/**
 * Adds a message. What a staff member says is said by the one behind the acting key; what a customer
 * says opens an ended ticket again. Throws `refused` for a customer's message on a locked ticket.
 */
export function postMessage(tx: Tx, ticketId: number, fields: NewMessage): Message {
  const ticket = getTicketRow(tx, ticketId)
  const isInbound = fields.direction === 'inbound'
  if (isInbound && ticket.isLocked) throw new Fault('refused', 'locked')
  const uid = tx.uid()
  const sender = isInbound ? customerSender(tx, ticket, fields) : staffSender(tx, fields)
  const id = insertMessage(tx.q, {
    ...sender,
    uid,
    ticketId,
    body: fields.body,
    isInternal: fields.isInternal,
    createdAt: tx.now,
    updatedAt: tx.now,
  })
  patchTicket(tx.q, ticket, { ...replyColumns(tx, ticket, fields), updatedAt: tx.now })
  const said = {
    reference: ticket.reference,
    messageId: id,
    messageUid: uid,
    ticketUid: ticket.uid,
    direction: fields.direction,
    senderEmail: sender.senderEmail ?? null,
    body: fields.body,
  }
  if (fields.isInternal) tx.emit('note.created', ticketId, said)
  else tx.emit('message.created', ticketId, { ...said, isOpening: false })
  if (isInbound && !fields.isInternal) reopenTicket(tx, getTicketRow(tx, ticketId))
  return getMessage(tx, id)
}

/** Every message of the ticket, oldest first, the opening one included. */
export function listMessages(reader: Reader, ticketId: number, window: Window): Page<Message> {
  const { messagesCount } = getTicketRow(reader, ticketId)
  return { rows: messagesOfTicket(reader.q, ticketId, window), total: messagesCount }
}

/** The messages after the opening one, oldest first. */
export function listReplies(reader: Reader, ticketId: number, range: Range): Page<Message> {
  const { messagesCount } = getTicketRow(reader, ticketId)
  return { rows: repliesToTicket(reader.q, ticketId, range), total: messagesCount - 1 }
}

/** The id of the last message that the customer of a ticket sent, notes aside. */
export function lastCustomerMessage(reader: Reader, ticketId: number): number | undefined {
  return lastCustomerMessageId(reader.q, ticketId)
}

function getMessage(reader: Reader, id: number): Message {
  const message = messageById(reader.q, id)
  if (!message) throw new Error('A row that was just inserted is missing')
  return message
}

function customerSender(tx: Tx, ticket: TicketRow, fields: NewMessage) {
  const customer = ticket.customerId === null ? undefined : customerById(tx.q, ticket.customerId)
  const { senderEmail } = fields
  const sender = senderEmail ? customerByEmail(tx.q, emailKey(senderEmail)) : customer
  return {
    senderKind: 'customer' as const,
    customerId: sender?.id ?? null,
    senderName: fields.senderName ?? sender?.name ?? null,
    senderEmail: senderEmail ?? customer?.email ?? null,
  }
}

function staffSender(tx: Tx, fields: NewMessage) {
  const { staffId } = tx.actor
  const { senderName, senderEmail } = fields
  const person = staffId === null ? undefined : staffById(tx.q, staffId)
  return {
    senderKind: senderKindOf(fields),
    staffId,
    senderRole: person?.role ?? null,
    senderName: senderName === undefined ? (person?.name ?? null) : senderName,
    senderEmail: senderEmail === undefined ? (person?.email ?? null) : senderEmail,
  }
}

function senderKindOf({ isByAi, isByWorkflow }: NewMessage): 'ai' | 'workflow' | 'staff' {
  if (isByAi) return 'ai'
  return isByWorkflow ? 'workflow' : 'staff'
}

/** Notes count as the staff's reply (deskhive.md D7), but the customer has not been answered. */
function replyColumns(tx: Tx, ticket: TicketRow, fields: NewMessage): Partial<TicketRow> {
  const messagesCount = ticket.messagesCount + 1
  const by = fields.direction === 'inbound' ? 'customer' : 'staff'
  if (fields.isInternal && by === 'customer') return { messagesCount }
  const replied = { messagesCount, lastReplyAt: tx.now, lastReplyBy: by } as const
  if (fields.isInternal) return replied
  if (by === 'customer') return { ...replied, lastPublicMessageBy: by }
  return {
    ...replied,
    lastPublicMessageBy: by,
    firstResponseAt: ticket.firstResponseAt ?? tx.now,
  }
}
