import { eq, sql } from 'drizzle-orm'
import { cell, command, select, value, type Queries } from './queries.ts'
import { departmentAgents, departments, staff } from './schema.ts'

// Who works in which department.

/** A department that an agent is a member of. */
export type Membership = {
  readonly staffId: number
  readonly id: number
  readonly name: string
}

const agentsOf = select({ id: staff.id, name: staff.name }, (db, row) =>
  db
    .select(row)
    .from(departmentAgents)
    .innerJoin(staff, eq(staff.id, departmentAgents.staffId))
    .where(eq(departmentAgents.departmentId, value('id')))
    .orderBy(staff.sortName, staff.id),
)

const departmentsOf = select(
  { staffId: departmentAgents.staffId, id: departments.id, name: departments.name },
  (db, row) =>
    db
      .select(row)
      .from(departmentAgents)
      .innerJoin(departments, eq(departments.id, departmentAgents.departmentId))
      .where(sql`${departmentAgents.staffId} IN (SELECT value FROM json_each(${value('ids')}))`)
      .orderBy(departmentAgents.staffId, departments.sortOrder, departments.id),
)

const join = command((db) =>
  db
    .insert(departmentAgents)
    .values({ departmentId: cell('departmentId'), staffId: cell('staffId') }),
)

const leaveAll = command((db) =>
  db.delete(departmentAgents).where(eq(departmentAgents.staffId, value('staffId'))),
)

/** The members of a department, by name. */
export function agentsOfDepartment(q: Queries, id: number): { id: number; name: string }[] {
  return agentsOf(q).all({ id })
}

/** The departments of these people, person by person, each in the order of the departments' list. */
export function departmentsOfStaff(q: Queries, staffIds: readonly number[]): Membership[] {
  return departmentsOf(q).all({ ids: JSON.stringify(staffIds) })
}

/** Makes these departments, each given once, the person's only ones. */
export function setDepartmentsOfStaff(
  q: Queries,
  staffId: number,
  departmentIds: readonly number[],
): void {
  leaveAll(q).run({ staffId })
  for (const departmentId of departmentIds) join(q).run({ departmentId, staffId })
}
