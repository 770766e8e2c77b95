import { closeWaitingTickets } from '../domain/autoclose.ts'
import { jobActor, type Desk } from '../domain/tx.ts'
import { minuteMs, type Millis } from '../lib/time.ts'
import type { Job } from './heartbeat.ts'

const ticketsPerStep = 50

/**
 * Closes tickets that have waited too long, once a minute, in small batches. Which those are is asked of
 * the database each time, so a step that was cut off is taken again whole, and none is taken twice.
 */
export function closeWaiting(desk: Desk): Job {
  let nextAt: Millis = 0
  return {
    name: 'close waiting tickets',
    async step(now) {
      // A clock that was set back must not make it rest for longer than its minute.
      if (now < nextAt && now >= nextAt - minuteMs) return false
      const closed = await desk.write(jobActor, (tx) => closeWaitingTickets(tx, ticketsPerStep))
      if (closed < ticketsPerStep) nextAt = now + minuteMs
      return closed === ticketsPerStep
    },
  }
}
