import { and, eq, getTableColumns } from 'drizzle-orm'
import { select, value, type Queries } from './queries.ts'
import { inserter, patcher } from './rows.ts'
import { staff, type StaffRole, type StaffRow } from './schema.ts'

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
