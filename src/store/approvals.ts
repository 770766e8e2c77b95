import { eq, getTableColumns, sql, type SQL } from 'drizzle-orm'
import type { Page, Window } from '../lib/page.ts'
import type { Millis } from '../lib/time.ts'
import type { Drizzle } from './connection.ts'
import { counter } from './meta.ts'
import { older, pageOf, type Order } from './pages.ts'
import { select, value, type Queries } from './queries.ts'
import { inserter, patcher } from './rows.ts'
import { approvals, customers, tickets, type ApprovalStatus } from './schema.ts'

const columns = {
  ...getTableColumns(approvals),
  ticketUid: tickets.uid,
  ticketReference: tickets.reference,
  ticketSubject: tickets.subject,
  customerEmail: customers.email,
  customerName: customers.name,
}

type Joined = 'ticketUid' | 'ticketReference' | 'ticketSubject' | 'customerEmail'

type Selected = NonNullable<ReturnType<ReturnType<typeof byUid>['get']>>

/** A proposal beside its ticket and the ticket's customer, if it has them. */
export type ApprovalView = Omit<Selected, Joined> & {
  readonly [K in Joined]: Selected[K] | null
}

function fromApprovals(
  db: Drizzle,
  row: NonNullable<Parameters<Drizzle['select']>[0]>,
  source: typeof approvals | SQL = approvals,
) {
  return db
    .select(row)
    .from(source)
    .leftJoin(tickets, eq(tickets.id, approvals.ticketId))
    .leftJoin(customers, eq(customers.id, tickets.customerId))
}

const byUid = select(columns, (db, row) =>
  fromApprovals(db, row).where(eq(approvals.uid, value('uid'))),
)

const walked: { readonly [O in Order]: SQL } = {
  newest: sql`2 DESC, 1 DESC`,
  oldest: sql`2, 1`,
}

/** A page is cut from the ids, one walk of the index for each of the arms, before anything is joined. */
const pageIn = (order: Order, arms: readonly SQL[]) =>
  select(columns, (db, row) =>
    fromApprovals(
      db,
      row,
      sql`(
        ${sql.join(arms.map(indexWalk), sql` UNION ALL `)}
        ORDER BY ${walked[order]} LIMIT ${value('limit')} OFFSET ${value('offset')}
      ) AS page CROSS JOIN ${approvals} ON ${approvals.id} = page.id`,
    ).orderBy(...ordered[order]),
  )

function indexWalk(past: SQL): SQL {
  return sql`SELECT ${approvals.id} AS id, ${approvals.createdAt} AS at FROM ${approvals}
    WHERE ${approvals.status} = ${value('status')}${past}`
}

const ordered: { readonly [O in Order]: SQL[] } = {
  newest: [sql`page.at DESC`, sql`page.id DESC`],
  oldest: [sql`page.at`, sql`page.id`],
}

const byNumber = { newest: pageIn('newest', [sql``]), oldest: pageIn('oldest', [sql``]) }
const pastPosition = pageIn(
  'newest',
  older(approvals.createdAt, approvals.id).map((past) => sql` AND ${past}`),
)

// The word is written out: the planner takes the index of those pending only for a literal.
const due = select(columns, (db, row) =>
  fromApprovals(db, row)
    .where(sql`${approvals.status} = 'pending' AND ${approvals.expiresAt} <= ${value('now')}`)
    .orderBy(approvals.expiresAt, approvals.id)
    .limit(value('limit')),
)

export const insertApproval = inserter(approvals)

export const updateApproval = patcher(approvals)

export function approvalByUid(q: Queries, uid: string): ApprovalView | undefined {
  return byUid(q).get({ uid })
}

/** Those of a status, newest first. */
export function approvalsByStatus(
  q: Queries,
  status: ApprovalStatus,
  window: Window,
): Page<ApprovalView> {
  const total = counter(q, `approvals.${status}`)
  return pageOf(window, total, (order, values) => {
    const list = 'after' in window ? pastPosition : byNumber[order]
    return list(q).all({ status, ...values })
  })
}

/** Pending ones whose time is over, the most overdue first. */
export function approvalsDue(q: Queries, now: Millis, limit: number): ApprovalView[] {
  return due(q).all({ now, limit })
}
