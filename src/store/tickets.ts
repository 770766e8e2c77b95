import { eq, getTableColumns, sql, type SQL } from 'drizzle-orm'
import { command, select, value, type Queries } from './queries.ts'
import { inserter, patcher } from './rows.ts'
import {
  categories,
  customers,
  departments,
  messages,
  products,
  staff,
  tickets,
  type TicketRow,
} from './schema.ts'
import type { Drizzle } from './connection.ts'

/** What Keva shows of a ticket, beside its labels. */
export const summaryColumns = {
  id: tickets.id,
  uid: tickets.uid,
  subject: tickets.subject,
  status: tickets.status,
  priority: tickets.priority,
  source: tickets.source,
  resolutionType: tickets.resolutionType,
  isAssignedToAi: tickets.isAssignedToAi,
  messagesCount: tickets.messagesCount,
  version: tickets.version,
  createdAt: tickets.createdAt,
  updatedAt: tickets.updatedAt,
  customerEmail: customers.email,
  customerName: customers.name,
  assigneeUid: staff.uid,
}

/** What DeskHive shows of a ticket, beside its labels, agents and custom values. */
export const detailColumns = {
  id: tickets.id,
  reference: tickets.reference,
  subject: tickets.subject,
  status: tickets.status,
  priority: tickets.priority,
  isResolved: tickets.isResolved,
  isLocked: tickets.isLocked,
  messagesCount: tickets.messagesCount,
  version: tickets.version,
  lastReplyAt: tickets.lastReplyAt,
  lastReplyBy: tickets.lastReplyBy,
  closedAt: tickets.closedAt,
  createdAt: tickets.createdAt,
  updatedAt: tickets.updatedAt,
  customerId: tickets.customerId,
  customerName: customers.name,
  customerEmail: customers.email,
  departmentId: tickets.departmentId,
  departmentName: departments.name,
  categoryId: tickets.categoryId,
  categoryName: categories.name,
  productId: tickets.productId,
  productName: products.name,
  assigneeId: tickets.assignedTo,
  assigneeName: staff.name,
  content: messages.body,
}

type Nullable<T, K extends keyof T> = Omit<T, K> & { readonly [P in K]: T[P] | null }

export type TicketSummary = Nullable<
  NonNullable<ReturnType<ReturnType<typeof summaryByUid>['get']>>,
  'customerEmail' | 'assigneeUid'
>

export type TicketDetail = Nullable<
  NonNullable<ReturnType<ReturnType<typeof detailById>['get']>>,
  'customerEmail' | 'departmentName' | 'categoryName' | 'productName' | 'assigneeName' | 'content'
>

type Selected = Parameters<Drizzle['select']>[0]

/** Tickets beside the people that Keva names; `source` is all tickets or some of them. */
export function fromTicketsForSummary(
  db: Drizzle,
  row: NonNullable<Selected>,
  source: typeof tickets | SQL = tickets,
) {
  return db
    .select(row)
    .from(source)
    .leftJoin(customers, eq(customers.id, tickets.customerId))
    .leftJoin(staff, eq(staff.id, tickets.assignedTo))
}

/** Tickets beside everything that DeskHive names; `source` is all tickets or some of them. */
export function fromTicketsForDetail(
  db: Drizzle,
  row: NonNullable<Selected>,
  source: typeof tickets | SQL = tickets,
) {
  return db
    .select(row)
    .from(source)
    .leftJoin(customers, eq(customers.id, tickets.customerId))
    .leftJoin(staff, eq(staff.id, tickets.assignedTo))
    .leftJoin(departments, eq(departments.id, tickets.departmentId))
    .leftJoin(categories, eq(categories.id, tickets.categoryId))
    .leftJoin(products, eq(products.id, tickets.productId))
    .leftJoin(messages, openingOf(tickets.id))
}

// The 1 is written out: the planner takes the index of openings only for a literal.
function openingOf(ticketId: typeof tickets.id) {
  return sql`${messages.ticketId} = ${ticketId} AND ${messages.isOpening} = 1`
}

const summaryByUid = select(summaryColumns, (db, row) =>
  fromTicketsForSummary(db, row).where(eq(tickets.uid, value('uid'))),
)

const summaryById = select(summaryColumns, (db, row) =>
  fromTicketsForSummary(db, row).where(eq(tickets.id, value('id'))),
)

const detailById = select(detailColumns, (db, row) =>
  fromTicketsForDetail(db, row).where(eq(tickets.id, value('id'))),
)

const rowById = select(getTableColumns(tickets), (db, row) =>
  db
    .select(row)
    .from(tickets)
    .where(eq(tickets.id, value('id'))),
)

const idByUid = select({ id: tickets.id }, (db, row) =>
  db
    .select(row)
    .from(tickets)
    .where(eq(tickets.uid, value('uid'))),
)

// The expression is that of the index, word for word.
const waiting = select({ id: tickets.id }, (db, row) =>
  db
    .select(row)
    .from(tickets)
    .where(
      sql`${tickets.closedAt} IS NULL
        AND coalesce(${tickets.lastReplyAt}, ${tickets.createdAt}) < ${value('before')}`,
    )
    .orderBy(sql`coalesce(${tickets.lastReplyAt}, ${tickets.createdAt})`)
    .limit(value('limit')),
)

const remove = command((db) => db.delete(tickets).where(eq(tickets.id, value('id'))))

export const insertTicket = inserter(tickets)

const patch = patcher(tickets)

/** Sets the given columns, and moves the row's version on. */
export function updateTicket(q: Queries, row: TicketRow, changes: Partial<TicketRow>): void {
  patch(q, row.id, { ...changes, version: row.version + 1 })
}

/** Deletes the ticket and all that hangs on it. */
export function removeTicket(q: Queries, id: number): void {
  remove(q).run({ id })
}

export function ticketRow(q: Queries, id: number): TicketRow | undefined {
  return rowById(q).get({ id })
}

/** Tickets that have not ended and to which nobody wrote since `before`, the longest waiting first. */
export function ticketsWaitingSince(q: Queries, before: number, limit: number): number[] {
  return waiting(q)
    .all({ before, limit })
    .map((row) => row.id)
}

export function ticketIdByUid(q: Queries, uid: string): number | undefined {
  return idByUid(q).get({ uid })?.id
}

export function ticketSummaryByUid(q: Queries, uid: string): TicketSummary | undefined {
  return summaryByUid(q).get({ uid })
}

export function ticketSummaryById(q: Queries, id: number): TicketSummary | undefined {
  return summaryById(q).get({ id })
}

export function ticketDetailById(q: Queries, id: number): TicketDetail | undefined {
  return detailById(q).get({ id })
}
