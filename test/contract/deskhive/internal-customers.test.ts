import { expect } from 'bun:test'
import { contract, type Row } from '../../support/contract.ts'
import type { TestApp } from '../../support/harness.ts'
import { mara } from '../../support/seed.ts'
import { internalRefusals } from '../refusals.ts'
import { maraView, meta, notFound } from './views.ts'

// deskhive.md section 12.

const line = '/api/v1/internal/customers'
const createLine = `POST ${line}`
const fields = { name: 'Mara Lind', email: 'mara@northwind.test' }
const created = 'Created successfully'
const updated = 'Updated successfully'

const taken = {
  status: 422,
  reply: {
    message: 'The email has already been taken.',
    errors: { email: ['The email has already been taken.'] },
  },
}

contract(createLine, { key: 'special', call: createLine }, [
  {
    name: 'adds a customer',
    body: fields,
    status: 201,
    reply: { data: maraView, message: created },
    events: ['customer.created'],
  },
  {
    name: 'adds one for a key that has the scope, with all fields, trimmed',
    key: 'scoped',
    body: { ...fields, name: ' Mara Lind ', phone: ' +46 8 555 0142', envato_username: 'mara' },
    status: 201,
    reply: {
      data: { ...maraView, phone: '+46 8 555 0142', envato_username: 'mara' },
      message: created,
    },
    events: ['customer.created'],
  },
  {
    name: 'takes null and blank text as no value',
    body: { ...fields, phone: null, envato_username: '  ' },
    status: 201,
    reply: { data: maraView, message: created },
    events: ['customer.created'],
  },
  {
    name: 'takes an address of another script',
    body: { name: 'Ünal', email: 'ünal@müşteri.test' },
    status: 201,
    reply: { data: { ...maraView, name: 'Ünal', email: 'ünal@müşteri.test' }, message: created },
    events: ['customer.created'],
  },
  { ...taken, name: 'refuses a taken address', given: mara, body: fields },
  {
    ...taken,
    name: 'refuses a taken address in other letters',
    given: mara,
    body: { ...fields, email: 'MARA@northwind.TEST' },
  },
  {
    name: 'requires name and e-mail',
    body: { phone: '1' },
    status: 422,
    reply: {
      message: 'The name field is required. (and 1 more error)',
      errors: { name: ['The name field is required.'], email: ['The email field is required.'] },
    },
  },
  {
    name: 'says every wrong value at once',
    body: {
      name: 'x'.repeat(251),
      email: 'mara@',
      phone: '1'.repeat(51),
      envato_username: 'y'.repeat(251),
    },
    status: 422,
    reply: {
      message: 'The name field must not be greater than 250 characters. (and 3 more errors)',
      errors: {
        name: ['The name field must not be greater than 250 characters.'],
        email: ['The email field must be a valid email address.'],
        phone: ['The phone field must not be greater than 50 characters.'],
        envato_username: ['The envato username field must not be greater than 250 characters.'],
      },
    },
  },
  {
    name: 'says wrong types',
    body: { name: 5, email: 5, phone: 5, envato_username: [] },
    status: 422,
    reply: {
      message: 'The name field must be a string. (and 3 more errors)',
      errors: {
        name: ['The name field must be a string.'],
        email: [expect.any(String)],
        phone: ['The phone field must be a string.'],
        envato_username: ['The envato username field must be a string.'],
      },
    },
  },
  ...internalRefusals(createLine),
])

const readLine = `GET ${line}/1`

contract(readLine, { key: 'special', call: readLine, given: mara }, [
  { name: 'shows a customer', status: 200, reply: { data: maraView } },
  {
    name: 'shows whether the customer is blocked, and why',
    given: [mara, (app) => app.sql("UPDATE customers SET is_blocked = 1, block_reason = 'spam'")],
    status: 200,
    reply: { data: { ...maraView, is_blocked: true, block_reason: 'spam' } },
  },
  { ...notFound, name: 'does not find another', call: `GET ${line}/2` },
  ...internalRefusals(`GET ${line}/99`),
])

const listLine = `GET ${line}`

/** Names that people sort otherwise than bytes do. */
const people: readonly string[] = ['Östen', 'ann', 'Åsa', 'Bo', 'Ann']

