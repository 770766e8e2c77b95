import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { listFullTickets, listTickets } from '../../src/domain/ticketviews.ts'
import { systemActor, type Reader } from '../../src/domain/tx.ts'
import type { Page, Window } from '../../src/lib/page.ts'
import { linkAgent } from '../../src/store/agents.ts'
import { insertCustomer } from '../../src/store/customers.ts'
import { labelStore } from '../../src/store/catalog.ts'
import { setTicketLabels } from '../../src/store/labels.ts'
import { insertMessage } from '../../src/store/messages.ts'
import type { Queries } from '../../src/store/queries.ts'
import {
  ticketPriorities,
  ticketStatuses,
  type TicketPriority,
  type TicketStatus,
} from '../../src/store/schema.ts'
import { insertStaff } from '../../src/store/staff.ts'
import {
  ticketDetails,
  ticketSummaries,
  type DepartmentReach,
  type TicketFilter,
} from '../../src/store/ticketlists.ts'
import { insertTicket } from '../../src/store/tickets.ts'
import { seeded } from '../prove/random.ts'
import { connectionOf, T0, testDesk, type TestDesk } from './fixtures.ts'
import { traced as tracedIn, type Traced } from './plans.ts'

const ticketsMade = 400

/** A ticket as the naive model knows it. */
type Model = {
  readonly id: number
  readonly createdAt: number
  readonly status: TicketStatus
  readonly priority: TicketPriority
  readonly departmentId: number | null
  readonly customerId: number
  readonly assignedTo: number | null
  readonly isAssignedToAi: boolean
  readonly agents: readonly number[]
}

let house: TestDesk
let models: Model[]

beforeAll(async () => {
  house = await testDesk()
  models = await house.desk.write(systemActor, ({ q }) => {
    people(q)
    return Array.from({ length: ticketsMade }, (_, at) => ticket(q, at + 1))
  })
})
afterAll(() => house[Symbol.dispose]())

const stamps = { createdAt: T0, updatedAt: T0 }
const random = seeded(7)
const oneOf = <T>(items: readonly T[], otherwise: T): T =>
  items[random.between(0, items.length - 1)] ?? otherwise

function people(q: Queries): void {
  // The installation has made staff 1.
  for (const uid of ['s2', 's3', 's4']) insertStaff(q, { uid, role: 'agent', name: uid, ...stamps })
  for (const uid of ['c1', 'c2', 'c3']) {
    insertCustomer(q, { uid, email: uid, emailKey: uid, sortName: uid, ...stamps })
  }
  const { client } = connectionOf(q)
  for (const name of ['sales', 'support', 'returns']) {
    client
      .prepare('INSERT INTO departments (name, created_at, updated_at) VALUES (?, 0, 0)')
      .run(name)
  }
  for (const name of ['a', 'b']) labelStore.insert(q, { name, color: '#fff', ...stamps })
}

/** Many share their moment, so that only the id puts them in order. */
function ticket(q: Queries, id: number): Model {
  const model: Model = {
    id,
    createdAt: T0 + random.between(0, 40) * 1000,
    status: oneOf(ticketStatuses, 'open'),
    priority: oneOf(ticketPriorities, 'low'),
    departmentId: oneOf([null, 1, 2, 3], null),
    customerId: oneOf([1, 2, 3], 1),
    assignedTo: oneOf([null, 2, 3], null),
    isAssignedToAi: random.chance(0.1),
    agents: [2, 3, 4].filter(() => random.chance(0.4)),
  }
  const { agents, ...columns } = model
  insertTicket(q, {
    ...columns,
    uid: `t${id}`,
    reference: `SD-${id}`,
    subject: `Ticket ${id}`,
    source: 'api',
    updatedAt: T0,
  })
  for (const agent of agents) linkAgent(q, model, agent)
  setTicketLabels(q, id, id % 2 === 0 ? [2, 1] : [1])
  insertMessage(q, {
    uid: `m${id}`,
    ticketId: id,
    senderKind: 'customer',
    body: `Text ${id}`,
    isOpening: true,
    ...stamps,
  })
  return model
}

function fits(model: Model, filter: TicketFilter): boolean {
  const { statuses = [], priority, departmentId, customerId, assignedTo, agentId } = filter
  return (
    (statuses.length === 0 || statuses.includes(model.status)) &&
    (priority === undefined || model.priority === priority) &&
    (departmentId === undefined || model.departmentId === departmentId) &&
    (customerId === undefined || model.customerId === customerId) &&
    (assignedTo === undefined || model.assignedTo === assignedTo) &&
    (agentId === undefined || model.agents.includes(agentId) || isByDepartment(model, filter))
  )
}

function isByDepartment(model: Model, { byDepartment }: TicketFilter): boolean {
  if (!byDepartment || model.departmentId === null) return false
  const isFree = model.assignedTo === null && !model.isAssignedToAi
  const isMine = byDepartment.departmentIds.includes(model.departmentId)
  return isMine && (isFree || !byDepartment.isUnassignedOnly)
}

