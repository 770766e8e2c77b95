import { and, eq, getTableColumns, sql, type SQL } from 'drizzle-orm'
import type { Page, Window } from '../lib/page.ts'
import { older, pageOf, type Order } from './pages.ts'
import { select, value, type Queries, type Select } from './queries.ts'
import { remembered } from './rows.ts'
import { tickets, workflowRuns, type WorkflowRunRow } from './schema.ts'

// The runs of one workflow, newest first. An index gives the order, a page is cut from the ids, and the totals
// are in the workflow.

const shownColumns = {
  id: workflowRuns.id,
  uid: workflowRuns.uid,
  workflowId: workflowRuns.workflowId,
  version: workflowRuns.version,
  ticketId: workflowRuns.ticketId,
  ticketUid: tickets.uid,
  triggerType: workflowRuns.triggerType,
  status: workflowRuns.status,
  error: workflowRuns.error,
  startedAt: workflowRuns.startedAt,
  completedAt: workflowRuns.completedAt,
}

const wholeColumns = { ...getTableColumns(workflowRuns), ticketUid: tickets.uid }

/** A run as lists show it. The uid of its ticket is null once that is gone. */
export type ExecutionView = Pick<
  WorkflowRunRow,
  Exclude<keyof typeof shownColumns, 'ticketUid'>
> & { readonly ticketUid: string | null }

export type WholeExecutionView = WorkflowRunRow & { readonly ticketUid: string | null }

const lists = new Map<string, (q: Queries) => Select<ExecutionView>>()

function listOf(shape: string[], order: Order): (q: Queries) => Select<ExecutionView> {
  return remembered(lists, [...shape, order], () =>
    select(shownColumns, (db, row) =>
      db
        .select(row)
        .from(sql`(${pageIds(shape, order)}) AS page`)
        .crossJoin(workflowRuns)
        .leftJoin(tickets, eq(tickets.id, workflowRuns.ticketId))
        .where(eq(workflowRuns.id, sql`page.id`))
        .orderBy(...pageOrder[order]),
    ),
  )
}

const pageOrder: { readonly [O in Order]: SQL[] } = {
  newest: [sql`page.at DESC`, sql`page.id DESC`],
  oldest: [sql`page.at`, sql`page.id`],
}

/** The ids of one page, from an index alone: one walk of it for each way to be past a position. */
function pageIds(shape: string[], order: Order): SQL {
  const direction = order === 'newest' ? sql`DESC` : sql`ASC`
  const own = sql`${workflowRuns.workflowId} = ${value('workflowId')}`
  // As the index of those that are shown is declared.
  const which = shape.includes('skipped')
    ? own
    : sql`${own} AND ${workflowRuns.status} <> 'skipped'`
  const past = shape.includes('after') ? older(workflowRuns.startedAt, workflowRuns.id) : [sql`1`]
  const arms = past.map(
    (one) => sql`SELECT ${workflowRuns.id} AS id, ${workflowRuns.startedAt} AS at
      FROM ${workflowRuns} WHERE ${which} AND ${one}`,
  )
  return sql`${sql.join(arms, sql` UNION ALL `)} ORDER BY 2 ${direction}, 1 ${direction}
    LIMIT ${value('limit')} OFFSET ${value('offset')}`
}

const byUid = select(wholeColumns, (db, row) =>
  db
    .select(row)
    .from(workflowRuns)
    .leftJoin(tickets, eq(tickets.id, workflowRuns.ticketId))
    .where(
      and(eq(workflowRuns.uid, value('uid')), eq(workflowRuns.workflowId, value('workflowId'))),
    ),
)

const byId = select(wholeColumns, (db, row) =>
  db
    .select(row)
    .from(workflowRuns)
    .leftJoin(tickets, eq(tickets.id, workflowRuns.ticketId))
    .where(and(eq(workflowRuns.id, value('id')), eq(workflowRuns.workflowId, value('workflowId')))),
)

/** Of `total` runs, those of a workflow that did something, or with those that were skipped. */
export function executionPage(
  q: Queries,
  filter: {
    readonly workflowId: number
    readonly includesSkipped: boolean
    readonly total: number
  },
  window: Window,
): Page<ExecutionView> {
  const { workflowId, includesSkipped, total } = filter
  const which = includesSkipped ? ['skipped'] : []
  const shape = 'after' in window ? [...which, 'after'] : which
  return pageOf(window, total, (order, values) =>
    listOf(shape, order)(q).all({ ...values, workflowId }),
  )
}

export function executionByUid(
  q: Queries,
  workflowId: number,
  uid: string,
): WholeExecutionView | undefined {
  return byUid(q).get({ workflowId, uid })
}

export function executionById(
  q: Queries,
  workflowId: number,
  id: number,
): WholeExecutionView | undefined {
  return byId(q).get({ workflowId, id })
}