contract(listLine, { key: 'special', call: listLine }, [
  { name: 'is empty at first', status: 200, reply: { data: [], meta: meta(0) } },
  {
    name: 'shows whole records',
    given: mara,
    status: 200,
    reply: { data: [maraView], meta: meta(1) },
  },
  {
    name: 'sorts by name as people do, ties by id',
    given: people.map((name, at) => ({ call: createLine, body: { name, email: `c${at}@x.test` } })),
    status: 200,
    reply: (body: { data: { id: number; name: string }[]; meta: object }) => {
      const shown = body.data.map((one) => `${one.id} ${one.name}`)
      expect(shown).toEqual(['2 ann', '5 Ann', '3 Åsa', '4 Bo', '1 Östen'])
      expect(body.meta).toEqual(meta(5))
    },
  },
  {
    name: 'pages',
    call: `${listLine}?per_page=2&page=3`,
    given: people.map((name, at) => ({ call: createLine, body: { name, email: `c${at}@x.test` } })),
    status: 200,
    reply: { data: [expect.objectContaining({ name: 'Östen' })], meta: meta(5, 3, 2) },
  },
  ...internalRefusals(listLine),
])

const at16 = '2026-05-04T08:16:00Z'
const minuteLater = (app: TestApp) => app.advance(60_000)

/** The rows of both verbs that change a customer; `required` tells how they differ (D3). */
function changes(method: 'PUT' | 'PATCH', required: readonly Row[]): void {
  const call = `${method} ${line}/1`
  const given = [mara, minuteLater]
  contract(call, { key: 'special', call, given }, [
    {
      name: 'changes everything',
      body: { name: 'Mara Lund', email: 'lund@northwind.test', phone: '1', envato_username: 'm' },
      status: 200,
      reply: {
        data: {
          ...maraView,
          name: 'Mara Lund',
          email: 'lund@northwind.test',
          phone: '1',
          envato_username: 'm',
          updated_at: at16,
        },
        message: updated,
      },
      events: ['customer.updated'],
    },
    {
      name: 'keeps what is left out, and null clears',
      given: [
        { call: createLine, body: { ...fields, phone: '1', envato_username: 'm' } },
        minuteLater,
      ],
      body: { ...fields, phone: null },
      status: 200,
      reply: {
        data: { ...maraView, envato_username: 'm', updated_at: at16 },
        message: updated,
      },
      events: ['customer.updated'],
    },
    {
      name: 'changes nothing by the same values',
      body: fields,
      status: 200,
      reply: { data: maraView, message: updated },
    },
    {
      name: 'takes its own address in other letters',
      body: { ...fields, email: 'Mara@Northwind.test' },
      status: 200,
      reply: {
        data: { ...maraView, email: 'Mara@Northwind.test', updated_at: at16 },
        message: updated,
      },
      events: ['customer.updated'],
    },
    {
      ...taken,
      name: 'refuses the address of another',
      given: [mara, { call: createLine, body: { name: 'Bo', email: 'bo@northwind.test' } }],
      body: { ...fields, email: 'BO@northwind.test' },
    },
    {
      name: 'does not block',
      body: { ...fields, is_blocked: true, block_reason: 'x', avatar_url: 'x', id: 9 },
      status: 200,
      reply: { data: maraView, message: updated },
    },
    {
      ...notFound,
      name: 'does not find another, whatever the body',
      call: `${method} ${line}/2`,
      body: { email: 5 },
    },
    ...required,
    ...internalRefusals(`${method} ${line}/99`),
  ])
}

changes('PUT', [
  {
    name: 'requires name and e-mail again (D3)',
    body: { phone: '1' },
    status: 422,
    reply: {
      message: 'The name field is required. (and 1 more error)',
      errors: { name: ['The name field is required.'], email: ['The email field is required.'] },
    },
  },
])

changes('PATCH', [
  {
    name: 'requires nothing',
    body: { phone: '1' },
    status: 200,
    reply: { data: { ...maraView, phone: '1', updated_at: at16 }, message: updated },
    events: ['customer.updated'],
  },
])

contract('DELETE /internal/customers/{id}', { key: 'special', given: mara }, [
  {
    name: 'is no endpoint',
    call: `DELETE ${line}/1`,
    status: 405,
    reply: { message: 'Method not allowed' },
    answers: { allow: 'GET, HEAD, PUT, PATCH' },
  },
])
