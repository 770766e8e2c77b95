import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { createAgent, getAgent, updateAgent } from '../../src/domain/agents.ts'
import { departments } from '../../src/domain/catalog.ts'
import { upsertCustomer } from '../../src/domain/customers.ts'
import { Fault } from '../../src/domain/errors.ts'
import {
  createStaff,
  deleteStaff,
  getStaff,
  updateStaff,
  type StaffFields,
} from '../../src/domain/staff.ts'
import { createTicket, updateTicket } from '../../src/domain/tickets.ts'
import { getFullTicket } from '../../src/domain/ticketviews.ts'
import { systemActor, type Tx } from '../../src/domain/tx.ts'
import { eventsAfter } from '../../src/store/events.ts'
import type { Sync } from '../../src/store/queries.ts'
import { clientOf, T0, testDesk, type TestDesk } from '../store/fixtures.ts'

let house: TestDesk
/** The agent Ada, whose id is 2; the installed admin has 1. */
const ada = 2
const admin = 1

const write = <T>(job: (tx: Tx) => Sync<T>) => house.desk.write(systemActor, job)

beforeEach(async () => {
  house = await testDesk()
  await write((tx) => {
    createAgent(tx, { name: 'Ada', email: 'ada@example.com' })
    departments.create(tx, { name: 'Repairs' })
  })
})
afterEach(() => house[Symbol.dispose]())

/** Changes a person a minute later, and gives the events of it. */
async function change(id: number, fields: StaffFields): Promise<object[]> {
  const { sequence = 0 } = allEvents().at(-1) ?? {}
  house.time.now += 60_000
  await write((tx) => void updateStaff(tx, id, fields))
  return allEvents()
    .filter((event) => event.sequence > sequence)
    .map(({ type, body }) => ({ type, ...(JSON.parse(body) as object) }))
}

function allEvents() {
  return house.desk.read(systemActor, ({ q }) => eventsAfter(q, 0, 1000))
}

const person = (id: number) => house.desk.read(systemActor, (reader) => getStaff(reader, id))

async function faultOf(job: (tx: Tx) => void): Promise<object> {
  const err = await write(job).catch((thrown: unknown) => thrown)
  if (!(err instanceof Fault)) throw new Error(`Not refused: ${String(err)}`)
  return { kind: err.kind, about: err.about, issues: err.issues }
}

describe('a change of a person', () => {
  test('names what changed, and a password only by that word', async () => {
    const events = await change(ada, {
      name: 'Ada Ek',
      email: 'ek@example.com',
      passwordHash: 'a hash',
      phone: null,
      locale: 'sv',
      isActive: false,
      notificationSettings: { ticket_reply: false },
      departmentIds: [1],
    })
    const { uid } = person(ada)
    const fields = ['name', 'email', 'locale', 'isActive', 'notificationSettings']
    expect(events).toEqual([
      {
        type: 'staff.updated',
        id: ada,
        uid,
        name: 'Ada Ek',
        role: 'agent',
        fields: [...fields, 'password', 'departments'],
      },
    ])
    expect(person(ada)).toMatchObject({
      name: 'Ada Ek',
      sortName: 'ada ek',
      emailKey: 'ek@example.com',
      passwordHash: 'a hash',
      updatedAt: T0 + 60_000,
    })
  })

  test('that changes nothing is none', async () => {
    await change(ada, { departmentIds: [1] })
    const before = person(ada)
    const same = { name: 'Ada', email: 'ada@example.com', isActive: true, departmentIds: [1, 1] }
    expect(await change(ada, same)).toEqual([])
    expect(await change(ada, {})).toEqual([])
    expect(person(ada)).toEqual(before)
  })

  test('keeps the case of an address that is theirs', async () => {
    await change(ada, { email: 'ADA@example.com' })
    expect(person(ada)).toMatchObject({ email: 'ADA@example.com', emailKey: 'ada@example.com' })
  })
})

