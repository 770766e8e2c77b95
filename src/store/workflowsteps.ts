import { eq, getTableColumns, sql } from 'drizzle-orm'
import type { Millis } from '../lib/time.ts'
import { cell, command, select, value, type Queries } from './queries.ts'
import { inserter, patcher } from './rows.ts'
import { workflowRuns, workflowSteps, type WorkflowStepRow } from './schema.ts'

const byId = select(getTableColumns(workflowSteps), (db, row) =>
  db
    .select(row)
    .from(workflowSteps)
    .where(eq(workflowSteps.id, value('id'))),
)

const ofRun = select(getTableColumns(workflowSteps), (db, row) =>
  db
    .select(row)
    .from(workflowSteps)
    .where(eq(workflowSteps.runId, value('runId')))
    .orderBy(workflowSteps.position),
)

const dueColumns = {
  id: workflowSteps.id,
  workflowId: workflowRuns.workflowId,
  hops: workflowRuns.hops,
}

const due = select(dueColumns, (db, row) =>
  db
    .select(row)
    .from(workflowSteps)
    .innerJoin(workflowRuns, eq(workflowRuns.id, workflowSteps.runId))
    .where(sql`${workflowSteps.dueAt} <= ${value('now')}`)
    .orderBy(workflowSteps.dueAt, workflowSteps.id)
    .limit(value('limit')),
)

const dueOfOthers = select(dueColumns, (db, row) =>
  db
    .select(row)
    .from(workflowSteps)
    .innerJoin(workflowRuns, eq(workflowRuns.id, workflowSteps.runId))
    .where(
      sql`${workflowSteps.dueAt} <= ${value('now')} AND ${workflowRuns.workflowId} NOT IN
        (SELECT value FROM json_each(${value('without')}))`,
    )
    .orderBy(workflowSteps.dueAt, workflowSteps.id)
    .limit(value('limit')),
)

const takeBack = command((db) =>
  db
    .update(workflowSteps)
    .set({ lease: null, dueAt: sql`${cell('now')}` })
    .where(sql`${workflowSteps.dueAt} IS NOT NULL AND ${workflowSteps.lease} IS NOT NULL`),
)

const giveBack = command((db) =>
  db
    .update(workflowSteps)
    .set({ lease: null, dueAt: sql`${cell('now')}`, attempts: sql`${workflowSteps.attempts} - 1` })
    .where(sql`${workflowSteps.dueAt} IS NOT NULL AND ${workflowSteps.lease} = ${value('lease')}`),
)

export const insertStep = inserter(workflowSteps)

export const updateStep = patcher(workflowSteps)

export function stepById(q: Queries, id: number): WorkflowStepRow | undefined {
  return byId(q).get({ id })
}

/** What a run did, in order. */
export function stepsOfRun(q: Queries, runId: number): WorkflowStepRow[] {
  return ofRun(q).all({ runId })
}

/** A step whose call is to be made, and how many webhooks lie behind its run. */
export type DueCall = {
  readonly id: number
  readonly workflowId: number
  readonly hops: number
}

/** Calls that are to be made now, the longest due first; those whose lease has ended among them. */
export function callsDue(q: Queries, now: Millis, limit: number): DueCall[] {
  return due(q).all({ now, limit })
}

/** As `callsDue`, but none of these workflows; it goes over all that is due. */
export function callsDueOfOthers(
  q: Queries,
  now: Millis,
  { limit, without }: { readonly limit: number; readonly without: readonly number[] },
): DueCall[] {
  return dueOfOthers(q).all({ now, limit, without: JSON.stringify(without) })
}

/** Makes the calls of a lease due, as if they had not been begun. Returns how many those were. */
export function giveCallsBack(q: Queries, lease: string, now: Millis): number {
  return giveBack(q).run({ lease, now }).changes
}

/** Makes every leased call due: at the start of the server, when nobody can hold a lease. */
export function takeCallsBack(q: Queries, now: Millis): number {
  return takeBack(q).run({ now }).changes
}
