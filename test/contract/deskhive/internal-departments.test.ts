import { expect } from 'bun:test'
import { contract, type Before } from '../../support/contract.ts'
import { staff, type TestApp } from '../../support/harness.ts'
import { catalog, ticket } from '../../support/seed.ts'
import {
  answers,
  at16,
  bySortOrder,
  created,
  deleted,
  lowOrder,
  minuteLater,
  nounContract,
  stamps,
  updated,
  wrongOrder,
  wrongStatus,
} from './catalog.ts'
import { meta, ticketView } from './views.ts'

// deskhive.md section 8.

const line = '/api/v1/internal/departments'
const createLine = `POST ${line}`
const least = { name: 'Billing' }

/** A good address of 252 characters. */
const longEmail = `${'a'.repeat(60)}@${`${'b'.repeat(60)}.`.repeat(3)}testtest`

/** Department 1 as a list shows it (section 8). */
const view = {
  id: 1,
  name: 'Billing',
  description: null,
  email: null,
  is_default: false,
  status: 'published',
  sort_order: 0,
  ...stamps,
}

nounContract({
  path: 'departments',
  event: 'department',
  least,
  view,
  whole: {
    name: 'Workshop Repairs',
    description: 'Hardware faults and spare parts',
    email: 'repairs@kilnworks.example',
    is_default: true,
    status: 'draft',
    sort_order: 10,
  },
  nullable: ['description', 'email'],
  missing: { name: ['The name field is required.'] },
  wrong: [
    {
      name: 'says wrong types',
      body: { name: 5, description: 5, email: 5, is_default: 'yes', status: 5, sort_order: '1.5' },
      errors: {
        name: ['The name field must be a string.'],
        description: ['The description field must be a string.'],
        email: ['The email field must be a string.'],
        is_default: ['The is default field must be true or false.'],
        status: [wrongStatus],
        sort_order: [wrongOrder],
      },
    },
    {
      name: 'says every wrong value at once',
      body: {
        name: 'x'.repeat(251),
        description: 'y'.repeat(1001),
        email: 'repairs@',
        is_default: 2,
        status: 'Published',
        sort_order: -1,
      },
      errors: {
        name: ['The name field must not be greater than 250 characters.'],
        description: ['The description field must not be greater than 1000 characters.'],
        email: ['The email field must be a valid email address.'],
        is_default: ['The is default field must be true or false.'],
        status: [wrongStatus],
        sort_order: [lowOrder],
      },
    },
    {
      name: 'refuses an address that is too long',
      body: { ...least, email: longEmail },
      errors: { email: ['The email field must not be greater than 250 characters.'] },
    },
    {
      name: 'refuses null for what has no null',
      body: { ...least, is_default: null, status: null, sort_order: null },
      errors: {
        is_default: ['The is default field must be true or false.'],
        status: [wrongStatus],
        sort_order: [wrongOrder],
      },
    },
  ],
  order: bySortOrder(least),
  more: { agents: [] },
})

const fromForm = { ...view, description: 'Money', is_default: true, sort_order: 3 }
const formFields = {
  name: ' Billing ',
  description: 'Money',
  email: '',
  is_default: '1',
  sort_order: '3',
}

function multipart(fields: { readonly [name: string]: string }): FormData {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  return form
}

contract('departments by forms', { key: 'special', call: createLine }, [
  {
    name: 'urlencoded',
    body: new URLSearchParams(formFields),
    status: 201,
    reply: { data: fromForm, message: created },
    events: ['department.created'],
  },
  {
    name: 'multipart',
    body: multipart(formFields),
    status: 201,
    reply: { data: fromForm, message: created },
    events: ['department.created'],
  },
  {
    name: 'a change',
    call: `PUT ${line}/1`,
    given: [{ call: createLine, body: least }, minuteLater],
    body: new URLSearchParams(formFields),
    status: 200,
    reply: { data: { ...fromForm, updated_at: at16 }, message: updated },
    events: ['department.updated'],
  },
])

const first: Before = { call: createLine, body: { name: 'First', is_default: true } }
const second: Before = { call: createLine, body: { name: 'Second' } }

/** Exactly these departments are the default. */
function defaults(...ids: readonly number[]) {
  return (app: TestApp) => {
    const rows = app.dump().get('departments') ?? '[]'
    const all = JSON.parse(rows) as { id: number; is_default: number }[]
    expect(all.flatMap(({ id, is_default: is }) => (is === 1 ? [id] : []))).toEqual([...ids])
  }
}

