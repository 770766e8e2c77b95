import type { Log } from '../lib/log.ts'
import { secondMs, type Millis } from '../lib/time.ts'

/** Does one step of work if any is due at `now`, and says whether it did. */
export type Job = { readonly name: string; step(now: Millis): Promise<boolean> }

const stepsPerBeatMax = 100

/** One beat: every job works through what is due. A job that fails is logged and tried next time. */
export async function beat(jobs: readonly Job[], now: Millis, log: Log): Promise<void> {
  for (const job of jobs) {
    try {
      let steps = 0
      while (steps < stepsPerBeatMax && (await job.step(now))) steps++
      if (steps > 0) log.info('job', { job: job.name, steps })
    } catch (err) {
      log.error('job failed', err, { job: job.name })
    }
  }
}

export type Heartbeat = {
  /** When the last beat ended. */
  lastBeatAt(): Millis
  stop(): Promise<void>
}

/** Beats once a second, the next beat only after the last has ended. `stop` waits for that. */
export function startHeartbeat(jobs: readonly Job[], clock: () => Millis, log: Log): Heartbeat {
  let running = Promise.resolve()
  let isBeating = false
  let endedAt = clock()
  const timer = setInterval(() => {
    if (isBeating) return
    isBeating = true
    running = beat(jobs, clock(), log).finally(() => {
      isBeating = false
      endedAt = clock()
    })
  }, secondMs)
  return {
    lastBeatAt: () => endedAt,
    stop: () => {
      clearInterval(timer)
      return running
    },
  }
}
