import { publicId } from '../lib/ids.ts'
import { customerById } from '../store/customers.ts'
import { customValuesOfTickets } from '../store/customvalues.ts'
import { labelsOfTickets } from '../store/labels.ts'
import { lastCustomerMessageId, messageById, openingOfTicket } from '../store/messages.ts'
import type { CustomerRow, TicketRow, TicketStatus } from '../store/schema.ts'
import { staffById } from '../store/staff.ts'
import { ticketRow } from '../store/tickets.ts'
import type { TicketChanges } from './events.ts'
import type { CustomerFacts, Fact, Facts, MessageFacts, TicketFacts } from './facts.ts'
import { directionOf, type Message } from './messages.ts'
import type { StatusChange } from './tickets.ts'
import type { Reader } from './tx.ts'

// Graphs are written in Keva's words (keva.md 8.5), which have one word for two stored statuses.

const shown: { readonly [S in TicketStatus]: string } = {
  open: 'open',
  in_progress: 'open',
  on_hold: 'pending',
  solved: 'solved',
  closed: 'closed',
}

const changes: { readonly [word: string]: StatusChange } = {
  open: { to: 'open', unless: ['open', 'in_progress'] },
  pending: { to: 'on_hold', unless: ['on_hold'] },
  solved: { to: 'solved', unless: ['solved'] },
  closed: { to: 'closed', unless: ['closed'] },
}

/** The word of a graph for a stored status. */
export function statusWord(status: TicketStatus): string {
  return shown[status]
}

/** What a word of a graph sets, or undefined when it is none. */
export function statusOf(word: string): StatusChange | undefined {
  return Object.hasOwn(changes, word) ? changes[word] : undefined
}

type Ids = { readonly ticketId: number | null; readonly messageId: number | null }

type Known = Pick<Facts, 'timezone' | 'variables' | 'trigger'>

/**
 * What is known at this moment of a ticket, and of the message that a run started with; without one, of the last
 * that the customer sent.
 */
export function factsOf(reader: Reader, { ticketId, messageId }: Ids, known: Known): Facts {
  const { q, now } = reader
  const ticket = ticketId === null ? undefined : ticketRow(q, ticketId)
  const customerId = ticket?.customerId ?? null
  const customer = customerId === null ? undefined : customerById(q, customerId)
  const lastId = messageId ?? (ticket && lastCustomerMessageId(q, ticket.id))
  const message = lastId === undefined ? undefined : messageById(q, lastId)
  return {
    ...known,
    now,
    ticket: ticket ? ticketFacts(reader, ticket) : null,
    customer: customer ? customerFacts(customer) : null,
    message: message ? messageFacts(message) : null,
    customFields: ticket ? customFields(reader, ticket.id) : {},
  }
}

function ticketFacts(reader: Reader, ticket: TicketRow): TicketFacts {
  return {
    id: publicId('ticket', ticket.uid),
    reference: ticket.reference,
    subject: ticket.subject,
    body: openingOfTicket(reader.q, ticket.id) ?? '',
    status: statusWord(ticket.status),
    priority: ticket.priority,
    source: ticket.source,
    assignedTo: assigneeWord(reader, ticket),
    tags: labelsOfTickets(reader.q, [ticket.id]).map(({ name }) => name),
    createdAt: ticket.createdAt,
    updatedAt: ticket.updatedAt,
  }
}

function assigneeWord({ q }: Reader, { isAssignedToAi, assignedTo }: TicketRow): string | null {
  if (isAssignedToAi) return 'ai'
  const person = assignedTo === null ? undefined : staffById(q, assignedTo)
  return person ? publicId('staff', person.uid) : null
}

function customerFacts(customer: CustomerRow): CustomerFacts {
  return {
    id: publicId('customer', customer.uid),
    name: customer.name,
    email: customer.email,
    isVip: customer.isVip,
    ticketCount: customer.totalTickets,
    sentiment: customer.overallSentiment,
  }
}

function messageFacts(message: Message): MessageFacts {
  return {
    id: publicId('message', message.uid),
    body: message.body,
    senderName: message.senderName ?? message.customerName,
    senderEmail: message.senderEmail ?? message.customerEmail,
    direction: directionOf(message),
    isFromModel: message.senderKind === 'ai',
  }
}

function customFields({ q }: Reader, ticketId: number): { readonly [name: string]: string } {
  const values = customValuesOfTickets(q, [ticketId])
  return Object.fromEntries(values.map(({ label, value }) => [label, value]))
}

type Told = { readonly [name: string]: { readonly from: Fact; readonly to: Fact } }

/** The changes in the words of a graph. */
export function changesTold(tx: Reader, changes: TicketChanges): Told {
  const { status, assignedTo, labels, customFields, ...plain } = changes
  return {
    ...(plain as Told),
    ...(status && { status: { from: statusWord(status.from), to: statusWord(status.to) } }),
    ...(assignedTo && {
      assignedTo: { from: whom(tx, assignedTo.from), to: whom(tx, assignedTo.to) },
    }),
    ...(labels && { tags: labels }),
    ...(customFields && { customFields }),
  }
}

function whom(tx: Reader, assignee: number | 'ai' | null): string | null {
  if (typeof assignee !== 'number') return assignee
  const person = staffById(tx.q, assignee)
  return person ? publicId('staff', person.uid) : null
}