function expectedOf(filter: TicketFilter): number[] {
  return models
    .filter((model) => fits(model, filter))
    .toSorted((a, b) => b.createdAt - a.createdAt || b.id - a.id)
    .map(({ id }) => id)
}

const statusChoices: readonly (readonly TicketStatus[])[] = [
  [],
  ['open'],
  ['open', 'in_progress'],
  ['closed', 'solved', 'on_hold'],
]

/** None, one, several, and so many that they go together; of the last most are no department. */
const reaches: readonly DepartmentReach['departmentIds'][] = [
  [],
  [2],
  [1, 3],
  Array.from({ length: 200 }, (_, at) => at + 2),
]

/** Every combination of the conditions, and with the departments of the agent. */
const filters: readonly TicketFilter[] = statusChoices.flatMap((statuses) =>
  combinations(statuses).flatMap((filter) => (filter.agentId ? withReach(filter) : [filter])),
)

function withReach(filter: TicketFilter): TicketFilter[] {
  const ways = [false, true].flatMap((isUnassignedOnly) =>
    reaches.map((departmentIds) => ({ departmentIds, isUnassignedOnly })),
  )
  return [filter, ...ways.map((byDepartment) => ({ ...filter, byDepartment }))]
}

function combinations(statuses: readonly TicketStatus[]): TicketFilter[] {
  return Array.from({ length: 32 }, (_, bits) => ({
    ...(statuses.length > 0 && { statuses }),
    ...(bits & 1 && { priority: 'high' as const }),
    ...(bits & 2 && { departmentId: 1 }),
    ...(bits & 4 && { customerId: 2 }),
    ...(bits & 8 && { assignedTo: 3 }),
    ...(bits & 16 && { agentId: 4 }),
  }))
}

const shownAs = (filter: TicketFilter) =>
  JSON.stringify(filter, (name, value: unknown) =>
    name === 'departmentIds' && Array.isArray(value) && value.length > 9 ? 'many' : value,
  )

const ranges = [
  { limit: 15, offset: 0 },
  { limit: 7, offset: 5 },
  { limit: 1000, offset: 0 },
  { limit: 5, offset: 100_000 },
] as const

type Placed = { readonly id: number; readonly createdAt: number }

/** The ids of a whole list, read seven rows at a time, each page past the last row of the one before. */
function readOn(total: number, fetch: (window: Window) => Page<Placed>): number[] {
  const ids: number[] = []
  for (let window: Window = { limit: 7, offset: 0 }; ;) {
    const page = fetch(window)
    expect(page.total).toBe(total)
    ids.push(...page.rows.map(({ id }) => id))
    const last = page.rows.at(-1)
    if (!last || ids.length > total) return ids
    window = { limit: 7, after: { at: last.createdAt, id: last.id } }
  }
}

function read<T>(job: (reader: Reader) => T): T {
  const results: T[] = []
  house.desk.read(systemActor, (reader) => {
    results.push(job(reader))
  })
  const [result] = results
  if (result === undefined) throw new Error('The job gave nothing')
  return result
}

describe('every combination of filters', () => {
  test('there are tickets for almost all of them', () => {
    const found = filters.filter((filter) => expectedOf(filter).length > 0)
    expect(filters).toHaveLength(640)
    expect(found.length).toBeGreaterThan(480)
  })

  test.each(filters.map((filter) => [shownAs(filter), filter] as const))(
    '%s: order, pages and total are those of the model',
    (_, filter) => {
      const wanted = expectedOf(filter)
      for (const range of ranges) {
        const { limit, offset } = range
        const summaries = read(({ q }) => ticketSummaries(q, filter, range))
        const details = read(({ q }) => ticketDetails(q, filter, range))
        for (const { rows, total } of [summaries, details]) {
          const ids = rows.map(({ id }) => id)
          expect({ total, ids }).toEqual({
            total: wanted.length,
            ids: wanted.slice(offset, offset + limit),
          })
        }
      }
    },
  )

  test.each(filters.map((filter) => [shownAs(filter), filter] as const))(
    '%s: read on from the last row, page by page, it is the same list',
    (_, filter) => {
      const wanted = expectedOf(filter)
      for (const list of [ticketSummaries, ticketDetails]) {
        expect(readOn(wanted.length, (window) => read(({ q }) => list(q, filter, window)))).toEqual(
          wanted,
        )
      }
    },
  )

  test('an empty list of statuses is any, and a condition that is undefined is none', () => {
    const filter = { statuses: [], priority: undefined, agentId: undefined }
    const { total, rows } = read(({ q }) => ticketSummaries(q, filter, { limit: 3, offset: 0 }))
    expect([total, rows.map(({ id }) => id)]).toEqual([ticketsMade, expectedOf({}).slice(0, 3)])
  })

  test('what nothing fits is an empty page with total 0', () => {
    const filter = { departmentId: 99, agentId: 77, priority: 'low' as const }
    const page = read(({ q }) => ticketDetails(q, filter, { limit: 15, offset: 0 }))
    expect(page).toEqual({ rows: [], total: 0 })
  })
})

