import type { Page, Range } from '../lib/page.ts'
import { departmentsOfStaff, type Membership } from '../store/memberships.ts'
import { agentsByName, staffById, type AgentFilter } from '../store/staff.ts'
import { found } from './errors.ts'
import {
  createStaff,
  deleteStaff,
  findStaffByEmail,
  isStaffEmailTaken,
  updateStaff,
  type NewStaff,
  type Staff,
  type StaffFields,
} from './staff.ts'
import type { Reader, Tx } from './tx.ts'

export type { AgentFilter } from '../store/staff.ts'

/** A person of role `agent`, with the departments that they are a member of. */
export type Agent = Staff & { readonly departments: readonly Membership[] }

/** An agent's role is what makes it one, so it is none of its fields. */
export type AgentFields = Omit<StaffFields, 'role'>

/** Adds an agent. Throws `unique` on `email` when another agent has it, in any case of letters. */
export function createAgent(
  tx: Tx,
  fields: Omit<NewStaff, 'role' | 'email'> & { readonly email: string },
): Agent {
  return getAgent(tx, createStaff(tx, { ...fields, role: 'agent' }).id)
}

/** Throws `not_found` when there is none; an admin is none. */
export function getAgent(reader: Reader, id: number | undefined): Agent {
  const [agent] = withDepartments(reader, [found(agentRow(reader, id), 'record')])
  return found(agent, 'record')
}

/** By name, as people sort names. */
export function listAgents(reader: Reader, filter: AgentFilter, range: Range): Page<Agent> {
  const { rows, total } = agentsByName(reader.q, filter, range)
  return { rows: withDepartments(reader, rows), total }
}

/** As `updateStaff`, for an agent. */
export function updateAgent(tx: Tx, id: number, fields: AgentFields): Agent {
  return getAgent(tx, updateStaff(tx, getAgent(tx, id).id, fields).id)
}

/** As `deleteStaff`, for an agent. */
export function deleteAgent(tx: Tx, id: number): void {
  deleteStaff(tx, getAgent(tx, id).id)
}

export function agentExists(reader: Reader, id: number): boolean {
  return agentRow(reader, id) !== undefined
}

export function findAgentByEmail(reader: Reader, email: string): Staff | undefined {
  return findStaffByEmail(reader, 'agent', email)
}

/** True when an agent other than `self` has the address. */
export function isAgentEmailTaken(reader: Reader, email: string, self?: number): boolean {
  return isStaffEmailTaken(reader, 'agent', email, self)
}

function agentRow(reader: Reader, id: number | undefined): Staff | undefined {
  const person = id === undefined ? undefined : staffById(reader.q, id)
  return person?.role === 'agent' ? person : undefined
}

function withDepartments(reader: Reader, rows: readonly Staff[]): Agent[] {
  const ids = rows.map((row) => row.id)
  const memberships = Map.groupBy(departmentsOfStaff(reader.q, ids), (one) => one.staffId)
  return rows.map((row) => ({ ...row, departments: memberships.get(row.id) ?? [] }))
}
