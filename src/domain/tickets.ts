import { insertMessage } from '../store/messages.ts'
import { nextNumber } from '../store/meta.ts'
import { labelsOfTickets, setTicketLabels } from '../store/labels.ts'
import {
  insertTicket,
  removeTicket,
  ticketIdByUid,
  ticketRow,
  updateTicket as patchTicket,
} from '../store/tickets.ts'
import type { TicketPriority, TicketRow, TicketStatus } from '../store/schema.ts'
import { assign, assigneeOf, type Assignee } from './assignments.ts'
import type { Customer } from './customers.ts'
import { found } from './errors.ts'
import type { TicketChanges, UpdateCause } from './events.ts'
import { endings } from './statuses.ts'
import type { Tx, Reader } from './tx.ts'

export type { TicketPriority, TicketStatus } from '../store/schema.ts'

export type NewTicket = {
  readonly customer: Customer
  readonly subject: string
  readonly body: string
  readonly source: string
  readonly priority?: TicketPriority | undefined
  readonly labelIds?: readonly number[] | undefined
  readonly departmentId?: number | undefined
  readonly categoryId?: number | null | undefined
  readonly productId?: number | null | undefined
}

/** A status to set, unless the ticket has one that the caller's dialect shows by the same word. */
export type StatusChange = { readonly to: TicketStatus; readonly unless: readonly TicketStatus[] }

export type TicketPatch = {
  readonly subject?: string | undefined
  readonly status?: StatusChange | undefined
  readonly priority?: TicketPriority | undefined
  readonly assignedTo?: Assignee | undefined
  readonly departmentId?: number | undefined
  readonly categoryId?: number | null | undefined
  readonly productId?: number | null | undefined
  readonly isResolved?: boolean | undefined
  readonly isLocked?: boolean | undefined
  readonly resolutionType?: string | null | undefined
  readonly labelIds?: readonly number[] | undefined
}

const referencePrefix = 'SD'
const firstReferenceOffset = 1000

/** Opens a ticket with its first message, and returns its id. */
export function createTicket(tx: Tx, fields: NewTicket): number {
  const { customer, subject, source, priority = 'medium' } = fields
  const id = nextNumber(tx.q, 'ticket')
  const uid = tx.uid()
  const reference = `${referencePrefix}-${firstReferenceOffset + id}`
  insertTicket(tx.q, {
    id,
    uid,
    reference,
    subject,
    priority,
    source,
    customerId: customer.id,
    departmentId: fields.departmentId,
    categoryId: fields.categoryId,
    productId: fields.productId,
    messagesCount: 1,
    lastPublicMessageBy: 'customer',
    createdAt: tx.now,
    updatedAt: tx.now,
  })
  if (fields.labelIds) setTicketLabels(tx.q, id, fields.labelIds)
  tx.emit('ticket.created', id, {
    uid,
    reference,
    subject,
    customerEmail: customer.email,
    customerName: customer.name,
    source,
    priority,
  })
  openConversation(tx, { id, uid, reference }, fields)
  return id
}

/** The id behind a public uid. Throws `not_found`. */
export function ticketIdOf(reader: Reader, uid: string | undefined): number {
  return found(uid === undefined ? undefined : ticketIdByUid(reader.q, uid), 'ticket')
}

/** Throws `not_found` when there is none. */
export function getTicketRow(reader: Reader, id: number | undefined): TicketRow {
  return found(id === undefined ? undefined : ticketRow(reader.q, id), 'ticket')
}

/**
 * Changes what differs; when nothing does, nothing happens and no event tells of it. `cause` is for a change
 * that nobody asked for.
 */
export function updateTicket(tx: Tx, id: number, patch: TicketPatch, cause?: UpdateCause): void {
  const ticket = getTicketRow(tx, id)
  const columns = { ...plainChanges(ticket, patch), ...statusChanges(tx, ticket, patch.status) }
  const changes: { -readonly [K in keyof TicketChanges]: TicketChanges[K] } = {}
  for (const [name, to] of Object.entries(columns)) {
    if (!isTold(name)) continue
    Object.assign(changes, { [name]: { from: ticket[name], to } })
  }
  const before = assigneeOf(ticket)
  if (patch.assignedTo !== undefined && patch.assignedTo !== before) {
    Object.assign(columns, assign(tx, ticket, patch.assignedTo))
    changes.assignedTo = { from: before, to: patch.assignedTo }
  }
  const labels = patch.labelIds && relabel(tx, id, patch.labelIds)
  if (labels) changes.labels = labels
  if (Object.keys(changes).length === 0) return
  patchTicket(tx.q, ticket, { ...columns, updatedAt: tx.now })
  announceUpdate(tx, { ...ticket, ...columns }, changes, cause)
}

