import { expect } from 'bun:test'
import { customFields } from '../../../src/domain/catalog.ts'
import { customFieldTypes } from '../../../src/store/schema.ts'
import { contract, type Row } from '../../support/contract.ts'
import type { TestApp } from '../../support/harness.ts'
import { mara, ticket } from '../../support/seed.ts'
import { answers, at16, created, invalid, minuteLater, updated } from './catalog.ts'
import { ticketView } from './views.ts'

// deskhive.md section 6 (custom_fields) and section 17.

/** One custom field of each type, with the ids from 1, listed backwards. */
async function fields(app: TestApp): Promise<void> {
  await app.write((tx) => {
    for (const [at, type] of customFieldTypes.entries()) {
      customFields.create(tx, { label: `A ${type}`, type, isRequired: true, sortOrder: 20 - at })
    }
  })
}

const idOf = (type: (typeof customFieldTypes)[number]) => customFieldTypes.indexOf(type) + 1

const [date, moment, email, number, tel, text, textarea, time, url] = [
  idOf('date'),
  idOf('datetime_local'),
  idOf('email'),
  idOf('number'),
  idOf('tel'),
  idOf('text'),
  idOf('textarea'),
  idOf('time'),
  idOf('url'),
]

type Values = { readonly [id: number]: unknown }

/** Values as a ticket shows them, in the order of their fields. */
function shown(values: { readonly [id: number]: string }) {
  const ids = Object.keys(values).map(Number).toReversed()
  return ids.map((id) => {
    const type = customFieldTypes[id - 1] ?? 'text'
    return { id, label: `A ${type}`, type, value: values[id] ?? '' }
  })
}

const createLine = 'POST /api/v1/internal/tickets'
const body = (custom: unknown) => ({
  customer_id: 1,
  title: 'Invoice shows wrong VAT',
  content: 'It says 25 % and should say 12 %.',
  custom_fields: custom,
})

const opened = ['ticket.created', 'message.created']

/** A row whose values are taken, and show so. */
function takes(name: string, custom: unknown, held: { readonly [id: number]: string }): Row {
  const reply = { data: { ...ticketView, custom_fields: shown(held) }, message: created }
  return { name, body: body(custom), status: 201, reply, events: opened }
}

const good = {
  [date]: '2024-02-29',
  [moment]: '2026-05-04T08:15',
  [email]: 'ann@shop.test',
  [number]: '-12.50',
  [tel]: '+46 8 555 0142',
  [text]: 'EK40-00917',
  [textarea]: 'Line one\nline two',
  [time]: '23:59:59',
  [url]: 'https://shop.test/a?b=c#d',
}

/** A field's sentence for each id. */
function sentences(of: { readonly [id: number]: string }) {
  return invalid(
    Object.fromEntries(
      Object.entries(of).map(([id, sentence]) => {
        const name = `custom_fields.${id}`
        return [name, [sentence.replace('?', name)]]
      }),
    ),
  )
}

const noDate = 'The ? field must be a valid date.'
const noEmail = 'The ? field must be a valid email address.'
const noNumber = 'The ? field must be a number.'
const noUrl = 'The ? field must be a valid URL.'
const noString = 'The ? field must be a string.'
const noSuch = 'The selected ? is invalid.'

/** Each of these alone is refused in the words of the field's type. */
function each(id: number, sentence: string, values: readonly unknown[]): Row[] {
  return values.map((value) => ({
    name: `refuses ${JSON.stringify(value)} for a ${customFieldTypes[id - 1]}`,
    body: body({ [id]: value }),
    ...sentences({ [id]: sentence }),
  }))
}

const badDates = ['soon', '2026-02-30', '2026-13-01', '2026-5-4', '2026-05', '2026-05-04T08:15']
const badMoments = [
  '2026-05-04',
  '2026-02-30T08:15',
  '2026-05-04T24:00',
  '2026-05-04T08:15Z',
  '8:15',
]
const badTimes = ['24:00', '8:15', '08:60', '08:15:60', '0815', 'noon']
const badNumbers = ['many', '1,5', '1.2.3', '0x10', 'e5', '.', '--1', 'Infinity']
const badUrls = [
  'shop.test',
  'javascript:alert(1)',
  'https://',
  'https://a b.test',
  'mailto:a@b.test',
]

