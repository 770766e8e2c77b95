import { eq, getTableColumns, sql, type SQL } from 'drizzle-orm'
import type { Page, Window } from '../lib/page.ts'
import { counter } from './meta.ts'
import { older, pageOf, type Order } from './pages.ts'
import { select, value, type Queries, type Select, type Values } from './queries.ts'
import { remembered } from './rows.ts'
import { customers, type CustomerRow } from './schema.ts'

// As with tickets, an index gives the order, a page is cut from the ids, and totals are running counts.
// What a search finds comes in the order of the search index, which is that of ids: those who were
// added last come first. Its total is counted in the index.

/** Which customers; the conditions combine with AND. */
export type CustomerFilter = {
  /** A query of the full-text index. */
  readonly match?: string | undefined
  readonly vipOnly?: boolean | undefined
}

export function customersNewestFirst(
  q: Queries,
  filter: CustomerFilter,
  window: Window,
): Page<CustomerRow> {
  const { match, vipOnly } = filter
  const conditions = [...(match === undefined ? [] : ['match']), ...(vipOnly ? ['vip'] : [])]
  const shape = 'after' in window ? [...conditions, 'after'] : conditions
  const rowsIn = (order: Order, values: Values) => listOf(shape, order)(q).all({ ...values, match })
  const isFirst = !('after' in window) && window.offset === 0
  if (match !== undefined && isFirst) {
    // What a search finds fits on a page more often than not, and then is not looked for twice.
    const rows = rowsIn('newest', window)
    const isAll = rows.length < window.limit
    return { rows, total: isAll ? rows.length : totalOf(q, conditions, { match }) }
  }
  return pageOf(window, totalOf(q, conditions, { match }), rowsIn)
}

const columns = getTableColumns(customers)
const lists = new Map<string, (q: Queries) => Select<CustomerRow>>()
const counts = new Map<string, (q: Queries) => Select<{ total: number }>>()

function listOf(shape: string[], order: Order): (q: Queries) => Select<CustomerRow> {
  return remembered(lists, [...shape, order], () =>
    select(columns, (db, row) =>
      db
        .select(row)
        .from(sql`(${pageIds(shape, order)}) AS page`)
        .crossJoin(customers)
        .where(eq(customers.id, sql`page.id`))
        .orderBy(...pageOrder[order]),
    ),
  )
}

const pageOrder: { readonly [O in Order]: SQL[] } = {
  newest: [sql`page.at DESC`, sql`page.id DESC`],
  oldest: [sql`page.at`, sql`page.id`],
}

/** The ids of one page, from an index alone. */
function pageIds(shape: string[], order: Order): SQL {
  const direction = order === 'newest' ? sql`DESC` : sql`ASC`
  const limits = sql`LIMIT ${value('limit')} OFFSET ${value('offset')}`
  if (shape.includes('match')) {
    return sql`SELECT customer_search.rowid AS id, 0 AS at ${found(shape)}
      ORDER BY customer_search.rowid ${direction} ${limits}`
  }
  const arms = sql.join(indexWalks(shape), sql` UNION ALL `)
  return sql`${arms} ORDER BY 2 ${direction}, 1 ${direction} ${limits}`
}

/** One walk of the index for each way to be past a position. */
function indexWalks(shape: string[]): SQL[] {
  const vip = shape.includes('vip') ? [isVip] : []
  if (!shape.includes('after')) return [indexWalk(vip)]
  return older(customers.createdAt, customers.id).map((past) => indexWalk([...vip, past]))
}

function indexWalk(conditions: readonly SQL[]): SQL {
  return sql`SELECT ${customers.id} AS id, ${customers.createdAt} AS at
    FROM ${customers}${whereAll(conditions)}`
}

/** What a search finds. The search index leads, since the order is its. */
function found(shape: string[]): SQL {
  const isVipOnly = shape.includes('vip')
  const beside = sql` CROSS JOIN ${customers} ON ${customers.id} = customer_search.rowid`
  const conditions = [
    sql`customer_search MATCH ${value('match')}`,
    ...(shape.includes('after') ? [sql`customer_search.rowid < ${value('afterId')}`] : []),
    ...(isVipOnly ? [isVip] : []),
  ]
  return sql`FROM customer_search${isVipOnly ? beside : sql``}${whereAll(conditions)}`
}

// The 1 is written out: the planner takes the index of VIPs only for a literal.
const isVip = sql`${customers.isVip} = 1`

function whereAll(conditions: readonly SQL[]): SQL {
  if (conditions.length === 0) return sql``
  return sql` WHERE ${sql.join([...conditions], sql` AND `)}`
}

function totalOf(q: Queries, conditions: string[], values: Values): number {
  if (!conditions.includes('match')) {
    return counter(q, conditions.includes('vip') ? 'vip_customers' : 'customers')
  }
  const count = remembered(counts, conditions, () =>
    select({ total: sql<number>`total` }, () => sql`SELECT count(*) AS total ${found(conditions)}`),
  )
  return count(q).get(values)?.total ?? 0
}
