import { expect } from 'bun:test'
import { updateSettings, type Settings } from '../../../src/domain/settings.ts'
import { updateTicket, type TicketStatus } from '../../../src/domain/tickets.ts'
import { counter } from '../../../src/store/meta.ts'
import { contract, uid, type Row } from '../../support/contract.ts'
import { staff, T0, type TestApp } from '../../support/harness.ts'
import { catalog, mara, openTicket, ticket } from '../../support/seed.ts'
import { answers, created, minuteLater } from './catalog.ts'
import { ofTomas, ticketView } from './views.ts'

// deskhive.md 24.1 and 24.2: what a new ticket gets that nobody said.

const createLine = 'POST /api/v1/internal/tickets'
const opened = ['ticket.created', 'message.created']
const assigned = [...opened, 'ticket.updated']
const least = {
  customer_id: 1,
  title: 'Invoice shows wrong VAT',
  content: 'It says 25 % and should say 12 %.',
}
const repairs = { id: 1, name: 'Repairs' }
const billing = { id: 2, name: 'Billing' }
const noor = { id: staff.noor, name: 'Noor Haddad' }
const ofNoor = { assigned_to: noor, agents: [noor] }

const set = (fields: Partial<Settings>) => (app: TestApp) =>
  app.write((tx) => void updateSettings(tx, fields))

const sql = (text: string) => (app: TestApp) => app.sql(text)

/** A row whose ticket is opened, and shows as ticket 1 of the seeds but for these. */
function opens(name: string, given: Row['given'], fields: object, row: Partial<Row> = {}): Row {
  const reply = { data: { ...ticketView, ...fields }, message: created }
  return { name, given: given ?? [], body: least, status: 201, reply, events: opened, ...row }
}

contract('the reference of a new ticket', { key: 'special', call: createLine }, [
  opens('begins with the prefix that is set', [mara, set({ ticketPrefix: 'HELP_1' })], {
    reference_id: 'HELP_1-1001',
  }),
  opens('is #<n> without a prefix', [mara, set({ ticketPrefix: null })], {
    reference_id: '#1001',
  }),
  opens(
    'counts on, and old tickets keep theirs',
    [ticket, set({ ticketPrefix: null })],
    { id: 2, reference_id: '#1002' },
    { after: answers('GET /api/v1/internal/tickets/1', 200, { data: ticketView }) },
  ),
])

const flagged = sql('UPDATE departments SET is_default = 1 WHERE id = 1')
const chosen = set({ defaultDepartmentId: 2 })

contract('the department of a new ticket', { key: 'special', call: createLine }, [
  opens('is none at first', [mara, catalog], { department: null }),
  opens('is the one with the flag', [mara, catalog, flagged], { department: repairs }),
  opens('is before that the one that is set', [mara, catalog, flagged, chosen], {
    department: billing,
  }),
  opens(
    'is first of all the one that is given',
    [mara, catalog, chosen],
    { department: repairs },
    { body: { ...least, department_id: 1 } },
  ),
  opens(
    'is no draft with the flag (section 8)',
    [mara, catalog, flagged, sql("UPDATE departments SET status = 'draft'")],
    { department: null },
  ),
  opens(
    'is no draft that is set, but the one with the flag instead',
    [mara, catalog, flagged, chosen, sql("UPDATE departments SET status = 'draft' WHERE id = 2")],
    { department: repairs },
  ),
  opens(
    'is a draft when that is given',
    [mara, catalog, sql("UPDATE departments SET status = 'draft'")],
    { department: billing },
    { body: { ...least, department_id: 2 } },
  ),
  opens(
    'is none once the one that was set is deleted',
    [mara, catalog, chosen, { call: 'DELETE /api/v1/internal/departments/2' }],
    { department: null },
  ),
])

contract('the priority of a new ticket', { key: 'special', call: createLine }, [
  opens('is medium at first', mara, { priority: 'medium' }),
  opens('is the one that is set', [mara, set({ defaultPriority: 'urgent' })], {
    priority: 'critical',
  }),
  opens(
    'is first of all the one that is given',
    [mara, set({ defaultPriority: 'urgent' })],
    { priority: 'low' },
    { body: { ...least, priority: 'low' } },
  ),
])

/** Puts people into department 1, in which new tickets are from now on. */
function members(...ids: readonly number[]) {
  return async (app: TestApp) => {
    await mara(app)
    catalog(app)
    app.sql(ids.map((id) => `INSERT INTO department_agents VALUES (1, ${id});`).join(''))
    await app.write((tx) => void updateSettings(tx, { defaultDepartmentId: 1 }))
  }
}

/** A ticket of an agent, in no department, with this status. */
function ticketOf(assignedTo: number, to: TicketStatus) {
  return async (app: TestApp) => {
    await app.write((tx) => void updateSettings(tx, { isAutoAssignEnabled: false }))
    await openTicket(app, {})
    const id = app.read(({ q }) => counter(q, 'ticket'))
    await app.write((tx) => updateTicket(tx, id, { assignedTo, status: { to, unless: [] } }))
    await app.write((tx) => void updateSettings(tx, { isAutoAssignEnabled: true }))
  }
}

