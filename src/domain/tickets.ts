import { insertMessage } from '../store/messages.ts'
import { nextNumber } from '../store/meta.ts'
import { setTicketLabels } from '../store/labels.ts'
import {
  insertTicket,
  removeTicket,
  ticketIdByUid,
  ticketRow,
  updateTicket as patchTicket,
} from '../store/tickets.ts'
import type { TicketPriority, TicketRow, TicketStatus } from '../store/schema.ts'
import { assign, assigneeOf, freeAgentOf, linkOpened, type Assignee } from './assignments.ts'
import type { Customer } from './customers.ts'
import { setCustomValues, type CustomValues } from './customvalues.ts'
import { found } from './errors.ts'
import type { TicketChanges, UpdateCause } from './events.ts'
import { setLabels } from './labels.ts'
import { openingDefaults } from './settings.ts'
import { endings } from './statuses.ts'
import { announceUpdate, tellUpdate } from './ticketevents.ts'
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
  readonly customValues?: CustomValues | undefined
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
  /** Those that are left out stay. */
  readonly customValues?: CustomValues | undefined
}

const firstReferenceOffset = 1000

/**
 * Opens a ticket with its first message, and returns its id. What is not given is as the desk is set, and
 * an agent of its department may be given to it at once (deskhive.md 24.2).
 */
export function createTicket(tx: Tx, fields: NewTicket): number {
  const { customer, subject, source, customValues } = fields
  const defaults = openingDefaults(tx)
  const { departmentId = defaults.departmentId } = fields
  const priority = fields.priority ?? customer.priorityOverride ?? defaults.priority
  const assignedTo = freeAgentOf(tx, departmentId, defaults)
  const id = nextNumber(tx.q, 'ticket')
  const uid = tx.uid()
  const reference = referenceOf(defaults.ticketPrefix, firstReferenceOffset + id)
  insertTicket(tx.q, {
    id,
    uid,
    reference,
    subject,
    priority,
    source,
    customerId: customer.id,
    departmentId,
    categoryId: fields.categoryId,
    productId: fields.productId,
    assignedTo,
    messagesCount: 1,
    lastPublicMessageBy: 'customer',
    createdAt: tx.now,
    updatedAt: tx.now,
  })
  if (fields.labelIds) setTicketLabels(tx.q, id, fields.labelIds)
  if (customValues) setCustomValues(tx, id, customValues)
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
  if (assignedTo !== undefined) {
    linkOpened(tx, { id, createdAt: tx.now }, assignedTo)
    const changes = { assignedTo: { from: null, to: assignedTo } }
    tellUpdate(tx, { id, uid, reference }, changes, 'auto_assign')
  }
  return id
}

/** The id behind a public uid. Throws `not_found`. */
export function ticketIdOf(reader: Reader, uid: string | undefined): number {
  return found(findTicketId(reader, uid), 'ticket')
}

/** As `ticketIdOf`, but undefined when there is none. */
export function findTicketId(reader: Reader, uid: string | undefined): number | undefined {
  return uid === undefined ? undefined : ticketIdByUid(reader.q, uid)
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
  changeTicket(tx, id, patch, cause)
}

/** As `updateTicket`, and tells what differed. */
export function changeTicket(
  tx: Tx,
  id: number,
  patch: TicketPatch,
  cause?: UpdateCause,
): TicketChanges {
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
  const labels = patch.labelIds && setLabels(tx, id, patch.labelIds)
  if (labels) changes.labels = labels
  const custom = patch.customValues && setCustomValues(tx, id, patch.customValues)
  if (custom) changes.customFields = custom
  if (Object.keys(changes).length === 0) return changes
  patchTicket(tx.q, ticket, { ...columns, updatedAt: tx.now })
  announceUpdate(tx, { ...ticket, ...columns }, changes, cause)
  return changes
}

/** Sets `closed`; a ticket that is solved or closed already stays as it is. */
export function closeTicket(tx: Tx, id: number, cause?: UpdateCause): void {
  updateTicket(tx, id, { status: { to: 'closed', unless: ['solved', 'closed'] } }, cause)
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

/** `SD-1001`, or `#1001` without a prefix (deskhive.md 24.1). */
function referenceOf(prefix: string | null, number: number): string {
  return prefix === null ? `#${number}` : `${prefix}-${number}`
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