const traced = (job: (reader: Reader) => unknown) => tracedIn(house.store, job)

/** The steps of all plans that go through a whole table or index of tickets, or sort its ids. */
function costly(all: readonly Traced[]): string[] {
  return all.flatMap(({ plan }) =>
    plan.filter((step, at) => {
      if (/^SCAN (?:tickets|ticket_agents|messages)\b(?! USING (?:COVERING )?INDEX)/.test(step))
        return true
      // The page itself, a handful of rows that have been found, may be sorted at the very end.
      return step.startsWith('USE TEMP B-TREE') && at < plan.length - 1
    }),
  )
}

const page = { limit: 15, offset: 30 }

const commonShapes: readonly TicketFilter[] = [
  {},
  { statuses: ['open'] },
  { statuses: ['open', 'in_progress'] },
  { priority: 'high' },
  { departmentId: 1 },
  { customerId: 2 },
  { assignedTo: 3 },
  { agentId: 4 },
  { agentId: 4, statuses: ['open'] },
  { agentId: 4, departmentId: 1 },
  { agentId: 4, byDepartment: { departmentIds: [1, 3], isUnassignedOnly: false } },
  { agentId: 4, byDepartment: { departmentIds: [1, 3], isUnassignedOnly: true } },
  {
    agentId: 4,
    statuses: ['closed', 'solved'],
    byDepartment: { departmentIds: [2, 3], isUnassignedOnly: true },
  },
]

/** How many statements run for a page of so many rows, in both shapes. */
function statementsFor(limit: number): number {
  const asked = traced((reader) => {
    const range = { limit, offset: 0 }
    const full = listFullTickets(reader, {}, range)
    const summaries = listTickets(reader, {}, range)
    expect([full.rows.length, summaries.rows.length]).toEqual([limit, limit])
    expect(full.rows[0]?.labels.length).toBeGreaterThan(0)
  })
  return asked.reduce((sum, { runs }) => sum + runs, 0)
}

describe('the cost of a page', () => {
  test.each(commonShapes.map((filter) => [JSON.stringify(filter), filter] as const))(
    '%s: an index gives the order and the ids',
    (_, filter) => {
      const asked = traced((reader) => [
        listTickets(reader, filter, page),
        listFullTickets(reader, filter, page),
      ])
      expect(asked.length).toBeGreaterThan(4)
      expect(costly(asked)).toEqual([])
    },
  )

  test.each(commonShapes.map((filter) => [JSON.stringify(filter), filter] as const))(
    '%s: past a position, every index is entered at that position',
    (_, filter) => {
      const window = { limit: 15, after: { at: T0 + 20_000, id: 200 } }
      const asked = traced((reader) => [
        listTickets(reader, filter, window),
        listFullTickets(reader, filter, window),
      ])
      expect(costly(asked)).toEqual([])
      const steps = asked.flatMap(({ plan }) => plan)
      const entered = steps.filter((step) =>
        /USING (?:COVERING )?INDEX .*created_at<\?\)/.test(step),
      )
      const tied = steps.filter((step) =>
        /USING (?:COVERING )?INDEX .*created_at=\? AND \w+<\?\)/.test(step),
      )
      const lists = 1 + (filter.byDepartment?.departmentIds.length ?? 0)
      const arms = lists * Math.max(1, filter.statuses?.length ?? 0)
      expect([entered.length, tied.length]).toEqual([2 * arms, 2 * arms])
    },
  )

  test.each(commonShapes.filter((filter) => filter.customerId === undefined))(
    '%j: the total comes from the running counts',
    (filter) => {
      const asked = traced(({ q }) => ticketSummaries(q, filter, page))
      const totals = asked.filter(({ sql }) => sql.includes('total'))
      expect(totals).toHaveLength(1)
      const reads = totals[0]?.plan.filter((step) =>
        /\b(?:SEARCH|SCAN) (?!CONSTANT|json_each)/.test(step),
      )
      expect(reads?.length).toBeGreaterThan(0)
      for (const step of reads ?? []) {
        expect(step).toMatch(/^SEARCH (?:ticket|department)_counts USING PRIMARY KEY/)
      }
    },
  )

  test('the check of plans sees a scan and a sort of all ids', () => {
    const scan = traced(({ q }) =>
      connectionOf(q).client.prepare('SELECT id FROM tickets WHERE source = ?').all('api'),
    )
    const sort = traced(({ q }) =>
      connectionOf(q)
        .client.prepare('SELECT 1 FROM (SELECT id FROM tickets ORDER BY subject LIMIT 5) JOIN meta')
        .all(),
    )
    expect([costly(scan).length, costly(sort).length > 0]).toEqual([1, true])
  })

  test('200 rows take as many statements as 15', () => {
    expect(statementsFor(15)).toBe(8)
    expect(statementsFor(200)).toBe(8)
  })
})
