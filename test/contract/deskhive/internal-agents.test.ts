import { expect } from 'bun:test'
import { updateStaff } from '../../../src/domain/staff.ts'
import { Passwords } from '../../../src/security/password.ts'
import { contract, type Before, type Row } from '../../support/contract.ts'
import { keyId, staff, type TestApp } from '../../support/harness.ts'
import { agentTicket, catalog } from '../../support/seed.ts'
import { call } from '../../support/send.ts'
import { internalRefusals } from '../refusals.ts'
import {
  answers,
  at16,
  created,
  deleted,
  invalid,
  minuteLater,
  stamps,
  updated,
  type Errors,
} from './catalog.ts'
import { meta, notFound, ofTomas, ticketView, tomas } from './views.ts'

// deskhive.md section 13. The desk of the tests has three agents: Tomas (2), Ida (3), Noor (4).

const line = '/api/v1/internal/agents'
const createLine = `POST ${line}`
const password = 'correct horse'
const least = { name: 'Bo Ek', email: 'bo@northwind.test', password }

const defaults = {
  phone: null as string | null,
  locale: null as string | null,
  avatar_url: null,
  is_active: true,
  departments: [] as object[],
  notification_settings: {},
  ...stamps,
}

const view = { id: 5, name: least.name, email: least.email, ...defaults }
const tomasView = { ...tomas, email: 'tomas@northwind.test', ...defaults }
const idaView = {
  id: staff.ida,
  name: 'Ida Falk',
  email: 'ida@northwind.test',
  ...defaults,
  is_active: false,
}
const noorView = { id: staff.noor, name: 'Noor Haddad', email: 'noor@northwind.test', ...defaults }

const repairs = { id: 1, name: 'Repairs' }
const billing = { id: 2, name: 'Billing' }

const whole = {
  name: 'Bo Lund',
  email: 'lund@northwind.test',
  phone: '+47 22 55 01 99',
  locale: 'nb',
  is_active: false,
  departments: [2, 1],
}
const wholeShown = { ...whole, departments: [repairs, billing] }

const taken = invalid({ email: ['The email has already been taken.'] })

function hashOf(app: TestApp, id: number): string | null {
  const rows = JSON.parse(app.dump().get('staff') ?? '[]') as {
    id: number
    password_hash: string | null
  }[]
  return rows.find((row) => row.id === id)?.password_hash ?? null
}

/** The password of an agent is this one, and stands nowhere in clear. */
function hasPassword(id: number, text: string): Required<Row>['after'] {
  return async (app, answer) => {
    const fits = new Passwords({ memoryKiB: 8, passes: 1 }).verify(text, hashOf(app, id))
    expect(await fits).toBe(true)
    expect(answer.text).not.toContain(text)
    expect(answer.text).not.toContain('argon2')
    expect([...app.dump().values()].join('\n')).not.toContain(text)
  }
}

const wrongTypes: Errors = {
  name: ['The name field must be a string.'],
  email: ['The email field must be a string.'],
  password: ['The password field must be a string.'],
  phone: ['The phone field must be a string.'],
  locale: ['The locale field must be a string.'],
  is_active: ['The is active field must be true or false.'],
  departments: ['The departments field must be an array.'],
}

const wrongValues: Errors = {
  name: ['The name field must not be greater than 250 characters.'],
  email: ['The email field must be a valid email address.'],
  password: ['The password field must be at least 8 characters.'],
  phone: ['The phone field must not be greater than 50 characters.'],
  locale: ['The locale field must not be greater than 10 characters.'],
  is_active: ['The is active field must be true or false.'],
  'departments.1': ['The selected departments.1 is invalid.'],
  'departments.2': ['The selected departments.2 is invalid.'],
}