contract(
  `${createLine} with custom values`,
  { key: 'special', call: createLine, given: [mara, fields] },
  [
    takes('takes a value of each type, though none is required', good, good),
    takes('takes none', {}, {}),
    takes('takes none from a list, as PHP sends an empty map', [], {}),
    takes('leaves out what is null or blank', { [text]: null, [number]: '', [date]: ' \n' }, {}),
    takes(
      'trims text, and keeps numbers as text',
      { [text]: '  EK40 ', [number]: 1290.5, [email]: ' ann@shop.test' },
      { [text]: 'EK40', [number]: '1290.5', [email]: 'ann@shop.test' },
    ),
    takes(
      'takes the other spellings of HTML',
      {
        [moment]: '2026-05-04 08:15:30.5',
        [time]: '00:00',
        [number]: '1e-3',
        [url]: 'HTTP://X.TEST',
      },
      {
        [moment]: '2026-05-04 08:15:30.5',
        [time]: '00:00',
        [number]: '1e-3',
        [url]: 'HTTP://X.TEST',
      },
    ),
    takes(
      'takes 65,535 characters',
      { [text]: '😀'.repeat(65_535) },
      { [text]: '😀'.repeat(65_535) },
    ),
    {
      name: 'says everything that is wrong at once, after the other fields',
      body: {
        ...body({
          ...Object.fromEntries(Object.keys(good).map((id) => [id, true])),
          99: 'x',
          x: 'y',
        }),
        title: '',
        department_id: 99,
      },
      ...invalid({
        title: ['The title field is required.'],
        department_id: ['The selected department id is invalid.'],
        'custom_fields.1': ['The custom_fields.1 field must be a valid date.'],
        'custom_fields.2': ['The custom_fields.2 field must be a valid date.'],
        'custom_fields.3': ['The custom_fields.3 field must be a string.'],
        'custom_fields.4': ['The custom_fields.4 field must be a number.'],
        'custom_fields.5': ['The custom_fields.5 field must be a string.'],
        'custom_fields.6': ['The custom_fields.6 field must be a string.'],
        'custom_fields.7': ['The custom_fields.7 field must be a string.'],
        'custom_fields.8': ['The custom_fields.8 field must be a valid date.'],
        'custom_fields.9': ['The custom_fields.9 field must be a string.'],
        'custom_fields.99': ['The selected custom_fields.99 is invalid.'],
        'custom_fields.x': ['The selected custom_fields.x is invalid.'],
      }),
    },
    ...each(date, noDate, badDates),
    ...each(moment, noDate, badMoments),
    ...each(time, noDate, badTimes),
    ...each(number, noNumber, badNumbers),
    ...each(url, noUrl, badUrls),
    ...each(email, noEmail, ['ann@', 'ann shop.test']),
    ...each(text, noString, [5, 1.5, true, false, {}, [], ['x']]),
    ...each(number, noNumber, [true, {}, ['1']]),
    {
      name: 'refuses text that is too long',
      body: body({ [textarea]: 'x'.repeat(65_536) }),
      ...sentences({ [textarea]: 'The ? field must not be greater than 65535 characters.' }),
    },
    {
      name: 'refuses ids that are none, and a list by its places',
      body: body(['x']),
      ...sentences({ 0: noSuch }),
    },
    ...[null, 'x', 5, true].map((custom): Row => ({
      name: `refuses ${custom} where a map must be`,
      body: body(custom),
      ...invalid({ custom_fields: ['The custom fields field must be an array.'] }),
    })),
  ],
)

const held = { [text]: 'EK40-00917', [number]: '7' }
const withValues = [mara, fields, { call: createLine, body: body(held) }, minuteLater]

