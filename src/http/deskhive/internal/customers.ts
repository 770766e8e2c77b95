import { z } from 'zod'
import {
  createCustomer,
  customerVersionOf,
  getCustomer,
  isCustomerEmailTaken,
  listCustomers,
  updateCustomer,
  type Customer,
} from '../../../domain/customers.ts'
import { found } from '../../../domain/errors.ts'
import type { Reader, Tx } from '../../../domain/tx.ts'
import { integerId } from '../../../lib/ids.ts'
import { isoSeconds } from '../../../lib/time.ts'
import type { Call, Endpoint } from '../../endpoint.ts'
import { asking, partial, read } from '../../fields.ts'
import { created, list, listed, pagingOf, pagingQuery, single, told, updated } from '../envelope.ts'
import { email, optionalText, text } from '../fields.ts'
import { date } from '../shapes.ts'

const perPage = 15

const fields = z.object({
  name: text(250),
  email: asking(email(250), {
    rule: 'unique',
    holds: (reader, address: string, self) => !isCustomerEmailTaken(reader, address, self),
  }),
  phone: optionalText(50),
  envato_username: optionalText(250),
})

const changes = partial(fields)

const shape = z
  .strictObject({
    id: z.int(),
    name: z.string(),
    email: z.string(),
    phone: z.string().nullable(),
    envato_username: z.string().nullable(),
    avatar_url: z.string().nullable(),
    is_blocked: z.boolean(),
    block_reason: z.string().nullable(),
    created_at: date,
    updated_at: date,
  })
  .meta({ id: 'Customer' })

function present(customer: Customer) {
  return {
    id: customer.id,
    name: customer.name ?? customer.email,
    email: customer.email,
    phone: customer.phone,
    envato_username: customer.envatoUsername,
    avatar_url: customer.avatarUrl,
    is_blocked: customer.isBlocked,
    block_reason: customer.blockReason,
    created_at: isoSeconds(customer.createdAt),
    updated_at: isoSeconds(customer.updatedAt),
  }
}

/** deskhive.md section 12: no delete. */
export const customers: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/customers',
    scope: 'customers:list',
    tag: 'Customers',
    summary: 'List customers by name',
    query: z.object(pagingQuery(perPage)),
    answer: { status: 200, shape: list(shape) },
    run({ tx, query }) {
      const paging = pagingOf(query, perPage)
      return { status: 200, body: listed(paging, listCustomers(tx, paging.range), present) }
    },
  },
  {
    method: 'POST',
    path: '/customers',
    scope: 'customers:create',
    tag: 'Customers',
    summary: 'Add a customer',
    body: fields,
    answer: { status: 201, shape: told(shape, created), isVersioned: true },
    run({ tx, body }) {
      const { envato_username: envatoUsername, ...given } = read(tx, fields, body)
      const customer = createCustomer(tx, { ...given, envatoUsername })
      const { version } = customer
      return { status: 201, body: { data: present(customer), message: created }, version }
    },
  },
  {
    method: 'GET',
    path: '/customers/:id',
    scope: 'customers:read',
    tag: 'Customers',
    summary: 'Read a customer',
    answer: { status: 200, shape: single(shape), isVersioned: true },
    run({ tx, params }) {
      const customer = getCustomer(tx, idIn(params))
      return { status: 200, body: { data: present(customer) }, version: customer.version }
    },
  },
  {
    method: 'PUT',
    path: '/customers/:id',
    scope: 'customers:update',
    tag: 'Customers',
    summary: 'Change a customer; name and e-mail must be given',
    body: fields,
    answer: { status: 200, shape: told(shape, updated), isVersioned: true },
    version: versionIn,
    run: (call) => change(call, fields),
  },
  {
    method: 'PATCH',
    path: '/customers/:id',
    scope: 'customers:update',
    tag: 'Customers',
    summary: 'Change a customer; what is left out stays',
    body: changes,
    answer: { status: 200, shape: told(shape, updated), isVersioned: true },
    version: versionIn,
    run: (call) => change(call, changes),
  },
]

function change({ tx, params, body }: Call<Tx>, table: typeof fields | typeof changes) {
  const { id } = getCustomer(tx, idIn(params))
  const { envato_username: envatoUsername, ...given } = read(tx, table, body, id)
  const customer = updateCustomer(tx, id, { ...given, envatoUsername })
  const { version } = customer
  return { status: 200, body: { data: present(customer), message: updated }, version }
}

function versionIn({ tx, params }: Call<Reader>): number | undefined {
  return customerVersionOf(tx, integerId(params['id'] ?? ''))
}

function idIn(params: { readonly [name: string]: string }): number {
  return found(integerId(params['id'] ?? ''), 'customer')
}