/** What POST, PUT and PATCH refuse alike. */
const refused: readonly Row[] = [
  {
    name: 'says wrong types',
    body: {
      name: 5,
      email: 5,
      password: 12_345_678,
      phone: 5,
      locale: [],
      is_active: 'yes',
      departments: 1,
    },
    ...invalid(wrongTypes),
  },
  {
    name: 'says every wrong value at once',
    body: {
      name: 'x'.repeat(251),
      email: 'bo@',
      password: 'seven77',
      phone: '1'.repeat(51),
      locale: 'x'.repeat(11),
      is_active: 2,
      departments: [1, 99, 'x'],
    },
    given: catalog,
    ...invalid(wrongValues),
  },
  {
    name: 'counts the characters of a password, not its bytes, up to a thousand',
    body: { ...least, password: 'å'.repeat(1001) },
    ...invalid({ password: ['The password field must not be greater than 1000 characters.'] }),
  },
  {
    name: 'refuses seven characters of two units each',
    body: { ...least, password: '😀'.repeat(7) },
    ...invalid({ password: ['The password field must be at least 8 characters.'] }),
  },
  {
    ...taken,
    name: 'refuses the address of another agent in other letters',
    body: { ...least, email: 'NOOR@northwind.TEST' },
  },
]

contract(createLine, { key: 'special', call: createLine }, [
  {
    name: 'adds an agent with the defaults',
    body: least,
    status: 201,
    reply: { data: view, message: created },
    events: ['staff.created'],
    after: hasPassword(5, password),
  },
  {
    name: 'adds one for a key that has the scope, with all fields, trimmed but for the password',
    key: 'scoped',
    given: catalog,
    body: { ...whole, name: ' Bo Lund ', email: ' lund@northwind.test\n', password: ' 8 blanks ' },
    status: 201,
    reply: { data: { ...view, ...wholeShown }, message: created },
    events: ['staff.created'],
    after: hasPassword(5, ' 8 blanks '),
  },
  {
    name: 'takes null and blank text as no value, and a department twice as once',
    given: catalog,
    body: { ...least, phone: null, locale: '  ', departments: [2, '2', 2] },
    status: 201,
    reply: { data: { ...view, departments: [billing] }, message: created },
    events: ['staff.created'],
  },
  {
    name: 'takes a form',
    given: catalog,
    body: new URLSearchParams([
      ...Object.entries(least),
      ['is_active', '0'],
      ['departments[]', '1'],
    ]),
    status: 201,
    reply: { data: { ...view, is_active: false, departments: [repairs] }, message: created },
    events: ['staff.created'],
  },
  {
    name: 'takes an address that an admin has',
    given: (app) =>
      app.sql(`UPDATE staff SET email = 'bo@x.test', email_key = 'bo@x.test' WHERE id = 1`),
    body: { ...least, email: 'bo@x.test' },
    status: 201,
    reply: { data: { ...view, email: 'bo@x.test' }, message: created },
    events: ['staff.created'],
  },
  {
    name: 'ignores what is no field',
    body: { ...least, id: 9, role: 'admin', avatar_url: 'x', notification_settings: { a: 1 } },
    status: 201,
    reply: { data: view, message: created },
    events: ['staff.created'],
  },
  {
    name: 'requires name, e-mail and password',
    body: { phone: '1', password: ' '.repeat(9) },
    ...invalid({
      name: ['The name field is required.'],
      email: ['The email field is required.'],
      password: ['The password field is required.'],
    }),
  },
  ...refused,
  ...internalRefusals(createLine),
])

const readLine = `GET ${line}/2`

contract(readLine, { key: 'special', call: readLine }, [
  { name: 'shows an agent', status: 200, reply: { data: tomasView } },
  {
    name: 'shows one to a key that has the scope',
    key: 'scoped',
    status: 200,
    reply: { data: tomasView },
  },
  {
    name: 'shows one who is not active',
    call: `GET ${line}/3`,
    status: 200,
    reply: { data: idaView },
  },
  { ...notFound, name: 'does not find another', call: `GET ${line}/99` },
  { ...notFound, name: 'does not find an admin', call: `GET ${line}/1` },
  ...internalRefusals(`GET ${line}/99`),
])

const listLine = `GET ${line}`

const inDepartments: Before[] = [
  { call: `PATCH ${line}/2`, body: { departments: [1, 2] } },
  { call: `PATCH ${line}/3`, body: { departments: [1] } },
]

/** A list with these agents, in this order. */
function shows(...ids: readonly number[]): Pick<Row, 'status' | 'reply'> {
  return {
    status: 200,
    reply: (body: { data: { id: number }[]; meta: object }) => {
      expect(body.data.map((one) => one.id)).toEqual([...ids])
      expect(body.meta).toEqual(meta(ids.length))
    },
  }
}

