import { describe, expect, test } from 'bun:test'
import { linkAgent, unlinkAgent } from '../../src/store/agents.ts'
import { insertCustomer } from '../../src/store/customers.ts'
import { Store } from '../../src/store/db.ts'
import { counter, nextNumber } from '../../src/store/meta.ts'
import type { Queries } from '../../src/store/queries.ts'
import { insertNotification, markAllRead, markRead } from '../../src/store/notifications.ts'
import { repliers, ticketPriorities, ticketStatuses } from '../../src/store/schema.ts'
import { insertStaff } from '../../src/store/staff.ts'
import { insertTicket, removeTicket, ticketRow, updateTicket } from '../../src/store/tickets.ts'
import { seeded, type Random } from '../prove/random.ts'
import { clientOf, connectionOf, T0 } from './fixtures.ts'

const steps = 2000
const stepsPerWrite = 250

/** Everything that an action may choose from. */
type World = {
  readonly q: Queries
  readonly random: Random
  serial: number
}

function pick<T>({ random }: World, items: readonly T[]): T | undefined {
  return items[random.between(0, items.length - 1)]
}

function run({ q }: World, sql: string, ...values: unknown[]): void {
  connectionOf(q).client.prepare(sql).run(values)
}

function anyOf(world: World, table: string): number | undefined {
  const { client } = connectionOf(world.q)
  return pick(world, client.prepare(`SELECT id FROM ${table}`).pluck().all().map(Number))
}

/** Now and then nobody. */
const perhaps = (world: World, table: string) =>
  world.random.chance(0.3) ? null : (anyOf(world, table) ?? null)

/** Times collide and go back, as with tickets that were imported. */
const someTime = ({ random }: World) => T0 + random.between(0, 50) * 1000

/** A time of the days that follow. */
const someDay = (world: World) => someTime(world) + world.random.between(0, 3) * 86_400_000

type Action = (world: World) => void

const newTicket: Action = (world) => {
  const { q } = world
  const id = nextNumber(q, 'ticket')
  const at = someTime(world)
  insertTicket(q, {
    id,
    uid: `t${id}`,
    reference: `SD-${id}`,
    subject: 'x',
    source: 'api',
    status: pick(world, ticketStatuses),
    priority: pick(world, ticketPriorities),
    lastPublicMessageBy: pick(world, [...repliers, null]),
    customerId: perhaps(world, 'customers'),
    departmentId: perhaps(world, 'departments'),
    assignedTo: perhaps(world, 'staff'),
    isAssignedToAi: world.random.chance(0.2),
    closedAt: world.random.chance(0.3) ? at + 5000 : null,
    createdAt: at,
    updatedAt: at,
  })
}

const changeTicket: Action = (world) => {
  const { q, random } = world
  const ticket = ticketRow(q, anyOf(world, 'tickets') ?? 0)
  if (!ticket) return
  updateTicket(q, ticket, {
    ...(random.chance(0.5) && { status: pick(world, ticketStatuses) ?? 'open' }),
    ...(random.chance(0.5) && { priority: pick(world, ticketPriorities) ?? 'low' }),
    ...(random.chance(0.4) && { departmentId: perhaps(world, 'departments') }),
    ...(random.chance(0.4) && { assignedTo: perhaps(world, 'staff') }),
    ...(random.chance(0.2) && { isAssignedToAi: random.chance(0.5) }),
    ...(random.chance(0.4) && { closedAt: random.chance(0.5) ? null : someDay(world) }),
    ...(random.chance(0.4) && { lastPublicMessageBy: pick(world, [...repliers, null]) ?? null }),
    ...(random.chance(0.2) && { subject: 'another' }),
  })
}

const link: Action = (world) => {
  const ticket = ticketRow(world.q, anyOf(world, 'tickets') ?? 0)
  const staffId = anyOf(world, 'staff')
  if (ticket && staffId) linkAgent(world.q, ticket, staffId)
}

const unlink: Action = (world) => {
  const { client } = connectionOf(world.q)
  const links = client.prepare('SELECT ticket_id, staff_id FROM ticket_agents').raw().all()
  const [ticketId, staffId] = (pick(world, links) ?? []) as number[]
  if (ticketId && staffId) unlinkAgent(world.q, ticketId, staffId)
}

const notify: Action = (world) => {
  const ticketId = anyOf(world, 'tickets')
  const staffId = anyOf(world, 'staff')
  if (!ticketId || !staffId) return
  const isRead = world.random.chance(0.2)
  const kind = 'ticket_reply'
  insertNotification(world.q, { ticketId, staffId, kind, isRead, createdAt: T0 })
}

