import { sql, type SQL } from 'drizzle-orm'
import { select, value, type Queries, type Select } from './queries.ts'
import { remembered } from './rows.ts'
import { departmentCounts, ticketCounts, tickets } from './schema.ts'
import { fits, shapeOf, valuesOf, type TicketFilter } from './ticketfilters.ts'

const statements = new Map<string, (q: Queries) => Select<{ total: number }>>()

/** How many tickets there are: from the running counts, or by counting the entries of an index. */
export function totalOfTickets(q: Queries, filter: TicketFilter): number {
  const shape = shapeOf(filter)
  const count = remembered(statements, shape, () =>
    select({ total: sql<number>`total` }, () => sql`SELECT ${countOf(shape)} AS total`),
  )
  return count(q).get(valuesOf(filter))?.total ?? 0
}

function countOf(shape: readonly string[]): SQL {
  const members = shape.filter((name) => name in dimensionOf)
  const [member] = members
  const isAgentIn = members.every((name) => name === 'agentId' || name === 'departmentId')
  if (shape.includes('customerId') || (members.length > 1 && !isAgentIn)) {
    return sql`(SELECT count(*) FROM ${tickets} WHERE ${fits(shape)})`
  }
  if (shape.includes('agentId')) return countOfAgent(shape)
  const dimension = member ? dimensionOf[member] : 'all'
  return inDimension(shape, dimension ?? 'all', member ? value(member) : sql`0`)
}

const dimensionOf: { readonly [condition: string]: Dimension } = {
  departmentId: 'department',
  assignedTo: 'assignee',
  agentId: 'agent',
}

type Dimension = 'all' | 'department' | 'assignee' | 'agent'

/** The agent's own, and those of the departments but for the agent's own that are among them. */
function countOfAgent(shape: readonly string[]): SQL {
  const agent = value('agentId')
  const own = shape.includes('departmentId')
    ? inDepartments(shape, agent, sql`department_id = ${value('departmentId')}`)
    : inDimension(shape, 'agent', agent)
  if (!shape.includes('byDepartment')) return own
  const reached = sql.join(
    [
      sql`department_id IN (SELECT value FROM json_each(${value('departmentIds')}))`,
      ...(shape.includes('isUnassigned') ? [sql`is_unassigned = 1`] : []),
    ],
    sql` AND `,
  )
  const all = inDepartments(shape, sql`0`, reached)
  return sql`${own} + ${all} - ${inDepartments(shape, agent, reached)}`
}

function inDimension(shape: readonly string[], dimension: Dimension, member: unknown): SQL {
  const conditions = [
    sql`dimension = ${sql.raw(`'${dimension}'`)}`,
    sql`member = ${member}`,
    ...states(shape),
  ]
  return sumOf(ticketCounts, conditions)
}

function inDepartments(shape: readonly string[], staffId: unknown, which: SQL): SQL {
  return sumOf(departmentCounts, [sql`staff_id = ${staffId}`, which, ...states(shape)])
}

function sumOf(counts: typeof ticketCounts | typeof departmentCounts, conditions: SQL[]): SQL {
  return sql`(SELECT coalesce(sum(tickets), 0) FROM ${counts}
    WHERE ${sql.join(conditions, sql` AND `)})`
}

function states(shape: readonly string[]): SQL[] {
  const statuses = shape.filter((name) => /^status\d/.test(name)).map((one) => value(one))
  return [
    ...(statuses.length > 0 ? [sql`status IN (${sql.join(statuses, sql`, `)})`] : []),
    ...(shape.includes('priority') ? [sql`priority = ${value('priority')}`] : []),
  ]
}
