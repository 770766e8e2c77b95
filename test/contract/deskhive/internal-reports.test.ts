import { expect } from 'bun:test'
import { postMessage } from '../../../src/domain/messages.ts'
import { toggleLike } from '../../../src/domain/likes.ts'
import {
  closeTicket,
  deleteTicket,
  updateTicket,
  type TicketPatch,
} from '../../../src/domain/tickets.ts'
import { systemActor } from '../../../src/domain/tx.ts'
import { contract, type Row } from '../../support/contract.ts'
import { staff, type TestApp } from '../../support/harness.ts'
import { catalog, openTicket } from '../../support/seed.ts'
import { internalRefusals } from '../refusals.ts'

// deskhive.md 19.2. It is 2026-05-04T08:15:00Z.

const line = 'GET /api/v1/internal/reports'
const names = ['overview', 'agents', 'departments'] as const
const days = { start_date: '2026-04-04', end_date: '2026-05-04' }

function setTime(app: TestApp, iso: string): void {
  app.shiftWallClock(Date.parse(iso) - app.read(({ now }) => now))
}

async function change(app: TestApp, id: number, patch: TicketPatch): Promise<void> {
  await app.write((tx) => updateTicket(tx, id, patch))
}

async function say(app: TestApp, ticketId: number, staffId: number, isInternal = false) {
  const actor = { ...systemActor, staffId }
  const { id } = await app.desk.write(actor, (tx) =>
    postMessage(tx, ticketId, { body: 'Look', isInternal, direction: 'outbound' }),
  )
  return id
}

/** Six tickets; all but the first were created on the last 31 days. */
async function sixTickets(app: TestApp): Promise<void> {
  catalog(app)
  setTime(app, '2026-04-03T23:59:59Z')
  await openTicket(app, { departmentId: 2, priority: 'low' })
  setTime(app, '2026-04-04T00:00:00Z')
  await openTicket(app, { departmentId: 1, priority: 'high' })
  await change(app, 2, { assignedTo: staff.tomas })
  await say(app, 2, staff.tomas, true)
  setTime(app, '2026-04-04T01:00:00Z')
  const answer = await say(app, 2, staff.tomas)
  await say(app, 2, staff.tomas)
  await say(app, 2, staff.noor)
  for (const fan of [staff.tomas, staff.noor]) {
    await app.write((tx) => toggleLike(tx, 2, answer, fan))
  }
  setTime(app, '2026-04-04T10:00:00Z')
  await app.write((tx) => closeTicket(tx, 2))
  setTime(app, '2026-04-22T12:00:00Z')
  await openTicket(app, { departmentId: 2, priority: 'low' })
  await change(app, 3, { assignedTo: 'ai' })
  await openTicket(app, { priority: 'urgent' })
  setTime(app, '2026-05-04T00:00:00Z')
  await openTicket(app, { departmentId: 1 })
  await change(app, 5, { assignedTo: staff.noor, status: { to: 'on_hold', unless: [] } })
  app.sql(
    `INSERT INTO ticket_agents SELECT id, ${staff.tomas}, created_at FROM tickets WHERE id = 5`,
  )
  await openTicket(app, { departmentId: 1 })
  setTime(app, '2026-05-04T00:00:02.500Z')
  await say(app, 6, staff.admin)
  await change(app, 6, { status: { to: 'solved', unless: [] } })
  setTime(app, '2026-05-04T08:15:00Z')
}

const noCounts = {
  total_tickets: 0,
  open_tickets: 0,
  in_progress_tickets: 0,
  on_hold_tickets: 0,
  closed_tickets: 0,
}

const noAverages = { avg_first_response_seconds: null, avg_resolution_seconds: null }

const counts = { total_tickets: 5, open_tickets: 2, on_hold_tickets: 1, closed_tickets: 2 }

/** What the tickets of the last 31 days come to. */
const overview = {
  ...days,
  ...noCounts,
  ...counts,
  by_status: { open: 2, in_progress: 0, on_hold: 1, closed: 2 },
  by_priority: { low: 1, medium: 2, high: 1, critical: 1 },
  by_department: [
    { id: 1, name: 'Repairs', count: 3 },
    { id: 2, name: 'Billing', count: 1 },
    { id: null as number | null, name: null as string | null, count: 1 },
  ],
  tickets_over_time: [
    { date: '2026-04-04', count: 1 },
    { date: '2026-04-22', count: 2 },
    { date: '2026-05-04', count: 2 },
  ],
  unassigned_tickets: 1,
  // An hour and 2.5 seconds; ten hours and 2.5 seconds.
  avg_first_response_seconds: 1801,
  avg_resolution_seconds: 18_001,
}

