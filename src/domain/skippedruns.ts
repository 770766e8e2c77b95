import { removeRuns, skippedTotal } from '../store/workflowremains.ts'
import type { WorkflowState } from '../store/workflowruns.ts'
import type { Tx } from './tx.ts'
import type { Run } from './workflowruns.ts'

// Runs that did nothing, because a condition did not hold, say why a rule did not fire. A rule that looks at every
// event makes more of them than anybody reads, so of many a sample is kept, and of all desks' rules together so many.

/** So many of a workflow are all kept; of those above, one in `sampledEvery`. */
const allKept = 1000
const sampledEvery = 20

/** Of all workflows together; the oldest go first. */
export const skippedMost = 20_000

/** Removes a run that did nothing, once it has ended so, unless it is one to be kept. */
export function sampleSkipped(tx: Tx, { id, cause }: Run, { skippedRuns }: WorkflowState): void {
  // Whoever started it, or planned it, has its id and may look it up.
  const isByItself = cause !== null && /^(?:event|timer):/.test(cause)
  if (isByItself && skippedRuns >= allKept && id % sampledEvery !== 0) removeRuns(tx.q, [], [id])
}

/** How many runs that did nothing there are too many. */
export function skippedTooMany(tx: Tx): number {
  return Math.max(0, skippedTotal(tx.q) - skippedMost)
}