const people: readonly string[] = ['Östen', 'ann', 'Åsa', 'Bo', 'Ann']
const crowd = people.map((name, at) => ({
  call: createLine,
  body: { ...least, name, email: `c${at}@x.test` },
}))

contract(listLine, { key: 'special', call: listLine }, [
  {
    name: 'shows whole records by name, and no admin',
    status: 200,
    reply: { data: [idaView, noorView, tomasView], meta: meta(3) },
  },
  {
    name: 'shows the departments of each, in the order of the departments',
    given: [catalog, ...inDepartments],
    status: 200,
    reply: {
      data: [
        { ...idaView, departments: [repairs] },
        noorView,
        { ...tomasView, departments: [repairs, billing] },
      ],
      meta: meta(3),
    },
  },
  {
    name: 'sorts by name as people do, ties by id',
    given: crowd,
    ...shows(6, 9, 7, 8, staff.ida, staff.noor, 5, staff.tomas),
  },
  {
    name: 'follows a change of name',
    given: [{ call: `PATCH ${line}/2`, body: { name: 'Élan' } }],
    ...shows(staff.tomas, staff.ida, staff.noor),
  },
  {
    name: 'pages',
    call: `${listLine}?per_page=2&page=2`,
    status: 200,
    reply: { data: [tomasView], meta: meta(3, 2, 2) },
  },
  {
    name: 'is empty past its end',
    call: `${listLine}?page=9`,
    status: 200,
    reply: { data: [], meta: meta(3, 9) },
  },
  {
    name: 'filters by department',
    call: `${listLine}?department_id=1`,
    given: [catalog, ...inDepartments],
    ...shows(staff.ida, staff.tomas),
  },
  {
    name: 'filters by both',
    call: `${listLine}?department_id=1&is_active=1`,
    given: [catalog, ...inDepartments],
    ...shows(staff.tomas),
  },
  ...['true', '1', 'TRUE'].map((word) => ({
    name: `filters the active by ${word}`,
    call: `${listLine}?is_active=${word}`,
    ...shows(staff.noor, staff.tomas),
  })),
  ...['false', '0', 'False'].map((word) => ({
    name: `filters the inactive by ${word}`,
    call: `${listLine}?is_active=${word}`,
    ...shows(staff.ida),
  })),
  ...['is_active=yes', 'is_active=2', 'is_active=constructor', 'department_id=x'].map((bad) => ({
    name: `is empty for ${bad}, which nobody is`,
    call: `${listLine}?${bad}`,
    ...shows(),
  })),
  {
    name: 'is empty for a department that is none',
    call: `${listLine}?department_id=9`,
    ...shows(),
  },
  {
    name: 'takes an empty filter for none',
    call: `${listLine}?is_active=&department_id=`,
    ...shows(staff.ida, staff.noor, staff.tomas),
  },
  ...internalRefusals(listLine),
])

const changeAll = { ...whole, password: 'battery staple' }

