import { z } from 'zod'
import { Fault } from '../../../domain/errors.ts'
import {
  averageResolutionSeconds,
  averageResponseSeconds,
  reportAgents,
  reportDepartments,
  reportOverview,
  type AgentReport,
  type DaySpan,
  type DepartmentReport,
  type Overview,
} from '../../../domain/reports.ts'
import type { Reader } from '../../../domain/tx.ts'
import { dayOf, isoDay } from '../../../lib/time.ts'
import type { Endpoint } from '../../endpoint.ts'
import { read } from '../../fields.ts'
import { single } from '../envelope.ts'
import { optionalDay } from '../fields.ts'

const daysBack = 30

const query = z.object({ start_date: optionalDay(), end_date: optionalDay() })

/** The days asked for: from 30 days ago to today unless told otherwise, by UTC. */
function spanOf(tx: Reader, sent: URLSearchParams): DaySpan {
  const asked = Object.keys(query.shape).map((name) => [name, sent.get(name)])
  const fields = read(tx, query, Object.fromEntries(asked))
  const today = dayOf(tx.now)
  const { start_date: from = today - daysBack, end_date: to = today } = fields
  if (to >= from) return { from, to }
  const issue = { field: 'end_date', rule: 'afterOrEqual', other: 'start_date' } as const
  throw new Fault('invalid', 'body', [issue])
}

const day = z.iso.date()
const count = z.int().min(0)
const seconds = z.int().nullable()
const spanShape = { start_date: day, end_date: day }

const counts = {
  total_tickets: count,
  open_tickets: count,
  in_progress_tickets: count,
  on_hold_tickets: count,
  closed_tickets: count,
}

const averages = { avg_first_response_seconds: seconds, avg_resolution_seconds: seconds }

const overviewShape = {
  ...counts,
  by_status: z.strictObject({ open: count, in_progress: count, on_hold: count, closed: count }),
  by_priority: z.strictObject({ low: count, medium: count, high: count, critical: count }),
  by_department: z.array(
    z.strictObject({ id: z.int().nullable(), name: z.string().nullable(), count }),
  ),
  tickets_over_time: z.array(z.strictObject({ date: day, count: z.int().min(1) })),
  unassigned_tickets: count,
  ...averages,
}

const agentShape = z.strictObject({
  id: z.int(),
  name: z.string(),
  is_active: z.boolean(),
  ...counts,
  replies_count: count,
  likes_count: count,
  ...averages,
})

const departmentShape = z.strictObject({
  id: z.int().nullable(),
  name: z.string().nullable(),
  ...counts,
  unassigned_tickets: count,
  ...averages,
})

type Counted = Pick<Overview['total'], 'tickets' | 'open' | 'inProgress' | 'onHold'> &
  Pick<Overview['total'], 'solved' | 'closed'>

/** What is solved is closed, as everywhere in this dialect. */
function presentCounts(figures: Counted) {
  return {
    total_tickets: figures.tickets,
    open_tickets: figures.open,
    in_progress_tickets: figures.inProgress,
    on_hold_tickets: figures.onHold,
    closed_tickets: figures.closed + figures.solved,
  }
}

function presentAverages(figures: Parameters<typeof averageResponseSeconds>[0]) {
  return {
    avg_first_response_seconds: averageResponseSeconds(figures),
    avg_resolution_seconds: averageResolutionSeconds(figures),
  }
}

function presentSpan({ from, to }: DaySpan) {
  return { start_date: isoDay(from), end_date: isoDay(to) }
}

function presentOverview({ total, departments, days }: Overview) {
  return {
    ...presentCounts(total),
    by_status: {
      open: total.open,
      in_progress: total.inProgress,
      on_hold: total.onHold,
      closed: total.closed + total.solved,
    },
    by_priority: {
      low: total.low,
      medium: total.medium,
      high: total.high,
      critical: total.urgent,
    },
    by_department: departments.map(({ id, name, tickets }) => ({ id, name, count: tickets })),
    tickets_over_time: days.map(({ day, tickets }) => ({ date: isoDay(day), count: tickets })),
    unassigned_tickets: total.unassigned,
    ...presentAverages(total),
  }
}

function presentAgent(agent: AgentReport) {
  return {
    id: agent.id,
    name: agent.name,
    is_active: agent.isActive,
    ...presentCounts(agent),
    replies_count: agent.replies,
    likes_count: agent.likes,
    ...presentAverages(agent),
  }
}

function presentDepartment(department: DepartmentReport) {
  return {
    id: department.id,
    name: department.name,
    ...presentCounts(department),
    unassigned_tickets: department.unassigned,
    ...presentAverages(department),
  }
}

type Report = {
  readonly name: 'overview' | 'agents' | 'departments'
  readonly summary: string
  readonly shape: z.ZodRawShape
  readonly of: (tx: Reader, span: DaySpan) => object
}

const reports: readonly Report[] = [
  {
    name: 'overview',
    summary: 'Report on all tickets created on these days, as they are now',
    shape: overviewShape,
    of: (tx, days) => presentOverview(reportOverview(tx, days)),
  },
  {
    name: 'agents',
    summary: 'Report on the agents and the tickets linked to them',
    shape: { agents: z.array(agentShape) },
    of: (tx, days) => ({ agents: reportAgents(tx, days).map(presentAgent) }),
  },
  {
    name: 'departments',
    summary: 'Report on the tickets of each department',
    shape: { departments: z.array(departmentShape) },
    of: (tx, days) => ({ departments: reportDepartments(tx, days).map(presentDepartment) }),
  },
]

/** deskhive.md 19.2. */
export const reportEndpoints: readonly Endpoint[] = reports.map(({ name, summary, shape, of }) => ({
  method: 'GET',
  path: `/reports/${name}`,
  scope: `reports:${name}`,
  tag: 'Reports',
  summary,
  query,
  answer: { status: 200, shape: single(z.strictObject({ ...spanShape, ...shape })) },
  run({ tx, query: sent }) {
    const days = spanOf(tx, sent)
    return { status: 200, body: { data: { ...presentSpan(days), ...of(tx, days) } } }
  },
}))
