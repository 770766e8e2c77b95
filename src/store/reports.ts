import { eq, sql, type SQL, type SQLWrapper } from 'drizzle-orm'
import { select, value, type Queries } from './queries.ts'
import { departments, staff, ticketDays } from './schema.ts'

// A report reads the running figures of its days, one row for each member and day, and no ticket.

/** The days from `from` to `to`, both inclusive, counted from 1970. */
export type DaySpan = { readonly from: number; readonly to: number }

const total = (figure: SQLWrapper) => sql<number>`coalesce(sum(${figure}), 0)`

const allStatuses = sql<number>`${ticketDays.open} + ${ticketDays.inProgress}
  + ${ticketDays.onHold} + ${ticketDays.solved} + ${ticketDays.closed}`

const ticketFigures = {
  tickets: total(allStatuses),
  open: total(ticketDays.open),
  inProgress: total(ticketDays.inProgress),
  onHold: total(ticketDays.onHold),
  solved: total(ticketDays.solved),
  closed: total(ticketDays.closed),
  responses: total(ticketDays.responses),
  responseMs: total(ticketDays.responseMs),
  resolutions: total(ticketDays.resolutions),
  resolutionMs: total(ticketDays.resolutionMs),
}

const departmentColumns = {
  id: sql<number>`member.id`,
  name: sql<string | null>`member.name`,
  ...ticketFigures,
  low: total(ticketDays.low),
  medium: total(ticketDays.medium),
  high: total(ticketDays.high),
  urgent: total(ticketDays.urgent),
  unassigned: total(ticketDays.unassigned),
}

// Beside the departments, what has none: each one's days then come from the key alone.
const everyDepartment = sql`(
  SELECT ${departments.id}, ${departments.name} FROM ${departments} UNION ALL SELECT 0, NULL
) AS member`

const ofDepartments = select(departmentColumns, (db, row) =>
  db
    .select(row)
    .from(sql`${everyDepartment} LEFT JOIN ${daysOf('department', sql`member.id`)}`)
    .groupBy(sql`member.id`),
)

const agentColumns = {
  id: staff.id,
  name: staff.name,
  isActive: staff.isActive,
  ...ticketFigures,
  replies: total(ticketDays.replies),
  likes: total(ticketDays.likes),
}

const ofAgents = select(agentColumns, (db, row) =>
  db
    .select(row)
    .from(sql`${staff} LEFT JOIN ${daysOf('agent', sql`${staff.id}`)}`)
    .where(eq(staff.role, 'agent'))
    .groupBy(staff.id),
)

const dayColumns = { day: ticketDays.day, tickets: total(allStatuses) }

const ofDays = select(dayColumns, (db, row) =>
  db
    .select(row)
    .from(sql`${everyDepartment} CROSS JOIN ${daysOf('department', sql`member.id`)}`)
    .groupBy(ticketDays.day)
    .having(sql`${dayColumns.tickets} > 0`)
    .orderBy(ticketDays.day),
)

/** Every department with the figures of the tickets that were created on these days; 0 is none. */
export function departmentFigures(q: Queries, span: DaySpan): DepartmentFigures[] {
  return ofDepartments(q).all(span)
}

/** Every agent with the figures of the tickets that were created on these days. */
export function agentFigures(q: Queries, span: DaySpan): AgentFigures[] {
  return ofAgents(q).all(span)
}

/** How many tickets were created on each of these days, in order, but days without any. */
export function ticketsByDay(q: Queries, span: DaySpan): { day: number; tickets: number }[] {
  return ofDays(q).all(span)
}

export type DepartmentFigures = ReturnType<ReturnType<typeof ofDepartments>['all']>[number]
export type AgentFigures = ReturnType<ReturnType<typeof ofAgents>['all']>[number]

/** The days of the span, to be joined to a source of members. */
function daysOf(dimension: 'department' | 'agent', member: SQL): SQL {
  return sql`${ticketDays} ON ${ticketDays.dimension} = ${sql.raw(`'${dimension}'`)}
    AND ${ticketDays.member} = ${member}
    AND ${ticketDays.day} BETWEEN ${value('from')} AND ${value('to')}`
}