const emptyOverview = {
  ...days,
  ...noCounts,
  by_status: { open: 0, in_progress: 0, on_hold: 0, closed: 0 },
  by_priority: { low: 0, medium: 0, high: 0, critical: 0 },
  by_department: [] as object[],
  tickets_over_time: [] as object[],
  unassigned_tickets: 0,
  ...noAverages,
}

const noAgent = { ...noCounts, replies_count: 0, likes_count: 0, ...noAverages }
const tomas = { id: 2, name: 'Tomas Berg', is_active: true, ...noAgent }
const ida = { id: 3, name: 'Ida Falk', is_active: false, ...noAgent }
const noor = { id: 4, name: 'Noor Haddad', is_active: true, ...noAgent }

const noDepartment = { ...noCounts, unassigned_tickets: 0, ...noAverages }

const dateError = (field: string) => `The ${field} date field must be a valid date.`
const orderError = 'The end date field must be a date after or equal to start date.'

/** What every report says of its dates. */
function dateRows(call: string): Row[] {
  const refused = { call: '', status: 422 }
  const ordered = (name: string, query: string): Row => ({
    ...refused,
    name,
    call: `${call}?${query}`,
    reply: { message: orderError, errors: { end_date: [orderError] } },
  })
  const spelled = (name: string, query: string, from: string, to: string): Row => ({
    name,
    call: `${call}?${query}`,
    status: 200,
    reply: (body: { data: object }) =>
      expect(body.data).toMatchObject({ start_date: from, end_date: to }),
  })
  return [
    spelled('goes back 30 days from today', '', days.start_date, days.end_date),
    spelled('takes blank dates for none', 'start_date=%20&end_date=', '2026-04-04', '2026-05-04'),
    spelled(
      'takes the UTC day of a date-time',
      'start_date=2026-04-01T23:30:00-02:00&end_date=2026-04-05T00:30:00%2B02:00',
      '2026-04-02',
      '2026-04-04',
    ),
    spelled(
      'takes one day',
      'start_date=2024-02-29&end_date=2024-02-29',
      '2024-02-29',
      '2024-02-29',
    ),
    spelled(
      'takes all time',
      'start_date=0000-01-01&end_date=9999-12-31',
      '0000-01-01',
      '9999-12-31',
    ),
    ordered('refuses an end before its start', 'start_date=2026-05-02&end_date=2026-05-01'),
    ordered('refuses a start after today', 'start_date=2026-05-05'),
    ordered('refuses an end before the default start', 'end_date=2026-04-03'),
    {
      ...refused,
      name: 'says every bad date at once, in declared order',
      call: `${call}?end_date=2026-02-30&start_date=yesterday`,
      reply: {
        message: `${dateError('start')} (and 1 more error)`,
        errors: { start_date: [dateError('start')], end_date: [dateError('end')] },
      },
    },
    ...[
      '1746316800',
      '2026-5-4',
      '04/05/2026',
      '2026-05-04T25:00Z',
      '0000-01-01T00:00%2B14:00',
    ].map((end): Row => ({
      ...refused,
      name: `refuses the date ${end}`,
      call: `${call}?end_date=${end}`,
      reply: { message: dateError('end'), errors: { end_date: [dateError('end')] } },
    })),
  ]
}

for (const name of names) {
  const call = `${line}/${name}`
  contract(`${call}: the dates and the key`, { key: 'scoped', call }, [
    ...dateRows(call),
    ...internalRefusals(call),
  ])
}

const overviewLine = `${line}/overview`

