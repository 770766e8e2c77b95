import { z } from 'zod'
import { searchFullTickets } from '../../domain/ticketsearch.ts'
import { listFullTickets, type FullTicket, type TicketFilter } from '../../domain/ticketviews.ts'
import type { Reader } from '../../domain/tx.ts'
import { positiveInteger, type Page, type Range } from '../../lib/page.ts'
import { storedPriorities, storedStatuses } from './shapes.ts'

/** The words that a ticket list is searched for. */
export const ticketWords = z.string().optional().meta({
  description: 'Words of the subject, the messages or the customer: best first, not newest first',
})

/** The tickets that a list is asked for: all that pass the filter, or those that `q` finds among them. */
export function ticketsAsked(
  reader: Reader,
  query: URLSearchParams,
  filter: TicketFilter | undefined,
  range: Range,
): Page<FullTicket> {
  if (!filter) return { rows: [], total: 0 }
  const text = query.get('q') ?? ''
  return text.trim() === ''
    ? listFullTickets(reader, filter, range)
    : searchFullTickets(reader, { text, filter, range })
}

/**
 * The filters of a ticket list (deskhive.md section 6), or undefined when a value is one that no
 * record has, so that the list is empty (section 4).
 */
export function ticketFilterOf(
  query: URLSearchParams,
  names: readonly ('department_id' | 'customer_id' | 'assigned_to')[],
): TicketFilter | undefined {
  const asked = (name: string) => query.get(name) || undefined
  const status = asked('status')
  const statuses = status === undefined ? [] : lookUp(storedStatuses, status)
  const priority = asked('priority')
  const wanted = priority === undefined ? undefined : lookUp(storedPriorities, priority)
  const ids = names.map((name) => [name, asked(name)] as const)
  const isBad = ids.some(([, text]) => text !== undefined && positiveInteger(text) === undefined)
  if (!statuses || (priority !== undefined && !wanted) || isBad) return undefined
  const id = (name: string) => positiveInteger(ids.find(([one]) => one === name)?.[1] ?? null)
  return {
    statuses,
    priority: wanted,
    departmentId: id('department_id'),
    customerId: id('customer_id'),
    assignedTo: id('assigned_to'),
  }
}

/** A flag in a query: 1 and 0, or the words (deskhive.md 3.5); undefined for anything else. */
export function queryFlag(text: string): boolean | undefined {
  return lookUp(flagWords, text.toLowerCase())
}

const flagWords = { true: true, false: false, 1: true, 0: false }

function lookUp<T>(table: { readonly [word: string]: T }, word: string): T | undefined {
  return Object.hasOwn(table, word) ? table[word] : undefined
}
