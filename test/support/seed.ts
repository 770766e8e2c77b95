// What tests find on a desk beside its people and keys. Each is a `given` of a contract row.

import { upsertCustomer } from '../../src/domain/customers.ts'
import { createTicket, updateTicket, type NewTicket } from '../../src/domain/tickets.ts'
import { getTicket } from '../../src/domain/ticketviews.ts'
import type { Tx } from '../../src/domain/tx.ts'
import { publicId } from '../../src/lib/ids.ts'
import { staff, type TestApp } from './harness.ts'

/** Two departments, two categories, two products and two labels, with the ids 1 and 2. */
export function catalog(app: TestApp): void {
  const at = 1_700_000_000_000
  const rows = (table: string, columns: string, names: readonly string[]) =>
    names.map(
      (name) => `INSERT INTO ${table} (${columns}, created_at, updated_at)
      VALUES (${name}, ${at}, ${at});`,
    )
  app.sql(
    [
      ...rows('departments', 'name', ["'Repairs'", "'Billing'"]),
      ...rows('categories', 'name', ["'Firmware'", "'Invoices'"]),
      ...rows('products', 'name, sort_name', ["'Ember Kiln', 'ember kiln'", "'Wheel', 'wheel'"]),
      ...rows('labels', 'name, color', ["'Regression', '#b03a2e'", "'Waiting', '#2e86c1'"]),
    ].join('\n'),
  )
}

/** Customer 1, Mara Lind; her public id is `{customer}`. */
export async function mara(app: TestApp): Promise<void> {
  const uid = await app.write((tx) => upsertMara(tx).uid)
  app.named.set('customer', publicId('customer', uid))
}

function upsertMara(tx: Tx) {
  return upsertCustomer(tx, 'mara@northwind.test', 'Mara Lind')
}

/** Ticket 1 of Mara, as an integration would open it; its public id is `{ticket}`. */
export async function ticket(app: TestApp): Promise<void> {
  await mara(app)
  await openTicket(app, {})
}

/** Ticket 1, assigned to Tomas, the agent of the standard external key. */
export async function agentTicket(app: TestApp): Promise<void> {
  await ticket(app)
  await app.write((tx) => updateTicket(tx, 1, { assignedTo: staff.tomas }))
}

/** Ticket 1 of Tomas, locked. */
export async function lockedTicket(app: TestApp): Promise<void> {
  await agentTicket(app)
  await app.write((tx) => updateTicket(tx, 1, { isLocked: true }))
}

/** Ticket 1, closed. */
export async function closedTicket(app: TestApp): Promise<void> {
  await agentTicket(app)
  await app.write((tx) => updateTicket(tx, 1, { status: { to: 'closed', unless: [] } }))
}

/** Opens a ticket of Mara, who is made when needed, and names its public id `ticket`. */
export async function openTicket(app: TestApp, fields: Partial<NewTicket>): Promise<void> {
  const uid = await app.write((tx) => getTicket(tx, makeTicket(tx, fields)).uid)
  app.named.set('ticket', publicId('ticket', uid))
}

/** Opens so many tickets of Mara at one instant: `Ticket 1` and on. */
export async function manyTickets(app: TestApp, count: number): Promise<void> {
  await app.write((tx) => {
    for (let n = 1; n <= count; n++) makeTicket(tx, { subject: `Ticket ${n}` })
  })
}

function makeTicket(tx: Tx, fields: Partial<NewTicket>): number {
  const customer = fields.customer ?? upsertMara(tx)
  const subject = 'Invoice shows wrong VAT'
  const body = 'It says 25 % and should say 12 %.'
  return createTicket(tx, { subject, body, source: 'email', ...fields, customer })
}
