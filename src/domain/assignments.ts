import { leastBusyAgent, linkAgent, unlinkAgent } from '../store/agents.ts'
import type { TicketRow } from '../store/schema.ts'
import { noteAssignment, staffById } from '../store/staff.ts'
import type { OpeningDefaults } from './settings.ts'
import type { Reader, Tx } from './tx.ts'

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

/** The public uids of the assignees before and after; null for nobody, and for the AI. */
export function assigneeUids(
  reader: Reader,
  { from, to }: { readonly from: Assignee; readonly to: Assignee },
): { readonly from: string | null; readonly to: string | null } {
  const uidOf = (one: Assignee) =>
    typeof one === 'number' ? (staffById(reader.q, one)?.uid ?? null) : null
  return { from: uidOf(from), to: uidOf(to) }
}

/** Whom a new ticket of the department goes to by itself, if to anybody (deskhive.md 24.2). */
export function freeAgentOf(
  reader: Reader,
  departmentId: number | null,
  { isAutoAssignEnabled }: OpeningDefaults,
): number | undefined {
  if (!isAutoAssignEnabled || departmentId === null) return undefined
  return leastBusyAgent(reader.q, departmentId)
}

/** Links the agent that a ticket was opened for. */
export function linkOpened(
  tx: Tx,
  ticket: Pick<TicketRow, 'id' | 'createdAt'>,
  agentId: number,
): void {
  linkAgent(tx.q, ticket, agentId)
  noteAssignment(tx.q, agentId, tx.now)
}
