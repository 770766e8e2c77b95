import { and, eq, sql } from 'drizzle-orm'
import { cell, command, select, value, type Queries } from './queries.ts'
import { departmentAgents, staff, ticketAgents, tickets } from './schema.ts'

/** An agent linked to a ticket. */
export type TicketAgent = { readonly ticketId: number; readonly id: number; readonly name: string }

const ofTickets = select(
  { ticketId: ticketAgents.ticketId, id: staff.id, name: staff.name },
  (db, row) =>
    db
      .select(row)
      .from(ticketAgents)
      .innerJoin(staff, eq(staff.id, ticketAgents.staffId))
      .where(sql`${ticketAgents.ticketId} IN (SELECT value FROM json_each(${value('ids')}))`)
      .orderBy(ticketAgents.ticketId, ticketAgents.staffId),
)

const one = select({ id: ticketAgents.staffId }, (db, row) =>
  db
    .select(row)
    .from(ticketAgents)
    .where(
      and(eq(ticketAgents.ticketId, value('ticketId')), eq(ticketAgents.staffId, value('staffId'))),
    ),
)

const link = command((db) =>
  db
    .insert(ticketAgents)
    .values({
      ticketId: cell('ticketId'),
      staffId: cell('staffId'),
      ticketCreatedAt: cell('ticketCreatedAt'),
    })
    .onConflictDoNothing(),
)

const unlink = command((db) =>
  db
    .delete(ticketAgents)
    .where(
      and(eq(ticketAgents.ticketId, value('ticketId')), eq(ticketAgents.staffId, value('staffId'))),
    ),
)

const leastBusy = select({ id: staff.id }, (db, row) =>
  db
    .select(row)
    .from(departmentAgents)
    .innerJoin(staff, eq(staff.id, departmentAgents.staffId))
    .where(
      and(
        eq(departmentAgents.departmentId, value('departmentId')),
        eq(staff.role, 'agent'),
        eq(staff.isActive, true),
      ),
    )
    .orderBy(
      sql`(SELECT coalesce(sum(tickets), 0) FROM ticket_counts
        WHERE dimension = 'assignee' AND member = ${staff.id}
          AND status NOT IN ('solved', 'closed'))`,
      staff.lastAssignedAt,
      staff.id,
    )
    .limit(1),
)

/**
 * The active agent of a department who has the fewest tickets that have not ended; of several the one
 * to whom none was given for the longest time, or never.
 */
export function leastBusyAgent(q: Queries, departmentId: number): number | undefined {
  return leastBusy(q).get({ departmentId })?.id
}
const unlinkAll = command((db) =>
  db.delete(ticketAgents).where(eq(ticketAgents.staffId, value('staffId'))),
)

const linkAssigned = command(
  () => sql`
  INSERT OR IGNORE INTO ${ticketAgents} (ticket_id, staff_id, ticket_created_at)
    SELECT id, assigned_to, created_at FROM ${tickets} WHERE assigned_to = ${value('staffId')}`,
)

/** The agents linked to these tickets, ticket by ticket. */
export function agentsOfTickets(q: Queries, ticketIds: readonly number[]): TicketAgent[] {
  return ofTickets(q).all({ ids: JSON.stringify(ticketIds) })
}

export function isTicketAgent(q: Queries, ticketId: number, staffId: number): boolean {
  return one(q).get({ ticketId, staffId }) !== undefined
}

export function linkAgent(
  q: Queries,
  ticket: { id: number; createdAt: number },
  staffId: number,
): void {
  link(q).run({ ticketId: ticket.id, staffId, ticketCreatedAt: ticket.createdAt })
}

export function unlinkAgent(q: Queries, ticketId: number, staffId: number): void {
  unlink(q).run({ ticketId, staffId })
}

export function unlinkAgentFromAll(q: Queries, staffId: number): void {
  unlinkAll(q).run({ staffId })
}

/** Links a person to every ticket that is assigned to them. */
export function linkAgentToAssigned(q: Queries, staffId: number): void {
  linkAssigned(q).run({ staffId })
}
