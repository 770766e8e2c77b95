import type { Page, Window } from '../lib/page.ts'
import { agentsOfTickets, type TicketAgent } from '../store/agents.ts'
import { customValuesOfTickets, type TicketCustomValue } from '../store/customvalues.ts'
import { labelsOfTickets, type TicketLabel } from '../store/labels.ts'
import {
  ticketDetails,
  ticketDetailsOf,
  ticketSummaries,
  ticketSummariesOf,
  type TicketFilter,
} from '../store/ticketlists.ts'
import {
  ticketDetailById,
  ticketRow,
  ticketSummaryById,
  ticketSummaryByUid,
  type TicketDetail,
  type TicketSummary,
} from '../store/tickets.ts'
import { found } from './errors.ts'
import type { Reader } from './tx.ts'

export type { TicketFilter } from '../store/ticketlists.ts'

/** A ticket with its labels. */
export type LabelledTicket = TicketSummary & { readonly labels: readonly TicketLabel[] }

/** A ticket with all that a desk shows beside it. */
export type FullTicket = TicketDetail & {
  readonly labels: readonly TicketLabel[]
  readonly agents: readonly TicketAgent[]
  readonly customValues: readonly TicketCustomValue[]
}

/** Throws `not_found` when there is none. */
export function getTicketByUid(reader: Reader, uid: string | undefined): LabelledTicket {
  const ticket = uid === undefined ? undefined : ticketSummaryByUid(reader.q, uid)
  return withLabels(reader, found(ticket, 'ticket'))
}

/** Throws `not_found` when there is none. */
export function getTicket(reader: Reader, id: number): LabelledTicket {
  return withLabels(reader, found(ticketSummaryById(reader.q, id), 'ticket'))
}

/** Throws `not_found` when there is none. */
export function getFullTicket(reader: Reader, id: number): FullTicket {
  const [ticket] = complete(reader, [found(ticketDetailById(reader.q, id), 'ticket')])
  return found(ticket, 'ticket')
}

/** Newest first. */
export function listTickets(
  reader: Reader,
  filter: TicketFilter,
  window: Window,
): Page<LabelledTicket> {
  const { rows, total } = ticketSummaries(reader.q, filter, window)
  return { rows: labelled(reader, rows), total }
}

/** These tickets, in that order. */
export function ticketsInOrder(reader: Reader, ids: readonly number[]): LabelledTicket[] {
  return labelled(reader, ticketSummariesOf(reader.q, ids))
}

/** These tickets, in that order, each with all that a desk shows beside it. */
export function fullTicketsInOrder(reader: Reader, ids: readonly number[]): FullTicket[] {
  return complete(reader, ticketDetailsOf(reader.q, ids))
}

/** Newest first, each with all that a desk shows beside it. */
export function listFullTickets(
  reader: Reader,
  filter: TicketFilter,
  window: Window,
): Page<FullTicket> {
  const { rows, total } = ticketDetails(reader.q, filter, window)
  return { rows: complete(reader, rows), total }
}

/** The version of a ticket, or undefined when there is none. */
export function ticketVersionOf(reader: Reader, id: number | undefined): number | undefined {
  return id === undefined ? undefined : ticketRow(reader.q, id)?.version
}

/** As `ticketVersionOf`, by the public uid. */
export function ticketVersionByUid(reader: Reader, uid: string | undefined): number | undefined {
  return uid === undefined ? undefined : ticketSummaryByUid(reader.q, uid)?.version
}

function withLabels(reader: Reader, ticket: TicketSummary): LabelledTicket {
  return { ...ticket, labels: labelsOfTickets(reader.q, [ticket.id]) }
}

// The rows are fresh from the driver, so they are completed in place.

function labelled(reader: Reader, rows: TicketSummary[]): LabelledTicket[] {
  const labels = byTicket(labelsOfTickets(reader.q, idsOf(rows)))
  return rows.map((row) => Object.assign(row, { labels: labels.get(row.id) ?? [] }))
}

function complete(reader: Reader, rows: TicketDetail[]): FullTicket[] {
  const ids = idsOf(rows)
  const labels = byTicket(labelsOfTickets(reader.q, ids))
  const agents = byTicket(agentsOfTickets(reader.q, ids))
  const customValues = byTicket(customValuesOfTickets(reader.q, ids))
  return rows.map((row) =>
    Object.assign(row, {
      labels: labels.get(row.id) ?? [],
      agents: agents.get(row.id) ?? [],
      customValues: customValues.get(row.id) ?? [],
    }),
  )
}

function idsOf(rows: readonly { readonly id: number }[]): number[] {
  return rows.map((row) => row.id)
}

function byTicket<T extends { readonly ticketId: number }>(rows: readonly T[]): Map<number, T[]> {
  return Map.groupBy(rows, (row) => row.ticketId)
}
