import { getCustomerByEmail, type Customer } from '../domain/customers.ts'
import { Fault } from '../domain/errors.ts'
import { systemActor, type Desk } from '../domain/tx.ts'

/** The customer with that address. Throws in words when there is none. */
export function knownCustomer(desk: Desk, email: string): Customer {
  try {
    return desk.read<Customer>(systemActor, (reader) => getCustomerByEmail(reader, email))
  } catch (err) {
    throw err instanceof Fault ? new Error(`There is no customer ${email}`) : err
  }
}
