import { nextRun } from '../lib/cron.ts'
import { dayMs, isoSeconds, minuteMs, type Millis } from '../lib/time.ts'
import type { MisfirePolicy } from '../store/schema.ts'
import { workflowState } from '../store/workflowruns.ts'
import {
  forgetMissed,
  linkTime,
  noteTime,
  removeTimer,
  schedulesAfter,
  schedulesDue,
  setNextRun,
  timersDue,
  type Scheduled,
} from '../store/workflowtimes.ts'
import type { Tx } from './tx.ts'
import { WatchingList } from './workflowlist.ts'
import { startRun } from './workflowruns.ts'

// When rules with a time start. What holds:
// - a planned time is a row with the workflow for its key, so that it never runs twice, wherever the process died
//   and whichever way the clock was set;
// - a time that passed while nobody was there is written down as missed, and the workflow's rule says whether
//   it is caught up: never, once, or each of them, a hundred at most;
// - nothing is older than a day when it is caught up.

/** A time that is this late was not missed. */
const graceMs = minuteMs

const caughtUpMax = 100
const caughtUpAgeMax = dayMs

/** A server that was off for longer does not count the times before. */
const countedAgeMax = 31 * dayMs

/** So many times are dealt with in one transaction. */
const timesPerStep = 500

/** What came of the schedules that were due. */
export type Fired = {
  readonly times: number
  /** So many times of a workflow passed without a run, the first of them at `from`. */
  readonly missed: readonly Missed[]
}

type Missed = { readonly workflowId: number; readonly times: number; readonly from: Millis }

/** Starts what is planned for this moment or was before it, a batch at a time. */
export function fireSchedules(tx: Tx, most: number): Fired {
  const missed: Missed[] = []
  let settled = 0
  for (const workflow of schedulesDue(tx.q, tx.now, most)) {
    if (settled >= timesPerStep) break
    const { times, runnable, next } = planOf(workflow, tx.now)
    const left = times.filter((at) => !runnable.has(at))
    const from = left[0]
    if (from !== undefined) missed.push({ workflowId: workflow.id, times: left.length, from })
    for (const at of times) settleTime(tx, workflow, at, runnable.has(at))
    setNextRun(tx.q, workflow.id, next)
    settled += times.length
  }
  return { times: settled, missed }
}

/** Whether `fireSchedules` or `fireTimers` would find anything. */
export function areTimesDue(tx: Pick<Tx, 'q' | 'now'>): boolean {
  return schedulesDue(tx.q, tx.now, 1).length > 0 || timersDue(tx.q, tx.now, 1).length > 0
}

/**
 * After the clock was set back: what was planned for a time that is far now is planned anew. Times that have come
 * once do not come again; those that were only missed, because the clock ran ahead, do.
 */
export function replanSchedules(tx: Tx): number {
  forgetMissed(tx.q, tx.now)
  const stray = schedulesAfter(tx.q, tx.now).filter(
    (workflow) => (workflow.nextRunAt ?? 0) > (nextOf(workflow, tx.now) ?? Infinity),
  )
  for (const workflow of stray) setNextRun(tx.q, workflow.id, nextOf(workflow, tx.now))
  return stray.length
}

/** Starts the runs of the timers that have come, the longest due first. Returns how many timers those were. */
export function fireTimers(tx: Tx, most: number): number {
  const due = timersDue(tx.q, tx.now, most)
  if (due.length === 0) return 0
  const watching = new Map(new WatchingList().get(tx.q).map((one) => [one.id, one]))
  for (const { workflowId, ticketId, dueAt, ...lead } of due) {
    removeTimer(tx.q, { workflowId, ticketId })
    const workflow = watching.get(workflowId)
    if (!workflow?.timer) continue
    const { basis, afterMs } = workflow.timer
    startRun(tx, {
      workflowId,
      version: workflow.version,
      ticketId,
      triggerType: workflow.triggerType,
      data: { basis, minutes: Math.round(afterMs / minuteMs), dueAt: isoSeconds(dueAt) },
      cause: `timer:${ticketId}:${dueAt}`,
      lead,
    })
  }
  return due.length
}

type Plan = {
  /** The times to settle now, oldest first. */
  readonly times: readonly Millis[]
  readonly runnable: ReadonlySet<Millis>
  readonly next: Millis | null
}

/** What to do about the times that have come. Too many for one step are missed from the oldest on. */
function planOf(workflow: Scheduled, now: Millis): Plan {
  const first = workflow.nextRunAt ?? now
  const times = [first]
  let at = nextOf(workflow, Math.max(first, now - countedAgeMax))
  while (at !== null && at <= now && times.length < timesPerStep) {
    times.push(at)
    at = nextOf(workflow, at)
  }
  if (at === null || at > now) {
    return { times, runnable: new Set(toRun(times, workflow.misfirePolicy, now)), next: at }
  }
  const [next = at] = times.slice(-caughtUpMax)
  return { times: times.slice(0, -caughtUpMax), runnable: new Set(), next }
}

/** Those of the times that are run. The one that is on time always is. */
function toRun(times: readonly Millis[], policy: MisfirePolicy, now: Millis): Millis[] {
  const onTime = times.filter((at) => now - at <= graceMs).slice(-1)
  const late = times.filter((at) => now - at > graceMs && now - at <= caughtUpAgeMax)
  if (policy === 'run_all') return [...late.slice(-caughtUpMax), ...onTime]
  // What is on time does what the missed ones would have done.
  if (policy === 'skip' || onTime.length > 0) return onTime
  return late.slice(-1)
}

/** Writes down what came of a time, once, and starts its run. */
function settleTime(tx: Tx, workflow: Scheduled, at: Millis, isRun: boolean): void {
  const { id: workflowId, version, triggerType } = workflow
  const isLate = tx.now - at > graceMs
  const time = { workflowId, plannedAt: at, createdAt: tx.now, runId: null }
  const outcome = isRun ? (isLate ? 'late' : 'run') : 'missed'
  if (!noteTime(tx.q, { ...time, outcome }) || !isRun) return
  if (!workflowState(tx.q, workflowId)?.isActive) return
  const data = { plannedAt: isoSeconds(at), late: isLate }
  const cause = `time:${at}`
  const runId = startRun(tx, { workflowId, version, ticketId: null, triggerType, data, cause })
  if (runId !== undefined) linkTime(tx.q, { workflowId, plannedAt: at, runId })
}

function nextOf({ schedule, timezone }: Scheduled, after: Millis): Millis | null {
  return schedule === null ? null : nextRun(schedule, timezone ?? 'UTC', after)
}