contract('the default department', { key: 'special' }, [
  {
    name: 'gives the flag to a new one',
    call: createLine,
    given: [first],
    body: { name: 'Second', is_default: true },
    status: 201,
    reply: { data: { ...view, id: 2, name: 'Second', is_default: true }, message: created },
    events: ['department.created'],
    after: defaults(2),
  },
  ...(['PUT', 'PATCH'] as const).map((method) => ({
    name: `gives the flag to another by ${method}`,
    call: `${method} ${line}/2`,
    given: [first, second, minuteLater],
    body: { name: 'Second', is_default: true },
    status: 200,
    reply: {
      data: { ...view, id: 2, name: 'Second', is_default: true, updated_at: at16 },
      message: updated,
    },
    events: ['department.updated'],
    after: defaults(2),
  })),
  {
    name: 'keeps the flag when another is changed otherwise',
    call: `PUT ${line}/2`,
    given: [first, second],
    body: { name: 'Third', is_default: false },
    status: 200,
    reply: { data: { ...view, id: 2, name: 'Third' }, message: updated },
    events: ['department.updated'],
    after: defaults(1),
  },
  {
    name: 'keeps the flag when another is refused it',
    call: `PUT ${line}/2`,
    given: [first, second],
    body: { is_default: true },
    status: 422,
    reply: {
      message: 'The name field is required.',
      errors: { name: ['The name field is required.'] },
    },
    after: defaults(1),
  },
  {
    name: 'may give it up',
    call: `PATCH ${line}/1`,
    given: [first, minuteLater],
    body: { is_default: false },
    status: 200,
    reply: { data: { ...view, name: 'First', updated_at: at16 }, message: updated },
    events: ['department.updated'],
    after: defaults(),
  },
])

/** Puts the agents into department 1. */
function members(app: TestApp): void {
  const rows = [staff.tomas, staff.noor, staff.ida].map((id) => `(1, ${id})`)
  app.sql(`INSERT INTO department_agents (department_id, staff_id) VALUES ${rows.join(', ')}`)
}

contract('the agents of a department', { key: 'special' }, [
  {
    name: 'stand in a single read, by name',
    call: `GET ${line}/1`,
    given: [{ call: createLine, body: least }, members],
    status: 200,
    reply: {
      data: {
        ...view,
        agents: [
          { id: staff.ida, name: 'Ida Falk' },
          { id: staff.noor, name: 'Noor Haddad' },
          { id: staff.tomas, name: 'Tomas Berg' },
        ],
      },
    },
  },
  {
    name: 'sort as people sort names',
    call: `GET ${line}/1`,
    given: [
      { call: createLine, body: least },
      members,
      { call: 'PATCH /api/v1/internal/agents/2', body: { name: 'Åke Berg' } },
      { call: 'PATCH /api/v1/internal/agents/3', body: { name: 'ingrid Falk' } },
    ],
    status: 200,
    reply: {
      data: {
        ...view,
        agents: [
          { id: staff.tomas, name: 'Åke Berg' },
          { id: staff.ida, name: 'ingrid Falk' },
          { id: staff.noor, name: 'Noor Haddad' },
        ],
      },
    },
  },
  {
    name: 'stand in no list',
    call: `GET ${line}`,
    given: [{ call: createLine, body: least }, members],
    status: 200,
    reply: { data: [view], meta: meta(1) },
  },
  {
    name: 'are members no more of one that is deleted',
    call: `DELETE ${line}/1`,
    given: [{ call: createLine, body: least }, members],
    status: 200,
    reply: { data: null, message: deleted },
    events: ['department.deleted'],
    after: (app) => expect(app.dump().get('department_agents')).toBe('[]'),
  },
])

contract(`DELETE ${line}/1 of a ticket`, { key: 'special', call: `DELETE ${line}/1` }, [
  {
    name: 'leaves the ticket without a department',
    given: [
      catalog,
      ticket,
      { call: 'PUT /api/v1/internal/tickets/1', body: { department_id: 1 } },
    ],
    status: 200,
    reply: { data: null, message: deleted },
    events: ['department.deleted'],
    after: answers('GET /api/v1/internal/tickets/1', 200, { data: ticketView }),
  },
])

contract('a draft', { key: 'special' }, [
  {
    name: 'may be given to a ticket',
    call: 'PUT /api/v1/internal/tickets/1',
    given: [ticket, { call: createLine, body: { ...least, status: 'draft' } }],
    body: { department_id: 1 },
    status: 200,
    reply: {
      data: { ...ticketView, department: { id: 1, name: 'Billing' } },
      message: updated,
    },
    events: ['ticket.updated'],
  },
])
