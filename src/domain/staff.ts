import { emailKey, sortName } from '../lib/text.ts'
import { linkAgentToAssigned, unlinkAgentFromAll } from '../store/agents.ts'
import { departmentsOfStaff, setDepartmentsOfStaff } from '../store/memberships.ts'
import {
  activeAdminCount,
  allStaff,
  firstAdminId,
  insertStaff,
  removeStaff,
  staffByEmail,
  staffById,
  staffByUid,
  updateStaff as patchStaff,
} from '../store/staff.ts'
import type { StaffRole, StaffRow } from '../store/schema.ts'
import { differing } from './changes.ts'
import { Fault, found } from './errors.ts'
import { revokeSessionsOf } from './sessions.ts'
import type { Reader, Tx } from './tx.ts'

export type { StaffRole } from '../store/schema.ts'

export type Staff = StaffRow

export type StaffFields = {
  readonly role?: StaffRole | undefined
  readonly name?: string | undefined
  readonly email?: string | undefined
  /** The hash of a new password. Given, it is a change, even of the same password. */
  readonly passwordHash?: string | undefined
  readonly phone?: string | null | undefined
  readonly locale?: string | null | undefined
  readonly isActive?: boolean | undefined
  readonly notificationSettings?: Staff['notificationSettings'] | undefined
  /** Replaces the departments that the person is a member of. */
  readonly departmentIds?: readonly number[] | undefined
}

export type NewStaff = Omit<StaffFields, 'email'> & {
  readonly role: StaffRole
  readonly name: string
  readonly email: string | null
}

/**
 * Adds a user (admin) or an agent. Throws `unique` on `email` when the role has it already, and `required` for an agent
 * without one.
 */
export function createStaff(tx: Tx, fields: NewStaff): Staff {
  const { departmentIds, ...columns } = fields
  const { role, name, email } = columns
  refuseEmail(tx, role, email)
  const uid = tx.uid()
  const id = insertStaff(tx.q, {
    ...columns,
    uid,
    emailKey: email === null ? null : emailKey(email),
    sortName: sortName(name),
    createdAt: tx.now,
    updatedAt: tx.now,
  })
  if (departmentIds) joinDepartments(tx, id, departmentIds)
  tx.emit('staff.created', null, { id, uid, name, role })
  return getStaff(tx, id)
}

/**
 * Changes what differs of a person; when nothing does, nothing happens. This is the only way to change a
 * password, a role or whether somebody is active. Throws `unique` or `required` on `email` for an
 * address that the role cannot have, and `refused` for what would leave no active admin.
 */
export function updateStaff(tx: Tx, id: number, fields: StaffFields): Staff {
  const person = getStaff(tx, id)
  const { departmentIds, passwordHash, ...columns } = fields
  const { role = person.role, name = person.name, email = person.email } = columns
  refuseEmail(tx, role, email, id)
  refuseToLoseLastAdmin(tx, person, columns)
  const changed = [
    ...differing(person, columns),
    ...(passwordHash === undefined ? [] : ['password']),
    ...(departmentIds && joinDepartments(tx, id, departmentIds) ? ['departments'] : []),
  ]
  if (changed.length === 0) return person
  patchStaff(tx.q, id, {
    ...columns,
    passwordHash,
    emailKey: email === null ? null : emailKey(email),
    sortName: sortName(name),
    updatedAt: tx.now,
  })
  if (role !== person.role) moveToRole(tx, id, role)
  if (changed.some((name) => credentials.has(name))) revokeSessionsOf(tx, id)
  tx.emit('staff.updated', null, { id, uid: person.uid, name, role, fields: changed })
  return getStaff(tx, id)
}

/** What signed-in sessions rest on: whoever signs in again does it as the person is now. */
const credentials: ReadonlySet<string> = new Set(['password', 'role', 'isActive'])

/**
 * Deletes a person. Their links to tickets, memberships and likes go, what was assigned to them is
 * nobody's, keys that stand for them open nothing, and their messages stay (deskhive.md 24.6).
 */
export function deleteStaff(tx: Tx, id: number): void {
  const person = getStaff(tx, id)
  refuseToLoseLastAdmin(tx, person, { isActive: false })
  const { uid, name, role } = person
  tx.emit('staff.deleted', null, { id, uid, name, role })
  removeStaff(tx.q, id)
}

/** Throws `not_found` when there is none. */
export function getStaff(reader: Reader, id: number | undefined): Staff {
  return found(id === undefined ? undefined : staffById(reader.q, id), 'record')
}

export function listStaff(reader: Reader): Staff[] {
  return allStaff(reader.q)
}

export function findStaffByUid(reader: Reader, uid: string): Staff | undefined {
  return staffByUid(reader.q, uid)
}

export function findStaffByEmail(
  reader: Reader,
  role: StaffRole,
  email: string,
): Staff | undefined {
  return staffByEmail(reader.q, role, emailKey(email))
}

export function staffExists(reader: Reader, id: number): boolean {
  return staffById(reader.q, id) !== undefined
}

/** True when somebody other than `self` has the address in that role, in any case of letters. */
export function isStaffEmailTaken(
  reader: Reader,
  role: StaffRole,
  email: string,
  self?: number,
): boolean {
  const holder = findStaffByEmail(reader, role, email)
  return holder !== undefined && holder.id !== self
}

/** The user that new keys belong to unless told otherwise: the one made at installation. */
export function installedAdminId(reader: Reader): number | undefined {
  return firstAdminId(reader.q)
}

/** Sets the departments of a person, and says whether that changed anything. */
function joinDepartments(tx: Tx, id: number, departmentIds: readonly number[]): boolean {
  const wanted = new Set(departmentIds)
  const present = new Set(departmentsOfStaff(tx.q, [id]).map((department) => department.id))
  if (wanted.symmetricDifference(present).size === 0) return false
  setDepartmentsOfStaff(tx.q, id, [...wanted])
  return true
}

/** Only agents are linked to tickets and departments; who becomes one is linked to their tickets (D5). */
function moveToRole(tx: Tx, id: number, role: StaffRole): void {
  if (role === 'agent') {
    linkAgentToAssigned(tx.q, id)
  } else {
    unlinkAgentFromAll(tx.q, id)
    setDepartmentsOfStaff(tx.q, id, [])
  }
}

/** Every agent has an address; the admin of the installation has none at first. */
function refuseEmail(tx: Tx, role: StaffRole, email: string | null, self?: number): void {
  const isMissing = email === null && role === 'agent'
  const isTaken = email !== null && isStaffEmailTaken(tx, role, email, self)
  if (!isMissing && !isTaken) return
  const rule = isMissing ? 'required' : 'unique'
  throw new Fault('invalid', 'body', [{ field: 'email', rule }])
}

/** Without one, keys that are made have no owner and nobody can put anything right. */
function refuseToLoseLastAdmin(tx: Tx, person: Staff, { role, isActive }: StaffFields): void {
  const isActiveAdmin = person.role === 'admin' && person.isActive
  const staysOne = role !== 'agent' && isActive !== false
  if (!isActiveAdmin || staysOne || activeAdminCount(tx.q) > 1) return
  throw new Fault('refused', 'lastAdmin')
}
