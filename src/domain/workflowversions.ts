import type { Page, Window } from '../lib/page.ts'
import { versionOfWorkflow, versionsOfWorkflow, type VersionView } from '../store/workflows.ts'
import { found } from './errors.ts'
import type { Reader, Tx } from './tx.ts'
import { triggerTypes } from './workflowplan.ts'
import { getWorkflow, updateWorkflow, type Workflow, type WorkflowSummary } from './workflows.ts'

/** What a workflow was at one of its versions, whose number is its id, and who saved it. */
export type WorkflowVersion = VersionView

export type WholeVersion = WorkflowVersion & { readonly graph: object }

/** So many versions of a workflow can be looked up; older ones are kept only for runs that go on with them. */
export const versionsKept = 100

/** Newest first. */
export function listVersions(
  reader: Reader,
  { id: workflowId, version: newest }: WorkflowSummary,
  window: Window,
): Page<WorkflowVersion> {
  const isPast = 'after' in window
  const from = isPast ? Math.min(newest, window.after.id - 1) : newest
  const range = { limit: window.limit, offset: isPast ? 0 : window.offset }
  const span = { workflowId, newest: from, after: Math.max(0, newest - versionsKept) }
  const rows = versionsOfWorkflow(reader.q, span, range)
  return { rows, total: newest - span.after }
}

/** Throws `not_found` when the workflow has no such version. */
export function getVersion(
  reader: Reader,
  workflowId: number,
  version: number | undefined,
): WholeVersion {
  const row = version === undefined ? undefined : versionOfWorkflow(reader.q, workflowId, version)
  const { graph, ...same } = found(row, 'record')
  return { ...same, graph: JSON.parse(graph) as object }
}

/** Makes the graph and the trigger of an earlier version those of a new one; nothing else changes. */
export function restoreVersion(
  tx: Tx,
  workflowId: number,
  version: number | undefined,
  sealing: string,
): Workflow {
  const { id } = getWorkflow(tx, workflowId)
  const { graph, triggerType: named } = getVersion(tx, id, version)
  const triggerType = triggerTypes.find((type) => type === named)
  return updateWorkflow(tx, id, { graph, triggerType }, sealing)
}
