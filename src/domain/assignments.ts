import { linkAgent, unlinkAgent } from '../store/agents.ts'
import type { TicketRow } from '../store/schema.ts'
import { noteAssignment, staffById } from '../store/staff.ts'
import type { Tx } from './tx.ts'

/** A staff id, the AI, or nobody. */
export type Assignee = number | 'ai' | null

export function assigneeOf(ticket: TicketRow): Assignee {
  return ticket.isAssignedToAi ? 'ai' : ticket.assignedTo
}

/**
 * Moves the links of a ticket to its new assignee and returns the columns to set. An agent who is
 * assigned is linked too, and the agent assigned before is not any more (deskhive.md D5).
 */
export function assign(tx: Tx, ticket: TicketRow, to: Assignee): Partial<TicketRow> {
  if (ticket.assignedTo !== null) unlinkAgent(tx.q, ticket.id, ticket.assignedTo)
  if (typeof to !== 'number') return { assignedTo: null, isAssignedToAi: to === 'ai' }
  if (staffById(tx.q, to)?.role === 'agent') linkAgent(tx.q, ticket, to)
  noteAssignment(tx.q, to, tx.now)
  return { assignedTo: to, isAssignedToAi: false }
}
