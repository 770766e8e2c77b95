import { expect } from 'bun:test'
import { contract, type Row } from '../../support/contract.ts'
import type { TestApp } from '../../support/harness.ts'
import { openTicket } from '../../support/seed.ts'
import { call } from '../../support/send.ts'
import {
  bySortOrder,
  created,
  deleted,
  invalid,
  lowOrder,
  nounContract,
  stamps,
  updated,
  wrongOrder,
  wrongStatus,
} from './catalog.ts'
import { ticketView } from './views.ts'

// deskhive.md section 17.

const line = '/api/v1/internal/custom-fields'
const createLine = `POST ${line}`
const least = { label: 'Bought on', type: 'date' }
const wrongType = 'The selected type is invalid.'
const wrongFlag = 'The is required field must be true or false.'

/** Custom field 1 (section 17). */
const view = {
  id: 1,
  label: 'Bought on',
  description: null,
  type: 'date',
  is_required: false,
  sort_order: 0,
  status: 'published',
  ...stamps,
}

nounContract({
  path: 'custom-fields',
  event: 'custom_field',
  least,
  view,
  whole: {
    label: 'Serial number',
    description: 'On the plate behind the door',
    type: 'text',
    is_required: true,
    sort_order: 1,
    status: 'draft',
  },
  nullable: ['description'],
  missing: {
    label: ['The label field is required.'],
    type: ['The type field is required.'],
  },
  wrong: [
    {
      name: 'says wrong types',
      body: { label: 5, description: 5, type: 5, is_required: 'no', sort_order: 'x', status: 5 },
      errors: {
        label: ['The label field must be a string.'],
        description: ['The description field must be a string.'],
        type: [wrongType],
        is_required: [wrongFlag],
        sort_order: [wrongOrder],
        status: [wrongStatus],
      },
    },
    {
      name: 'says every wrong value at once',
      body: {
        label: 'x'.repeat(251),
        description: 'y'.repeat(1001),
        type: 'colour',
        is_required: 2,
        sort_order: -1,
        status: 'hidden',
      },
      errors: {
        label: ['The label field must not be greater than 250 characters.'],
        description: ['The description field must not be greater than 1000 characters.'],
        type: [wrongType],
        is_required: [wrongFlag],
        sort_order: [lowOrder],
        status: [wrongStatus],
      },
    },
    {
      name: 'refuses null for what has no null',
      body: { ...least, is_required: null, sort_order: null, status: null },
      errors: { is_required: [wrongFlag], sort_order: [wrongOrder], status: [wrongStatus] },
    },
  ],
  order: bySortOrder(least),
})

const types = [
  'date',
  'datetime_local',
  'email',
  'number',
  'tel',
  'text',
  'textarea',
  'time',
  'url',
]

contract('types', { key: 'special', call: createLine }, [
  ...types.map((type): Row => ({
    name: `takes ${type}`,
    body: { ...least, type },
    status: 201,
    reply: { data: { ...view, type }, message: created },
    events: ['custom_field.created'],
  })),
  ...['datetime-local', 'Text', 'select', 'checkbox', 'file'].map((type): Row => ({
    name: `refuses ${type}`,
    body: { ...least, type },
    ...invalid({ type: [wrongType] }),
  })),
])

/** Two tickets with a value of each of two fields. */
async function values(app: TestApp): Promise<void> {
  await openTicket(app, {})
  await openTicket(app, {})
  app.sql(`INSERT INTO ticket_custom_values (ticket_id, custom_field_id, value)
    VALUES (1, 1, '2026-01-02'), (1, 2, 'KX-1'), (2, 1, '2026-03-04'), (2, 2, 'KX-2')`)
}

const bought = { id: 1, label: 'Bought on', type: 'date', value: '2026-01-02' }
const serial = { id: 2, label: 'Serial', type: 'text', value: 'KX-1' }
const two = [
  { call: createLine, body: least },
  { call: createLine, body: { label: 'Serial', type: 'text' } },
  values,
]

/** The custom values that a ticket shows. */
async function shownOn(app: TestApp, id: number): Promise<unknown> {
  const { body } = await call(app, `GET /api/v1/internal/tickets/${id}`, { key: 'special' })
  return (body as { data: { custom_fields: unknown } }).data.custom_fields
}

contract('the values on tickets', { key: 'special', given: two }, [
  {
    name: 'show by the order of their fields',
    call: 'GET /api/v1/internal/tickets/1',
    status: 200,
    reply: { data: { ...ticketView, custom_fields: [bought, serial] } },
  },
  {
    name: 'show of a draft still, with its new label and place',
    call: `PATCH ${line}/1`,
    body: { label: 'Bought', status: 'draft', sort_order: 5 },
    status: 200,
    reply: {
      data: { ...view, label: 'Bought', status: 'draft', sort_order: 5 },
      message: updated,
    },
    events: ['custom_field.updated'],
    after: async (app) => {
      expect(await shownOn(app, 1)).toEqual([serial, { ...bought, label: 'Bought' }])
    },
  },
  {
    name: 'go with their field from all tickets',
    call: `DELETE ${line}/1`,
    status: 200,
    reply: { data: null, message: deleted },
    events: ['custom_field.deleted'],
    after: async (app) => {
      expect(await shownOn(app, 1)).toEqual([serial])
      expect(await shownOn(app, 2)).toEqual([{ ...serial, value: 'KX-2' }])
      expect(app.dump().get('ticket_custom_values')).not.toContain('2026')
    },
  },
])
