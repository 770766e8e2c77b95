import { and, eq, getTableColumns, sql } from 'drizzle-orm'
import type { Page, Range } from '../lib/page.ts'
import type { Millis } from '../lib/time.ts'
import { cell, command, select, value, type Queries } from './queries.ts'
import { inserter, patcher } from './rows.ts'
import { departmentAgents, staff, type StaffRole, type StaffRow } from './schema.ts'

const columns = getTableColumns(staff)

const byId = select(columns, (db, row) =>
  db
    .select(row)
    .from(staff)
    .where(eq(staff.id, value('id'))),
)

const byUid = select(columns, (db, row) =>
  db
    .select(row)
    .from(staff)
    .where(eq(staff.uid, value('uid'))),
)

const byEmail = select(columns, (db, row) =>
  db
    .select(row)
    .from(staff)
    .where(and(eq(staff.role, value('role')), eq(staff.emailKey, value('emailKey')))),
)

const everybody = select(columns, (db, row) => db.select(row).from(staff).orderBy(staff.id))

const admins = select({ id: staff.id }, (db, row) =>
  db.select(row).from(staff).where(eq(staff.role, 'admin')).orderBy(staff.id).limit(1),
)

const activeAdmins = select({ total: sql<number>`count(*)` }, (db, row) =>
  db
    .select(row)
    .from(staff)
    .where(and(eq(staff.role, 'admin'), eq(staff.isActive, true))),
)

/** Which agents are wanted; what is null or left out is not asked for. */
export type AgentFilter = {
  readonly departmentId?: number | undefined
  readonly isActive?: boolean | undefined
}

// One statement for every filter: there are as many agents as a business has people.
const ofFilter = sql`${staff.role} = 'agent'
  AND (${value('isActive')} IS NULL OR ${staff.isActive} = ${value('isActive')})
  AND (${value('departmentId')} IS NULL OR ${staff.id} IN (
    SELECT ${departmentAgents.staffId} FROM ${departmentAgents}
      WHERE ${departmentAgents.departmentId} = ${value('departmentId')}))`

const agentPage = select(columns, (db, row) =>
  db
    .select(row)
    .from(staff)
    .where(ofFilter)
    .orderBy(staff.sortName, staff.id)
    .limit(value('limit'))
    .offset(value('offset')),
)

const agentCount = select({ total: sql<number>`count(*)` }, (db, row) =>
  db.select(row).from(staff).where(ofFilter),
)

const remove = command((db) => db.delete(staff).where(eq(staff.id, value('id'))))

const assigned = command((db) =>
  db
    .update(staff)
    .set({ lastAssignedAt: sql`${cell('at')}` })
    .where(eq(staff.id, value('id'))),
)

export const insertStaff = inserter(staff)

export const updateStaff = patcher(staff)

export function staffById(q: Queries, id: number): StaffRow | undefined {
  return byId(q).get({ id })
}

export function staffByUid(q: Queries, uid: string): StaffRow | undefined {
  return byUid(q).get({ uid })
}

/** The user or agent of a folded e-mail address (`emailKey`). */
export function staffByEmail(q: Queries, role: StaffRole, emailKey: string): StaffRow | undefined {
  return byEmail(q).get({ role, emailKey })
}

export function allStaff(q: Queries): StaffRow[] {
  return everybody(q).all({})
}

/** The user that the installation made, on whose behalf keys act unless told otherwise. */
export function firstAdminId(q: Queries): number | undefined {
  return admins(q).get({})?.id
}

/** The agents by name, as people sort names. */
export function agentsByName(q: Queries, filter: AgentFilter, range: Range): Page<StaffRow> {
  return {
    rows: agentPage(q).all({ ...filter, ...range }),
    total: agentCount(q).get({ ...filter })?.total ?? 0,
  }
}

export function activeAdminCount(q: Queries): number {
  return activeAdmins(q).get({})?.total ?? 0
}

/** What refers to the person refers to nobody then, or goes too. */
export function removeStaff(q: Queries, id: number): void {
  remove(q).run({ id })
}

/** Keeps when a person was last given a ticket, which is no change of the person. */
export function noteAssignment(q: Queries, id: number, at: Millis): void {
  assigned(q).run({ id, at })
}