/** What the last event says of custom values. */
function told(from: Values, to: Values) {
  return (app: TestApp) => {
    const [event] = app.eventsAfter(app.lastSequence() - 1)
    const { changes } = JSON.parse(event?.body ?? '{}') as { changes: object }
    expect(changes).toEqual({ customFields: { from, to } })
    expect(app.dump().get('tickets')).toContain('"version":2')
  }
}

function changes(method: 'PUT' | 'PATCH'): void {
  const line = `${method} /api/v1/internal/tickets/1`
  const done = (values: { readonly [id: number]: string }, updated_at = at16) => ({
    status: 200,
    reply: {
      data: { ...ticketView, custom_fields: shown(values), updated_at },
      message: updated,
    },
  })
  const changed = ['ticket.updated']
  const given = withValues
  contract(`${line} of custom values`, { key: 'special', call: line, given }, [
    {
      ...done({ ...held, [date]: '2026-05-04', [number]: '8' }),
      name: 'sets those that are given, and tells which differ',
      body: { custom_fields: { [date]: '2026-05-04', [number]: 8, [text]: 'EK40-00917' } },
      events: changed,
      after: told({ [date]: null, [number]: '7' }, { [date]: '2026-05-04', [number]: '8' }),
    },
    {
      ...done({ [number]: '7' }),
      name: 'removes by null',
      body: { custom_fields: { [text]: null } },
      events: changed,
      after: told({ [text]: 'EK40-00917' }, { [text]: null }),
    },
    {
      ...done({ [text]: 'EK40-00917' }),
      name: 'removes by blank text',
      body: { custom_fields: { [number]: ' ' } },
      events: changed,
    },
    {
      ...done(held, '2026-05-04T08:15:00Z'),
      name: 'changes nothing by the same values, nor by none',
      body: { custom_fields: { ...held, [number]: 7, [url]: null } },
    },
    {
      ...done(held, '2026-05-04T08:15:00Z'),
      name: 'changes nothing by an empty map',
      body: { custom_fields: {} },
    },
    {
      name: 'says what is wrong, and changes nothing else',
      body: { priority: 'low', custom_fields: { [url]: 'x', 99: null, [text]: 'new' } },
      ...sentences({ [url]: noUrl, 99: noSuch }),
      after: answers('GET /api/v1/internal/tickets/1', 200, {
        data: { ...ticketView, custom_fields: shown(held) },
      }),
    },
    {
      ...done({ ...held, [tel]: '112' }),
      name: 'sets one of a field that is a draft',
      given: [...withValues, (app) => app.sql("UPDATE custom_fields SET status = 'draft'")],
      body: { custom_fields: { [tel]: '112' } },
      events: changed,
    },
    {
      ...done({ ...held, [tel]: '112' }),
      name: 'takes a form',
      body: new URLSearchParams(`custom_fields[${tel}]=112&custom_fields[${url}]=`),
      events: changed,
    },
    {
      name: 'says of a form what it says of JSON',
      body: new URLSearchParams('custom_fields[0]=x&custom_fields[9]=y&custom_fields[a]=z'),
      ...invalid({
        'custom_fields.0': ['The selected custom_fields.0 is invalid.'],
        'custom_fields.9': ['The custom_fields.9 field must be a valid URL.'],
        'custom_fields.a': ['The selected custom_fields.a is invalid.'],
      }),
    },
  ])
}

changes('PUT')
changes('PATCH')

contract('DELETE of a custom field', { key: 'special', given: [ticket, fields] }, [
  {
    name: 'takes its values along',
    call: `DELETE /api/v1/internal/custom-fields/${text}`,
    given: withValues,
    status: 200,
    reply: { data: null, message: 'Deleted successfully' },
    events: ['custom_field.deleted'],
    after: answers('GET /api/v1/internal/tickets/1', 200, {
      data: { ...ticketView, custom_fields: shown({ [number]: '7' }) },
    }),
  },
])
