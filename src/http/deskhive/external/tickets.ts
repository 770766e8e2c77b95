import { z } from 'zod'
import { labels } from '../../../domain/catalog.ts'
import { reachOfAgent } from '../../../domain/reach.ts'
import { closeTicket, updateTicket } from '../../../domain/tickets.ts'
import { getFullTicket } from '../../../domain/ticketviews.ts'
import type { Tx } from '../../../domain/tx.ts'
import type { Call, Endpoint, WriteEndpoint } from '../../endpoint.ts'
import { read } from '../../fields.ts'
import {
  agentList,
  agentSingle,
  agentTold,
  listed,
  pagingOf,
  pagingQuery,
  updated,
} from '../envelope.ts'
import { optionalOneOf, references } from '../fields.ts'
import { ticketFilterOf, ticketsAsked, ticketWords } from '../filters.ts'
import { agentIdOf, ownTicket, ownTicketVersion } from './own.ts'
import {
  agentTicketShape,
  presentForAgent,
  priorityWords,
  statusChange,
  statusWords,
  storedPriorities,
} from '../shapes.ts'

const ticketsPerPage = 15
const closed = 'Ticket closed successfully'

const change = z.object({
  status: optionalOneOf(statusWords),
  priority: optionalOneOf(priorityWords),
  labels: references(labels.exists),
})

/** deskhive.md section 21: an agent reaches the tickets linked to that agent, and by a setting more (D10). */
export const tickets: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/tickets',
    scope: null,
    tag: 'Tickets',
    summary: "List the agent's tickets, newest first, or search them",
    query: z.object({
      ...pagingQuery(ticketsPerPage),
      status: z.enum(statusWords).optional(),
      priority: z.enum(priorityWords).optional(),
      department_id: z.int().optional(),
      q: ticketWords,
    }),
    answer: { status: 200, shape: agentList(agentTicketShape) },
    run(call) {
      const { tx, query } = call
      const paging = pagingOf(query, ticketsPerPage)
      const asked = ticketFilterOf(query, ['department_id'])
      const filter = asked && { ...asked, ...reachOfAgent(tx, agentIdOf(call)) }
      const page = ticketsAsked(tx, query, filter, paging.range)
      return { status: 200, body: { status: true, ...listed(paging, page, presentForAgent) } }
    },
  },
  {
    method: 'GET',
    path: '/tickets/:id',
    scope: null,
    tag: 'Tickets',
    summary: "Read one of the agent's tickets",
    answer: { status: 200, shape: agentSingle(agentTicketShape), isVersioned: true },
    run(call) {
      const ticket = getFullTicket(call.tx, ownTicket(call).id)
      const data = presentForAgent(ticket)
      return { status: 200, body: { status: true, data }, version: ticket.version }
    },
  },
  ...(['PUT', 'PATCH'] as const).map((method): WriteEndpoint => ({
    method,
    path: '/tickets/:id',
    scope: null,
    tag: 'Tickets',
    summary: 'Change a ticket; what is left out stays',
    body: change,
    answer: { status: 200, shape: agentTold(agentTicketShape, updated), isVersioned: true },
    version: ownTicketVersion,
    run: changeTicket,
  })),
  {
    method: 'POST',
    path: '/tickets/:id/close',
    scope: null,
    tag: 'Tickets',
    summary: 'Close a ticket',
    answer: { status: 200, shape: agentTold(agentTicketShape, closed), isVersioned: true },
    version: ownTicketVersion,
    run(call) {
      const { id } = ownTicket(call)
      closeTicket(call.tx, id)
      const ticket = getFullTicket(call.tx, id)
      const data = presentForAgent(ticket)
      return {
        status: 200,
        body: { status: true, data, message: closed },
        version: ticket.version,
      }
    },
  },
]

function changeTicket(call: Call<Tx>) {
  const { tx, body } = call
  const { id } = ownTicket(call)
  const { status, priority, labels: labelIds } = read(tx, change, body)
  updateTicket(tx, id, {
    status: status && statusChange(status),
    priority: priority && storedPriorities[priority],
    labelIds,
  })
  const ticket = getFullTicket(tx, id)
  const data = presentForAgent(ticket)
  return { status: 200, body: { status: true, data, message: updated }, version: ticket.version }
}