/** The rows of both verbs that change an agent; `required` tells how they differ (D3). */
function changes(method: 'PUT' | 'PATCH', required: readonly Row[]): void {
  const call = `${method} ${line}/2`
  const same = { name: tomas.name, email: tomasView.email }
  contract(call, { key: 'special', call, given: minuteLater }, [
    {
      name: 'changes everything',
      given: [catalog, minuteLater],
      body: changeAll,
      status: 200,
      reply: { data: { ...tomasView, ...wholeShown, updated_at: at16 }, message: updated },
      events: ['staff.updated'],
      after: hasPassword(2, changeAll.password),
    },
    {
      name: 'keeps what is left out, the password too, and null clears',
      given: [catalog, { call: `PATCH ${line}/2`, body: { ...changeAll, ...same } }, minuteLater],
      body: { ...same, phone: null },
      status: 200,
      reply: {
        data: { ...tomasView, ...wholeShown, ...same, phone: null, updated_at: at16 },
        message: updated,
      },
      events: ['staff.updated'],
      after: hasPassword(2, changeAll.password),
    },
    {
      name: 'replaces the departments, or clears them',
      given: [catalog, ...inDepartments, minuteLater],
      body: { ...same, departments: [] },
      status: 200,
      reply: { data: { ...tomasView, updated_at: at16 }, message: updated },
      events: ['staff.updated'],
      after: answers(`GET /api/v1/internal/departments/1`, 200, {
        data: expect.objectContaining({ agents: [{ id: staff.ida, name: 'Ida Falk' }] }),
      }),
    },
    {
      name: 'changes nothing by the same values',
      given: [catalog, ...inDepartments],
      body: { ...same, phone: null, locale: '', is_active: true, departments: [2, 1, 2] },
      status: 200,
      reply: { data: { ...tomasView, departments: [repairs, billing] }, message: updated },
    },
    {
      name: 'sets a password anew, even the same one',
      given: [{ call: `PATCH ${line}/2`, body: { password } }, minuteLater],
      body: { ...same, password },
      status: 200,
      reply: { data: { ...tomasView, updated_at: at16 }, message: updated },
      events: ['staff.updated'],
      after: hasPassword(2, password),
    },
    {
      name: 'takes the own address in other letters',
      body: { ...same, email: 'Tomas@Northwind.test' },
      status: 200,
      reply: {
        data: { ...tomasView, email: 'Tomas@Northwind.test', updated_at: at16 },
        message: updated,
      },
      events: ['staff.updated'],
    },
    {
      name: 'refuses null for what has no null, and does not clear a password',
      body: { ...same, password: null, is_active: null, departments: null },
      ...invalid({
        password: ['The password field must be a string.'],
        is_active: ['The is active field must be true or false.'],
        departments: ['The departments field must be an array.'],
      }),
    },
    {
      name: 'refuses a blank password',
      body: { ...same, password: ' '.repeat(9) },
      ...invalid({ password: ['The password field must be a string.'] }),
    },
    {
      ...notFound,
      name: 'does not find another, whatever the body',
      call: `${method} ${line}/99`,
      body: { email: 5, password: 'x' },
    },
    { ...notFound, name: 'does not find an admin', call: `${method} ${line}/1`, body: changeAll },
    ...required,
    ...refused,
    ...internalRefusals(`${method} ${line}/99`),
  ])
}

changes('PUT', [
  {
    name: 'requires name and e-mail again, not the password (D3)',
    body: { phone: '1' },
    ...invalid({
      name: ['The name field is required.'],
      email: ['The email field is required.'],
    }),
  },
])

changes('PATCH', [
  {
    name: 'requires nothing',
    body: { locale: 'sv' },
    status: 200,
    reply: { data: { ...tomasView, locale: 'sv', updated_at: at16 }, message: updated },
    events: ['staff.updated'],
  },
  {
    name: 'refuses null for what is required',
    body: { name: null, email: ' ' },
    ...invalid({
      name: ['The name field is required.'],
      email: ['The email field is required.'],
    }),
  },
])

/** What Tomas's key is answered now. */
async function statusOfTomas(app: TestApp): Promise<unknown> {
  const { status, body } = await call(app, 'GET /api/v1/external/tickets', { key: 'agent' })
  return status === 200 ? status : [status, body]
}

const shutOut = [401, { message: 'Unauthorized' }]

contract('the keys of an agent', { key: 'special' }, [
  {
    name: 'answer 401 from the moment that the agent is inactive',
    call: `PATCH ${line}/2`,
    given: async (app) => expect(await statusOfTomas(app)).toBe(200),
    body: { is_active: false },
    status: 200,
    reply: { data: { ...tomasView, is_active: false }, message: updated },
    events: ['staff.updated'],
    after: async (app) => expect(await statusOfTomas(app)).toEqual(shutOut),
  },
  {
    name: 'work again once the agent is active',
    call: `PATCH ${line}/2`,
    given: [
      { call: `PATCH ${line}/2`, body: { is_active: false } },
      async (app) => expect(await statusOfTomas(app)).toEqual(shutOut),
    ],
    body: { is_active: true },
    status: 200,
    reply: { data: tomasView, message: updated },
    events: ['staff.updated'],
    after: async (app) => expect(await statusOfTomas(app)).toBe(200),
  },
  {
    name: 'answer 401 once the agent is deleted',
    call: `DELETE ${line}/2`,
    given: async (app) => expect(await statusOfTomas(app)).toBe(200),
    status: 200,
    reply: { data: null, message: deleted },
    events: ['staff.deleted'],
    after: async (app) => {
      expect(await statusOfTomas(app)).toEqual(shutOut)
      const key = await call(app, `GET /api/v1/internal/api-keys/${keyId('agent')}`, {
        key: 'special',
      })
      expect(key.body).toMatchObject({ data: { agent_id: null, agent: null, revoked: false } })
    },
  },
])

