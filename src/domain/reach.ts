import { isTicketAgent } from '../store/agents.ts'
import { departmentsOfStaff } from '../store/memberships.ts'
import { storedSetting } from '../store/settings.ts'
import type { AgentReach, DepartmentReach } from '../store/ticketfilters.ts'
import { ticketRow } from '../store/tickets.ts'
import { Fault } from './errors.ts'
import { getSettings, visibilitySetting } from './settings.ts'
import type { Reader } from './tx.ts'

// Which tickets an agent reaches (deskhive.md section 26, D10): those linked to the agent; with the
// visibility of departments also those of the agent's departments, of which only the unassigned ones
// while new tickets are assigned by themselves.

/** The filter that keeps to what the agent reaches. */
export function reachOfAgent(reader: Reader, agentId: number): AgentReach {
  return { agentId, byDepartment: departmentReachOf(reader, agentId) }
}

/** Throws `not_found` unless the agent reaches the ticket. */
export function requireTicketOfAgent(reader: Reader, id: number, agentId: number): void {
  if (!isTicketOfAgent(reader, id, agentId)) throw new Fault('not_found', 'ticket')
}

/** Whether the agent reaches the ticket. */
export function isTicketOfAgent(reader: Reader, id: number, agentId: number): boolean {
  if (isTicketAgent(reader.q, id, agentId)) return true
  const byDepartment = departmentReachOf(reader, agentId)
  const ticket = byDepartment && ticketRow(reader.q, id)
  if (!ticket || ticket.departmentId === null) return false
  const isUnassigned = ticket.assignedTo === null && !ticket.isAssignedToAi
  const { departmentIds, isUnassignedOnly } = byDepartment
  return departmentIds.includes(ticket.departmentId) && (isUnassigned || !isUnassignedOnly)
}

/** What the agent's departments bring, or undefined when they bring nothing. */
function departmentReachOf(reader: Reader, agentId: number): DepartmentReach | undefined {
  if (storedSetting(reader.q, visibilitySetting) !== true) return undefined
  const departmentIds = departmentsOfStaff(reader.q, [agentId]).map(({ id }) => id)
  if (departmentIds.length === 0) return undefined
  return { departmentIds, isUnassignedOnly: getSettings(reader).isAutoAssignEnabled }
}
