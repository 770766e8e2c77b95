import { sql, type SQL } from 'drizzle-orm'
import type { Page, Window } from '../lib/page.ts'
import { older, pageOf, type Order } from './pages.ts'
import { select, value, type Queries, type Select, type Values } from './queries.ts'
import { remembered } from './rows.ts'
import {
  ticketAgents,
  ticketCounts,
  tickets,
  type TicketPriority,
  type TicketStatus,
} from './schema.ts'
import {
  detailColumns,
  fromTicketsForDetail,
  fromTicketsForSummary,
  summaryColumns,
  type TicketDetail,
  type TicketSummary,
} from './tickets.ts'

// Every list is newest first and reads only the rows of its page: an index gives the order, a page is
// cut from the ids before anything is joined, and totals are running counts. A status that stands for
// two stored ones is a merge of two index walks.

/** Which tickets; the conditions combine with AND. An empty list of statuses is any. */
export type TicketFilter = {
  readonly statuses?: readonly TicketStatus[] | undefined
  readonly priority?: TicketPriority | undefined
  readonly departmentId?: number | undefined
  readonly customerId?: number | undefined
  readonly assignedTo?: number | undefined
  /** Linked to this agent. */
  readonly agentId?: number | undefined
}

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

type List<Row> = (q: Queries) => Select<Row>

const summaryLists = new Map<string, List<TicketSummary>>()
const detailLists = new Map<string, List<TicketDetail>>()
const countsByShape = new Map<string, List<{ total: number }>>()

function ticketsOf<Row>(
  q: Queries,
  filter: TicketFilter,
  window: Window,
  listOf: (shape: string[], order: Order) => List<Row>,
): Page<Row> {
  const conditions = shapeOf(filter)
  const values = valuesOf(filter)
  const shape = 'after' in window ? [...conditions, 'after'] : conditions
  return pageOf(window, totalOf(q, conditions, values), (order, range) =>
    listOf(shape, order)(q).all({ ...values, ...range }),
  )
}

/** The conditions that a filter uses: one statement serves every filter of that shape. */
function shapeOf(filter: TicketFilter): string[] {
  const { statuses = [], ...others } = filter
  const names = Object.entries(others).flatMap(([name, on]) => (on === undefined ? [] : [name]))
  return [...statuses.map((_, at) => `status${at}`), ...names]
}

function valuesOf(filter: TicketFilter): Values {
  const { statuses = [], ...others } = filter
  return { ...others, ...Object.fromEntries(statuses.map((one, at) => [`status${at}`, one])) }
}

const ordered: { readonly [O in Order]: SQL[] } = {
  newest: [sql`page.created_at DESC`, sql`page.id DESC`],
  oldest: [sql`page.created_at`, sql`page.id`],
}

/** The ids of one page, from the index alone, and beside them their tickets. */
function pageSource(shape: string[], order: Order): SQL {
  const arms = sql.join(
    armsOf(shape, (list) => list.page),
    sql` UNION ALL `,
  )
  const by = order === 'newest' ? sql`2 DESC, 1 DESC` : sql`2, 1`
  return sql`(
    SELECT id, created_at FROM (${arms} ORDER BY ${by} LIMIT ${value('limit')} OFFSET ${value('offset')})
  ) AS page CROSS JOIN ${tickets} ON ${tickets.id} = page.id`
}

/** One SELECT for each stored status that is asked for, and for each way to be past a position. */
function armsOf(shape: string[], columns: (list: typeof allTickets) => SQL): SQL[] {
  const list = shape.includes('agentId') ? agentTickets : allTickets
  const conditions = shape.flatMap((name) => conditionOf[name] ?? [])
  const statuses = shape
    .filter((name) => name.startsWith('status'))
    .map((status) => sql`${tickets.status} = ${value(status)}`)
  const pasts = shape.includes('after') ? list.past : []
  return combined(statuses, pasts).map((chosen) => {
    const all = [...conditions, ...chosen]
    const where = all.length > 0 ? sql` WHERE ${sql.join(all, sql` AND `)}` : sql``
    return sql`SELECT ${columns(list)} FROM ${list.source}${where}`
  })
}

/** Each of the one with each of the other; where there is none, that is no condition. */
function combined(some: readonly SQL[], others: readonly SQL[]): SQL[][] {
  return choices(some).flatMap((one) => choices(others).map((other) => [...one, ...other]))
}

function choices(conditions: readonly SQL[]): SQL[][] {
  return conditions.length > 0 ? conditions.map((one) => [one]) : [[]]
}

const allTickets = {
  source: sql`${tickets}`,
  page: sql`${tickets.id} AS id, ${tickets.createdAt} AS created_at`,
  past: older(tickets.createdAt, tickets.id),
}

// The agent's links are themselves in the order of the list.
const agentTickets = {
  source: sql`${ticketAgents} JOIN ${tickets} ON ${tickets.id} = ${ticketAgents.ticketId}`,
  page: sql`${ticketAgents.ticketId} AS id, ${ticketAgents.ticketCreatedAt} AS created_at`,
  past: older(ticketAgents.ticketCreatedAt, ticketAgents.ticketId),
}

const conditionOf: { [name: string]: SQL } = {
  priority: sql`${tickets.priority} = ${value('priority')}`,
  departmentId: sql`${tickets.departmentId} = ${value('departmentId')}`,
  customerId: sql`${tickets.customerId} = ${value('customerId')}`,
  assignedTo: sql`${tickets.assignedTo} = ${value('assignedTo')}`,
  agentId: sql`${ticketAgents.staffId} = ${value('agentId')}`,
}

function totalOf(q: Queries, shape: string[], values: Values): number {
  const count = remembered(countsByShape, shape, () =>
    select({ total: sql<number>`total` }, () => countOf(shape)),
  )
  return count(q).get(values)?.total ?? 0
}

/** From the running counts where one dimension answers, else by counting index entries. */
function countOf(shape: string[]): SQL {
  const members = shape.filter((name) => name in dimensionOf)
  if (members.length > 1 || shape.includes('customerId')) {
    const arms = sql.join(
      armsOf(shape, () => sql`count(*) AS n`),
      sql` UNION ALL `,
    )
    return sql`SELECT sum(n) AS total FROM (${arms})`
  }
  const [member] = members
  const dimension = member ? dimensionOf[member] : 'all'
  const statuses = shape.filter((name) => name.startsWith('status'))
  const conditions = [
    sql`dimension = ${sql.raw(`'${dimension}'`)}`,
    sql`member = ${member ? value(member) : sql`0`}`,
    ...(statuses.length > 0
      ? [
          sql`status IN (${sql.join(
            statuses.map((one) => value(one)),
            sql`, `,
          )})`,
        ]
      : []),
    ...(shape.includes('priority') ? [sql`priority = ${value('priority')}`] : []),
  ]
  return sql`SELECT coalesce(sum(tickets), 0) AS total FROM ${ticketCounts}
    WHERE ${sql.join(conditions, sql` AND `)}`
}

const dimensionOf: { [condition: string]: 'department' | 'assignee' | 'agent' } = {
  departmentId: 'department',
  assignedTo: 'assignee',
  agentId: 'agent',
}
