import { expect } from 'bun:test'
import { contract, type Row } from '../../support/contract.ts'
import type { TestApp } from '../../support/harness.ts'
import { catalog } from '../../support/seed.ts'
import { internalRefusals } from '../refusals.ts'
import { answers, deleted, invalid, updated } from './catalog.ts'

// deskhive.md 19.3.

const path = '/api/v1/internal/settings'
const readLine = `GET ${path}`
const putLine = `PUT ${path}`

/** What a desk that nobody has set shows. */
const standard = {
  sd_default_department_id: null,
  sd_default_priority: null,
  sd_auto_close_days: 0,
  sd_tickets_per_page: 20,
  sd_notification_email: null,
  sd_customer_registration_enabled: true,
  sd_customer_max_tickets_per_day: 5,
  sd_enable_auto_assign: true,
  sd_enable_envato_integration: false,
  sd_enable_department_visibility: false,
  sd_ticket_prefix: 'SD',
}

/** Every setting, none as it is at first. */
const whole = {
  sd_default_department_id: 2,
  sd_default_priority: 'critical',
  sd_auto_close_days: 14,
  sd_tickets_per_page: 200,
  sd_notification_email: 'desk@kilnworks.example',
  sd_customer_registration_enabled: false,
  sd_customer_max_tickets_per_day: 0,
  sd_enable_auto_assign: false,
  sd_enable_envato_integration: true,
  sd_enable_department_visibility: true,
  sd_ticket_prefix: 'KILN_2-b',
}

const asForm = {
  sd_default_department_id: '2',
  sd_default_priority: ' critical ',
  sd_auto_close_days: '14',
  sd_tickets_per_page: '200',
  sd_notification_email: ' desk@kilnworks.example ',
  sd_customer_registration_enabled: '0',
  sd_customer_max_tickets_per_day: '0',
  sd_enable_auto_assign: '0',
  sd_enable_envato_integration: '1',
  sd_enable_department_visibility: '1',
  sd_ticket_prefix: ' KILN_2-b ',
}

const setWhole = { call: putLine, body: whole }

contract(readLine, { key: 'special', call: readLine }, [
  { name: 'shows the defaults at first', status: 200, reply: { data: standard } },
  {
    name: 'shows what was set, to a key that has the scope',
    key: 'scoped',
    given: [catalog, { ...setWhole, key: 'special' }],
    status: 200,
    reply: { data: whole },
  },
  {
    name: 'has nothing to delete',
    call: `DELETE ${path}`,
    status: 405,
    reply: { message: 'Method not allowed' },
    answers: { allow: 'GET, HEAD, PUT, PATCH' },
  },
  ...internalRefusals(readLine),
])

/** What the last event says that changed. */
function told(changes: object) {
  return (app: TestApp) => {
    const last = app.eventsAfter(app.lastSequence() - 1)[0]
    expect(JSON.parse(last?.body ?? '{}')).toEqual({ changes })
  }
}

const changed = { status: 200, events: ['settings.updated'] }

const everyChange = {
  defaultDepartmentId: 2,
  defaultPriority: 'urgent',
  autoCloseDays: 14,
  ticketsPerPage: 200,
  notificationEmail: 'desk@kilnworks.example',
  isRegistrationEnabled: false,
  customerTicketsPerDayMax: 0,
  isAutoAssignEnabled: false,
  isEnvatoEnabled: true,
  isDepartmentVisibilityEnabled: true,
  ticketPrefix: 'KILN_2-b',
}

function changes(method: 'PUT' | 'PATCH'): void {
  const line = `${method} ${path}`
  contract(line, { key: 'special', call: line, given: catalog }, [
    {
      ...changed,
      name: 'sets everything, and tells of it by neutral names',
      body: whole,
      reply: { data: whole, message: updated },
      after: told(everyChange),
    },
    {
      ...changed,
      name: 'takes a form from a key that has the scope',
      key: 'scoped',
      body: new URLSearchParams(asForm),
      reply: { data: whole, message: updated },
      after: answers(readLine, 200, { data: whole }),
    },
    {
      ...changed,
      name: 'keeps what is left out, and tells only what differs',
      given: [catalog, setWhole],
      body: { sd_auto_close_days: 7, sd_tickets_per_page: 200 },
      reply: { data: { ...whole, sd_auto_close_days: 7 }, message: updated },
      after: told({ autoCloseDays: 7 }),
    },
    {
      ...changed,
      name: 'takes null and blank text to clear',
      given: [catalog, setWhole],
      body: {
        sd_default_department_id: null,
        sd_default_priority: ' ',
        sd_notification_email: null,
        sd_ticket_prefix: '',
      },
      reply: {
        data: {
          ...whole,
          sd_default_department_id: null,
          sd_default_priority: null,
          sd_notification_email: null,
          sd_ticket_prefix: null,
        },
        message: updated,
      },
    },
    {
      ...changed,
      name: 'goes back to the defaults, which are told like any value',
      given: [catalog, setWhole],
      body: { ...standard, sd_default_department_id: 2 },
      reply: { data: { ...standard, sd_default_department_id: 2 }, message: updated },
    },
    ...nothing(),
    ...wrong(),
    ...internalRefusals(line),
  ])
}

