import { expect } from 'bun:test'
import { updateSettings } from '../../../src/domain/settings.ts'
import { updateTicket } from '../../../src/domain/tickets.ts'
import { linkAgent } from '../../../src/store/agents.ts'
import { dayMs } from '../../../src/lib/time.ts'
import { contract, type Given, type Row } from '../../support/contract.ts'
import { staff, T0, type TestApp } from '../../support/harness.ts'
import { catalog, openTicket } from '../../support/seed.ts'
import { call } from '../../support/send.ts'
import { notFound } from './views.ts'

// deskhive.md section 26, D10: which tickets an agent reaches, wherever that counts. Tomas is of
// department 1. His own ticket is 1, of department 2; of department 1 are 2, which is Noor's, 3, which is
// nobody's, and 4, the AI's; 5 is nobody's, of department 2; 6 is his own, of department 1.

const line = '/api/v1/external/tickets'

async function desk(app: TestApp): Promise<void> {
  catalog(app)
  await app.write((tx) => updateSettings(tx, { isAutoAssignEnabled: false }))
  app.sql(`INSERT INTO department_agents VALUES (1, ${staff.tomas}), (2, ${staff.noor})`)
  for (const departmentId of [2, 1, 1, 1, 2, 1]) {
    await openTicket(app, { departmentId, body: 'The kiln is cold.' })
  }
  await app.write((tx) => {
    updateTicket(tx, 1, { assignedTo: staff.tomas })
    updateTicket(tx, 2, { assignedTo: staff.noor })
    updateTicket(tx, 4, { assignedTo: 'ai' })
    updateTicket(tx, 6, { assignedTo: staff.tomas })
  })
}

type Switches = { readonly visibility: boolean; readonly autoAssign: boolean }

const set =
  ({ visibility, autoAssign }: Switches) =>
  (app: TestApp) =>
    app.write((tx) => {
      updateSettings(tx, {
        isDepartmentVisibilityEnabled: visibility,
        isAutoAssignEnabled: autoAssign,
      })
    })

const off = [desk, set({ visibility: false, autoAssign: false })]
const offAssigning = [desk, set({ visibility: false, autoAssign: true })]
const on = [desk, set({ visibility: true, autoAssign: false })]
const onAssigning = [desk, set({ visibility: true, autoAssign: true })]

const states = [
  { title: 'off', given: off, reached: [6, 1] },
  { title: 'off, assigning', given: offAssigning, reached: [6, 1] },
  { title: 'on', given: on, reached: [6, 4, 3, 2, 1] },
  { title: 'on, assigning', given: onAssigning, reached: [6, 3, 1] },
] as const

type Listed = {
  readonly data: readonly { readonly id: number }[]
  readonly meta: { readonly total: number }
}

const lists = (ids: readonly number[], total = ids.length) => ({
  status: 200,
  reply: (body: unknown) => {
    const { data, meta } = body as Listed
    expect({ ids: data.map(({ id }) => id), total: meta.total }).toEqual({ ids: [...ids], total })
  },
})

const linkTomas = (id: number) => (app: TestApp) =>
  app.write((tx) => linkAgent(tx.q, { id, createdAt: T0 }, staff.tomas))

contract(`GET ${line}, by the visibility of departments`, { key: 'agent', call: `GET ${line}` }, [
  ...states.map(({ title, given, reached }): Row => ({ name: title, given, ...lists(reached) })),
  ...states.map(({ title, given, reached }): Row => ({
    name: `${title}: of a department`,
    call: `GET ${line}?department_id=1`,
    given,
    ...lists(reached.filter((id) => id !== 1)),
  })),
  ...states.map(({ title, given, reached }): Row => ({
    name: `${title}: of another department are only those that are the agent's own`,
    call: `GET ${line}?department_id=2`,
    given,
    ...lists(reached.filter((id) => id === 1)),
  })),
  ...states.map(({ title, given, reached }): Row => ({
    name: `${title}: a page of two, and the total of all`,
    call: `GET ${line}?per_page=2&page=2`,
    given,
    ...lists(reached.slice(2, 4), reached.length),
  })),
  ...states.map(({ title, given, reached }): Row => ({
    name: `${title}: a search finds as much as is in reach, and tells of no more`,
    call: `GET ${line}?q=kiln`,
    given,
    ...lists(reached),
  })),
  {
    name: 'shows a ticket once that is in reach both ways',
    given: [...onAssigning, linkTomas(3)],
    ...lists([6, 3, 1]),
  },
  {
    name: 'filters by status what departments bring, too',
    call: `GET ${line}?status=closed`,
    given: [
      ...on,
      (app) => app.write((tx) => updateTicket(tx, 3, { status: { to: 'closed', unless: [] } })),
    ],
    ...lists([3]),
  },
  {
    name: 'is that of an agent without departments',
    key: 'otherAgent',
    given: on,
    ...lists([5, 2, 1]),
  },
  {
    name: 'is what is linked, for an agent of no department',
    given: [...on, (app) => app.sql('DELETE FROM department_agents')],
    ...lists([6, 1]),
  },
])

