import type { Millis } from '../lib/time.ts'
import type { RunStatus } from '../store/schema.ts'
import {
  deletedWorkflowId,
  endedRuns,
  removeRuns,
  removeTimersAndTimes,
  removeTimesBefore,
  removeVersionsBefore,
  removeVersionsOf,
  removeWorkflowRow,
  runsOfWorkflow,
  stepsOfRuns,
  type RunSize,
} from '../store/workflowremains.ts'
import { skippedTooMany } from './skippedruns.ts'
import type { Tx } from './tx.ts'
import { versionsKept } from './workflowversions.ts'

/** How long what a run did can be looked up after it has ended; one that did nothing is soon of no interest. */
export type RunsKept = { readonly endedMs: Millis; readonly skippedMs: Millis }

const endings: readonly (readonly [status: RunStatus, kept: keyof RunsKept])[] = [
  ['skipped', 'skippedMs'],
  ['completed', 'endedMs'],
  ['failed', 'endedMs'],
]

// What one transaction removes within the few milliseconds that the writer may be held: rows, and bytes of them,
// since a step may have a long text.
const rowsMost = 100
const bytesMost = 256 * 1024
/** Each with a graph of up to 256 KB. */
const versionsMost = 2

/**
 * Clears away runs that have had their day, what is left of deleted workflows, and old versions; a batch that is
 * short where rows are large. Returns how many rows, 0 once nothing is left to do.
 */
export function forgetOldRuns(tx: Tx, kept: RunsKept): number {
  for (const [status, which] of endings) {
    const removed = removeBatch(tx, endedRuns(tx.q, status, tx.now - kept[which], rowsMost))
    if (removed > 0) return removed
  }
  const tooMany = Math.min(rowsMost, skippedTooMany(tx))
  if (tooMany > 0) return removeBatch(tx, endedRuns(tx.q, 'skipped', tx.now, tooMany))
  return (
    forgetDeleted(tx) ||
    removeTimesBefore(tx.q, tx.now - kept.endedMs, rowsMost) ||
    removeVersionsBefore(tx.q, versionsKept, versionsMost)
  )
}

function forgetDeleted(tx: Tx): number {
  const id = deletedWorkflowId(tx.q)
  if (id === undefined) return 0
  const removed =
    removeBatch(tx, runsOfWorkflow(tx.q, id, rowsMost)) ||
    removeTimersAndTimes(tx.q, id, rowsMost) ||
    removeVersionsOf(tx.q, id, versionsMost)
  if (removed > 0) return removed
  removeWorkflowRow(tx.q, id)
  return 1
}

/** Removes the first of these runs with their steps, or the first steps of a run that has many. */
function removeBatch(tx: Tx, found: readonly RunSize[]): number {
  const runs = firstOf(found).toSorted((a, b) => a.id - b.id)
  const ids = runs.map(({ id }) => id)
  const steps = stepsOfRuns(tx.q, ids, rowsMost)
  const byRun = Map.groupBy(steps, ({ runId }) => runId)
  // Its last step may not be among them.
  const cutOff = steps.length < rowsMost ? undefined : steps.at(-1)?.runId
  const gone = { steps: [] as number[], runs: [] as number[] }
  let room = bytesMost
  for (const run of runs) {
    const own = byRun.get(run.id) ?? []
    const taken = own.slice(0, fitting(own, room, gone.steps.length === 0))
    gone.steps.push(...taken.map(({ id }) => id))
    for (const { bytes } of [...taken, run]) room -= bytes
    const isWhole = taken.length === own.length && run.id !== cutOff
    if (!isWhole || (room < 0 && gone.runs.length > 0)) break
    gone.runs.push(run.id)
  }
  removeRuns(tx.q, gone.steps, gone.runs)
  return gone.steps.length + gone.runs.length
}

/** As many as there is room for by their steps; the first in any case. */
function firstOf(runs: readonly RunSize[]): readonly RunSize[] {
  let rows = 0
  const over = runs.findIndex(({ steps }, at) => (rows += steps + 1) > rowsMost && at > 0)
  return over < 0 ? runs : runs.slice(0, over)
}

/** How many of the first of these there is room for; one in any case, if there must be one. */
function fitting(sizes: readonly { readonly bytes: number }[], room: number, must: boolean) {
  let bytes = 0
  const over = sizes.findIndex((one, at) => (bytes += one.bytes) > room && !(must && at === 0))
  return over < 0 ? sizes.length : over
}