function nothing(): Row[] {
  return [
    {
      name: 'changes nothing by the same values',
      given: [catalog, setWhole],
      body: whole,
      status: 200,
      reply: { data: whole, message: updated },
    },
    {
      name: 'changes nothing by the defaults, of which none is kept',
      body: standard,
      status: 200,
      reply: { data: standard, message: updated },
      after: (app) => expect(app.dump().get('settings')).toBe('[]'),
    },
    {
      name: 'requires nothing, and ignores what is no setting',
      body: { sd_show_tickets_page: true, ticketPrefix: 'X', x: 1 },
      status: 200,
      reply: { data: standard, message: updated },
    },
  ]
}

function wrong(): Row[] {
  return [
    {
      name: 'says wrong types, all at once and in order',
      body: {
        sd_default_department_id: 'x',
        sd_default_priority: 5,
        sd_auto_close_days: 'never',
        sd_tickets_per_page: 1.5,
        sd_notification_email: 5,
        sd_customer_registration_enabled: 'yes',
        sd_customer_max_tickets_per_day: [],
        sd_enable_auto_assign: 2,
        sd_enable_envato_integration: {},
        sd_enable_department_visibility: 'on',
        sd_ticket_prefix: 5,
      },
      ...invalid({
        sd_default_department_id: ['The selected sd default department id is invalid.'],
        sd_default_priority: ['The sd default priority field must be a string.'],
        sd_auto_close_days: ['The sd auto close days field must be an integer.'],
        sd_tickets_per_page: ['The sd tickets per page field must be an integer.'],
        sd_notification_email: ['The sd notification email field must be a string.'],
        sd_customer_registration_enabled: [
          'The sd customer registration enabled field must be true or false.',
        ],
        sd_customer_max_tickets_per_day: [
          'The sd customer max tickets per day field must be an integer.',
        ],
        sd_enable_auto_assign: ['The sd enable auto assign field must be true or false.'],
        sd_enable_envato_integration: [
          'The sd enable envato integration field must be true or false.',
        ],
        sd_enable_department_visibility: [
          'The sd enable department visibility field must be true or false.',
        ],
        sd_ticket_prefix: ['The sd ticket prefix field must be a string.'],
      }),
    },
    {
      name: 'says every wrong value at once',
      body: {
        sd_default_department_id: 99,
        sd_default_priority: 'urgent',
        sd_auto_close_days: -1,
        sd_tickets_per_page: 201,
        sd_notification_email: 'desk@',
        sd_customer_max_tickets_per_day: -1,
        sd_ticket_prefix: 'SD 1#',
      },
      ...invalid({
        sd_default_department_id: ['The selected sd default department id is invalid.'],
        sd_default_priority: ['The selected sd default priority is invalid.'],
        sd_auto_close_days: ['The sd auto close days field must be at least 0.'],
        sd_tickets_per_page: ['The sd tickets per page field must be between 1 and 200.'],
        sd_notification_email: ['The sd notification email field must be a valid email address.'],
        sd_customer_max_tickets_per_day: [
          'The sd customer max tickets per day field must be at least 0.',
        ],
        sd_ticket_prefix: [
          'The sd ticket prefix field must only contain letters, numbers, dashes, and underscores.',
        ],
      }),
    },
    {
      name: 'refuses null for what has no null, and what is just outside',
      body: {
        sd_auto_close_days: null,
        sd_tickets_per_page: 0,
        sd_enable_auto_assign: null,
        sd_ticket_prefix: 'x'.repeat(21),
      },
      ...invalid({
        sd_auto_close_days: ['The sd auto close days field must be an integer.'],
        sd_tickets_per_page: ['The sd tickets per page field must be between 1 and 200.'],
        sd_enable_auto_assign: ['The sd enable auto assign field must be true or false.'],
        sd_ticket_prefix: ['The sd ticket prefix field must not be greater than 20 characters.'],
      }),
    },
  ]
}

changes('PUT')
changes('PATCH')

const deletion = { status: 200, reply: { data: null, message: deleted } }

contract('DELETE of a department that is set', { key: 'special', given: [catalog, setWhole] }, [
  {
    ...deletion,
    name: 'unsets it, and tells of it',
    call: 'DELETE /api/v1/internal/departments/2',
    events: ['department.deleted', 'settings.updated'],
    async after(app, answer) {
      told({ defaultDepartmentId: null })(app)
      await answers(readLine, 200, { data: { ...whole, sd_default_department_id: null } })(
        app,
        answer,
      )
    },
  },
  {
    ...deletion,
    name: 'leaves it alone when it is another',
    call: 'DELETE /api/v1/internal/departments/1',
    events: ['department.deleted'],
    after: answers(readLine, 200, { data: whole }),
  },
])
