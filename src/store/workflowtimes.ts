import { and, eq, getTableColumns, sql } from 'drizzle-orm'
import type { Millis } from '../lib/time.ts'
import { cell, command, select, value, type Queries } from './queries.ts'
import { workflows, workflowTimers, workflowTimes } from './schema.ts'

const plan = command((db) =>
  db
    .update(workflows)
    .set({ nextRunAt: sql`${cell('nextRunAt')}` })
    .where(eq(workflows.id, value('id'))),
)

const scheduled = {
  id: workflows.id,
  version: workflows.version,
  triggerType: workflows.triggerType,
  schedule: workflows.schedule,
  timezone: workflows.timezone,
  misfirePolicy: workflows.misfirePolicy,
  nextRunAt: workflows.nextRunAt,
}

const due = select(scheduled, (db, row) =>
  db
    .select(row)
    .from(workflows)
    .where(sql`${workflows.nextRunAt} <= ${value('now')}`)
    .orderBy(workflows.nextRunAt, workflows.id)
    .limit(value('limit')),
)

const later = select(scheduled, (db, row) =>
  db
    .select(row)
    .from(workflows)
    .where(sql`${workflows.nextRunAt} > ${value('now')}`),
)

const note = command((db) =>
  db
    .insert(workflowTimes)
    .values({
      workflowId: cell('workflowId'),
      plannedAt: cell('plannedAt'),
      outcome: cell('outcome'),
      runId: cell('runId'),
      createdAt: cell('createdAt'),
    })
    .onConflictDoNothing(),
)

const link = command((db) =>
  db
    .update(workflowTimes)
    .set({ runId: sql`${cell('runId')}` })
    .where(
      and(
        eq(workflowTimes.workflowId, value('workflowId')),
        eq(workflowTimes.plannedAt, value('plannedAt')),
      ),
    ),
)

// Each workflow by itself, since the key of a time begins with its workflow.
const forget = command(
  () => sql`DELETE FROM ${workflowTimes} WHERE workflow_id IN (SELECT id FROM ${workflows})
    AND planned_at > ${value('after')} AND outcome = 'missed'`,
)

const setTimer = command((db) =>
  db
    .insert(workflowTimers)
    .values({
      workflowId: cell('workflowId'),
      ticketId: cell('ticketId'),
      dueAt: cell('dueAt'),
      depth: cell('depth'),
      rootId: cell('rootId'),
      hops: cell('hops'),
    })
    .onConflictDoUpdate({
      target: [workflowTimers.workflowId, workflowTimers.ticketId],
      set: {
        dueAt: sql`excluded.due_at`,
        depth: sql`excluded.depth`,
        rootId: sql`excluded.root_id`,
        hops: sql`excluded.hops`,
      },
    }),
)

const dropTimer = command((db) =>
  db
    .delete(workflowTimers)
    .where(
      and(
        eq(workflowTimers.workflowId, value('workflowId')),
        eq(workflowTimers.ticketId, value('ticketId')),
      ),
    ),
)

const timers = select(getTableColumns(workflowTimers), (db, row) =>
  db
    .select(row)
    .from(workflowTimers)
    .where(sql`${workflowTimers.dueAt} <= ${value('now')}`)
    .orderBy(workflowTimers.dueAt)
    .limit(value('limit')),
)

export type Scheduled = ReturnType<ReturnType<typeof due>['all']>[number]
export type Timer = typeof workflowTimers.$inferSelect
export type PlannedTime = typeof workflowTimes.$inferSelect

/** When a workflow runs next; null for never. */
export function setNextRun(q: Queries, id: number, nextRunAt: Millis | null): void {
  plan(q).run({ id, nextRunAt })
}

/** Workflows whose planned time has come, the longest due first. */
export function schedulesDue(q: Queries, now: Millis, limit: number): Scheduled[] {
  return due(q).all({ now, limit })
}

/** Workflows whose planned time has not come. */
export function schedulesAfter(q: Queries, now: Millis): Scheduled[] {
  return later(q).all({ now })
}

/** Writes down what came of a planned time; false when that was written before. */
export function noteTime(q: Queries, time: PlannedTime): boolean {
  return note(q).run(time).changes === 1
}

/** Says which run a planned time has started. */
export function linkTime(
  q: Queries,
  time: Pick<PlannedTime, 'workflowId' | 'plannedAt'> & { readonly runId: number },
): void {
  link(q).run(time)
}

/** Forgets that times after this moment were missed. */
export function forgetMissed(q: Queries, after: Millis): void {
  forget(q).run({ after })
}

/** Sets the one timer that a workflow has for a ticket. */
export function putTimer(q: Queries, timer: Timer): void {
  setTimer(q).run(timer)
}

export function removeTimer(
  q: Queries,
  { workflowId, ticketId }: Pick<Timer, 'workflowId' | 'ticketId'>,
): void {
  dropTimer(q).run({ workflowId, ticketId })
}

export function timersDue(q: Queries, now: Millis, limit: number): Timer[] {
  return timers(q).all({ now, limit })
}
