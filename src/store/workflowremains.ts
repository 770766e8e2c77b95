import { and, eq, isNotNull, sql, type SQL } from 'drizzle-orm'
import type { Millis } from '../lib/time.ts'
import { lightBatch } from './batches.ts'
import { command, select, value, type Queries } from './queries.ts'
import { workflowRuns, workflows, type RunStatus } from './schema.ts'

// What is to be cleared away: what belongs to workflows that were deleted, and runs that have had their day. Each
// statement removes so many rows at most; steps go with their runs.

const deleted = select({ id: workflows.id }, (db, row) =>
  db.select(row).from(workflows).where(isNotNull(workflows.deletedAt)).limit(1),
)

const ofWorkflow = eq(workflowRuns.workflowId, value('id'))

const ended = and(
  eq(workflowRuns.status, value('status')),
  sql`${workflowRuns.completedAt} <= ${value('before')}`,
)

function inRuns(which: SQL | undefined): SQL {
  return sql`${workflowRuns.id} IN (
    ${lightBatch(sql`SELECT id, steps AS load FROM ${workflowRuns} WHERE ${which} LIMIT ${value('limit')}`)})`
}

// A graph may have a quarter of a megabyte.
const versionsMost = 20

const removeRow = command((db) => db.delete(workflows).where(eq(workflows.id, value('id'))))

const removeRuns = command((db) => db.delete(workflowRuns).where(inRuns(ofWorkflow)))

const removeEnded = command((db) => db.delete(workflowRuns).where(inRuns(ended)))

const removeTimers = command(
  () => sql`DELETE FROM workflow_timers WHERE workflow_id = ${value('id')} AND ticket_id IN (
    SELECT ticket_id FROM workflow_timers WHERE workflow_id = ${value('id')} LIMIT ${value('limit')})`,
)

const removeTimes = command(
  () => sql`DELETE FROM workflow_times WHERE workflow_id = ${value('id')} AND planned_at IN (
    SELECT planned_at FROM workflow_times WHERE workflow_id = ${value('id')} LIMIT ${value('limit')})`,
)

const removeVersions = command(
  () => sql`DELETE FROM workflow_versions WHERE workflow_id = ${value('id')} AND version IN (
    SELECT version FROM workflow_versions WHERE workflow_id = ${value('id')}
    LIMIT min(${value('limit')}, ${sql.raw(String(versionsMost))}))`,
)

/** A workflow that was deleted and whose row is still there. */
export function deletedWorkflowId(q: Queries): number | undefined {
  return deleted(q).get({})?.id
}

/** Removes so many rows of what a workflow did and waited for. Returns how many there were. */
export function removeRemains(q: Queries, id: number, limit: number): number {
  for (const remove of [removeRuns, removeTimers, removeTimes, removeVersions]) {
    const { changes } = remove(q).run({ id, limit })
    if (changes > 0) return changes
  }
  return 0
}

/** Removes the row of a workflow, once nothing else is left of it. */
export function removeWorkflowRow(q: Queries, id: number): void {
  removeRow(q).run({ id })
}

/** Removes so many runs that ended so by then. Returns how many there were. */
export function removeEndedRuns(
  q: Queries,
  status: RunStatus,
  before: Millis,
  limit: number,
): number {
  return removeEnded(q).run({ status, before, limit }).changes
}
