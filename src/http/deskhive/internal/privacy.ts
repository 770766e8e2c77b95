import { z } from 'zod'
import { getCustomer } from '../../../domain/customers.ts'
import { found } from '../../../domain/errors.ts'
import type { Held, Receipt } from '../../../domain/privacy.ts'
import { integerId } from '../../../lib/ids.ts'
import { readable } from '../../../lib/readable.ts'
import { isoSeconds } from '../../../lib/time.ts'
import { withPreparation, type Endpoint } from '../../endpoint.ts'
import { single, told } from '../envelope.ts'
import { date } from '../shapes.ts'

const row = z.record(z.string(), z.unknown())

const heldShape = z
  .strictObject({ customer: row, records: z.record(z.string(), z.array(row)) })
  .meta({ id: 'HeldOnCustomer' })

const receiptShape = z
  .strictObject({
    customer_id: z.int(),
    erased_at: date,
    counts: z.record(z.string(), z.int()),
    is_log_emptied: z.boolean(),
  })
  .meta({ id: 'ErasureReceipt' })

const erasedMessage = 'Erased successfully'

/** Additions: what is held on one customer, and the customer taken out of it. */
export const privacy: readonly Endpoint[] = [
  withPreparation({
    method: 'POST',
    path: '/customers/:id/export',
    scope: 'customers:export',
    tag: 'Customers',
    summary: 'Give out everything that is held on a customer',
    // Kept for replays only under the caller's own key.
    isSecret: true,
    answer: { status: 200, shape: single(heldShape) },
    prepare({ tx, params }, services, { request }) {
      const { id } = getCustomer(tx, idIn(params))
      const { actor } = tx
      services.keepOpen(request)
      return () => services.privacy.held(actor, id)
    },
    run({ tx, params }, held: Held) {
      const { id, uid } = getCustomer(tx, idIn(params))
      tx.emit('customer.exported', null, { id, uid })
      return { status: 200, body: { data: presentHeld(held) } }
    },
  }),
  withPreparation({
    method: 'POST',
    path: '/customers/:id/erase',
    scope: 'customers:erase',
    tag: 'Customers',
    summary: 'Take a customer out of everything, for good',
    answer: { status: 200, shape: told(receiptShape, erasedMessage) },
    prepare({ tx, params }, services, { request }) {
      const { id } = getCustomer(tx, idIn(params))
      const { actor } = tx
      services.keepOpen(request)
      return () => services.privacy.erase(actor, id)
    },
    run: (_call, receipt: Receipt) => ({
      status: 200,
      body: { data: presentReceipt(receipt), message: erasedMessage },
    }),
  }),
]

function presentHeld({ customer, records }: Held) {
  const tables = Object.entries(records).map(([table, rows]) => [table, rows.map(readable)])
  return { customer: readable(customer), records: Object.fromEntries(tables) as object }
}

function presentReceipt({ customerId, erasedAt, counts, isLogEmptied }: Receipt) {
  return {
    customer_id: customerId,
    erased_at: isoSeconds(erasedAt),
    counts,
    is_log_emptied: isLogEmptied,
  }
}

function idIn(params: { readonly [name: string]: string }): number {
  return found(integerId(params['id'] ?? ''), 'customer')
}