/** Sets `closed`; a ticket that is solved or closed already stays as it is. */
export function closeTicket(tx: Tx, id: number): void {
  updateTicket(tx, id, { status: { to: 'closed', unless: ['solved', 'closed'] } })
}

/** Deletes the ticket with its messages, links and values; what happened to it stays on the spine. */
export function deleteTicket(tx: Tx, id: number): void {
  const { uid, reference } = getTicketRow(tx, id)
  tx.emit('ticket.deleted', id, { uid, reference })
  removeTicket(tx.q, id)
}

/** A customer's answer opens an ended ticket again (deskhive.md D11). */
export function reopenTicket(tx: Tx, ticket: TicketRow): void {
  if (ticket.closedAt === null) return
  updateTicket(tx, ticket.id, { status: { to: 'open', unless: [] } }, 'reply')
}

function openConversation(
  tx: Tx,
  ticket: Pick<TicketRow, 'id' | 'uid' | 'reference'>,
  { customer, body }: NewTicket,
): void {
  const uid = tx.uid()
  const messageId = insertMessage(tx.q, {
    uid,
    ticketId: ticket.id,
    senderKind: 'customer',
    customerId: customer.id,
    body,
    isOpening: true,
    createdAt: tx.now,
    updatedAt: tx.now,
  })
  tx.emit('message.created', ticket.id, {
    reference: ticket.reference,
    messageId,
    messageUid: uid,
    ticketUid: ticket.uid,
    direction: 'inbound',
    senderEmail: customer.email,
    body,
    isOpening: true,
  })
}

const plainFields = [
  'subject',
  'priority',
  'departmentId',
  'categoryId',
  'productId',
  'isResolved',
  'isLocked',
  'resolutionType',
] as const

const toldFields: ReadonlySet<string> = new Set([...plainFields, 'status'])

function isTold(name: string): name is (typeof plainFields)[number] | 'status' {
  return toldFields.has(name)
}

function plainChanges(ticket: TicketRow, patch: TicketPatch): Partial<TicketRow> {
  const changed = plainFields.filter(
    (name) => patch[name] !== undefined && patch[name] !== ticket[name],
  )
  return Object.fromEntries(changed.map((name) => [name, patch[name]]))
}

function statusChanges(
  tx: Tx,
  ticket: TicketRow,
  change: StatusChange | undefined,
): Partial<TicketRow> {
  if (!change || change.to === ticket.status || change.unless.includes(ticket.status)) return {}
  const { to } = change
  return {
    status: to,
    closedAt: endings.has(to) ? (ticket.closedAt ?? tx.now) : null,
    ...(to === 'solved' && !ticket.isResolved && { isResolved: true }),
  }
}

function relabel(
  tx: Tx,
  id: number,
  labelIds: readonly number[],
): TicketChanges['labels'] | undefined {
  const before = labelsOfTickets(tx.q, [id])
  const wanted = [...new Set(labelIds)]
  if (before.map((label) => label.id).join() === wanted.join()) return undefined
  setTicketLabels(tx.q, id, wanted)
  const names = (labels: typeof before) => labels.map((label) => label.name)
  return { from: names(before), to: names(labelsOfTickets(tx.q, [id])) }
}

function announceUpdate(
  tx: Tx,
  ticket: TicketRow,
  changes: TicketChanges,
  cause: UpdateCause | undefined,
): void {
  const { id, uid, reference, status, resolutionType } = ticket
  tx.emit('ticket.updated', id, { uid, reference, changes, cause })
  if (!changes.status || !endings.has(status) || endings.has(changes.status.from)) return
  tx.emit('ticket.closed', id, { uid, resolution: status, resolutionType })
}
