import { expect } from 'bun:test'
import { contract, type Row } from '../../support/contract.ts'
import { staff } from '../../support/harness.ts'
import { externalRefusals } from '../refusals.ts'
import { answers, invalid, minuteLater, updated } from './catalog.ts'
import { tomas } from './views.ts'

// deskhive.md 23.1.

const path = '/api/v1/external/profile'

/** The nine keys of the contract, for Tomas. */
const view = {
  ...tomas,
  email: 'tomas@northwind.test',
  phone: null as string | null,
  locale: null as string | null,
  avatar_url: null,
  notification_settings: {} as unknown,
  is_active: true,
  created_at: '2026-05-04T08:15:00Z',
}

const settings = { ticket_reply: true, ticket_status_changed: false, nested: { a: [1, null] } }

const whole = {
  name: 'Tomas Lund',
  phone: '+47 22 55 01 99',
  locale: 'nb',
  notification_settings: settings,
}

const isArray = invalid({
  notification_settings: ['The notification settings field must be an array.'],
})

const isTooLarge = invalid({
  notification_settings: [
    'The notification settings field must not be greater than 10000 characters.',
  ],
})

const readLine = `GET ${path}`

contract(readLine, { key: 'agent', call: readLine }, [
  { name: "shows the agent's own", status: 200, reply: { status: true, data: view } },
  {
    name: 'shows each agent their own',
    key: 'otherAgent',
    status: 200,
    reply: (body: { data: object }) => expect(body.data).toMatchObject({ id: staff.noor }),
  },
  {
    name: 'shows the avatar that there is',
    given: (app) => app.sql("UPDATE staff SET avatar_url = 'https://a.test/2.svg' WHERE id = 2"),
    status: 200,
    reply: { status: true, data: { ...view, avatar_url: 'https://a.test/2.svg' } },
  },
  ...externalRefusals(readLine),
])

const told = (data: object) => ({ status: 200, reply: { status: true, data, message: updated } })
const changed = (data: object) => ({ ...told(data), events: ['staff.updated'] })

/** A list in a list in a list, so many times. */
function deep(times: number): string {
  return `{"notification_settings":${'['.repeat(times)}${']'.repeat(times)}}`
}

for (const method of ['PUT', 'PATCH'] as const) {
  const line = `${method} ${path}`
  const rows: Row[] = [
    {
      ...changed({ ...view, ...whole }),
      name: 'changes everything, trimmed',
      body: { ...whole, name: ' Tomas Lund\n', phone: ' +47 22 55 01 99' },
      after: answers('GET /api/v1/internal/agents/2', 200, {
        data: expect.objectContaining({ ...whole, departments: [] }),
      }),
    },
    { ...told(view), name: 'requires nothing', body: {} },
    {
      ...changed({ ...view, ...whole, phone: null, locale: null }),
      name: 'keeps what is left out, and null and blank clear',
      given: [{ call: line, body: whole }, minuteLater],
      body: { phone: null, locale: ' ' },
    },
    {
      ...told({ ...view, ...whole }),
      name: 'changes nothing by the same values',
      given: [{ call: line, body: whole }, minuteLater],
      body: {
        ...whole,
        notification_settings: Object.fromEntries(Object.entries(settings).toReversed()),
      },
    },
    {
      ...changed({ ...view, notification_settings: { quiet: 'at night' } }),
      name: 'replaces the settings as a whole',
      given: [{ call: line, body: { notification_settings: settings } }],
      body: { notification_settings: { quiet: 'at night' } },
    },
    {
      ...changed({ ...view, notification_settings: ['ticket_reply', 7] }),
      name: 'keeps a list of settings as sent',
      body: { notification_settings: ['ticket_reply', 7] },
    },
    ...[{}, []].map((empty) => ({
      ...changed(view),
      name: `shows settings emptied by ${JSON.stringify(empty)} as {}`,
      given: [{ call: line, body: { notification_settings: settings } }],
      body: { notification_settings: empty },
    })),
    {
      ...told(view),
      name: 'takes an empty list for the empty settings that are there',
      body: { notification_settings: [] },
    },
    {
      ...changed({ ...view, phone: '1', notification_settings: { ticket_reply: '1' } }),
      name: 'takes a form',
      body: new URLSearchParams({ phone: '1', 'notification_settings[ticket_reply]': '1' }),
    },
    {
      ...told(view),
      name: 'leaves what an admin alone may change',
      body: {
        email: 'x@y.test',
        password: 'correct horse',
        is_active: false,
        departments: [1],
        role: 'admin',
      },
    },
    ...[true, 1, 'ticket_reply', null].map((scalar) => ({
      ...isArray,
      name: `refuses ${JSON.stringify(scalar)} for settings`,
      body: { notification_settings: scalar },
    })),
    {
      name: 'says every wrong value at once',
      body: {
        name: 'x'.repeat(251),
        phone: '1'.repeat(51),
        locale: 'x'.repeat(11),
        notification_settings: { a: 'x'.repeat(10_000) },
      },
      ...invalid({
        name: ['The name field must not be greater than 250 characters.'],
        phone: ['The phone field must not be greater than 50 characters.'],
        locale: ['The locale field must not be greater than 10 characters.'],
        notification_settings: [
          'The notification settings field must not be greater than 10000 characters.',
        ],
      }),
    },
    {
      name: 'says wrong types',
      body: { name: null, phone: 5, locale: {}, notification_settings: 5 },
      ...invalid({
        name: ['The name field must be a string.'],
        phone: ['The phone field must be a string.'],
        locale: ['The locale field must be a string.'],
        notification_settings: ['The notification settings field must be an array.'],
      }),
    },
    {
      name: 'refuses settings that are deeper than anybody could read',
      body: deep(200_000),
      ...isTooLarge,
    },
    { ...isTooLarge, name: 'refuses settings one level too deep', body: deep(21) },
    {
      ...changed(expect.objectContaining({ id: 2 }) as object),
      name: 'takes the deepest settings that fit',
      body: deep(20),
    },
    ...externalRefusals(line),
  ]
  contract(line, { key: 'agent', call: line }, rows)
}
