import { and, eq, inArray, isNotNull, sql, type SQL } from 'drizzle-orm'
import type { Millis } from '../lib/time.ts'
import { command, select, value, type Queries } from './queries.ts'
import {
  workflowRuns,
  workflows,
  workflowSteps,
  workflowVersions,
  type RunStatus,
} from './schema.ts'

// What is to be cleared away: what belongs to workflows that were deleted, runs that have had their day, and old
// versions. Each statement removes so many rows at most, and what is large says how large it is.

const deleted = select({ id: workflows.id }, (db, row) =>
  db.select(row).from(workflows).where(isNotNull(workflows.deletedAt)).limit(1),
)

// Told by the head of a row, without reading the text.
const octets = (column: typeof workflowRuns.variables | typeof workflowSteps.detail) =>
  sql<number>`octet_length(${column})`

const sizes = {
  id: workflowRuns.id,
  steps: workflowRuns.steps,
  bytes: sql<number>`octet_length(${workflowRuns.triggerData}) + ${octets(workflowRuns.variables)}`,
}

/** A run, how many steps it says that it has, and how large it is beside them. */
export type RunSize = { readonly id: number; readonly steps: number; readonly bytes: number }

const runSizes = (which: SQL | undefined) =>
  select(sizes, (db, row) => db.select(row).from(workflowRuns).where(which).limit(value('limit')))

const ofWorkflow = runSizes(eq(workflowRuns.workflowId, value('id')))

const ended = runSizes(
  and(
    eq(workflowRuns.status, value('status')),
    sql`${workflowRuns.completedAt} <= ${value('before')}`,
  ),
)

const skipped = select(
  { all: sql<number>`coalesce(sum(${workflows.skippedRuns}), 0)` },
  (db, row) => db.select(row).from(workflows),
)

const among = (ids: string) => sql`(SELECT value FROM json_each(${value(ids)}))`

const stepSizes = select(
  { id: workflowSteps.id, runId: workflowSteps.runId, bytes: octets(workflowSteps.detail) },
  (db, row) =>
    db
      .select(row)
      .from(workflowSteps)
      .where(inArray(workflowSteps.runId, among('runs')))
      .orderBy(workflowSteps.runId, workflowSteps.position)
      .limit(value('limit')),
)

const removeStepRows = command((db) =>
  db.delete(workflowSteps).where(inArray(workflowSteps.id, among('ids'))),
)

const removeRunRows = command((db) =>
  db.delete(workflowRuns).where(inArray(workflowRuns.id, among('ids'))),
)

const removeRow = command((db) => db.delete(workflows).where(eq(workflows.id, value('id'))))

const removeTimers = command(
  () => sql`DELETE FROM workflow_timers WHERE workflow_id = ${value('id')} AND ticket_id IN (
    SELECT ticket_id FROM workflow_timers WHERE workflow_id = ${value('id')} LIMIT ${value('limit')})`,
)

const removeTimes = command(
  () => sql`DELETE FROM workflow_times WHERE workflow_id = ${value('id')} AND planned_at IN (
    SELECT planned_at FROM workflow_times WHERE workflow_id = ${value('id')} LIMIT ${value('limit')})`,
)

// Each workflow by itself, as the key of a time begins with it.
const removeOldTimes = command(
  () => sql`DELETE FROM workflow_times WHERE (workflow_id, planned_at) IN (
    SELECT old.workflow_id, old.planned_at FROM ${workflows} AS w
      CROSS JOIN workflow_times AS old ON old.workflow_id = w.id AND old.planned_at <= ${value('before')}
    LIMIT ${value('limit')})`,
)

const removeVersions = command(
  () => sql`DELETE FROM workflow_versions WHERE workflow_id = ${value('id')} AND version IN (
    SELECT version FROM workflow_versions WHERE workflow_id = ${value('id')} LIMIT ${value('limit')})`,
)

// A desk has few workflows, and fewer that have so many versions.
const removeOldVersions = command(
  () => sql`DELETE FROM ${workflowVersions} WHERE (workflow_id, version) IN (
    SELECT old.workflow_id, old.version FROM ${workflows} AS w
      CROSS JOIN ${workflowVersions} AS old
      ON old.workflow_id = w.id AND old.version <= w.version - ${value('kept')}
    WHERE w.version > ${value('kept')} AND NOT EXISTS (
      SELECT 1 FROM ${workflowRuns} AS r WHERE r.workflow_id = old.workflow_id
        AND r.version = old.version AND r.completed_at IS NULL)
    LIMIT ${value('limit')})`,
)

/** A workflow that was deleted and whose row is still there. */
export function deletedWorkflowId(q: Queries): number | undefined {
  return deleted(q).get({})?.id
}

/** Some of the runs of a workflow. */
export function runsOfWorkflow(q: Queries, id: number, limit: number): RunSize[] {
  return ofWorkflow(q).all({ id, limit })
}

/** Some of the runs that ended so by then. */
export function endedRuns(q: Queries, status: RunStatus, before: Millis, limit: number): RunSize[] {
  return ended(q).all({ status, before, limit })
}

/** How many runs of all workflows did nothing. */
export function skippedTotal(q: Queries): number {
  return skipped(q).get({})?.all ?? 0
}

/** The steps of runs, run by run, and how large each is. */
export function stepsOfRuns(q: Queries, runs: readonly number[], limit: number) {
  return stepSizes(q).all({ runs: JSON.stringify(runs), limit })
}

/** Removes these steps, then these runs with whatever steps they still have. */
export function removeRuns(q: Queries, steps: readonly number[], runs: readonly number[]): void {
  removeStepRows(q).run({ ids: JSON.stringify(steps) })
  removeRunRows(q).run({ ids: JSON.stringify(runs) })
}

/** Removes so many rows of what a workflow waited for. Returns how many there were. */
export function removeTimersAndTimes(q: Queries, id: number, limit: number): number {
  for (const remove of [removeTimers, removeTimes]) {
    const { changes } = remove(q).run({ id, limit })
    if (changes > 0) return changes
  }
  return 0
}

/** Removes so many planned times of before. Returns how many there were. */
export function removeTimesBefore(q: Queries, before: Millis, limit: number): number {
  return removeOldTimes(q).run({ before, limit }).changes
}

/** Removes so many versions of a workflow, whichever. Returns how many there were. */
export function removeVersionsOf(q: Queries, id: number, limit: number): number {
  return removeVersions(q).run({ id, limit }).changes
}

/** Removes a workflow, once nothing else is left of it. */
export function removeWorkflowRow(q: Queries, id: number): void {
  removeRow(q).run({ id })
}

/** Removes so many versions that are older than the newest `kept` and that no run goes on with. */
export function removeVersionsBefore(q: Queries, kept: number, limit: number): number {
  return removeOldVersions(q).run({ kept, limit }).changes
}
