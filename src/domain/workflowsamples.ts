import type { Queries } from '../store/queries.ts'
import type { WorkflowRunRow } from '../store/schema.ts'
import { workflowState } from '../store/workflowruns.ts'

// The more runs of a workflow that did nothing are kept, the fewer more are: one in so many.
const samples: readonly (readonly [kept: number, oneIn: number])[] = [
  [1000, 1],
  [2000, 10],
  [3000, 100],
]

/**
 * Whether a run that did nothing is kept to be looked up; it is counted already. One that somebody was given the id
 * of always is.
 */
export function isSample(
  q: Queries,
  { id, workflowId, cause }: Pick<WorkflowRunRow, 'id' | 'workflowId' | 'cause'>,
): boolean {
  if (!cause?.startsWith('event:')) return true
  const kept = workflowState(q, workflowId)?.skippedRuns ?? 0
  const oneIn = samples.find(([most]) => kept <= most)?.[1]
  return oneIn !== undefined && id % oneIn === 0
}
