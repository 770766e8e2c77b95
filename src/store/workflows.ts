import { and, desc, eq, getTableColumns, isNull, sql } from 'drizzle-orm'
import type { Page, Range, Window } from '../lib/page.ts'
import { keysetValues } from './pages.ts'
import { cell, command, select, value, type Queries, type Select } from './queries.ts'
import { inserter, patcher, remembered } from './rows.ts'
import { apiKeys, staff, workflows, workflowVersions, type WorkflowRow } from './schema.ts'

const columns = getTableColumns(workflows)

/** A workflow and the graph of its version. */
export type WorkflowView = WorkflowRow & { readonly graph: string }

const isThere = isNull(workflows.deletedAt)

const isItsVersion = and(
  eq(workflowVersions.workflowId, workflows.id),
  eq(workflowVersions.version, workflows.version),
)

const byId = select({ ...columns, graph: workflowVersions.graph }, (db, row) =>
  db
    .select(row)
    .from(workflows)
    .innerJoin(workflowVersions, isItsVersion)
    .where(and(eq(workflows.id, value('id')), isThere)),
)

const idByUid = select({ id: workflows.id }, (db, row) =>
  db
    .select(row)
    .from(workflows)
    .where(and(eq(workflows.uid, value('uid')), isThere)),
)

const lists = new Map<string, (q: Queries) => Select<WorkflowRow>>()

// A desk has few workflows: to walk over those of one moment, or to count them, costs nothing.
const conditionOf = {
  active: sql`${workflows.isActive} = 1`,
  after: sql`(${workflows.createdAt}, ${workflows.id}) < (${value('afterAt')}, ${value('afterId')})`,
} as const

type Shape = (keyof typeof conditionOf)[]

function listOf(shape: Shape): (q: Queries) => Select<WorkflowRow> {
  return remembered(lists, shape, () =>
    select(columns, (db, row) =>
      db
        .select(row)
        .from(workflows)
        .where(and(isThere, ...shape.map((name) => conditionOf[name])))
        .orderBy(desc(workflows.createdAt), desc(workflows.id))
        .limit(value('limit'))
        .offset(value('offset')),
    ),
  )
}

const count = select(
  { all: sql<number>`count(*)`, active: sql<number>`coalesce(sum(${workflows.isActive}), 0)` },
  (db, row) => db.select(row).from(workflows).where(isThere),
)

const insertVersionRow = command((db) =>
  db.insert(workflowVersions).values({
    workflowId: cell('workflowId'),
    version: cell('version'),
    triggerType: cell('triggerType'),
    graph: cell('graph'),
    createdByKeyId: cell('createdByKeyId'),
    createdByStaffId: cell('createdByStaffId'),
    createdAt: cell('createdAt'),
  }),
)

const versionColumns = {
  id: workflowVersions.version,
  triggerType: workflowVersions.triggerType,
  staffUid: staff.uid,
  staffName: staff.name,
  keyName: apiKeys.name,
  createdAt: workflowVersions.createdAt,
}

/** A version without its graph, and who saved it, while they are there. Its number is its id. */
export type VersionView = NonNullable<ReturnType<ReturnType<typeof versionPage>['get']>>

// Versions are numbered without gaps as far back as they are listed, and the newest has the workflow's own number.
const versionPage = select(versionColumns, (db, row) =>
  db
    .select(row)
    .from(workflowVersions)
    .leftJoin(staff, eq(staff.id, workflowVersions.createdByStaffId))
    .leftJoin(apiKeys, eq(apiKeys.id, workflowVersions.createdByKeyId))
    .where(
      sql`${workflowVersions.workflowId} = ${value('workflowId')}
        AND ${workflowVersions.version} <= ${value('newest')}
        AND ${workflowVersions.version} > ${value('after')}`,
    )
    .orderBy(desc(workflowVersions.version))
    .limit(value('limit')),
)

const versionOne = select({ ...versionColumns, graph: workflowVersions.graph }, (db, row) =>
  db
    .select(row)
    .from(workflowVersions)
    .leftJoin(staff, eq(staff.id, workflowVersions.createdByStaffId))
    .leftJoin(apiKeys, eq(apiKeys.id, workflowVersions.createdByKeyId))
    .where(
      and(
        eq(workflowVersions.workflowId, value('workflowId')),
        eq(workflowVersions.version, value('version')),
      ),
    ),
)

export const insertWorkflow = inserter(workflows)

export const patchWorkflow = patcher(workflows)

export function workflowById(q: Queries, id: number): WorkflowView | undefined {
  return byId(q).get({ id })
}

export function workflowByUid(q: Queries, uid: string): WorkflowView | undefined {
  const id = workflowIdByUid(q, uid)
  return id === undefined ? undefined : workflowById(q, id)
}

export function workflowIdByUid(q: Queries, uid: string): number | undefined {
  return idByUid(q).get({ uid })?.id
}

/** Newest first. */
export function workflowPage(
  q: Queries,
  { activeOnly }: { readonly activeOnly: boolean },
  window: Window,
): Page<WorkflowRow> {
  const total = count(q).get({})?.[activeOnly ? 'active' : 'all'] ?? 0
  const active: Shape = activeOnly ? ['active'] : []
  if (!('after' in window)) return { rows: listOf(active)(q).all(window), total }
  return { rows: listOf([...active, 'after'])(q).all(keysetValues(window)), total }
}

export function insertVersion(q: Queries, row: typeof workflowVersions.$inferInsert): void {
  insertVersionRow(q).run(row)
}

/** Those up to `newest` that came after `after`, newest first. */
export function versionsOfWorkflow(
  q: Queries,
  span: { readonly workflowId: number; readonly newest: number; readonly after: number },
  { limit, offset }: Range,
): VersionView[] {
  return versionPage(q).all({ ...span, newest: span.newest - offset, limit })
}

export function versionOfWorkflow(
  q: Queries,
  workflowId: number,
  version: number,
): (VersionView & { readonly graph: string }) | undefined {
  return versionOne(q).get({ workflowId, version })
}