/** Every call on one ticket, as the agent makes it. */
const calls: readonly { readonly call: (id: number) => string; readonly body?: object }[] = [
  { call: (id) => `GET ${line}/${id}` },
  { call: (id) => `PUT ${line}/${id}`, body: { priority: 'high' } },
  { call: (id) => `PATCH ${line}/${id}`, body: { status: 'in_progress' } },
  { call: (id) => `GET ${line}/${id}/messages` },
  { call: (id) => `POST ${line}/${id}/messages`, body: { content: 'We look.' } },
  { call: (id) => `POST ${line}/${id}/messages/${id}/like` },
  { call: (id) => `POST ${line}/${id}/close` },
]

async function statusesFor(app: TestApp, id: number): Promise<number[]> {
  const statuses: number[] = []
  for (const { call: lineOf, body } of calls) {
    const answer = await call(app, lineOf(id), { key: 'agent', ...(body && { body }) })
    statuses.push(answer.status)
  }
  return statuses
}

const allowed = [200, 200, 200, 200, 201, 200, 200]

for (const { title, given, reached } of states) {
  const rows = [1, 2, 3, 4, 5, 6].map((id): Row => {
    const isReached = reached.some((one) => one === id)
    return {
      name: `ticket ${id} is ${isReached ? 'reached' : 'not there'}`,
      call: `GET ${line}/${id}`,
      ...(isReached ? { status: 200, reply: () => {} } : notFound),
      after: async (app) => {
        const statuses = await statusesFor(app, id)
        expect(statuses).toEqual(isReached ? allowed : allowed.map(() => 404))
      },
    }
  })
  contract(`each call on a ticket, ${title}`, { key: 'agent', given }, rows)
}

const close = (id: number) => (app: TestApp) =>
  app.write((tx) => updateTicket(tx, id, { status: { to: 'closed', unless: [] } }))

type Steps = Extract<Given, readonly unknown[]>

const busy = (given: Steps): Steps => [
  ...given,
  (app) =>
    app.write((tx) => {
      updateTicket(tx, 3, { status: { to: 'in_progress', unless: [] } })
    }),
  ...[4, 5, 6].map(close),
  { call: 'POST /api/v1/internal/tickets/2/messages', key: 'special', body: { content: 'Hi' } },
]

const figures = (open: number, inProgress: number, waiting: number, ended: number) => ({
  status: 200,
  reply: {
    status: true,
    data: {
      open_tickets: open,
      in_progress_tickets: inProgress,
      needs_response: waiting,
      closed_today: ended,
    },
  },
})

const dashboard = 'GET /api/v1/external/dashboard'

contract(`${dashboard}, by the visibility of departments`, { key: 'agent', call: dashboard }, [
  { name: 'off', given: busy(off), ...figures(1, 0, 1, 1) },
  { name: 'on', given: busy(on), ...figures(2, 1, 2, 2) },
  { name: 'on, assigning', given: busy(onAssigning), ...figures(1, 1, 2, 1) },
  {
    name: 'counts a ticket once that is in reach both ways',
    given: [...busy(on), linkTomas(3), linkTomas(4)],
    ...figures(2, 1, 2, 2),
  },
  {
    name: 'forgets at midnight what ended',
    given: [...busy(on), (app: TestApp) => app.advance(dayMs)],
    ...figures(2, 1, 2, 0),
  },
])
