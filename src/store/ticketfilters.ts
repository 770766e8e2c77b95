import { sql, type SQL } from 'drizzle-orm'
import { value, type Values } from './queries.ts'
import { ticketAgents, tickets, type TicketPriority, type TicketStatus } from './schema.ts'

/** Which tickets; the conditions combine with AND. An empty list of statuses is any. */
export type TicketFilter = {
  readonly statuses?: readonly TicketStatus[] | undefined
  readonly priority?: TicketPriority | undefined
  readonly departmentId?: number | undefined
  readonly customerId?: number | undefined
  readonly assignedTo?: number | undefined
  /** Linked to this agent, or beside that in reach by a department. */
  readonly agentId?: number | undefined
  readonly byDepartment?: DepartmentReach | undefined
}

/** What an agent reaches. */
export type AgentReach = {
  readonly agentId: number
  readonly byDepartment: DepartmentReach | undefined
}

/** The tickets of these departments, or only those that are nobody's. */
export type DepartmentReach = {
  readonly departmentIds: readonly number[]
  readonly isUnassignedOnly: boolean
}

// SQLite takes 500 SELECTs in one; each department has one for each status and each way past a position.
const departmentsApart = 32

const plainNames = ['priority', 'departmentId', 'customerId', 'assignedTo', 'agentId'] as const

/** The conditions that a filter uses: one statement serves every filter of that shape. */
export function shapeOf(filter: TicketFilter): string[] {
  const { statuses = [] } = filter
  return [...statuses.map((_, at) => `status${at}`), ...plainNamesIn(filter), ...reachShape(filter)]
}

function plainNamesIn(filter: TicketFilter) {
  return plainNames.filter((name) => filter[name] !== undefined)
}

function reachShape(filter: TicketFilter): string[] {
  const ids = departmentsIn(filter)
  if (ids.length === 0) return []
  const apart = ids.length <= departmentsApart
  return [
    'byDepartment',
    ...(filter.byDepartment?.isUnassignedOnly ? ['isUnassigned'] : []),
    ...(apart ? ids.map((_, at) => `department${at}`) : []),
  ]
}

/** What the conditions compare with. */
export function valuesOf(filter: TicketFilter): Values {
  const { statuses = [] } = filter
  const ids = departmentsIn(filter)
  return {
    ...Object.fromEntries(plainNamesIn(filter).map((name) => [name, filter[name]])),
    ...Object.fromEntries(statuses.map((one, at) => [`status${at}`, one])),
    ...Object.fromEntries(ids.map((id, at) => [`department${at}`, id])),
    ...(ids.length > 0 && { departmentIds: JSON.stringify(ids) }),
  }
}

/** The departments that bring tickets; of those the one that the filter names, if it names one. */
function departmentsIn({ agentId, departmentId, byDepartment }: TicketFilter): readonly number[] {
  if (!byDepartment || agentId === undefined) return []
  const { departmentIds } = byDepartment
  return departmentId === undefined
    ? departmentIds
    : departmentIds.filter((id) => id === departmentId)
}

/** One condition for each stored status that is asked for. */
export function statusesIn(shape: readonly string[]): SQL[] {
  return shape
    .filter((name) => /^status\d/.test(name))
    .map((status) => sql`${tickets.status} = ${value(status)}`)
}

/** The conditions but the statuses and the agent's reach. */
export function plainConditions(shape: readonly string[]): SQL[] {
  return shape.flatMap((name) => conditionOf[name] ?? [])
}

const conditionOf: { [name: string]: SQL } = {
  priority: sql`${tickets.priority} = ${value('priority')}`,
  departmentId: sql`${tickets.departmentId} = ${value('departmentId')}`,
  customerId: sql`${tickets.customerId} = ${value('customerId')}`,
  assignedTo: sql`${tickets.assignedTo} = ${value('assignedTo')}`,
}

/** Whether the ticket beside is linked to the agent. */
export const isLinked = sql`EXISTS (SELECT 1 FROM ${ticketAgents}
  WHERE ${ticketAgents.ticketId} = ${tickets.id} AND ${ticketAgents.staffId} = ${value('agentId')})`

// The 0 is written out: the planner takes the index of such tickets only for a literal.
export const isUnassigned = sql`${tickets.assignedTo} IS NULL AND ${tickets.isAssignedToAi} = 0`

export const isOfDepartments = sql`${tickets.departmentId}
  IN (SELECT value FROM json_each(${value('departmentIds')}))`

/** All of a filter as one condition on a ticket that has been found otherwise. */
export function fits(shape: readonly string[]): SQL {
  const statuses = statusesIn(shape)
  const conditions = [
    ...plainConditions(shape),
    ...(statuses.length > 0 ? [sql`(${sql.join(statuses, sql` OR `)})`] : []),
    ...(shape.includes('agentId') ? [sql`(${sql.join(reachOf(shape), sql` OR `)})`] : []),
  ]
  return conditions.length > 0 ? sql.join(conditions, sql` AND `) : sql`true`
}

function reachOf(shape: readonly string[]): SQL[] {
  if (!shape.includes('byDepartment')) return [isLinked]
  if (!shape.includes('isUnassigned')) return [isLinked, isOfDepartments]
  return [isLinked, sql`${isOfDepartments} AND ${isUnassigned}`]
}
