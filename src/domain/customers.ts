import type { Page, Range } from '../lib/page.ts'
import { emailKey, sortName } from '../lib/text.ts'
import {
  customerByEmail,
  customerById,
  customersByName,
  insertCustomer,
  updateCustomer as patchCustomer,
} from '../store/customers.ts'
import type { CustomerRow } from '../store/schema.ts'
import { differing } from './changes.ts'
import { Fault, found } from './errors.ts'
import type { Reader, Tx } from './tx.ts'

export type Customer = CustomerRow

export type CustomerFields = {
  readonly name?: string | null | undefined
  readonly email?: string | undefined
  readonly phone?: string | null | undefined
  readonly envatoUsername?: string | null | undefined
}

/** Adds a customer. Throws `unique` on `email` when another one has it, in any case of letters. */
export function createCustomer(
  tx: Tx,
  fields: CustomerFields & { readonly email: string },
): Customer {
  refuseTakenEmail(tx, fields.email)
  const uid = tx.uid()
  const id = insertCustomer(tx.q, {
    ...fields,
    uid,
    emailKey: emailKey(fields.email),
    sortName: sortName(fields.name ?? fields.email),
    createdAt: tx.now,
    updatedAt: tx.now,
  })
  tx.emit('customer.created', null, { id, uid, name: fields.name ?? null, email: fields.email })
  return getCustomer(tx, id)
}

/** Throws `not_found` when there is none. */
export function getCustomer(reader: Reader, id: number): Customer {
  return found(customerById(reader.q, id), 'customer')
}

/** By name, as people sort names. */
export function listCustomers(reader: Reader, range: Range): Page<Customer> {
  return customersByName(reader.q, range)
}

/** Sets the given fields; those that already have the value change nothing. */
export function updateCustomer(tx: Tx, id: number, fields: CustomerFields): Customer {
  const customer = getCustomer(tx, id)
  if (fields.email !== undefined) refuseTakenEmail(tx, fields.email, id)
  const changed = differing(customer, fields)
  if (changed.length === 0) return customer
  const email = fields.email ?? customer.email
  const name = fields.name === undefined ? customer.name : fields.name
  patchCustomer(tx.q, id, {
    ...fields,
    emailKey: emailKey(email),
    sortName: sortName(name ?? email),
    version: customer.version + 1,
    updatedAt: tx.now,
  })
  tx.emit('customer.updated', null, { id, uid: customer.uid, name, email, fields: changed })
  return getCustomer(tx, id)
}

/** The customer with that e-mail, made when unknown; a name that is given becomes the customer's. */
export function upsertCustomer(tx: Tx, email: string, name: string | undefined): Customer {
  const known = customerByEmail(tx.q, emailKey(email))
  if (!known) return createCustomer(tx, { email, name })
  const isSame = name === undefined || name === known.name
  return isSame ? known : updateCustomer(tx, known.id, { name })
}

/** The version of a customer, or undefined when there is none. */
export function customerVersionOf(reader: Reader, id: number | undefined): number | undefined {
  return id === undefined ? undefined : customerById(reader.q, id)?.version
}

export function customerExists(reader: Reader, id: number): boolean {
  return customerById(reader.q, id) !== undefined
}

/** True when a customer other than `self` has the address. */
export function isCustomerEmailTaken(reader: Reader, email: string, self?: number): boolean {
  const holder = customerByEmail(reader.q, emailKey(email))
  return holder !== undefined && holder.id !== self
}

function refuseTakenEmail(tx: Tx, email: string, self?: number): void {
  if (!isCustomerEmailTaken(tx, email, self)) return
  throw new Fault('invalid', 'body', [{ field: 'email', rule: 'unique' }])
}
