import { sql, type SQL } from 'drizzle-orm'
import type { Page, Range } from '../lib/page.ts'
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
  range: Range,
): Page<TicketSummary> {
  return pageOf(q, filter, range, (shape, order) =>
    remembered(summaryLists, [...shape, order], () =>
      select(summaryColumns, (db, row) =>
        fromTicketsForSummary(db, row, pageSource(shape, order)).orderBy(...ordered[order]),
      ),
    ),
  )
}

export function ticketDetails(q: Queries, filter: TicketFilter, range: Range): Page<TicketDetail> {
  return pageOf(q, filter, range, (shape, order) =>
    remembered(detailLists, [...shape, order], () =>
      select(detailColumns, (db, row) =>
        fromTicketsForDetail(db, row, pageSource(shape, order)).orderBy(...ordered[order]),
      ),
    ),
  )
}

type Order = 'newest' | 'oldest'
type List<Row> = (q: Queries) => Select<Row>

const summaryLists = new Map<string, List<TicketSummary>>()
const detailLists = new Map<string, List<TicketDetail>>()
const countsByShape = new Map<string, List<{ total: number }>>()

/** A page, walked to from the end of the list that it is nearer to. */
function pageOf<Row>(
  q: Queries,
  filter: TicketFilter,
  { limit, offset }: Range,
  listOf: (shape: string[], order: Order) => List<Row>,
): Page<Row> {
  const shape = shapeOf(filter)
  const values = valuesOf(filter)
  const total = totalOf(q, shape, values)
  const rest = total - offset
  if (rest <= 0) return { rows: [], total }
  if (offset <= rest) {
    return { rows: listOf(shape, 'newest')(q).all({ ...values, limit, offset }), total }
  }
  const range = { limit: Math.min(limit, rest), offset: Math.max(0, rest - limit) }
  const rows = listOf(shape, 'oldest')(q).all({ ...values, ...range })
  return { rows: rows.toReversed(), total }
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

/** One SELECT for each stored status that is asked for, else a single one. */
function armsOf(shape: string[], columns: (list: typeof allTickets) => SQL): SQL[] {
  const list = shape.includes('agentId') ? agentTickets : allTickets
  const conditions = shape.flatMap((name) => conditionOf[name] ?? [])
  const statuses = shape.filter((name) => name.startsWith('status'))
  const arms = statuses.length > 0 ? statuses : [undefined]
  return arms.map((status) => {
    const all = status ? [...conditions, sql`${tickets.status} = ${value(status)}`] : conditions
    const where = all.length > 0 ? sql` WHERE ${sql.join(all, sql` AND `)}` : sql``
    return sql`SELECT ${columns(list)} FROM ${list.source}${where}`
  })
}

const allTickets = {
  source: sql`${tickets}`,
  page: sql`${tickets.id} AS id, ${tickets.createdAt} AS created_at`,
}

// The agent's links are themselves in the order of the list.
const agentTickets = {
  source: sql`${ticketAgents} JOIN ${tickets} ON ${tickets.id} = ${ticketAgents.ticketId}`,
  page: sql`${ticketAgents.ticketId} AS id, ${ticketAgents.ticketCreatedAt} AS created_at`,
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
