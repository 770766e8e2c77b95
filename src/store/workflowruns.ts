import { and, eq, getTableColumns, sql } from 'drizzle-orm'
import type { Millis } from '../lib/time.ts'
import { command, select, value, type Queries } from './queries.ts'
import { inserter, patcher } from './rows.ts'
import { workflowRuns, workflows, workflowVersions, type WorkflowRunRow } from './schema.ts'

const byId = select(getTableColumns(workflowRuns), (db, row) =>
  db
    .select(row)
    .from(workflowRuns)
    .where(eq(workflowRuns.id, value('id'))),
)

const byCause = select({ id: workflowRuns.id }, (db, row) =>
  db
    .select(row)
    .from(workflowRuns)
    .where(
      and(eq(workflowRuns.workflowId, value('workflowId')), eq(workflowRuns.cause, value('cause'))),
    ),
)

const due = select(
  {
    id: workflowRuns.id,
    workflowId: workflowRuns.workflowId,
    depth: workflowRuns.depth,
    rootId: workflowRuns.rootId,
  },
  (db, row) =>
    db
      .select(row)
      .from(workflowRuns)
      .where(sql`${workflowRuns.dueAt} <= ${value('now')}`)
      .orderBy(workflowRuns.dueAt, workflowRuns.id)
      .limit(value('limit')),
)

const remove = command((db) => db.delete(workflowRuns).where(eq(workflowRuns.id, value('id'))))

const going = select({ id: workflowRuns.id }, (db, row) =>
  db
    .select(row)
    .from(workflowRuns)
    .where(
      sql`${workflowRuns.ticketId} = ${value('ticketId')} AND ${workflowRuns.status} = 'running'
        AND (${workflowRuns.waitsFor} IS NULL OR ${workflowRuns.waitsFor} = 'call')
        AND ${workflowRuns.id} <> ${value('self')}`,
    )
    .limit(1),
)

const nextInTurn = select({ id: workflowRuns.id }, (db, row) =>
  db
    .select(row)
    .from(workflowRuns)
    .where(
      sql`${workflowRuns.ticketId} = ${value('ticketId')} AND ${workflowRuns.waitsFor} = 'turn'`,
    )
    .orderBy(workflowRuns.id)
    .limit(1),
)

const stuck = select({ id: workflowRuns.id }, (db, row) =>
  db
    .select(row)
    .from(workflowRuns)
    .where(
      sql`${workflowRuns.waitsFor} = 'turn' AND ${workflowRuns.id} IN (
        SELECT min(id) FROM workflow_runs WHERE waits_for = 'turn' GROUP BY ticket_id
      ) AND NOT EXISTS (
        SELECT 1 FROM workflow_runs AS other WHERE other.ticket_id = ${workflowRuns.ticketId}
          AND other.status = 'running' AND (other.waits_for IS NULL OR other.waits_for = 'call')
      )`,
    )
    .limit(value('limit')),
)

const ofApproval = select({ id: workflowRuns.id }, (db, row) =>
  db
    .select(row)
    .from(workflowRuns)
    .where(eq(workflowRuns.approvalId, value('approvalId'))),
)

const ledTo = select({ runs: sql<number>`count(*)` }, (db, row) =>
  db
    .select(row)
    .from(workflowRuns)
    .where(eq(workflowRuns.rootId, value('rootId'))),
)

const waitingOnTicket = select({ id: workflowRuns.id }, (db, row) =>
  db
    .select(row)
    .from(workflowRuns)
    .where(
      sql`${workflowRuns.approvalId} IS NOT NULL AND ${workflowRuns.ticketId} = ${value('ticketId')}`,
    ),
)

const stateOf = select(
  {
    name: workflows.name,
    isActive: workflows.isActive,
    autonomyLevel: workflows.autonomyLevel,
    timezone: workflows.timezone,
    skippedRuns: workflows.skippedRuns,
  },
  (db, row) =>
    db
      .select(row)
      .from(workflows)
      .where(eq(workflows.id, value('id'))),
)

const graphOf = select({ graph: workflowVersions.graph }, (db, row) =>
  db
    .select(row)
    .from(workflowVersions)
    .where(
      and(
        eq(workflowVersions.workflowId, value('workflowId')),
        eq(workflowVersions.version, value('version')),
      ),
    ),
)

const active = select(
  {
    id: workflows.id,
    uid: workflows.uid,
    name: workflows.name,
    triggerType: workflows.triggerType,
    triggerKind: workflows.triggerKind,
    schedule: workflows.schedule,
    timezone: workflows.timezone,
    version: workflows.version,
    graph: workflowVersions.graph,
  },
  (db, row) =>
    db
      .select(row)
      .from(workflows)
      .innerJoin(
        workflowVersions,
        and(
          eq(workflowVersions.workflowId, workflows.id),
          eq(workflowVersions.version, workflows.version),
        ),
      )
      .where(eq(workflows.isActive, sql`1`))
      .orderBy(workflows.id),
)

/** A run that can go on. */
export type DueRun = Pick<WorkflowRunRow, 'id' | 'workflowId' | 'depth' | 'rootId'>

export const insertRun = inserter(workflowRuns)

export const updateRun = patcher(workflowRuns)

export function runById(q: Queries, id: number): WorkflowRunRow | undefined {
  return byId(q).get({ id })
}

/** The run that this has started, if it did. */
export function runOfCause(q: Queries, workflowId: number, cause: string): number | undefined {
  return byCause(q).get({ workflowId, cause })?.id
}

/** Runs that can go on, the longest due first. */
export function runsDue(q: Queries, now: Millis, limit: number): DueRun[] {
  return due(q).all({ now, limit })
}

/** Removes a run with its steps. */
export function removeRun(q: Queries, id: number): void {
  remove(q).run({ id })
}

/** Whether a run of the ticket other than `self` is going. */
export function isAnotherGoing(q: Queries, ticketId: number, self: number): boolean {
  return going(q).get({ ticketId, self }) !== undefined
}

/** The run of the ticket that has waited longest for its turn. */
export function runNextInTurn(q: Queries, ticketId: number): number | undefined {
  return nextInTurn(q).get({ ticketId })?.id
}

/** Runs that wait for a turn which nobody gives them: what was before them is gone. */
export function runsWithoutTurn(q: Queries, limit: number): number[] {
  return stuck(q)
    .all({ limit })
    .map(({ id }) => id)
}

export function runsOfApproval(q: Queries, approvalId: number): number[] {
  return ofApproval(q)
    .all({ approvalId })
    .map(({ id }) => id)
}

/** How many runs a run has led to. */
export function runsLedTo(q: Queries, rootId: number): number {
  return ledTo(q).get({ rootId })?.runs ?? 0
}

/** Runs of a ticket that wait for a decision. */
export function runsWaitingOnTicket(q: Queries, ticketId: number): number[] {
  return waitingOnTicket(q)
    .all({ ticketId })
    .map(({ id }) => id)
}

export type WorkflowState = NonNullable<ReturnType<ReturnType<typeof stateOf>['get']>>

/** What a run asks of its workflow at each step. */
export function workflowState(q: Queries, id: number): WorkflowState | undefined {
  return stateOf(q).get({ id })
}

/** The graph of a workflow as it was in that version. */
export function graphOfVersion(
  q: Queries,
  workflowId: number,
  version: number,
): string | undefined {
  return graphOf(q).get({ workflowId, version })?.graph
}

export type ActiveWorkflowRow = ReturnType<ReturnType<typeof active>['all']>[number]

/** Every workflow that is switched on, with its graph. */
export function activeWorkflows(q: Queries): ActiveWorkflowRow[] {
  return active(q).all({})
}
