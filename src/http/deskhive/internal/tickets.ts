import { z } from 'zod'
import { categories, departments, labels, products } from '../../../domain/catalog.ts'
import { customerExists, getCustomer } from '../../../domain/customers.ts'
import { staffExists } from '../../../domain/staff.ts'
import { createTicket, deleteTicket, getTicketRow, updateTicket } from '../../../domain/tickets.ts'
import { getFullTicket, ticketVersionOf } from '../../../domain/ticketviews.ts'
import { integerId } from '../../../lib/ids.ts'
import type { Call, Endpoint, WriteEndpoint } from '../../endpoint.ts'
import type { Reader, Tx } from '../../../domain/tx.ts'
import { read } from '../../fields.ts'
import { customValues, customValuesOf } from '../customvalues.ts'
import {
  created,
  deleted,
  list,
  listed,
  pagingOf,
  pagingQuery,
  single,
  told,
  updated,
} from '../envelope.ts'
import {
  flag,
  nullableReference,
  optionalOneOf,
  optionalReference,
  reference,
  references,
  text,
} from '../fields.ts'
import { ticketFilterOf, ticketsAsked, ticketWords } from '../filters.ts'
import {
  adminTicketShape,
  presentForAdmin,
  priorityWords,
  statusChange,
  statusWords,
  storedPriorities,
} from '../shapes.ts'

const perPage = 15
const sourceOfApi = 'api'

const creation = z.object({
  customer_id: reference(customerExists),
  title: text(500),
  content: text(),
  department_id: optionalReference(departments.exists),
  category_id: nullableReference(categories.exists),
  product_id: nullableReference(products.exists),
  priority: optionalOneOf(priorityWords),
  custom_fields: customValues(),
})

const change = z.object({
  status: optionalOneOf(statusWords),
  priority: optionalOneOf(priorityWords),
  assigned_to: nullableReference(staffExists),
  department_id: optionalReference(departments.exists),
  category_id: nullableReference(categories.exists),
  product_id: nullableReference(products.exists),
  is_resolved: flag(),
  is_locked: flag(),
  labels: references(labels.exists),
  custom_fields: customValues(),
})

const filters = {
  status: z.enum(statusWords).optional(),
  priority: z.enum(priorityWords).optional(),
  department_id: z.int().optional(),
  customer_id: z.int().optional(),
  assigned_to: z.int().optional(),
  q: ticketWords,
}

/** deskhive.md section 6. */
export const tickets: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/tickets',
    scope: 'tickets:list',
    tag: 'Tickets',
    summary: 'List tickets, newest first, or search them',
    query: z.object({ ...pagingQuery(perPage), ...filters }),
    answer: { status: 200, shape: list(adminTicketShape) },
    run({ tx, query }) {
      const paging = pagingOf(query, perPage)
      const filter = ticketFilterOf(query, ['department_id', 'customer_id', 'assigned_to'])
      const page = ticketsAsked(tx, query, filter, paging.range)
      return { status: 200, body: listed(paging, page, presentForAdmin) }
    },
  },
  {
    method: 'POST',
    path: '/tickets',
    scope: 'tickets:create',
    tag: 'Tickets',
    summary: 'Open a ticket for a customer',
    body: creation,
    answer: { status: 201, shape: told(adminTicketShape, created), isVersioned: true },
    run({ tx, body }) {
      const fields = read(tx, creation, body)
      const id = createTicket(tx, {
        customer: getCustomer(tx, fields.customer_id),
        subject: fields.title,
        body: fields.content,
        source: sourceOfApi,
        departmentId: fields.department_id,
        categoryId: fields.category_id,
        productId: fields.product_id,
        priority: fields.priority && storedPriorities[fields.priority],
        customValues: customValuesOf(fields.custom_fields),
      })
      const ticket = getFullTicket(tx, id)
      const data = presentForAdmin(ticket)
      return { status: 201, body: { data, message: created }, version: ticket.version }
    },
  },
  {
    method: 'GET',
    path: '/tickets/:id',
    scope: 'tickets:read',
    tag: 'Tickets',
    summary: 'Read a ticket',
    answer: { status: 200, shape: single(adminTicketShape), isVersioned: true },
    run({ tx, params }) {
      const { id } = getTicketRow(tx, integerId(params['id'] ?? ''))
      const ticket = getFullTicket(tx, id)
      return { status: 200, body: { data: presentForAdmin(ticket) }, version: ticket.version }
    },
  },
  ...(['PUT', 'PATCH'] as const).map((method): WriteEndpoint => ({
    method,
    path: '/tickets/:id',
    scope: 'tickets:update',
    tag: 'Tickets',
    summary: 'Change a ticket; what is left out stays',
    body: change,
    answer: { status: 200, shape: told(adminTicketShape, updated), isVersioned: true },
    version: ticketVersionIn,
    run: changeTicket,
  })),
  {
    method: 'DELETE',
    path: '/tickets/:id',
    scope: 'tickets:delete',
    tag: 'Tickets',
    summary: 'Delete a ticket and all that hangs on it',
    answer: { status: 200, shape: told(z.null(), deleted) },
    version: ticketVersionIn,
    run({ tx, params }) {
      deleteTicket(tx, getTicketRow(tx, integerId(params['id'] ?? '')).id)
      return { status: 200, body: { data: null, message: deleted } }
    },
  },
]

function changeTicket({ tx, params, body }: Call<Tx>) {
  const { id } = getTicketRow(tx, integerId(params['id'] ?? ''))
  const fields = read(tx, change, body)
  updateTicket(tx, id, {
    status: fields.status && statusChange(fields.status),
    priority: fields.priority && storedPriorities[fields.priority],
    assignedTo: fields.assigned_to,
    departmentId: fields.department_id,
    categoryId: fields.category_id,
    productId: fields.product_id,
    isResolved: fields.is_resolved,
    isLocked: fields.is_locked,
    labelIds: fields.labels,
    customValues: customValuesOf(fields.custom_fields),
  })
  const ticket = getFullTicket(tx, id)
  const data = presentForAdmin(ticket)
  return { status: 200, body: { data, message: updated }, version: ticket.version }
}

function ticketVersionIn({ tx, params }: Call<Reader>): number | undefined {
  return ticketVersionOf(tx, integerId(params['id'] ?? ''))
}
