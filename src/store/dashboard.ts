import { sql } from 'drizzle-orm'
import { select, value, type Queries } from './queries.ts'
import { agentCounts, ticketCounts } from './schema.ts'

/** Running counts of the tickets linked to an agent. */
export type AgentFigures = {
  readonly open: number
  readonly inProgress: number
  /** Open or in progress, and the customer has the last public word. */
  readonly waiting: number
  /** Ended on that day, and ended still. */
  readonly ended: number
}

const withStatus = (status: string) => sql`(
  SELECT coalesce(sum(tickets), 0) FROM ${ticketCounts}
  WHERE dimension = 'agent' AND member = ${value('agentId')} AND status = ${sql.raw(`'${status}'`)}
)`

const figure = (name: string, day: unknown) => sql`coalesce((
  SELECT tickets FROM ${agentCounts}
  WHERE staff_id = ${value('agentId')} AND figure = ${sql.raw(`'${name}'`)} AND day = ${day}
), 0)`

const figures = select(
  {
    open: sql<number>`"open"`,
    inProgress: sql<number>`"inProgress"`,
    waiting: sql<number>`"waiting"`,
    ended: sql<number>`"ended"`,
  },
  () => sql`SELECT
    ${withStatus('open')} AS "open",
    ${withStatus('in_progress')} AS "inProgress",
    ${figure('waiting', sql`0`)} AS "waiting",
    ${figure('ended', value('day'))} AS "ended"`,
)

/** The figures of one agent on a UTC day, counted from 1970. */
export function figuresOfAgent(q: Queries, agentId: number, day: number): AgentFigures {
  const none = { open: 0, inProgress: 0, waiting: 0, ended: 0 }
  return figures(q).get({ agentId, day }) ?? none
}
