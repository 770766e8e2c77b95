import { sql, type SQL } from 'drizzle-orm'
import { dayMs } from '../lib/time.ts'
import { select, value, type Queries } from './queries.ts'
import { agentCounts, departmentCounts, tickets } from './schema.ts'
import { isLinked, isUnassigned, shapeOf, valuesOf, type AgentReach } from './ticketfilters.ts'
import { totalOfTickets } from './tickettotals.ts'

/** Counts of the tickets that an agent reaches. */
export type AgentFigures = {
  readonly open: number
  readonly inProgress: number
  /** Open or in progress, and the customer has the last public word. */
  readonly waiting: number
  /** Ended on that day, and ended still. */
  readonly ended: number
}

type Figures = Pick<AgentFigures, 'waiting' | 'ended'>

const figure = (name: string, day: unknown) => sql`coalesce((
  SELECT tickets FROM ${agentCounts}
  WHERE staff_id = ${value('agentId')} AND figure = ${sql.raw(`'${name}'`)} AND day = ${day}
), 0)`

const linked = { waiting: figure('waiting', sql`0`), ended: figure('ended', value('day')) }

const named = { waiting: sql<number>`"waiting"`, ended: sql<number>`"ended"` }

const ofLinked = select(
  named,
  () => sql`SELECT ${linked.waiting} AS "waiting", ${linked.ended} AS "ended"`,
)

const ofReach = [false, true].map((isFree) =>
  select(
    named,
    () => sql`SELECT
      ${linked.waiting} + ${waitingIn(sql`0`, isFree)} - ${waitingIn(value('agentId'), isFree)}
        AS "waiting",
      ${linked.ended} + ${endedIn(isFree)} AS "ended"`,
  ),
)

/**
 * The figures of one agent on a UTC day, counted from 1970: running counts, but for what ended on that
 * day in the departments, which is counted in the index.
 */
export function figuresOfAgent(q: Queries, reach: AgentReach, day: number): AgentFigures {
  const total = (status: 'open' | 'in_progress') =>
    totalOfTickets(q, { ...reach, statuses: [status] })
  return { open: total('open'), inProgress: total('in_progress'), ...figuresOn(q, reach, day) }
}

function figuresOn(q: Queries, reach: AgentReach, day: number): Figures {
  const shape = shapeOf(reach)
  const ofDepartments = ofReach[shape.includes('isUnassigned') ? 1 : 0]
  const statement = shape.includes('byDepartment') && ofDepartments ? ofDepartments : ofLinked
  const since = day * dayMs
  const values = { ...valuesOf(reach), day, since, until: since + dayMs }
  return statement(q).get(values) ?? { waiting: 0, ended: 0 }
}

const departmentIds = sql`(SELECT value FROM json_each(${value('departmentIds')}))`

function waitingIn(staffId: unknown, isFree: boolean): SQL {
  return sql`(SELECT coalesce(sum(tickets), 0) FROM ${departmentCounts}
    WHERE staff_id = ${staffId} AND department_id IN ${departmentIds} AND is_waiting = 1
      ${isFree ? sql`AND is_unassigned = 1` : sql``})`
}

function endedIn(isFree: boolean): SQL {
  return sql`(SELECT count(*) FROM ${tickets} INDEXED BY tickets_ended
    WHERE ${tickets.departmentId} IN ${departmentIds}
      AND ${tickets.closedAt} >= ${value('since')} AND ${tickets.closedAt} < ${value('until')}
      AND ${tickets.status} IN ('solved', 'closed') AND NOT ${isLinked}
      ${isFree ? sql`AND ${isUnassigned}` : sql``})`
}
