import { z } from 'zod'
import type { Message } from '../../domain/messages.ts'
import type { StatusChange, TicketPriority, TicketStatus } from '../../domain/tickets.ts'
import type { FullTicket } from '../../domain/ticketviews.ts'
import { isoSeconds, isoSecondsOrNull } from '../../lib/time.ts'

// What the internal and the external group show alike.

export const date = z.iso.datetime({ precision: 0 })

export const statusWords = ['open', 'in_progress', 'on_hold', 'closed'] as const
export const priorityWords = ['low', 'medium', 'high', 'critical'] as const

export type StatusWord = (typeof statusWords)[number]
export type PriorityWord = (typeof priorityWords)[number]

export const storedStatuses: {
  readonly [W in StatusWord]: readonly [TicketStatus, ...TicketStatus[]]
} = {
  open: ['open'],
  in_progress: ['in_progress'],
  on_hold: ['on_hold'],
  closed: ['closed', 'solved'],
}

export const storedPriorities: { readonly [W in PriorityWord]: TicketPriority } = {
  low: 'low',
  medium: 'medium',
  high: 'high',
  critical: 'urgent',
}

/** Sets the stored status of a word, unless the ticket is shown by that word already. */
export function statusChange(word: StatusWord): StatusChange {
  return { to: storedStatuses[word][0], unless: storedStatuses[word] }
}

const shownStatuses: { readonly [S in TicketStatus]: StatusWord } = {
  open: 'open',
  in_progress: 'in_progress',
  on_hold: 'on_hold',
  solved: 'closed',
  closed: 'closed',
}

export const shownPriorities: { readonly [P in TicketPriority]: PriorityWord } = {
  low: 'low',
  medium: 'medium',
  high: 'high',
  urgent: 'critical',
}

/** The word for a status as stored; one that is none stays as it is. */
export function statusWordOf(stored: string | null): string {
  return wordIn(shownStatuses, stored)
}

/** The word for a priority as stored; one that is none stays as it is. */
export function priorityWordOf(stored: string | null): string {
  return wordIn(shownPriorities, stored)
}

function wordIn(words: { readonly [stored: string]: string }, stored: string | null): string {
  return words[stored ?? ''] ?? stored ?? ''
}

/** A reference in a text has exactly one `#` before it (deskhive.md D8). */
export function hashed(reference: string): string {
  return `#${reference.replace(/^#+/, '')}`
}

export const named = z.strictObject({ id: z.int(), name: z.string() }).meta({ id: 'Named' })

const ticketKeys = {
  id: z.int(),
  reference_id: z.string(),
  title: z.string(),
  content: z.string(),
  status: z.enum(statusWords),
  priority: z.enum(priorityWords),
  department: named.nullable(),
  category: named.nullable(),
  product: named.nullable(),
  customer: z.strictObject({ id: z.int(), name: z.string(), email: z.string() }).nullable(),
  labels: z.array(z.strictObject({ id: z.int(), name: z.string(), color: z.string() })),
  assigned_to: named.nullable(),
  agents: z.array(named),
  custom_fields: z.array(
    z.strictObject({ id: z.int(), label: z.string(), type: z.string(), value: z.string() }),
  ),
  is_resolved: z.boolean(),
  is_locked: z.boolean(),
  last_reply_at: date.nullable(),
  closed_at: date.nullable(),
  created_at: date,
  updated_at: date,
}

/** The twenty keys of deskhive.md 21.6. */
export const agentTicketShape = z.strictObject(ticketKeys).meta({ id: 'Ticket' })

/** Those and `last_reply_by` (section 6). */
export const adminTicketShape = z
  .strictObject({ ...ticketKeys, last_reply_by: z.enum(['staff', 'customer']).nullable() })
  .meta({ id: 'Ticket' })

export function presentForAgent(ticket: FullTicket) {
  return {
    id: ticket.id,
    reference_id: ticket.reference,
    title: ticket.subject,
    content: ticket.content ?? '',
    status: shownStatuses[ticket.status],
    priority: shownPriorities[ticket.priority],
    department: relation(ticket.departmentId, ticket.departmentName),
    category: relation(ticket.categoryId, ticket.categoryName),
    product: relation(ticket.productId, ticket.productName),
    customer: customerOf(ticket),
    labels: ticket.labels.map(({ id, name, color }) => ({ id, name, color })),
    assigned_to: relation(ticket.assigneeId, ticket.assigneeName),
    agents: ticket.agents.map(({ id, name }) => ({ id, name })),
    custom_fields: ticket.customValues.map(({ id, label, type, value }) => ({
      id,
      label,
      type,
      value,
    })),
    is_resolved: ticket.isResolved,
    is_locked: ticket.isLocked,
    last_reply_at: isoSecondsOrNull(ticket.lastReplyAt),
    closed_at: isoSecondsOrNull(ticket.closedAt),
    created_at: isoSeconds(ticket.createdAt),
    updated_at: isoSeconds(ticket.updatedAt),
  }
}

export function presentForAdmin(ticket: FullTicket) {
  return { ...presentForAgent(ticket), last_reply_by: ticket.lastReplyBy }
}

/** deskhive.md section 7. */
export const messageShape = z
  .strictObject({
    id: z.int(),
    ticket_id: z.int(),
    content: z.string(),
    sender_type: z.enum(['User', 'Agent', 'Customer']),
    sender_id: z.int().nullable(),
    sender: z
      .strictObject({ id: z.int(), name: z.string(), avatar_url: z.string().nullable() })
      .nullable(),
    is_internal: z.boolean(),
    likes_count: z.int(),
    liked: z.boolean(),
    attachments: z.array(
      z.strictObject({
        id: z.int(),
        name: z.string(),
        mime_type: z.string(),
        size: z.int(),
        url: z.string(),
      }),
    ),
    created_at: date,
    updated_at: date,
  })
  .meta({ id: 'Message' })

/** `isLiked` is the caller's own state; an admin likes nothing (deskhive.md section 7). */
export function presentMessage(message: Message, isLiked = false) {
  const sender = senderOf(message)
  return {
    id: message.id,
    ticket_id: message.ticketId,
    content: message.body,
    sender_type: senderType(message),
    sender_id: sender?.id ?? null,
    sender,
    is_internal: message.isInternal,
    likes_count: message.likesCount,
    liked: isLiked,
    attachments: [],
    created_at: isoSeconds(message.createdAt),
    updated_at: isoSeconds(message.updatedAt),
  }
}

/** What a record refers to, by its name. */
export function relation(id: number | null, name: string | null) {
  return id === null || name === null ? null : { id, name }
}

/** A customer known only by an address is shown by it. */
function customerOf({ customerId, customerName, customerEmail }: FullTicket) {
  if (customerId === null || customerEmail === null) return null
  return { id: customerId, name: customerName ?? customerEmail, email: customerEmail }
}

function senderType({ senderKind, senderRole }: Message): 'User' | 'Agent' | 'Customer' {
  if (senderKind === 'customer') return 'Customer'
  return senderRole === 'agent' ? 'Agent' : 'User'
}

function senderOf(message: Message) {
  const { staffId, staffName, customerId, customerEmail } = message
  if (message.senderKind === 'customer') {
    if (customerId === null || customerEmail === null) return null
    const name = message.customerName ?? customerEmail
    return { id: customerId, name, avatar_url: message.customerAvatarUrl }
  }
  if (staffId === null || staffName === null) return null
  return { id: staffId, name: staffName, avatar_url: message.staffAvatarUrl }
}
