import { Fault } from '../domain/errors.ts'
import type { EventName } from '../domain/events.ts'
import { jobActor, type Desk } from '../domain/tx.ts'
import { advanceRun, failStep, type Doing, type RunRules } from '../domain/workflowadvance.ts'
import { dueRuns, giveLostTurns, type DueRun } from '../domain/workflowruns.ts'
import {
  areTimesDue,
  fireSchedules,
  fireTimers,
  replanSchedules,
} from '../domain/workflowschedules.ts'
import type { Log } from '../lib/log.ts'
import { isoSeconds, minuteMs, secondMs, type Millis } from '../lib/time.ts'
import type { Job } from './heartbeat.ts'
import type { CallDesk } from './workflowcalls.ts'

/*
 * The runner of workflows. It holds nothing: what is due is asked of the database, each step is a transaction of
 * its own, and steps of many runs share a commit. It is woken by every commit that starts a run or announces what a
 * run may wait for, and once a second. What holds:
 *
 * - wherever the process dies, every run goes on behind the last step that was done;
 * - a step that throws takes none other with it;
 * - it leaves room for everybody else: between two batches whoever waits is served.
 */

const runsPerBatch = 48
const timersPerBatch = 200
const schedulesPerBatch = 50
const lostTurnsPerLook = 100

/** A clock that goes back further than this was set back. */
const jitterMs = 5 * secondMs

export type RunnerParts = {
  readonly desk: Desk
  readonly log: Log
  readonly rules: () => RunRules
  /** Makes the calls that leave the machine. */
  readonly calls: CallDesk
}

export class WorkflowRunner {
  readonly #parts: RunnerParts
  #working: Promise<void> | undefined
  #isWanted = false
  #isStopping = false
  #lastSeenAt: Millis = 0
  #turnsLookedAt: Millis = -Infinity

  constructor(parts: RunnerParts) {
    this.#parts = parts
    parts.calls.onSettled(() => this.wake())
    parts.desk.onCommitted((types) => {
      if (types.some(isOccasion)) this.wake()
    })
    parts.desk.onRunsStarted(() => this.wake())
  }

  /** Takes back the calls that an earlier run of the server had in flight, and begins. */
  async start(): Promise<void> {
    await this.#parts.calls.takeBack()
    this.wake()
  }

  /** The part of the heartbeat: wakes the runner for what has come due by itself. */
  get job(): Job {
    return {
      name: 'run workflows',
      step: (now) => {
        this.#noteClock(now)
        this.#parts.calls.lookDeeper()
        this.wake()
        return Promise.resolve(false)
      },
    }
  }

  /** Looks for what is due, once for all who wake it meanwhile. */
  wake(): void {
    this.#isWanted = true
    if (this.#isStopping || this.#working) return
    this.#working = this.#work().finally(() => {
      this.#working = undefined
      if (this.#isWanted) this.wake()
    })
  }

  /** Settles once nothing is due that it could begin: for tests, and for provers. */
  async settled(): Promise<void> {
    while (this.#working) await this.#working
  }

  /** Begins nothing more, and waits for what is under way, `graceMs` at most for calls. */
  async stop(graceMs: Millis): Promise<void> {
    this.#isStopping = true
    await this.#working
    await this.#parts.calls.stop(graceMs)
  }

  async #work(): Promise<void> {
    // Not in the turn of whoever woke it.
    await new Promise((resolve) => void setImmediate(resolve))
    while (this.#isWanted && !this.#isStopping) {
      this.#isWanted = false
      try {
        await this.#drain()
      } catch (err) {
        // The next beat tries again.
        this.#isWanted = false
        this.#parts.log.error('workflows not gone on with', err)
      }
    }
  }

  async #drain(): Promise<void> {
    while (!this.#isStopping) {
      const hasFired = await this.#fire()
      const hasRun = await this.#runBatch()
      this.#parts.calls.look()
      if (!hasFired && !hasRun) return
    }
  }

  /** Starts what is planned or was waited for. A question costs no commit. */
  async #fire(): Promise<boolean> {
    const { desk, log } = this.#parts
    if (!desk.read(jobActor, areTimesDue)) return false
    const fired = await desk.write(jobActor, (tx) => fireSchedules(tx, schedulesPerBatch))
    for (const { workflowId, times, from } of fired.missed) {
      log.info('workflow times missed', { workflow: workflowId, times, from: isoSeconds(from) })
    }
    const timers = await desk.write(jobActor, (tx) => fireTimers(tx, timersPerBatch))
    return fired.times > 0 || timers > 0
  }

  async #runBatch(): Promise<boolean> {
    const due = this.#parts.desk.read(jobActor, (reader) => dueRuns(reader, runsPerBatch))
    await Promise.all(due.map((run) => this.#advance(run)))
    return due.length > 0
  }

  async #advance(run: DueRun): Promise<void> {
    const { desk, log } = this.#parts
    const rules = this.#parts.rules()
    const doing: Doing = {}
    const actor = { ...jobActor, hops: run.hops, run }
    try {
      await desk.write(actor, (tx) => advanceRun(tx, run.id, rules, doing))
    } catch (err) {
      if (err instanceof Fault && err.kind === 'unavailable') throw err
      if (!(err instanceof Fault)) log.error('step of a workflow failed', err, { run: run.id })
      await desk.write(jobActor, (tx) => failStep(tx, run.id, reasonOf(err), doing))
    }
  }

  #noteClock(now: Millis): void {
    const { desk, log } = this.#parts
    const wasSetBack = now < this.#lastSeenAt - jitterMs
    const isFirst = this.#lastSeenAt === 0
    this.#lastSeenAt = now
    if (wasSetBack || isFirst) {
      desk
        .write(jobActor, replanSchedules)
        .catch((err: unknown) => log.error('schedules not planned anew', err))
    }
    if (wasSetBack || now - this.#turnsLookedAt >= minuteMs) {
      this.#turnsLookedAt = now
      this.#giveLostTurns()
    }
  }

  #giveLostTurns(): void {
    const { desk, log } = this.#parts
    desk
      .write(jobActor, (tx) => giveLostTurns(tx, lostTurnsPerLook))
      .catch((err: unknown) => log.error('turns not given', err))
  }
}

/** What may let a run go on. */
function isOccasion(type: EventName): boolean {
  return /^(?:ticket|message|note|approval|workflow)\./.test(type)
}

function reasonOf(err: unknown): string {
  return err instanceof Fault
    ? `The desk refused it (${err.message})`
    : 'It failed for a reason in the log'
}
