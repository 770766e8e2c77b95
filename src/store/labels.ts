import { and, eq, getTableColumns, sql } from 'drizzle-orm'
import { cell, command, select, value, type Queries } from './queries.ts'
import { labels, ticketLabels, type LabelRow } from './schema.ts'

/** A label as a ticket shows it. */
export type TicketLabel = {
  readonly ticketId: number
  readonly id: number
  readonly name: string
  readonly color: string
}

const columns = getTableColumns(labels)

// Names need not be unique (deskhive.md section 10); the oldest stands for the name.
const byName = select(columns, (db, row) =>
  db
    .select(row)
    .from(labels)
    .where(eq(labels.name, value('name')))
    .orderBy(labels.id)
    .limit(1),
)

const ofTickets = select(
  { ticketId: ticketLabels.ticketId, id: labels.id, name: labels.name, color: labels.color },
  (db, row) =>
    db
      .select(row)
      .from(ticketLabels)
      .innerJoin(labels, eq(labels.id, ticketLabels.labelId))
      .where(sql`${ticketLabels.ticketId} IN (SELECT value FROM json_each(${value('ids')}))`)
      .orderBy(ticketLabels.ticketId, ticketLabels.position),
)

const attach = command((db) =>
  db.insert(ticketLabels).values({
    ticketId: cell('ticketId'),
    labelId: cell('labelId'),
    position: cell('position'),
  }),
)

const detachAll = command((db) =>
  db.delete(ticketLabels).where(and(eq(ticketLabels.ticketId, value('ticketId')))),
)

export function labelByName(q: Queries, name: string): LabelRow | undefined {
  return byName(q).get({ name })
}

/** The labels of these tickets, ticket by ticket, in the order in which they were given. */
export function labelsOfTickets(q: Queries, ticketIds: readonly number[]): TicketLabel[] {
  return ofTickets(q).all({ ids: JSON.stringify(ticketIds) })
}

/** Makes these, in this order, the labels of the ticket. */
export function setTicketLabels(q: Queries, ticketId: number, labelIds: readonly number[]): void {
  detachAll(q).run({ ticketId })
  for (const [position, labelId] of labelIds.entries()) {
    attach(q).run({ ticketId, labelId, position })
  }
}
