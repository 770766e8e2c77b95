import { and, eq, sql } from 'drizzle-orm'
import type { Page, Range } from '../lib/page.ts'
import { command, select, value, type Queries } from './queries.ts'
import { inserter } from './rows.ts'
import { notificationCounts, notifications, staff, ticketAgents, tickets } from './schema.ts'

const selection = {
  id: notifications.id,
  kind: notifications.kind,
  detail: notifications.detail,
  ticketId: notifications.ticketId,
  reference: tickets.reference,
  senderName: notifications.senderName,
  senderAvatarUrl: notifications.senderAvatarUrl,
  isRead: notifications.isRead,
  createdAt: notifications.createdAt,
}

/** A page of a person's ids from the index alone, from the end that the page is nearer to. */
const pageFrom = (end: 'newest' | 'oldest') => {
  const order = end === 'newest' ? sql`DESC` : sql`ASC`
  const ids = sql`(
    SELECT id FROM ${notifications} WHERE ${notifications.staffId} = ${value('staffId')}
    ORDER BY id ${order} LIMIT ${value('limit')} OFFSET ${value('offset')}
  ) AS page`
  return select(selection, (db, row) =>
    db
      .select(row)
      .from(sql`${ids} CROSS JOIN ${notifications} ON ${notifications.id} = page.id`)
      .innerJoin(tickets, eq(tickets.id, notifications.ticketId))
      .orderBy(sql`page.id DESC`),
  )
}

const newest = pageFrom('newest')
const oldest = pageFrom('oldest')

const byId = select(selection, (db, row) =>
  db
    .select(row)
    .from(notifications)
    .innerJoin(tickets, eq(tickets.id, notifications.ticketId))
    .where(and(eq(notifications.id, value('id')), eq(notifications.staffId, value('staffId')))),
)

const counts = select(
  { total: notificationCounts.total, unread: notificationCounts.unread },
  (db, row) =>
    db
      .select(row)
      .from(notificationCounts)
      .where(eq(notificationCounts.staffId, value('staffId'))),
)

// The 0 is written out: the planner takes the index of what is unread only for a literal.
const unread = sql`${notifications.isRead} = 0`

const readOne = command((db) =>
  db
    .update(notifications)
    .set({ isRead: true })
    .where(and(eq(notifications.id, value('id')), unread)),
)

const readAll = command((db) =>
  db
    .update(notifications)
    .set({ isRead: true })
    .where(and(eq(notifications.staffId, value('staffId')), unread)),
)

const recipient = { id: staff.id, settings: staff.notificationSettings }

// Users (admins) have no notifications; agents who do not work any more get none.
const isAtWork = sql`${staff.role} = 'agent' AND ${staff.isActive} = 1`

const linkedAgents = select(recipient, (db, row) =>
  db
    .select(row)
    .from(ticketAgents)
    .innerJoin(staff, eq(staff.id, ticketAgents.staffId))
    .where(and(eq(ticketAgents.ticketId, value('ticketId')), isAtWork))
    .orderBy(ticketAgents.staffId),
)

const agent = select(recipient, (db, row) =>
  db
    .select(row)
    .from(staff)
    .where(and(eq(staff.id, value('id')), isAtWork)),
)

export type NotificationView = NonNullable<ReturnType<ReturnType<typeof byId>['get']>>

/** Who may be told of something, and what they want to be told of. */
export type Recipient = NonNullable<ReturnType<ReturnType<typeof agent>['get']>>

export const insertNotification = inserter(notifications)

/** The active agents linked to a ticket. */
export function recipientsOfTicket(q: Queries, ticketId: number): Recipient[] {
  return linkedAgents(q).all({ ticketId })
}

/** The person, if an active agent. */
export function recipientById(q: Queries, id: number): Recipient | undefined {
  return agent(q).get({ id })
}

/** Newest first. */
export function notificationsOf(
  q: Queries,
  staffId: number,
  { limit, offset }: Range,
): Page<NotificationView> {
  const { total } = notificationCountsOf(q, staffId)
  const rest = total - offset
  if (rest <= 0) return { rows: [], total }
  if (offset <= rest) return { rows: newest(q).all({ staffId, limit, offset }), total }
  const range = { limit: Math.min(limit, rest), offset: Math.max(0, rest - limit) }
  return { rows: oldest(q).all({ staffId, ...range }), total }
}

/** The running counts of a person's notifications. */
export function notificationCountsOf(q: Queries, staffId: number) {
  return counts(q).get({ staffId }) ?? { total: 0, unread: 0 }
}

export function notificationOf(
  q: Queries,
  staffId: number,
  id: number,
): NotificationView | undefined {
  return byId(q).get({ staffId, id })
}

export function markRead(q: Queries, id: number): void {
  readOne(q).run({ id })
}

/** Marks all that a person has not read. */
export function markAllRead(q: Queries, staffId: number): void {
  readAll(q).run({ staffId })
}