const readOne: Action = (world) => markRead(world.q, anyOf(world, 'notifications') ?? 0)

const readAll: Action = (world) => markAllRead(world.q, anyOf(world, 'staff') ?? 0)

const newCustomer: Action = (world) => {
  const uid = `c${(world.serial += 1)}`
  const address = `${uid}@example.com`
  insertCustomer(world.q, {
    uid,
    email: address,
    emailKey: address,
    sortName: uid,
    createdAt: T0,
    updatedAt: T0,
  })
}

const newStaff: Action = (world) => {
  const uid = `s${(world.serial += 1)}`
  insertStaff(world.q, { uid, role: 'agent', name: uid, createdAt: T0, updatedAt: T0 })
}

const newDepartment: Action = (world) => {
  run(world, "INSERT INTO departments (name, created_at, updated_at) VALUES ('x', ?, ?)", T0, T0)
}

const remove =
  (table: string): Action =>
  (world) =>
    run(world, `DELETE FROM ${table} WHERE id = ?`, anyOf(world, table) ?? 0)

const removeOne: Action = (world) => removeTicket(world.q, anyOf(world, 'tickets') ?? 0)

/** Each with its weight. */
const actions: readonly [number, Action][] = [
  [30, newTicket],
  [35, changeTicket],
  [14, link],
  [4, unlink],
  [9, removeOne],
  [12, notify],
  [6, readOne],
  [0.5, readAll],
  [2, remove('notifications')],
  [3, newCustomer],
  [2, newStaff],
  [2, newDepartment],
  [0.5, remove('customers')],
  [0.5, remove('staff')],
  [0.5, remove('departments')],
]

const weights = actions.reduce((sum, [weight]) => sum + weight, 0)

function act(world: World): void {
  let left = world.random.next() * weights
  for (const [weight, action] of actions) {
    left -= weight
    if (left < 0) return action(world)
  }
}

/** What the triggers keep, in the order of its key. */
const kept = `SELECT dimension, member, status, priority, tickets FROM ticket_counts
  WHERE tickets <> 0 ORDER BY dimension, member, status, priority`

const counted = `SELECT * FROM (
    SELECT 'all' AS dimension, 0 AS member, status, priority, count(*) AS tickets
      FROM tickets GROUP BY status, priority
    UNION ALL SELECT 'department', department_id, status, priority, count(*)
      FROM tickets WHERE department_id IS NOT NULL GROUP BY 2, 3, 4
    UNION ALL SELECT 'assignee', assigned_to, status, priority, count(*)
      FROM tickets WHERE assigned_to IS NOT NULL GROUP BY 2, 3, 4
    UNION ALL SELECT 'agent', staff_id, status, priority, count(*)
      FROM ticket_agents JOIN tickets ON id = ticket_id GROUP BY 2, 3, 4
  ) ORDER BY dimension, member, status, priority`

const customersKept = `SELECT id, total_tickets, open_tickets, resolved_tickets, resolution_ms,
  last_ticket_at FROM customers ORDER BY id`

const customersCounted = `SELECT c.id, count(t.id) AS total_tickets,
    count(t.id) FILTER (WHERE t.closed_at IS NULL) AS open_tickets,
    count(t.closed_at) AS resolved_tickets,
    coalesce(sum(t.closed_at - t.created_at), 0) AS resolution_ms,
    max(t.created_at) AS last_ticket_at
  FROM customers c LEFT JOIN tickets t ON t.customer_id = c.id GROUP BY c.id ORDER BY c.id`

const firstsKept = 'SELECT id, first_ticket_at FROM customers ORDER BY id'
const firstsCounted = `SELECT c.id, min(t.created_at) AS first_ticket_at
  FROM customers c LEFT JOIN tickets t ON t.customer_id = c.id GROUP BY c.id ORDER BY c.id`

const agentsKept = `SELECT staff_id, figure, day, tickets FROM agent_counts
  WHERE tickets <> 0 ORDER BY staff_id, figure, day`

const agentsCounted = `SELECT * FROM (
    SELECT staff_id, 'waiting' AS figure, 0 AS day, count(*) AS tickets
      FROM ticket_agents JOIN tickets ON id = ticket_id
      WHERE status IN ('open', 'in_progress') AND coalesce(last_public_message_by, '') <> 'staff'
      GROUP BY 1
    UNION ALL SELECT staff_id, 'ended', floor(closed_at / 86400000.0), count(*)
      FROM ticket_agents JOIN tickets ON id = ticket_id
      WHERE status IN ('solved', 'closed') AND closed_at IS NOT NULL
      GROUP BY 1, 3
  ) ORDER BY staff_id, figure, day`

