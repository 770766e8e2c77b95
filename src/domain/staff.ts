import { emailKey } from '../lib/text.ts'
import {
  allStaff,
  firstAdminId,
  insertStaff,
  staffByEmail,
  staffById,
  staffByUid,
} from '../store/staff.ts'
import type { StaffRole, StaffRow } from '../store/schema.ts'
import { Fault } from './errors.ts'
import type { Reader, Tx } from './tx.ts'

export type Staff = StaffRow

/** Adds a user (admin) or an agent. Throws `unique` on `email` when the role has it already. */
export function createStaff(
  tx: Tx,
  fields: { readonly role: StaffRole; readonly name: string; readonly email: string | null },
): Staff {
  const { role, name, email } = fields
  const key = email === null ? null : emailKey(email)
  if (key !== null && staffByEmail(tx.q, role, key)) {
    throw new Fault('invalid', 'body', [{ field: 'email', rule: 'unique' }])
  }
  const uid = tx.uid()
  const id = insertStaff(tx.q, {
    uid,
    role,
    name,
    email,
    emailKey: key,
    createdAt: tx.now,
    updatedAt: tx.now,
  })
  tx.emit('staff.created', null, { id, uid, name, role })
  const made = staffById(tx.q, id)
  if (!made) throw new Error('A row that was just inserted is missing')
  return made
}

export function listStaff(reader: Reader): Staff[] {
  return allStaff(reader.q)
}

export function findStaffByUid(reader: Reader, uid: string): Staff | undefined {
  return staffByUid(reader.q, uid)
}

export function findAgentByEmail(reader: Reader, email: string): Staff | undefined {
  return staffByEmail(reader.q, 'agent', emailKey(email))
}

export function staffExists(reader: Reader, id: number): boolean {
  return staffById(reader.q, id) !== undefined
}

export function agentExists(reader: Reader, id: number): boolean {
  return staffById(reader.q, id)?.role === 'agent'
}

/** The user that new keys belong to unless told otherwise: the one made at installation. */
export function installedAdminId(reader: Reader): number | undefined {
  return firstAdminId(reader.q)
}
