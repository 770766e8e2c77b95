import { z } from 'zod'
import { upsertCustomer } from '../../domain/customers.ts'
import type { Assignee } from '../../domain/assignments.ts'
import { labelIdsByName } from '../../domain/labels.ts'
import { findStaffByUid } from '../../domain/staff.ts'
import {
  createTicket,
  ticketIdOf,
  updateTicket,
  type StatusChange,
  type TicketStatus,
} from '../../domain/tickets.ts'
import {
  getTicket,
  getTicketByUid,
  listTickets,
  ticketVersionByUid,
  type LabelledTicket,
} from '../../domain/ticketviews.ts'
import { searchTickets, type Search } from '../../domain/ticketsearch.ts'
import type { Reader, Tx } from '../../domain/tx.ts'
import { publicId, uidOf } from '../../lib/ids.ts'
import { isoSeconds } from '../../lib/time.ts'
import type { Endpoint } from '../endpoint.ts'
import { asking, read, readQuery } from '../fields.ts'
import { shownStatuses, statusWords, type StatusWord } from '../shown.ts'
import { email, names, oneOf, optionalText, priorityWords, text } from './fields.ts'
import { foundBody } from './found.ts'
import { date } from './shapes.ts'
import { envelopeList, v1 } from './surface.ts'

const subjectMax = 500
const nameMax = 250
const tagMax = 250

const stored: { readonly [W in StatusWord]: readonly [TicketStatus, ...TicketStatus[]] } = {
  open: ['open', 'in_progress'],
  pending: ['on_hold'],
  solved: ['solved'],
  closed: ['closed'],
}

/** keva.md 4.3. */
export const ticketShape = z
  .strictObject({
    id: z.string(),
    subject: z.string(),
    status: z.enum(statusWords),
    priority: z.enum(priorityWords),
    customerEmail: z.string(),
    customerName: z.string().nullable(),
    source: z.string(),
    assignedTo: z.string().nullable(),
    resolutionType: z.string().nullable(),
    tags: z.array(z.string()),
    createdAt: date,
    updatedAt: date,
  })
  .meta({ id: 'Ticket' })

const creation = z.object({
  subject: text(subjectMax),
  customerEmail: email(),
  customerName: optionalText(nameMax),
  body: text(),
  source: text(50).optional(),
  priority: oneOf(priorityWords).optional(),
  tags: names(tagMax).optional(),
})

/** keva.md 4.6. */
export const change = z.object({
  status: oneOf(statusWords).optional(),
  priority: oneOf(priorityWords).optional(),
  assignedTo: asking(z.string().nullable().optional(), {
    rule: 'exists',
    holds: (reader, id: string) => id === 'ai' || assigneeId(reader, id) !== undefined,
  }),
  tags: names(tagMax).optional(),
  subject: text(subjectMax).optional(),
  resolutionType: optionalText(50),
})

const filters = z.object({
  status: oneOf(statusWords).optional(),
  q: z.string().optional().meta({
    description: 'Words of the subject, the messages or the customer: best first, not newest first',
  }),
})

export function present(ticket: LabelledTicket) {
  return {
    id: publicId('ticket', ticket.uid),
    subject: ticket.subject,
    status: shownStatuses[ticket.status],
    priority: ticket.priority,
    customerEmail: ticket.customerEmail ?? '',
    customerName: ticket.customerName,
    source: ticket.source,
    assignedTo: assigneeShown(ticket),
    resolutionType: ticket.resolutionType,
    tags: ticket.labels.map((label) => label.name),
    createdAt: isoSeconds(ticket.createdAt),
    updatedAt: isoSeconds(ticket.updatedAt),
  }
}

const list = envelopeList('tickets')

function found(tx: Reader, query: URLSearchParams, search: Pick<Search, 'text' | 'filter'>) {
  return foundBody(
    'found-tickets',
    query,
    (range, upTo) => searchTickets(tx, { ...search, range, upTo }),
    present,
  )
}

export const tickets: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/tickets',
    scope: 'tickets:read',
    tag: 'Tickets',
    summary: 'List tickets, newest first, or search them',
    query: list.query(filters),
    answer: list.answer(ticketShape),
    run({ tx, query }) {
      const { status, q = '' } = readQuery(tx, filters, query)
      const filter = { statuses: status && stored[status] }
      const body =
        q.trim() === ''
          ? list.body(query, (window) => listTickets(tx, filter, window), present)
          : found(tx, query, { text: q, filter })
      return { status: 200, body }
    },
  },
  {
    method: 'POST',
    path: '/tickets',
    scope: 'tickets:write',
    tag: 'Tickets',
    summary: 'Open a ticket with its first message',
    body: creation,
    answer: { status: 201, shape: v1.single(ticketShape), isVersioned: true },
    run({ tx, body }) {
      const { customerEmail, customerName, tags, ...fields } = read(tx, creation, body)
      const id = createTicket(tx, {
        ...fields,
        source: fields.source ?? 'api',
        customer: upsertCustomer(tx, customerEmail, customerName ?? undefined),
        labelIds: tags && labelIdsByName(tx, tags),
      })
      const ticket = getTicket(tx, id)
      return { status: 201, body: v1.body(present(ticket)), version: ticket.version }
    },
  },
  {
    method: 'GET',
    path: '/tickets/:id',
    scope: 'tickets:read',
    tag: 'Tickets',
    summary: 'Read a ticket',
    answer: { status: 200, shape: v1.single(ticketShape), isVersioned: true },
    run({ tx, params }) {
      const ticket = getTicketByUid(tx, uidIn(params))
      return { status: 200, body: v1.body(present(ticket)), version: ticket.version }
    },
  },
  {
    method: 'PATCH',
    path: '/tickets/:id',
    scope: 'tickets:write',
    tag: 'Tickets',
    summary: 'Change a ticket; what is left out stays',
    body: change,
    answer: { status: 200, shape: v1.single(ticketShape), isVersioned: true },
    version: ({ tx, params }) => ticketVersionByUid(tx, uidIn(params)),
    run({ tx, params, body }) {
      const id = ticketIdOf(tx, uidIn(params))
      const { status, assignedTo, tags, ...fields } = read(tx, change, body)
      updateTicket(tx, id, {
        ...fields,
        status: status && statusChange(status),
        assignedTo: assignee(tx, assignedTo),
        labelIds: tags && labelIdsByName(tx, tags),
      })
      const ticket = getTicket(tx, id)
      return { status: 200, body: v1.body(present(ticket)), version: ticket.version }
    },
  },
]

/** The uid in a ticket's path, or undefined when it cannot be one. */
export function uidIn(params: { readonly [name: string]: string }): string | undefined {
  return uidOf('ticket', params['id'] ?? '')
}

/** The status to set for a word, unless the ticket is shown by that word already. */
export function statusChange(word: StatusWord): StatusChange {
  return { to: stored[word][0], unless: stored[word] }
}

function assigneeShown({ isAssignedToAi, assigneeUid }: LabelledTicket): string | null {
  if (isAssignedToAi) return 'ai'
  return assigneeUid === null ? null : publicId('staff', assigneeUid)
}

function assigneeId(reader: Reader, id: string): number | undefined {
  const uid = uidOf('staff', id)
  return uid === undefined ? undefined : findStaffByUid(reader, uid)?.id
}

function assignee(tx: Tx, id: string | null | undefined): Assignee | undefined {
  if (id === undefined || id === null || id === 'ai') return id
  return assigneeId(tx, id)
}
