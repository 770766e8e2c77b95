import { found } from '../../../domain/errors.ts'
import { isTicketOfAgent, requireTicketOfAgent } from '../../../domain/reach.ts'
import { getTicketRow } from '../../../domain/tickets.ts'
import { ticketVersionOf } from '../../../domain/ticketviews.ts'
import type { Reader } from '../../../domain/tx.ts'
import { integerId } from '../../../lib/ids.ts'
import type { Call } from '../../endpoint.ts'

/** The agent who calls; admission has seen that there is one. */
export function agentIdOf({ caller }: Call<Reader>): number {
  return found(caller?.agentId ?? undefined, 'record')
}

/** The ticket in the path, if the agent reaches it; otherwise there is none (deskhive.md D10). */
export function ownTicket(call: Call<Reader>) {
  const ticket = getTicketRow(call.tx, integerId(call.params['id'] ?? ''))
  requireTicketOfAgent(call.tx, ticket.id, agentIdOf(call))
  return ticket
}

/** The version of the ticket in the path, if it is there and in the agent's reach. */
export function ownTicketVersion(call: Call<Reader>): number | undefined {
  const id = integerId(call.params['id'] ?? '')
  return id !== undefined && isTicketOfAgent(call.tx, id, agentIdOf(call))
    ? ticketVersionOf(call.tx, id)
    : undefined
}
