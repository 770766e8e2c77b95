import type { Page, Range, Window } from '../lib/page.ts'
import { matchExpression } from '../lib/searchterms.ts'
import { emailKey, sortName } from '../lib/text.ts'
import { customersNewestFirst } from '../store/customerlists.ts'
import {
  customerByEmail,
  customerById,
  customerByUid,
  customersByName,
  insertCustomer,
  updateCustomer as patchCustomer,
} from '../store/customers.ts'
import type { CustomerRow, TicketPriority } from '../store/schema.ts'
import { differing } from './changes.ts'
import { Fault, found } from './errors.ts'
import type { Reader, Tx } from './tx.ts'

export type Customer = CustomerRow

export type CustomerFields = {
  readonly name?: string | null | undefined
  readonly email?: string | undefined
  readonly phone?: string | null | undefined
  readonly envatoUsername?: string | null | undefined
  readonly company?: string | null | undefined
  readonly jobTitle?: string | null | undefined
  readonly location?: string | null | undefined
  readonly timezone?: string | null | undefined
  readonly isVip?: boolean | undefined
  /** The priority of the customer's new tickets that are given none. */
  readonly priorityOverride?: TicketPriority | null | undefined
  readonly tags?: string[] | undefined
  readonly notes?: string | null | undefined
  readonly salesforceContactId?: string | null | undefined
  readonly hubspotContactId?: string | null | undefined
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

/** Throws `not_found` when there is none. */
export function getCustomerByUid(reader: Reader, uid: string | undefined): Customer {
  return found(uid === undefined ? undefined : customerByUid(reader.q, uid), 'customer')
}

/** The customer with that address, in any case of letters. Throws `not_found` when there is none. */
export function getCustomerByEmail(reader: Reader, email: string): Customer {
  return found(customerByEmail(reader.q, emailKey(email)), 'customer')
}

/**
 * The newest first. A search finds those whose address, name or company hold every word of it, the
 * start of a word being enough; a text of blanks is no search, one without a word finds nobody.
 */
export function searchCustomers(
  reader: Reader,
  { search = '', vipOnly }: { readonly search?: string | undefined; readonly vipOnly: boolean },
  window: Window,
): Page<Customer> {
  if (search.trim() === '') return customersNewestFirst(reader.q, { vipOnly }, window)
  const match = matchExpression(search)
  if (match === undefined) return { rows: [], total: 0 }
  return customersNewestFirst(reader.q, { match, vipOnly }, window)
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
  return saveCustomer(tx, email, { name }).customer
}

/** Changes the customer with that e-mail, or adds one; the address is not respelled. */
export function saveCustomer(
  tx: Tx,
  email: string,
  fields: Omit<CustomerFields, 'email'>,
): { readonly customer: Customer; readonly isNew: boolean } {
  const known = customerByEmail(tx.q, emailKey(email))
  if (!known) return { customer: createCustomer(tx, { ...fields, email }), isNew: true }
  return { customer: updateCustomer(tx, known.id, fields), isNew: false }
}

/** The version of a customer, or undefined when there is none. */
export function customerVersionOf(reader: Reader, id: number | undefined): number | undefined {
  return id === undefined ? undefined : customerById(reader.q, id)?.version
}

/** As `customerVersionOf`, by the public uid. */
export function customerVersionByUid(reader: Reader, uid: string | undefined): number | undefined {
  return uid === undefined ? undefined : customerByUid(reader.q, uid)?.version
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