const promoted = (app: TestApp) =>
  app.write((tx) => void updateStaff(tx, staff.tomas, { role: 'admin' }))

contract('an agent who has become an admin', { key: 'special', given: promoted }, [
  { ...notFound, name: 'is no agent any more', call: readLine },
  { name: 'is in no list of agents', call: listLine, ...shows(staff.ida, staff.noor) },
  {
    name: 'has keys that open nothing',
    call: 'GET /api/v1/external/profile',
    key: 'agent',
    status: 401,
    reply: { message: 'Unauthorized' },
  },
  {
    name: 'stands behind no key that is shown',
    call: `GET /api/v1/internal/api-keys/${keyId('agent')}`,
    status: 200,
    reply: { data: expect.objectContaining({ agent_id: staff.tomas, agent: null }) as unknown },
  },
  {
    name: 'may be assigned a ticket, without a link',
    call: 'PUT /api/v1/internal/tickets/1',
    given: [promoted, agentTicket],
    body: { assigned_to: staff.tomas },
    status: 200,
    reply: { data: { ...ticketView, assigned_to: tomas }, message: updated },
  },
])

/** Tomas has answered ticket 1, which is his. */
const answered: Required<Row>['given'] = [
  catalog,
  agentTicket,
  { call: 'POST /api/v1/external/tickets/1/messages', key: 'agent', body: { content: 'Hi' } },
  { call: `PATCH ${line}/2`, body: { departments: [1] } },
]

const replied = { last_reply_at: '2026-05-04T08:15:00Z', last_reply_by: 'staff' }
const deleteLine = `DELETE ${line}/2`

contract(deleteLine, { key: 'special', call: deleteLine }, [
  {
    name: 'deletes an agent for good',
    status: 200,
    reply: { data: null, message: deleted },
    events: ['staff.deleted'],
    after: answers(`GET ${line}/2`, 404, notFound.reply),
  },
  {
    name: 'leaves the ticket, to nobody, and its counts right',
    given: answered,
    status: 200,
    reply: { data: null, message: deleted },
    events: ['staff.deleted'],
    after: async (app, answer) => {
      await answers('GET /api/v1/internal/tickets/1', 200, { data: { ...ticketView, ...replied } })(
        app,
        answer,
      )
      await answers('GET /api/v1/internal/tickets?assigned_to=2', 200, { data: [], meta: meta(0) })(
        app,
        answer,
      )
    },
  },
  {
    name: 'leaves the messages, of nobody',
    given: answered,
    status: 200,
    reply: { data: null, message: deleted },
    events: ['staff.deleted'],
    after: answers('GET /api/v1/internal/tickets/1/messages', 200, {
      data: [
        expect.objectContaining({
          content: 'Hi',
          sender_type: 'Agent',
          sender_id: null,
          sender: null,
        }),
      ],
      meta: meta(1),
    }),
  },
  {
    name: 'leaves no membership',
    given: answered,
    status: 200,
    reply: { data: null, message: deleted },
    events: ['staff.deleted'],
    after: (app) => expect(app.dump().get('department_agents')).toBe('[]'),
  },
  { ...notFound, name: 'does not find another', call: `DELETE ${line}/99` },
  { ...notFound, name: 'does not find an admin', call: `DELETE ${line}/1` },
  ...internalRefusals(`DELETE ${line}/99`),
])

contract('a ticket of an agent who is no longer active', { key: 'special' }, [
  {
    name: 'stays theirs, with its link and history',
    call: `PATCH ${line}/2`,
    given: agentTicket,
    body: { is_active: false },
    status: 200,
    reply: { data: { ...tomasView, is_active: false }, message: updated },
    events: ['staff.updated'],
    after: answers('GET /api/v1/internal/tickets/1', 200, { data: { ...ticketView, ...ofTomas } }),
  },
])
