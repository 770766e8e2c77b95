import { dayMs } from '../lib/time.ts'
import { ticketsWaitingSince } from '../store/tickets.ts'
import { getSettings } from './settings.ts'
import { closeTicket } from './tickets.ts'
import type { Tx } from './tx.ts'

/**
 * Closes tickets to which nobody wrote for more than the days that are set, `most` at once, and says how
 * many those were (deskhive.md 24.4).
 */
export function closeWaitingTickets(tx: Tx, most: number): number {
  const { autoCloseDays } = getSettings(tx)
  if (autoCloseDays === 0) return 0
  const due = ticketsWaitingSince(tx.q, tx.now - autoCloseDays * dayMs, most)
  for (const id of due) closeTicket(tx, id, 'inactivity')
  return due.length
}