const assignedAt = (id: number, at: number | null) =>
  sql(`UPDATE staff SET last_assigned_at = ${at} WHERE id = ${id}`)

/** A row whose ticket, the `id`th, is given to somebody by itself. */
function gives(name: string, given: Row['given'], id: number, fields: object): Row {
  const shown = { id, reference_id: `SD-${1000 + id}`, department: repairs, ...fields }
  return opens(name, given, shown, { events: assigned })
}

const both = members(staff.tomas, staff.noor)

contract('the agent of a new ticket', { key: 'special', call: createLine }, [
  {
    ...gives('is a member of its department, linked and told', both, 1, ofTomas),
    after(app) {
      const [updated] = app.eventsAfter(app.lastSequence() - 1)
      expect(JSON.parse(updated?.body ?? '')).toEqual({
        uid: expect.any(String),
        reference: 'SD-1001',
        changes: { assignedTo: { from: null, to: staff.tomas } },
        assigneeUids: { from: null, to: expect.stringMatching(/^[0-9a-z]{26}$/) },
        cause: 'auto_assign',
      })
      const people = JSON.parse(app.dump().get('staff') ?? '') as { last_assigned_at: unknown }[]
      expect(people.map((one) => one.last_assigned_at)).toEqual([null, T0, null, null])
    },
  },
  gives('is the one with fewer open tickets', [both, ticketOf(staff.tomas, 'on_hold')], 2, ofNoor),
  gives(
    'is the one with fewer, however long ago the other was given one',
    [both, ticketOf(staff.tomas, 'open'), assignedAt(2, 1), assignedAt(4, T0)],
    2,
    ofNoor,
  ),
  gives(
    'does not mind tickets that have ended',
    [
      both,
      ticketOf(staff.tomas, 'closed'),
      ticketOf(staff.tomas, 'solved'),
      ticketOf(staff.noor, 'in_progress'),
      assignedAt(2, T0),
    ],
    4,
    ofTomas,
  ),
  gives('is of equals the one who was never given one', [both, assignedAt(2, 1)], 1, ofNoor),
  gives(
    'is of equals the one who was given one longest ago',
    [both, assignedAt(2, T0), assignedAt(4, T0 - 1)],
    1,
    ofNoor,
  ),
  gives(
    'is of equals otherwise the one with the lowest id',
    [both, assignedAt(2, 5), assignedAt(4, 5)],
    1,
    ofTomas,
  ),
  gives(
    'is by turns each of them',
    [both, ticketLater, { call: createLine, body: least }, minuteLater],
    3,
    { ...ofTomas, created_at: '2026-05-04T08:17:00Z', updated_at: '2026-05-04T08:17:00Z' },
  ),
  opens('is nobody who is inactive or no agent', members(staff.ida, staff.admin), {
    department: repairs,
    assigned_to: null,
    agents: [],
  }),
  opens('is nobody where nobody is a member', members(), { department: repairs }),
  opens('is nobody when the setting is off', [both, set({ isAutoAssignEnabled: false })], {
    department: repairs,
  }),
  opens('is nobody without a department', [both, set({ defaultDepartmentId: null })], {}),
  {
    name: 'reaches the ticket from then on',
    key: 'agent',
    call: 'GET /api/v1/external/tickets/1',
    given: [both, { call: createLine, key: 'special', body: least }],
    status: 200,
    reply: { status: true, data: expect.objectContaining(ofTomas) },
  },
  {
    name: 'comes only with the ticket: another department later gives nobody',
    call: 'PUT /api/v1/internal/tickets/1',
    given: [both, set({ defaultDepartmentId: null }), ticket],
    body: { department_id: 1 },
    status: 200,
    reply: { data: { ...ticketView, department: repairs }, message: 'Updated successfully' },
    events: ['ticket.updated'],
  },
])

async function ticketLater(app: TestApp): Promise<void> {
  await openTicket(app, {})
  minuteLater(app)
}

const kevaLine = 'POST /api/v1/tickets'
const kevaBody = { subject: 'Hello', customerEmail: 'mara@northwind.test', body: 'Where is it?' }

contract('a new ticket of Keva', { key: 'keva', call: kevaLine, given: both }, [
  {
    name: 'goes by the same settings',
    given: [both, set({ defaultPriority: 'high', ticketPrefix: null })],
    body: kevaBody,
    status: 201,
    reply: { data: expect.objectContaining({ priority: 'high', assignedTo: uid('user') }) },
    events: assigned,
    after: answers('GET /api/v1/internal/tickets/1', 200, {
      data: expect.objectContaining({
        ...ofTomas,
        reference_id: '#1001',
        department: repairs,
        priority: 'high',
      }),
    }),
  },
  {
    name: 'has the priority that is given',
    given: [mara, set({ defaultPriority: 'high' })],
    body: { ...kevaBody, priority: 'low' },
    status: 201,
    reply: { data: expect.objectContaining({ priority: 'low' }) },
    events: opened,
  },
])
