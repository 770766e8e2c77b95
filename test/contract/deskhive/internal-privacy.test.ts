import { expect } from 'bun:test'
import { contract } from '../../support/contract.ts'
import { mara, ticket } from '../../support/seed.ts'
import { call } from '../../support/send.ts'
import { internalRefusals } from '../refusals.ts'
import { notFound } from './views.ts'

// Additions: everything that is held on a customer, given out and taken out.

const line = '/api/v1/internal/customers'
const exportLine = `POST ${line}/1/export`

type Held = {
  readonly data: {
    readonly customer: { readonly [column: string]: unknown }
    readonly records: { readonly [table: string]: readonly object[] }
  }
}

contract(exportLine, { key: 'special', call: exportLine, given: ticket }, [
  {
    name: 'gives out everything that is held on a customer, and tells of it',
    status: 200,
    reply: ({ data: { customer, records } }: Held) => {
      expect(customer).toMatchObject({
        id: 1,
        email: 'mara@northwind.test',
        name: 'Mara Lind',
        is_blocked: false,
        tags: [],
        created_at: '2026-05-04T08:15:00Z',
      })
      expect(records['tickets']).toMatchObject([{ id: 1, customer_id: 1 }])
      expect(records['messages']).toMatchObject([{ ticket_id: 1, is_opening: true }])
      expect(records['events']).toMatchObject([
        { type: 'customer.created', body: { email: 'mara@northwind.test' } },
        { type: 'ticket.created' },
        { type: 'message.created' },
      ])
    },
    events: ['customer.exported'],
    after(app) {
      expect(app.eventsAfter(0).at(-1)).toMatchObject({ actorKeyId: expect.any(Number) })
    },
  },
  {
    name: 'gives it to a key that has the scope',
    key: 'scoped',
    status: 200,
    reply: ({ data }: Held) => expect(data.customer).toMatchObject({ id: 1 }),
    events: ['customer.exported'],
  },
  { ...notFound, name: 'does not find another', call: `POST ${line}/2/export` },
  { ...notFound, name: 'does not find what is no number', call: `POST ${line}/x/export` },
  ...internalRefusals(`POST ${line}/99/export`),
])

const eraseLine = `POST ${line}/1/erase`

contract(eraseLine, { key: 'special', call: eraseLine, given: ticket }, [
  {
    name: 'takes a customer out of everything, and gives a receipt',
    status: 200,
    reply: {
      data: {
        customer_id: 1,
        erased_at: '2026-05-04T08:15:00Z',
        counts: {
          tickets: 1,
          messages: 1,
          approvals: 0,
          notifications: 0,
          delivery_attempts: 0,
          deliveries: 0,
          activity: 1,
          events: 3,
          workflow_runs: 0,
          workflow_steps: 0,
          idempotency: 0,
          customers: 1,
          articles: 0,
          canned_responses: 0,
          ticket_custom_values: 0,
        },
        is_log_emptied: true,
      },
      message: 'Erased successfully',
    },
    events: ['customer.erased'],
    async after(app) {
      const shown = await call(app, `GET ${line}/1`, { key: 'special' })
      expect(shown.body).toMatchObject({ data: { phone: null } })
      expect(shown.text).not.toContain('mara')
      const opened = await call(app, 'GET /api/v1/internal/tickets/1', { key: 'special' })
      expect(opened.body).toMatchObject({ data: { title: '[erased]', content: '[erased]' } })
      expect(app.dump().get('events')).not.toContain('mara')
      const log = await call(app, 'GET /api/v1/internal/activity-logs', { key: 'special' })
      expect(log.text).toContain('"Customer \\"1\\" erased"')
      expect(log.text).toContain('"Customer \\"[erased]\\" created"')
    },
  },
  {
    name: 'does it once',
    given: [mara, { call: eraseLine }],
    status: 200,
    reply: { data: expect.objectContaining({ customer_id: 1 }), message: 'Erased successfully' },
    events: [],
  },
  {
    name: 'lets the address be a new customer’s',
    given: [mara, { call: eraseLine }],
    call: `POST ${line}`,
    body: { name: 'Mara Lind', email: 'mara@northwind.test' },
    status: 201,
    reply: {
      data: expect.objectContaining({ id: 2, email: 'mara@northwind.test' }),
      message: 'Created successfully',
    },
    events: ['customer.created'],
  },
  { ...notFound, name: 'does not find another', call: `POST ${line}/2/erase` },
  { ...notFound, name: 'does not find what is no number', call: `POST ${line}/x/erase` },
  ...internalRefusals(`POST ${line}/99/erase`),
])
