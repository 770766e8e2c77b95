import { sql, type SQL } from 'drizzle-orm'
import type { Page, Window } from '../lib/page.ts'
import { older, pageOf, type Order } from './pages.ts'
import { select, value, type Queries, type Select } from './queries.ts'
import { remembered } from './rows.ts'
import { ticketAgents, tickets } from './schema.ts'
import {
  isLinked,
  isOfDepartments,
  isUnassigned,
  plainConditions,
  shapeOf,
  statusesIn,
  valuesOf,
  type TicketFilter,
} from './ticketfilters.ts'
import {
  detailColumns,
  fromTicketsForDetail,
  fromTicketsForSummary,
  summaryColumns,
  type TicketDetail,
  type TicketSummary,
} from './tickets.ts'
import { totalOfTickets } from './tickettotals.ts'

// Every list is newest first and reads only the rows of its page: an index gives the order, a page is
// cut from the ids before anything is joined, and totals are running counts. A status that stands for
// two stored ones is a merge of two index walks, and so are an agent's tickets and those of departments.

export type { DepartmentReach, TicketFilter } from './ticketfilters.ts'

export function ticketSummaries(
  q: Queries,
  filter: TicketFilter,
  window: Window,
): Page<TicketSummary> {
  return ticketsOf(q, filter, window, (shape, order) =>
    remembered(summaryLists, [...shape, order], () =>
      select(summaryColumns, (db, row) =>
        fromTicketsForSummary(db, row, pageSource(shape, order)).orderBy(...ordered[order]),
      ),
    ),
  )
}

export function ticketDetails(
  q: Queries,
  filter: TicketFilter,
  window: Window,
): Page<TicketDetail> {
  return ticketsOf(q, filter, window, (shape, order) =>
    remembered(detailLists, [...shape, order], () =>
      select(detailColumns, (db, row) =>
        fromTicketsForDetail(db, row, pageSource(shape, order)).orderBy(...ordered[order]),
      ),
    ),
  )
}

/** These tickets, in that order; those that are gone are left out. */
export function ticketSummariesOf(q: Queries, ids: readonly number[]): TicketSummary[] {
  return summariesOf(q).all({ ids: JSON.stringify(ids) })
}

/** These tickets, in that order; those that are gone are left out. */
export function ticketDetailsOf(q: Queries, ids: readonly number[]): TicketDetail[] {
  return detailsOf(q).all({ ids: JSON.stringify(ids) })
}

const given = sql`json_each(${value('ids')}) AS page CROSS JOIN ${tickets} ON ${tickets.id} = page.value`

const summariesOf = select(summaryColumns, (db, row) =>
  fromTicketsForSummary(db, row, given).orderBy(sql`page.key`),
)

const detailsOf = select(detailColumns, (db, row) =>
  fromTicketsForDetail(db, row, given).orderBy(sql`page.key`),
)

type List<Row> = (q: Queries) => Select<Row>

const summaryLists = new Map<string, List<TicketSummary>>()
const detailLists = new Map<string, List<TicketDetail>>()

function ticketsOf<Row>(
  q: Queries,
  filter: TicketFilter,
  window: Window,
  listOf: (shape: string[], order: Order) => List<Row>,
): Page<Row> {
  const conditions = shapeOf(filter)
  const values = valuesOf(filter)
  const shape = 'after' in window ? [...conditions, 'after'] : conditions
  return pageOf(window, totalOfTickets(q, filter), (order, range) =>
    listOf(shape, order)(q).all({ ...values, ...range }),
  )
}

const ordered: { readonly [O in Order]: SQL[] } = {
  newest: [sql`page.created_at DESC`, sql`page.id DESC`],
  oldest: [sql`page.created_at`, sql`page.id`],
}

/** The ids of one page, from the index alone, and beside them their tickets. */
export function pageSource(shape: string[], order: Order): SQL {
  const arms = sql.join(armsOf(shape), sql` UNION ALL `)
  const by = order === 'newest' ? sql`2 DESC, 1 DESC` : sql`2, 1`
  return sql`(
    SELECT id, created_at FROM (${arms} ORDER BY ${by} LIMIT ${value('limit')} OFFSET ${value('offset')})
  ) AS page CROSS JOIN ${tickets} ON ${tickets.id} = page.id`
}

/** One SELECT for each list that is merged, each stored status, and each way to be past a position. */
function armsOf(shape: string[]): SQL[] {
  return listsOf(shape).flatMap((list) => {
    const pasts = shape.includes('after') ? list.past : []
    return combined(statusesIn(shape), pasts).map((chosen) => {
      const all = [...list.conditions, ...plainConditions(shape), ...chosen]
      const where = all.length > 0 ? sql` WHERE ${sql.join(all, sql` AND `)}` : sql``
      return sql`SELECT ${list.page} FROM ${list.source}${where}`
    })
  })
}

/** Each of the one with each of the other; where there is none, that is no condition. */
function combined(some: readonly SQL[], others: readonly SQL[]): SQL[][] {
  return choices(some).flatMap((one) => choices(others).map((other) => [...one, ...other]))
}

function choices(conditions: readonly SQL[]): SQL[][] {
  return conditions.length > 0 ? conditions.map((one) => [one]) : [[]]
}

/** Rows that an index has in the order of the list. */
type Walk = {
  readonly source: SQL
  readonly page: SQL
  readonly past: readonly SQL[]
  readonly conditions: readonly SQL[]
}

const allTickets: Walk = {
  source: sql`${tickets}`,
  page: sql`${tickets.id} AS id, ${tickets.createdAt} AS created_at`,
  past: older(tickets.createdAt, tickets.id),
  conditions: [],
}

// The agent's links are themselves in the order of the list.
const agentTickets: Walk = {
  source: sql`${ticketAgents} JOIN ${tickets} ON ${tickets.id} = ${ticketAgents.ticketId}`,
  page: sql`${ticketAgents.ticketId} AS id, ${ticketAgents.ticketCreatedAt} AS created_at`,
  past: older(ticketAgents.ticketCreatedAt, ticketAgents.ticketId),
  conditions: [sql`${ticketAgents.staffId} = ${value('agentId')}`],
}

function listsOf(shape: string[]): Walk[] {
  if (!shape.includes('agentId')) return [allTickets]
  return shape.includes('byDepartment') ? [agentTickets, ...departmentWalks(shape)] : [agentTickets]
}

/** The tickets of each department that are not the agent's already. */
function departmentWalks(shape: string[]): Walk[] {
  const isFree = shape.includes('isUnassigned')
  const common = [sql`NOT ${isLinked}`, ...(isFree ? [isUnassigned] : [])]
  const index = sql.raw(isFree ? 'tickets_unassigned' : 'tickets_department')
  const apart = shape
    .filter((name) => /^department\d/.test(name))
    .map((name) => ({
      ...allTickets,
      source: sql`${tickets} INDEXED BY ${index}`,
      conditions: [sql`${tickets.departmentId} = ${value(name)}`, ...common],
    }))
  if (apart.length > 0) return apart
  // An agent of very many departments reaches most tickets, so the walk through all is short.
  const source = sql`${tickets} INDEXED BY tickets_created`
  return [{ ...allTickets, source, conditions: [isOfDepartments, ...common] }]
}