const noticesKept = `SELECT staff_id, total, unread FROM notification_counts
  WHERE total <> 0 OR unread <> 0 ORDER BY staff_id`

const noticesCounted = `SELECT staff_id, count(*) AS total, count(*) FILTER (WHERE NOT is_read) AS unread
  FROM notifications GROUP BY staff_id ORDER BY staff_id`

const departmentsKept = `SELECT * FROM department_counts
  WHERE tickets <> 0 ORDER BY 1, 2, 3, 4, 5, 6`

const waits = `status IN ('open', 'in_progress') AND coalesce(last_public_message_by, '') <> 'staff'`

const departmentsCounted = `SELECT * FROM (
    SELECT 0 AS staff_id, department_id, assigned_to IS NULL AND is_assigned_to_ai = 0 AS is_unassigned,
      status, priority, ${waits} AS is_waiting, count(*) AS tickets
      FROM tickets WHERE department_id IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6
    UNION ALL SELECT staff_id, department_id, assigned_to IS NULL AND is_assigned_to_ai = 0,
      status, priority, ${waits}, count(*)
      FROM ticket_agents JOIN tickets ON id = ticket_id
      WHERE department_id IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6
  ) ORDER BY 1, 2, 3, 4, 5, 6`

const pairs = [
  [kept, counted],
  [customersKept, customersCounted],
  [firstsKept, firstsCounted],
  [agentsKept, agentsCounted],
  [noticesKept, noticesCounted],
  [departmentsKept, departmentsCounted],
] as const

describe('running counts', () => {
  test.each([1, 2, 3])(
    'equal a recount after everything that may happen (seed %p)',
    async (seed) => {
      using store = Store.inMemory(T0)
      const db = clientOf(store)
      const random = seeded(seed)
      let serial = 0
      for (let done = 0; done < steps; done += stepsPerWrite) {
        await store.write((q) => {
          const world = { q, random, serial }
          for (let n = 0; n < stepsPerWrite; n++) act(world)
          serial = world.serial
        })
        for (const [running, recount] of pairs) {
          expect(db.prepare(running).all()).toEqual(db.prepare(recount).all())
        }
        const customers = db.prepare('SELECT count(*) FROM customers').pluck().get()
        expect(store.read((q) => counter(q, 'customers'))).toBe(Number(customers))
      }
      expect(db.prepare('SELECT min(tickets) FROM ticket_counts').pluck().get()).toBe(0)
      expectBusy(db)
      expect(db.pragma('foreign_key_check')).toEqual([])
    },
  )

  test('a ticket number is never given twice, not even after a rollback that took one', async () => {
    using store = Store.inMemory(T0)
    const first = await store.write((q) => nextNumber(q, 'ticket'))
    const lost = store.write((q) => {
      nextNumber(q, 'ticket')
      throw new Error('no')
    })
    await lost.catch(() => {})
    expect([first, await store.write((q) => nextNumber(q, 'ticket'))]).toEqual([1, 2])
  })
})

/** The walk has been through all dimensions, or it would prove nothing. */
function expectBusy(db: ReturnType<typeof clientOf>): void {
  const dimensions = db
    .prepare('SELECT dimension FROM ticket_counts WHERE tickets > 0 GROUP BY 1 HAVING count(*) > 5')
    .pluck()
    .all()
  expect(dimensions).toEqual(['agent', 'all', 'assignee', 'department'])
  const figures = db.prepare('SELECT figure, day FROM agent_counts WHERE tickets > 0 GROUP BY 1, 2')
  expect(figures.all().length).toBeGreaterThan(3)
  const notices = db
    .prepare('SELECT sum(unread) > 0, sum(total) > sum(unread) FROM notification_counts')
    .raw()
  expect(notices.get()).toEqual([1, 1])
  const reached = db.prepare(
    'SELECT staff_id > 0, is_unassigned, is_waiting FROM department_counts WHERE tickets > 0 GROUP BY 1, 2, 3',
  )
  expect(reached.all()).toHaveLength(8)
  const gone = db
    .prepare(
      "SELECT count(*) FROM sqlite_sequence s WHERE name IN ('staff', 'departments', 'customers')",
    )
    .pluck()
    .get()
  expect(gone).toBe(3)
  for (const table of ['staff', 'departments', 'customers']) {
    const made = db.prepare('SELECT seq FROM sqlite_sequence WHERE name = ?').pluck().get(table)
    const left = db.prepare(`SELECT count(*) FROM ${table}`).pluck().get()
    expect(Number(made)).toBeGreaterThan(Number(left))
  }
}
