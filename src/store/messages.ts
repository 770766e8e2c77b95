import { and, desc, eq, getTableColumns, sql } from 'drizzle-orm'
import type { Range, Window } from '../lib/page.ts'
import { keysetValues, newer } from './pages.ts'
import { select, value, type Queries } from './queries.ts'
import { inserter } from './rows.ts'
import { customers, messages, staff } from './schema.ts'
import { indexMessages } from './search.ts'

const selection = {
  ...getTableColumns(messages),
  staffName: staff.name,
  staffAvatarUrl: staff.avatarUrl,
  customerName: customers.name,
  customerEmail: customers.email,
  customerAvatarUrl: customers.avatarUrl,
}

const byId = select(selection, (db, row) =>
  db
    .select(row)
    .from(messages)
    .leftJoin(staff, eq(staff.id, messages.staffId))
    .leftJoin(customers, eq(customers.id, messages.customerId))
    .where(eq(messages.id, value('id'))),
)

const ofTicket = select(selection, (db, row) =>
  db
    .select(row)
    .from(messages)
    .leftJoin(staff, eq(staff.id, messages.staffId))
    .leftJoin(customers, eq(customers.id, messages.customerId))
    .where(eq(messages.ticketId, value('ticketId')))
    .orderBy(messages.createdAt, messages.id)
    .limit(value('limit'))
    .offset(value('offset')),
)

const ofTicketPast = select(selection, (db, row) =>
  db
    .select(row)
    .from(messages)
    .leftJoin(staff, eq(staff.id, messages.staffId))
    .leftJoin(customers, eq(customers.id, messages.customerId))
    .where(and(eq(messages.ticketId, value('ticketId')), newer(messages.createdAt, messages.id)))
    .orderBy(messages.createdAt, messages.id)
    .limit(value('limit')),
)

const repliesOfTicket = select(selection, (db, row) =>
  db
    .select(row)
    .from(messages)
    .leftJoin(staff, eq(staff.id, messages.staffId))
    .leftJoin(customers, eq(customers.id, messages.customerId))
    .where(and(eq(messages.ticketId, value('ticketId')), eq(messages.isOpening, false)))
    .orderBy(messages.createdAt, messages.id)
    .limit(value('limit'))
    .offset(value('offset')),
)

const newestOfTicket = select(selection, (db, row) =>
  db
    .select(row)
    .from(messages)
    .leftJoin(staff, eq(staff.id, messages.staffId))
    .leftJoin(customers, eq(customers.id, messages.customerId))
    .where(eq(messages.ticketId, value('ticketId')))
    .orderBy(desc(messages.createdAt), desc(messages.id))
    .limit(1),
)

// The customer's last message is near the end of the ticket, so few others are passed over.
const lastOfCustomer = select({ id: messages.id }, (db, row) =>
  db
    .select(row)
    .from(messages)
    .where(
      and(
        eq(messages.ticketId, value('ticketId')),
        eq(messages.senderKind, 'customer'),
        eq(messages.isInternal, false),
      ),
    )
    .orderBy(desc(messages.createdAt), desc(messages.id))
    .limit(1),
)

// The 1 is written out: the planner takes the index of openings only for a literal.
const opening = select({ body: messages.body }, (db, row) =>
  db
    .select(row)
    .from(messages)
    .where(sql`${messages.ticketId} = ${value('ticketId')} AND ${messages.isOpening} = 1`),
)

/** A message with the names of those who may have sent it. */
export type MessageView = Omit<
  NonNullable<ReturnType<ReturnType<typeof byId>['get']>>,
  'staffName' | 'customerEmail'
> & { readonly staffName: string | null; readonly customerEmail: string | null }

const insert = inserter(messages)

/** Inserts a message, has it indexed with its group, and returns its id. */
export function insertMessage(q: Queries, row: typeof messages.$inferInsert): number {
  const id = insert(q, row)
  q.atGroupEnd(indexMessages, id)
  return id
}

export function messageById(q: Queries, id: number): MessageView | undefined {
  return byId(q).get({ id })
}

export function newestMessage(q: Queries, ticketId: number): MessageView | undefined {
  return newestOfTicket(q).get({ ticketId })
}

/** Every message of a ticket, the opening one included, oldest first. */
export function messagesOfTicket(q: Queries, ticketId: number, window: Window): MessageView[] {
  if ('after' in window) return ofTicketPast(q).all({ ticketId, ...keysetValues(window) })
  return ofTicket(q).all({ ticketId, ...window })
}

/** The messages of a ticket but the opening one, oldest first. */
export function repliesToTicket(q: Queries, ticketId: number, range: Range): MessageView[] {
  return repliesOfTicket(q).all({ ticketId, ...range })
}

/** The opening text of a ticket. */
export function openingOfTicket(q: Queries, ticketId: number): string | undefined {
  return opening(q).get({ ticketId })?.body
}

/** The id of the last message that the customer of a ticket sent, notes aside. */
export function lastCustomerMessageId(q: Queries, ticketId: number): number | undefined {
  return lastOfCustomer(q).get({ ticketId })?.id
}
