import { secondMs } from '../lib/time.ts'
import { sortName } from '../lib/text.ts'
import {
  agentFigures,
  departmentFigures,
  ticketsByDay,
  type AgentFigures,
  type DaySpan,
  type DepartmentFigures,
} from '../store/reports.ts'
import type { Reader } from './tx.ts'

export type { DaySpan } from '../store/reports.ts'

/** What a department, or what belongs to none, has had. */
export type DepartmentReport = Omit<DepartmentFigures, 'id'> & { readonly id: number | null }

export type AgentReport = AgentFigures

export type Overview = {
  readonly total: Figures
  readonly departments: readonly DepartmentReport[]
  /** By day from 1970, ascending, without the days that have none. */
  readonly days: readonly { readonly day: number; readonly tickets: number }[]
}

/** The figures that add up over departments. */
export type Figures = Omit<DepartmentFigures, 'id' | 'name'>

/** The tickets that were created on these days as they are now, all together. */
export function reportOverview(reader: Reader, span: DaySpan): Overview {
  const figures = departmentFigures(reader.q, span)
  return {
    total: sumOf(figures),
    departments: shownDepartments(figures),
    days: ticketsByDay(reader.q, span),
  }
}

/** The same by department, the busiest first; those without a department only if there are any. */
export function reportDepartments(reader: Reader, span: DaySpan): DepartmentReport[] {
  return shownDepartments(departmentFigures(reader.q, span))
}

/** The same by agent, the busiest first; a ticket that is linked to two counts for both. */
export function reportAgents(reader: Reader, span: DaySpan): AgentReport[] {
  return agentFigures(reader.q, span).toSorted(busiestFirst)
}

type Timed = Pick<Figures, 'responses' | 'responseMs' | 'resolutions' | 'resolutionMs'>

/** From a ticket's creation to the first public answer of the staff; null when there is none. */
export function averageResponseSeconds({ responses, responseMs }: Timed): number | null {
  return averageSeconds(responseMs, responses)
}

/** From a ticket's creation to its end; null when none has ended. */
export function averageResolutionSeconds({ resolutions, resolutionMs }: Timed): number | null {
  return averageSeconds(resolutionMs, resolutions)
}

function averageSeconds(totalMs: number, count: number): number | null {
  return count === 0 ? null : Math.round(totalMs / count / secondMs)
}

function shownDepartments(figures: readonly DepartmentFigures[]): DepartmentReport[] {
  return figures
    .filter(({ id, tickets }) => id !== 0 || tickets > 0)
    .map((one) => ({ ...one, id: one.id === 0 ? null : one.id }))
    .toSorted(busiestFirst)
}

type Ranked = { readonly id: number | null; readonly name: string | null; readonly tickets: number }

/** By tickets, then by name as people sort, then by age; what has no name comes last. */
function busiestFirst(a: Ranked, b: Ranked): number {
  if (a.tickets !== b.tickets) return b.tickets - a.tickets
  if (a.name === null || b.name === null) return Number(a.name === null) - Number(b.name === null)
  const [first, second] = [sortName(a.name), sortName(b.name)]
  if (first !== second) return first < second ? -1 : 1
  return (a.id ?? 0) - (b.id ?? 0)
}

const figureNames = [
  'tickets',
  'open',
  'inProgress',
  'onHold',
  'solved',
  'closed',
  'low',
  'medium',
  'high',
  'urgent',
  'unassigned',
  'responses',
  'responseMs',
  'resolutions',
  'resolutionMs',
] as const satisfies readonly (keyof Figures)[]

function sumOf(all: readonly Figures[]): Figures {
  const sums = figureNames.map((name) => [name, all.reduce((sum, one) => sum + one[name], 0)])
  return Object.fromEntries(sums) as Figures
}
