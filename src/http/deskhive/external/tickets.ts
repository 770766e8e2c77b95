import { z } from 'zod'
import { Fault } from '../../../domain/errors.ts'
import { listReplies, postMessage } from '../../../domain/messages.ts'
import { getTicketRow } from '../../../domain/tickets.ts'
import {
  getFullTicket,
  listFullTickets,
  requireTicketOfAgent,
} from '../../../domain/ticketviews.ts'
import type { Reader } from '../../../domain/tx.ts'
import { integerId } from '../../../lib/ids.ts'
import type { Call, Endpoint } from '../../endpoint.ts'
import { read } from '../../fields.ts'
import {
  agentList,
  agentSingle,
  agentTold,
  created,
  listed,
  pagingOf,
  pagingQuery,
} from '../envelope.ts'
import { ticketFilterOf } from '../filters.ts'
import { reply } from '../reply.ts'
import {
  agentTicketShape,
  messageShape,
  presentForAgent,
  presentMessage,
  priorityWords,
  statusWords,
} from '../shapes.ts'

const ticketsPerPage = 15
const messagesPerPage = 30

/** deskhive.md section 21: an agent reaches the tickets linked to that agent (D10). */
export const tickets: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/tickets',
    scope: null,
    tag: 'Tickets',
    summary: "List the agent's tickets, newest first",
    query: z.object({
      ...pagingQuery(ticketsPerPage),
      status: z.enum(statusWords).optional(),
      priority: z.enum(priorityWords).optional(),
      department_id: z.int().optional(),
    }),
    answer: { status: 200, shape: agentList(agentTicketShape) },
    run({ tx, query, key }) {
      const paging = pagingOf(query, ticketsPerPage)
      const filter = ticketFilterOf(query, ['department_id'])
      const agentId = key?.agentId ?? 0
      const page = filter
        ? listFullTickets(tx, { ...filter, agentId }, paging.range)
        : { rows: [], total: 0 }
      return { status: 200, body: { status: true, ...listed(paging, page, presentForAgent) } }
    },
  },
  {
    method: 'GET',
    path: '/tickets/:id',
    scope: null,
    tag: 'Tickets',
    summary: "Read one of the agent's tickets",
    answer: { status: 200, shape: agentSingle(agentTicketShape) },
    run(call) {
      const ticket = getFullTicket(call.tx, ownTicket(call).id)
      return { status: 200, body: { status: true, data: presentForAgent(ticket) } }
    },
  },
  {
    method: 'GET',
    path: '/tickets/:id/messages',
    scope: null,
    tag: 'Messages',
    summary: 'List the messages of a ticket after the opening one, oldest first',
    query: z.object(pagingQuery(messagesPerPage)),
    answer: { status: 200, shape: agentList(messageShape) },
    run(call) {
      const { id } = ownTicket(call)
      const paging = pagingOf(call.query, messagesPerPage)
      const page = listReplies(call.tx, id, paging.range)
      return { status: 200, body: { status: true, ...listed(paging, page, presentMessage) } }
    },
  },
  {
    method: 'POST',
    path: '/tickets/:id/messages',
    scope: null,
    tag: 'Messages',
    summary: 'Answer a ticket, or leave a note on it',
    body: reply,
    answer: { status: 201, shape: agentTold(messageShape, created) },
    run(call) {
      const { id, isLocked } = ownTicket(call)
      if (isLocked) throw new Fault('refused', 'locked')
      const { content, is_internal: isInternal = false } = read(call.tx, reply, call.body)
      const message = postMessage(call.tx, id, { body: content, isInternal, direction: 'outbound' })
      return {
        status: 201,
        body: { status: true, data: presentMessage(message), message: created },
      }
    },
  },
]

function ownTicket({ tx, params, key }: Call<Reader>) {
  const ticket = getTicketRow(tx, integerId(params['id'] ?? ''))
  requireTicketOfAgent(tx, ticket.id, key?.agentId ?? 0)
  return ticket
}