contract(overviewLine, { key: 'special', call: overviewLine, given: sixTickets }, [
  { name: 'sums up the tickets of the last 31 days', status: 200, reply: { data: overview } },
  {
    name: 'shows zeros on an empty desk',
    given: [],
    status: 200,
    reply: { data: emptyOverview },
  },
  {
    name: 'lists the departments that have no tickets',
    given: catalog,
    status: 200,
    reply: {
      data: {
        ...emptyOverview,
        by_department: [
          { id: 2, name: 'Billing', count: 0 },
          { id: 1, name: 'Repairs', count: 0 },
        ],
      },
    },
  },
  {
    name: 'takes both days in, and no more',
    call: `${overviewLine}?start_date=2026-04-03&end_date=2026-04-04`,
    status: 200,
    reply: {
      data: {
        ...emptyOverview,
        start_date: '2026-04-03',
        end_date: '2026-04-04',
        total_tickets: 2,
        open_tickets: 1,
        closed_tickets: 1,
        by_status: { open: 1, in_progress: 0, on_hold: 0, closed: 1 },
        by_priority: { low: 1, medium: 0, high: 1, critical: 0 },
        by_department: [
          { id: 2, name: 'Billing', count: 1 },
          { id: 1, name: 'Repairs', count: 1 },
        ],
        tickets_over_time: [
          { date: '2026-04-03', count: 1 },
          { date: '2026-04-04', count: 1 },
        ],
        unassigned_tickets: 1,
        avg_first_response_seconds: 3600,
        avg_resolution_seconds: 36_000,
      },
    },
  },
  {
    name: 'forgets a deleted ticket, and its day with it',
    given: [
      sixTickets,
      (app) => app.write((tx) => [2, 4, 6].forEach((id) => deleteTicket(tx, id))),
    ],
    status: 200,
    reply: {
      data: {
        ...emptyOverview,
        total_tickets: 2,
        open_tickets: 1,
        on_hold_tickets: 1,
        by_status: { open: 1, in_progress: 0, on_hold: 1, closed: 0 },
        by_priority: { low: 1, medium: 1, high: 0, critical: 0 },
        by_department: [
          { id: 2, name: 'Billing', count: 1 },
          { id: 1, name: 'Repairs', count: 1 },
        ],
        tickets_over_time: [
          { date: '2026-04-22', count: 1 },
          { date: '2026-05-04', count: 1 },
        ],
      },
    },
  },
  {
    name: 'puts the tickets of a deleted department with those of none, which come after a like count',
    given: [sixTickets, { call: 'DELETE /api/v1/internal/departments/1' }],
    status: 200,
    reply: (body: { data: object }) =>
      expect(body.data).toEqual({
        ...overview,
        by_department: [
          { id: null, name: null, count: 4 },
          { id: 2, name: 'Billing', count: 1 },
        ],
      }),
  },
])

const agentsLine = `${line}/agents`

contract(agentsLine, { key: 'special', call: agentsLine, given: sixTickets }, [
  {
    name: 'shows every agent, the busiest first; a ticket of two counts for both',
    status: 200,
    reply: {
      data: {
        ...days,
        agents: [
          {
            ...tomas,
            total_tickets: 2,
            on_hold_tickets: 1,
            closed_tickets: 1,
            replies_count: 2,
            likes_count: 2,
            avg_first_response_seconds: 3600,
            avg_resolution_seconds: 36_000,
          },
          { ...noor, total_tickets: 1, on_hold_tickets: 1, replies_count: 1 },
          ida,
        ],
      },
    },
  },
  {
    name: 'shows zeros on other days, in the order of names',
    call: `${agentsLine}?start_date=2026-01-01&end_date=2026-01-31`,
    status: 200,
    reply: {
      data: { start_date: '2026-01-01', end_date: '2026-01-31', agents: [ida, noor, tomas] },
    },
  },
  {
    name: 'does not show an agent that is gone, nor takes the tickets from the others',
    given: [sixTickets, (app) => app.sql(`DELETE FROM staff WHERE id = ${staff.tomas}`)],
    status: 200,
    reply: {
      data: {
        ...days,
        agents: [{ ...noor, total_tickets: 1, on_hold_tickets: 1, replies_count: 1 }, ida],
      },
    },
  },
  {
    name: 'counts the likes that are left',
    given: [sixTickets, (app) => app.sql(`DELETE FROM staff WHERE id = ${staff.noor}`)],
    status: 200,
    reply: (body: { data: { agents: object[] } }) =>
      expect(body.data.agents[0]).toMatchObject({ id: 2, replies_count: 2, likes_count: 1 }),
  },
])

const departmentsLine = `${line}/departments`

contract(departmentsLine, { key: 'special', call: departmentsLine, given: sixTickets }, [
  {
    name: 'shows every department, the busiest first, and what has none last among equals',
    status: 200,
    reply: {
      data: {
        ...days,
        departments: [
          {
            ...noDepartment,
            id: 1,
            name: 'Repairs',
            total_tickets: 3,
            on_hold_tickets: 1,
            closed_tickets: 2,
            avg_first_response_seconds: 1801,
            avg_resolution_seconds: 18_001,
          },
          { ...noDepartment, id: 2, name: 'Billing', total_tickets: 1, open_tickets: 1 },
          {
            ...noDepartment,
            id: null,
            name: null,
            total_tickets: 1,
            open_tickets: 1,
            unassigned_tickets: 1,
          },
        ],
      },
    },
  },
  {
    name: 'sorts departments without tickets by name as people do',
    given: ['Östra', 'ask', 'Åbo', 'Bygg'].map((name) => ({
      call: 'POST /api/v1/internal/departments',
      body: { name, status: 'draft' },
    })),
    status: 200,
    reply: (body: { data: { departments: { name: string }[] } }) =>
      expect(body.data.departments.map((one) => one.name)).toEqual(['Åbo', 'ask', 'Bygg', 'Östra']),
  },
])
