import { z } from 'zod'
import {
  customerVersionByUid,
  getCustomerByEmail,
  getCustomerByUid,
  saveCustomer,
  searchCustomers,
  updateCustomer,
  type Customer,
} from '../../domain/customers.ts'
import { publicId, uidOf } from '../../lib/ids.ts'
import { isoSeconds, isoSecondsOrNull, secondMs } from '../../lib/time.ts'
import type { Endpoint } from '../endpoint.ts'
import { read, readQuery } from '../fields.ts'
import type { CustomerField } from '../shown.ts'
import { email, flag, names, oneOf, optionalText, priorityWords } from './fields.ts'
import { date } from './shapes.ts'
import { byOffset, type KevaSurface } from './surface.ts'

const lineMax = 250
const tagMax = 250
const notesMax = 10_000

/** keva.md 7.3, what may be written at any time. */
const profile = {
  name: optionalText(lineMax),
  company: optionalText(lineMax),
  phone: optionalText(lineMax),
  jobTitle: optionalText(lineMax),
  location: optionalText(lineMax),
  timezone: optionalText(lineMax),
  isVip: flag(),
  priorityOverride: oneOf(priorityWords).nullable().optional(),
  tags: names(tagMax).optional(),
  notes: optionalText(notesMax),
  salesforceContactId: optionalText(lineMax),
  hubspotContactId: optionalText(lineMax),
} satisfies { readonly [F in Exclude<CustomerField, 'email'>]: z.ZodType }

const upsert = z.object({ email: email(), ...profile })
const changes = z.object(profile)
const filters = z.object({
  search: z.string().optional(),
  vipOnly: oneOf(['true', 'false']).optional(),
})
const address = z.object({ email: email() })

const sentiments = ['positive', 'neutral', 'negative'] as const
const trends = ['improving', 'stable', 'declining'] as const

const shape = z
  .strictObject({
    id: z.string(),
    email: z.string(),
    name: z.string().nullable(),
    company: z.string().nullable(),
    phone: z.string().nullable(),
    jobTitle: z.string().nullable(),
    location: z.string().nullable(),
    timezone: z.string().nullable(),
    isVip: z.boolean(),
    priorityOverride: z.enum(priorityWords).nullable(),
    tags: z.array(z.string()),
    notes: z.string(),
    totalTickets: z.int(),
    openTickets: z.int(),
    avgResolutionTime: z.int().meta({ description: 'Seconds; 0 while no ticket is resolved' }),
    overallSentiment: z.enum(sentiments),
    sentimentTrend: z.enum(trends),
    firstTicketAt: date.nullable(),
    lastTicketAt: date.nullable(),
    salesforceContactId: z.string().nullable(),
    hubspotContactId: z.string().nullable(),
    createdAt: date,
    updatedAt: date,
  })
  .meta({ id: 'Customer' })

function present(customer: Customer) {
  return {
    id: publicId('customer', customer.uid),
    email: customer.email,
    name: customer.name,
    company: customer.company,
    phone: customer.phone,
    jobTitle: customer.jobTitle,
    location: customer.location,
    timezone: customer.timezone,
    isVip: customer.isVip,
    priorityOverride: customer.priorityOverride,
    tags: customer.tags,
    notes: customer.notes ?? '',
    totalTickets: customer.totalTickets,
    openTickets: customer.openTickets,
    avgResolutionTime: averageSeconds(customer),
    overallSentiment: customer.overallSentiment ?? 'neutral',
    sentimentTrend: customer.sentimentTrend ?? 'stable',
    firstTicketAt: isoSecondsOrNull(customer.firstTicketAt),
    lastTicketAt: isoSecondsOrNull(customer.lastTicketAt),
    salesforceContactId: customer.salesforceContactId,
    hubspotContactId: customer.hubspotContactId,
    createdAt: isoSeconds(customer.createdAt),
    updatedAt: isoSeconds(customer.updatedAt),
  }
}

/** keva.md section 7: no delete. */
export function customers(on: KevaSurface): readonly Endpoint[] {
  const list = on.list('customers', byOffset('customers', { usual: 50, most: 100 }))
  const single = on.single(shape)
  return [
    {
      method: 'GET',
      path: '/customers',
      scope: 'customers:read',
      tag: 'Customers',
      summary: 'List customers, newest first',
      query: list.query(filters),
      answer: list.answer(shape),
      run({ tx, query }) {
        const { search, vipOnly } = readQuery(tx, filters, query)
        const filter = { search, vipOnly: vipOnly === 'true' }
        const body = list.body(query, (window) => searchCustomers(tx, filter, window), present)
        return { status: 200, body }
      },
    },
    {
      method: 'POST',
      path: '/customers',
      scope: 'customers:write',
      tag: 'Customers',
      summary: 'Add a customer, or change the one with that e-mail',
      body: upsert,
      answer: { status: 201, also: 200, shape: single, isVersioned: true },
      run({ tx, body }) {
        const { email: to, ...fields } = read(tx, upsert, body)
        const { customer, isNew } = saveCustomer(tx, to, columnsOf(fields))
        return answerOf(on, customer, isNew ? 201 : 200)
      },
    },
    {
      method: 'GET',
      path: '/customers/lookup',
      scope: 'customers:read',
      tag: 'Customers',
      summary: 'Find a customer by e-mail',
      query: address,
      answer: { status: 200, shape: single, isVersioned: true },
      run({ tx, query }) {
        const { email: of } = readQuery(tx, address, withPlus(query))
        return answerOf(on, getCustomerByEmail(tx, of))
      },
    },
    {
      method: 'GET',
      path: '/customers/:id',
      scope: 'customers:read',
      tag: 'Customers',
      summary: 'Read a customer',
      answer: { status: 200, shape: single, isVersioned: true },
      run: ({ tx, params }) => answerOf(on, getCustomerByUid(tx, uidIn(params))),
    },
    {
      method: 'PATCH',
      path: '/customers/:id',
      scope: 'customers:write',
      tag: 'Customers',
      summary: 'Change a customer; what is left out stays',
      body: changes,
      answer: { status: 200, shape: single, isVersioned: true },
      version: ({ tx, params }) => customerVersionByUid(tx, uidIn(params)),
      run({ tx, params, body }) {
        const { id } = getCustomerByUid(tx, uidIn(params))
        return answerOf(on, updateCustomer(tx, id, columnsOf(read(tx, changes, body))))
      },
    },
  ]
}

function answerOf(on: KevaSurface, customer: Customer, status = 200) {
  return { status, body: on.body(present(customer)), version: customer.version }
}

/** A tag that is repeated counts once. */
function columnsOf({ tags, ...fields }: z.output<typeof changes>) {
  return { ...fields, tags: tags && [...new Set(tags)] }
}

function averageSeconds({ resolutionMs, resolvedTickets }: Customer): number {
  return resolvedTickets === 0 ? 0 : Math.round(resolutionMs / resolvedTickets / secondMs)
}

/** An address has no blank, so one in it is a `+` that was not escaped: `ann+desk@shop.test`. */
function withPlus(query: URLSearchParams): URLSearchParams {
  const sent = query.get('email')
  return new URLSearchParams(sent === null ? '' : { email: sent.trim().replaceAll(' ', '+') })
}

function uidIn(params: { readonly [name: string]: string }): string | undefined {
  return uidOf('customer', params['id'] ?? '')
}
