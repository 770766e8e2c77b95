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

/**
 * Clears away some runs that have had their day, or some of what is left of a deleted workflow: `most` rows with what
 * hangs on them, of one kind at a time. Returns how many; 0 once nothing is left.
 */
export function forgetOldRuns(tx: Tx, kept: RunsKept, most: number): number {
  for (const [status, which] of endings) {
    const removed = removeEndedRuns(tx.q, status, tx.now - kept[which], most)
    if (removed > 0) return removed
  }
  const id = deletedWorkflowId(tx.q)
  if (id === undefined) return 0
  const removed = removeRemains(tx.q, id, most)
  if (removed > 0) return removed
  removeWorkflowRow(tx.q, id)
  return 1
}
