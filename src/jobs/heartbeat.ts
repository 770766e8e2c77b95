import type { Log } from '../lib/log.ts'
import { secondMs, type Millis } from '../lib/time.ts'

/** Does one step of work if any is due at `now`, and says whether it did. */
export type Job = { readonly name: string; step(now: Millis): Promise<boolean> }

const stepsPerBeatMax = 100

/** One beat: every job works through what is due. A job that fails is logged and tried next time. */
export async function beat(jobs: readonly Job[], now: Millis, log: Log): Promise<void> {
  for (const job of jobs) {
    try {
      for (let n = 0; n < stepsPerBeatMax && (await job.step(now)); n++);
    } catch (err) {
      log.error('job failed', err, { job: job.name })
    }
  }
}

/** Beats once a second, the next beat only after the last has ended. `stop` waits for that. */
export function startHeartbeat(
  jobs: readonly Job[],
  clock: () => Millis,
  log: Log,
): { stop(): Promise<void> } {
  let running = Promise.resolve()
  let isBeating = false
  const timer = setInterval(() => {
    if (isBeating) return
    isBeating = true
    running = beat(jobs, clock(), log).finally(() => {
      isBeating = false
    })
  }, secondMs)
  return {
    stop: () => {
      clearInterval(timer)
      return running
    },
  }
}
