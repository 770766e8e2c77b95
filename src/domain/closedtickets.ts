import { dayMs } from '../lib/time.ts'
import { ticketsClosedBefore } from '../store/closedtickets.ts'
import { deleteTicket } from './tickets.ts'
import type { Tx } from './tx.ts'

// What one transaction removes within the few milliseconds that the writer may be held.
const messagesMost = 200

/**
 * Deletes tickets, and all that is in them, that have been closed for so many days, `most` at once and fewer
 * when they are long; 0 days keep them for ever. Says how many those were.
 */
export function forgetClosedTickets(tx: Tx, days: number, most: number): number {
  if (days === 0) return 0
  const due = ticketsClosedBefore(tx.q, tx.now - days * dayMs, most)
  let messages = 0
  let deleted = 0
  for (const ticket of due) {
    messages += ticket.messages
    if (deleted === most || (deleted > 0 && messages > messagesMost)) break
    deleteTicket(tx, ticket.id)
    deleted++
  }
  return deleted
}
