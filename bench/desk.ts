import type { Machine } from '../src/app.ts'
import { labelIdsByName } from '../src/domain/labels.ts'
import { upsertCustomer } from '../src/domain/customers.ts'
import { createTicket } from '../src/domain/tickets.ts'
import type { Tx } from '../src/domain/tx.ts'
import { standardPasswordCost } from '../src/security/password.ts'
import { tagsOf, ticketText } from './tickets.ts'

/** The machine as the server has it, with a clock of one's own if need be. */
export function machine(clock: () => number = Date.now): Machine {
  return {
    clock,
    zone: 'UTC',
    monotonic: () => performance.now(),
    random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
    passwordCost: standardPasswordCost,
    resolve: () => Promise.reject(new Error('A bench calls nobody')),
    log: { info: () => {}, error: (what, err) => console.error(what, err) },
  }
}

/** Writes the rows that a Keva client's POST of the n-th ticket writes; returns the ticket's id. */
export function openTicket(tx: Tx, n: number, isTagged: boolean): number {
  const { customerEmail, customerName, ...fields } = ticketText(n)
  return createTicket(tx, {
    ...fields,
    source: 'api',
    customer: upsertCustomer(tx, customerEmail, customerName),
    labelIds: isTagged ? labelIdsByName(tx, tagsOf(n)) : undefined,
  })
}
