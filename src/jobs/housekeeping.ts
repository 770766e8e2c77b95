import { forgetDeletedWebhooks } from '../domain/deliveries.ts'
import { buryWaiting, forgetSettled, type Kept } from '../domain/dispatchends.ts'
import { forgetClosedTickets } from '../domain/closedtickets.ts'
import { forgetOldEvents } from '../domain/feed.ts'
import { forgetOldAnswers } from '../domain/idempotency.ts'
import type { KeyRing } from '../domain/keyring.ts'
import { forgetEndedSessions } from '../domain/sessions.ts'
import { jobActor, type Desk, type Tx } from '../domain/tx.ts'
import { forgetOldRuns, type RunsKept } from '../domain/workflowremains.ts'
import type { Log } from '../lib/log.ts'
import { minuteMs, type Millis } from '../lib/time.ts'
import type { Store } from '../store/db.ts'
import type { Job } from './heartbeat.ts'

const ticketsPerStep = 20
const rowsPerStep = 200
// Rows with many indexes, and what hangs on them: a few milliseconds of the writer, far from twenty.
const heavyRowsPerStep = 100

/**
 * After a fault of the disk: opens the store again once it can be written to. It tries at every beat and
 * tells of a failure once a minute.
 */
export function reopenStore(store: Store, log: Log): Job {
  let silentUntil: Millis = 0
  return {
    name: 'reopen store',
    step(now) {
      if (!store.fault) return Promise.resolve(false)
      try {
        store.reopen(now)
        silentUntil = 0
        log.info('store reopened')
      } catch (err) {
        if (now >= silentUntil) {
          silentUntil = now + minuteMs
          log.error('store cannot be reopened yet', err)
        }
      }
      return Promise.resolve(false)
    },
  }
}

/** The job, but only while the store can be written to. */
export function whileWritable(store: Store, job: Job): Job {
  return {
    name: job.name,
    step: (now) => (store.fault ? Promise.resolve(false) : job.step(now)),
  }
}

/** Writes down when keys were last used. */
export function saveKeyUses(ring: KeyRing): Job {
  return {
    name: 'save key uses',
    async step(now) {
      await ring.saveUses(now)
      return false
    },
  }
}

/** Forgets idempotent answers that have had their day, once a minute, in small batches. */
export function forgetAnswers(desk: Desk): Job {
  return forgetting('forget answers', desk, forgetOldAnswers)
}

/** Forgets sessions that have ended, and refresh tokens that have, once a minute, in small batches. */
export function forgetSessions(desk: Desk): Job {
  return forgetting('forget sessions', desk, forgetEndedSessions)
}

/**
 * Clears away old runs and versions of workflows and what is left of deleted ones, once a minute, in small
 * batches.
 */
export function forgetRuns(desk: Desk, kept: () => RunsKept): Job {
  // A batch is a short one where runs are long, so only an empty one is the last; so with deliveries.
  return forgetting('forget runs', desk, (tx) => forgetOldRuns(tx, kept()), { enough: 1 })
}

/** Clears away what is left of deleted webhooks, once a minute, in small batches. */
export function forgetWebhooks(desk: Desk): Job {
  return forgetting('forget webhooks', desk, forgetDeletedWebhooks, {
    rows: heavyRowsPerStep,
    enough: 1,
  })
}

/** Forgets deliveries that were settled long ago, once a minute, in small batches. */
export function forgetDeliveries(desk: Desk, kept: () => Kept): Job {
  return forgetting('forget deliveries', desk, (tx, most) => forgetSettled(tx, kept(), most), {
    rows: heavyRowsPerStep,
    enough: 1,
  })
}

/** Gives up what waits for endpoints that were disabled, in small batches. */
export function buryDeliveries(desk: Desk): Job {
  return forgetting('give up deliveries', desk, buryWaiting)
}

/** Forgets events that the feed has kept for `days`, once a minute, in small batches. */
export function forgetEvents(desk: Desk, days: () => number): Job {
  const forget = (tx: Tx, most: number) => forgetOldEvents(tx, days(), most)
  // A batch is a short one where events are large, so only an empty one is the last.
  return forgetting('forget events', desk, forget, { enough: 1 })
}

/** Deletes tickets that have been closed for long enough, once a minute, in small batches. */
export function forgetTickets(desk: Desk, days: () => number): Job {
  const forget = (tx: Tx) => forgetClosedTickets(tx, days(), ticketsPerStep)
  // A batch is a short one where tickets are long, so only an empty one is the last.
  return forgetting('forget closed tickets', desk, forget, { enough: 1 })
}

/** Rests once fewer than `enough` were forgotten. */
function forgetting(
  name: string,
  desk: Desk,
  forget: (tx: Tx, most: number) => number,
  { rows = rowsPerStep, enough = rows }: { readonly rows?: number; readonly enough?: number } = {},
): Job {
  let nextAt: Millis = 0
  return {
    name,
    async step(now) {
      // A clock that was set back must not make it rest for longer than its minute.
      if (now < nextAt && now >= nextAt - minuteMs) return false
      const forgotten = await desk.write(jobActor, (tx) => forget(tx, rows))
      if (forgotten < enough) nextAt = now + minuteMs
      return forgotten >= enough
    },
  }
}
