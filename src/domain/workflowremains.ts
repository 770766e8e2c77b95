import type { Millis } from '../lib/time.ts'
import type { RunStatus } from '../store/schema.ts'
import {
  deletedWorkflowId,
  removeEndedRuns,
  removeRemains,
  removeWorkflowRow,
} from '../store/workflowremains.ts'
import type { Tx } from './tx.ts'

/** How long what a run did can be looked up after it has ended; one that did nothing is soon of no interest. */
export type RunsKept = { readonly endedMs: Millis; readonly skippedMs: Millis }

const endings: readonly (readonly [status: RunStatus, kept: keyof RunsKept])[] = [
  ['skipped', 'skippedMs'],
  ['completed', 'endedMs'],
  ['failed', 'endedMs'],
]

/** Clears away runs that have had their day, and what is left of deleted workflows. Returns how many rows. */
export function forgetOldRuns(tx: Tx, kept: RunsKept, most: number): number {
  let left = most
  for (const [status, which] of endings) {
    if (left > 0) left -= removeEndedRuns(tx.q, status, tx.now - kept[which], left)
  }
  while (left > 0) {
    const id = deletedWorkflowId(tx.q)
    if (id === undefined) break
    const removed = removeRemains(tx.q, id, left)
    if (removed === 0) removeWorkflowRow(tx.q, id)
    left -= Math.max(1, removed)
  }
  return most - left
}