/** Two tickets of Ada, who works in department 1. */
function work(tx: Tx): void {
  const customer = upsertCustomer(tx, 'mara@example.com', undefined)
  for (const subject of ['one', 'two']) {
    const id = createTicket(tx, { customer, subject, body: 'x', source: 'api' })
    updateTicket(tx, id, { assignedTo: ada })
  }
  updateAgent(tx, ada, { departmentIds: [1] })
}
const ticket = (id: number) => house.desk.read(systemActor, (reader) => getFullTicket(reader, id))

describe('another role', () => {
  test('of an agent takes links and departments, not what is assigned', async () => {
    await write(work)
    expect(await change(ada, { role: 'admin' })).toMatchObject([
      { type: 'staff.updated', role: 'admin', fields: ['role'] },
    ])
    expect(ticket(1)).toMatchObject({ assigneeId: ada, agents: [] })
    const rows = clientOf(house.store).prepare('SELECT * FROM department_agents').all()
    expect(rows).toEqual([])
    const counts = clientOf(house.store)
      .prepare("SELECT sum(tickets) FROM ticket_counts WHERE dimension = 'agent'")
      .pluck()
    expect(counts.get()).toBe(0)
  })

  test('of an admin links what is assigned to them (D5)', async () => {
    await write(work)
    await change(ada, { role: 'admin' })
    await change(ada, { role: 'agent' })
    expect(ticket(1).agents).toMatchObject([{ id: ada, name: 'Ada' }])
    expect(ticket(2).agents).toMatchObject([{ id: ada, name: 'Ada' }])
  })

  test('is refused where somebody has the address already', async () => {
    await write(
      (tx) => void createStaff(tx, { role: 'admin', name: 'A', email: 'ADA@example.com' }),
    )
    expect(await faultOf((tx) => void updateStaff(tx, ada, { role: 'admin' }))).toEqual({
      kind: 'invalid',
      about: 'body',
      issues: [{ field: 'email', rule: 'unique' }],
    })
  })

  test('needs an address for an agent', async () => {
    await write((tx) => void createStaff(tx, { role: 'admin', name: 'B', email: 'b@example.com' }))
    expect(await faultOf((tx) => void updateStaff(tx, admin, { role: 'agent' }))).toMatchObject({
      issues: [{ field: 'email', rule: 'required' }],
    })
    await change(admin, { role: 'agent', email: 'c@example.com' })
    expect(person(admin)).toMatchObject({ role: 'agent', email: 'c@example.com' })
  })
})

describe('the last active admin', () => {
  const lost = { kind: 'refused', about: 'lastAdmin' }

  test('stays one, and active', async () => {
    await write((tx) => {
      const { id } = createStaff(tx, { role: 'admin', name: 'B', email: 'b@example.com' })
      updateStaff(tx, id, { isActive: false })
      updateStaff(tx, admin, { email: 'a@example.com' })
    })
    for (const fields of [{ isActive: false }, { role: 'agent' }] as const) {
      expect(await faultOf((tx) => void updateStaff(tx, admin, fields))).toMatchObject(lost)
    }
    expect(await faultOf((tx) => deleteStaff(tx, admin))).toMatchObject(lost)
    expect(await change(admin, { name: 'Boss' })).toHaveLength(1)
  })

  test('is not the last beside another', async () => {
    await write((tx) => void createStaff(tx, { role: 'admin', name: 'B', email: 'b@example.com' }))
    expect(await change(admin, { isActive: false })).toHaveLength(1)
    await write((tx) => deleteStaff(tx, admin))
    expect(allEvents().at(-1)?.type).toBe('staff.deleted')
  })
})

test('an agent needs an address from the start', async () => {
  expect(
    await faultOf((tx) => void createStaff(tx, { role: 'agent', name: 'B', email: null })),
  ).toMatchObject({ issues: [{ field: 'email', rule: 'required' }] })
})

test('who is not an agent is not found among agents', () => {
  expect(() => house.desk.read(systemActor, (reader) => getAgent(reader, admin))).toThrow(Fault)
})
