import { describe, expect, test } from 'bun:test'
import { migrations } from '../../migrations/index.ts'
import { linkAgent, unlinkAgent } from '../../src/store/agents.ts'
import { Store } from '../../src/store/db.ts'
import { insertLike, removeLike } from '../../src/store/likes.ts'
import { insertMessage } from '../../src/store/messages.ts'
import { nextNumber } from '../../src/store/meta.ts'
import type { Queries } from '../../src/store/queries.ts'
import { staffRoles, ticketPriorities, ticketStatuses } from '../../src/store/schema.ts'
import { insertStaff } from '../../src/store/staff.ts'
import { insertTicket, removeTicket, ticketRow, updateTicket } from '../../src/store/tickets.ts'
import { seeded, type Random } from '../prove/random.ts'
import { clientOf, connectionOf, T0 } from './fixtures.ts'

// The figures behind the reports, against a fresh computation from the tables.

const steps = 3000
const stepsPerWrite = 250
const dayMs = 86_400_000

type World = { readonly q: Queries; readonly random: Random; serial: number }

function clientIn({ q }: World) {
  return connectionOf(q).client
}

function pick<T>({ random }: World, items: readonly T[]): T | undefined {
  return items[random.between(0, items.length - 1)]
}

function anyOf(world: World, table: string): number | undefined {
  return pick(world, clientIn(world).prepare(`SELECT id FROM ${table}`).pluck().all().map(Number))
}

const perhaps = (world: World, table: string) =>
  world.random.chance(0.3) ? null : (anyOf(world, table) ?? null)

/** On one of three days, often at the edge of one. */
function someTime({ random }: World): number {
  const midnight = Math.floor(T0 / dayMs) * dayMs + random.between(-1, 1) * dayMs
  const edge = random.between(0, 2)
  return midnight + (edge === 0 ? 0 : edge === 1 ? dayMs - 1 : random.between(0, dayMs - 1))
}

const later = (world: World, at: number) =>
  world.random.chance(0.4) ? null : at + world.random.between(0, 900_000)

type Action = (world: World) => void

const newTicket: Action = (world) => {
  const { q, random } = world
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
    departmentId: perhaps(world, 'departments'),
    assignedTo: perhaps(world, 'staff'),
    isAssignedToAi: random.chance(0.2),
    firstResponseAt: later(world, at),
    closedAt: later(world, at),
    createdAt: at,
    updatedAt: at,
  })
}

/** One column or several at once, to the same value or another. */
const changeTicket: Action = (world) => {
  const { q, random } = world
  const ticket = ticketRow(q, anyOf(world, 'tickets') ?? 0)
  if (!ticket) return
  const at = ticket.createdAt
  updateTicket(q, ticket, {
    ...(random.chance(0.4) && { status: pick(world, ticketStatuses) ?? 'open' }),
    ...(random.chance(0.3) && { priority: pick(world, ticketPriorities) ?? 'low' }),
    ...(random.chance(0.3) && { departmentId: perhaps(world, 'departments') }),
    ...(random.chance(0.3) && { assignedTo: perhaps(world, 'staff') }),
    ...(random.chance(0.3) && { isAssignedToAi: random.chance(0.5) }),
    ...(random.chance(0.3) && { firstResponseAt: later(world, at) }),
    ...(random.chance(0.3) && { closedAt: later(world, at) }),
    ...(random.chance(0.2) && { subject: 'another' }),
  })
}

const link: Action = (world) => {
  const ticket = ticketRow(world.q, anyOf(world, 'tickets') ?? 0)
  const staffId = anyOf(world, 'staff')
  if (ticket && staffId) linkAgent(world.q, ticket, staffId)
}

function anyPair(world: World, table: string, columns: string): number[] {
  const rows = clientIn(world).prepare(`SELECT ${columns} FROM ${table}`).raw().all() as number[][]
  return pick(world, rows) ?? []
}

const unlink: Action = (world) => {
  const [ticketId, staffId] = anyPair(world, 'ticket_agents', 'ticket_id, staff_id')
  if (ticketId && staffId) unlinkAgent(world.q, ticketId, staffId)
}

const newMessage: Action = (world) => {
  const { q, random } = world
  const ticketId = anyOf(world, 'tickets')
  const staffId = perhaps(world, 'staff')
  if (ticketId === undefined) return
  const roleOf = clientIn(world).prepare('SELECT role FROM staff WHERE id = ?').pluck()
  const senderRole = staffId === null ? null : (roleOf.get(staffId) as 'admin' | 'agent')
  insertMessage(q, {
    uid: `m${(world.serial += 1)}`,
    ticketId,
    senderKind: staffId === null ? 'customer' : 'staff',
    senderRole,
    staffId,
    body: 'x',
    isInternal: random.chance(0.2),
    isOpening: false,
    createdAt: T0,
    updatedAt: T0,
  })
}

const like: Action = (world) => {
  const messageId = anyOf(world, 'messages')
  const staffId = anyOf(world, 'staff')
  if (messageId && staffId) insertLike(world.q, { messageId, staffId, createdAt: T0 })
}

const unlike: Action = (world) => {
  const [messageId, staffId] = anyPair(world, 'message_likes', 'message_id, staff_id')
  if (messageId && staffId) removeLike(world.q, { messageId, staffId })
}

const newStaff: Action = (world) => {
  const uid = `s${(world.serial += 1)}`
  const role = world.random.chance(0.8) ? staffRoles[1] : staffRoles[0]
  insertStaff(world.q, { uid, role, name: uid, createdAt: T0, updatedAt: T0 })
}

function run(world: World, sql: string, ...values: unknown[]): void {
  clientIn(world).prepare(sql).run(values)
}

const newDepartment: Action = (world) =>
  run(world, "INSERT INTO departments (name, created_at, updated_at) VALUES ('x', ?, ?)", T0, T0)

/** What nothing does today, and a merge of tickets or a corrected message may do one day. */
const changeMessage: Action = (world) => {
  const id = anyOf(world, 'messages') ?? 0
  const to = pick(world, [
    ['ticket_id', anyOf(world, 'tickets') ?? 0],
    ['is_internal', world.random.between(0, 1)],
    ['staff_id', perhaps(world, 'staff')],
  ] as const)
  if (to) run(world, `UPDATE messages SET ${to[0]} = ? WHERE id = ?`, to[1], id)
}

const remove =
  (table: string): Action =>
  (world) =>
    run(world, `DELETE FROM ${table} WHERE id = ?`, anyOf(world, table) ?? 0)

const removeOne: Action = (world) => removeTicket(world.q, anyOf(world, 'tickets') ?? 0)

/** Each with its weight. */
const actions: readonly [number, Action][] = [
  [20, newTicket],
  [28, changeTicket],
  [14, link],
  [4, unlink],
  [20, newMessage],
  [12, like],
  [4, unlike],
  [2, changeMessage],
  [1, remove('messages')],
  [5, removeOne],
  [2, newStaff],
  [2, newDepartment],
  [0.6, remove('staff')],
  [0.6, remove('departments')],
]

const weights = actions.reduce((sum, [weight]) => sum + weight, 0)

function act(world: World): void {
  let left = world.random.next() * weights
  for (const [weight, action] of actions) {
    left -= weight
    if (left < 0) return action(world)
  }
}

const ticketFigures = `
  count(*) FILTER (WHERE status = 'open') AS open,
  count(*) FILTER (WHERE status = 'in_progress') AS in_progress,
  count(*) FILTER (WHERE status = 'on_hold') AS on_hold,
  count(*) FILTER (WHERE status = 'solved') AS solved,
  count(*) FILTER (WHERE status = 'closed') AS closed,
  count(*) FILTER (WHERE priority = 'low') AS low,
  count(*) FILTER (WHERE priority = 'medium') AS medium,
  count(*) FILTER (WHERE priority = 'high') AS high,
  count(*) FILTER (WHERE priority = 'urgent') AS urgent,
  count(*) FILTER (
    WHERE status = 'open' AND assigned_to IS NULL AND is_assigned_to_ai = 0) AS unassigned,
  count(first_response_at) AS responses,
  ifnull(sum(first_response_at - created_at), 0) AS response_ms,
  count(closed_at) AS resolutions,
  ifnull(sum(closed_at - created_at), 0) AS resolution_ms`

/** Days by the calendar, not by division. */
const dayOf = (at: string) => `CAST(julianday(date(${at} / 1000, 'unixepoch'))
  - julianday('1970-01-01') AS INTEGER)`

const counted = `
  WITH of_department AS (
    SELECT 'department' AS dimension, ifnull(department_id, 0) AS member,
      ${dayOf('created_at')} AS day, ${ticketFigures}, 0 AS replies, 0 AS likes
    FROM tickets GROUP BY 2, 3
  ), linked AS (
    SELECT staff_id AS member, ${dayOf('created_at')} AS day, ${ticketFigures}
    FROM ticket_agents JOIN tickets ON id = ticket_id GROUP BY 1, 2
  ), said AS (
    SELECT m.staff_id AS member, ${dayOf('t.created_at')} AS day, count(DISTINCT m.id) AS replies,
      count(l.message_id) AS likes
    FROM messages m JOIN tickets t ON t.id = m.ticket_id
    LEFT JOIN message_likes l ON l.message_id = m.id
    WHERE m.sender_role = 'agent' AND m.staff_id IS NOT NULL AND m.is_internal = 0
    GROUP BY 1, 2
  )
  SELECT * FROM of_department
  UNION ALL
  SELECT 'agent', member, day, ifnull(open, 0), ifnull(in_progress, 0), ifnull(on_hold, 0),
    ifnull(solved, 0), ifnull(closed, 0), ifnull(low, 0), ifnull(medium, 0), ifnull(high, 0),
    ifnull(urgent, 0), ifnull(unassigned, 0), ifnull(responses, 0), ifnull(response_ms, 0),
    ifnull(resolutions, 0), ifnull(resolution_ms, 0), ifnull(replies, 0), ifnull(likes, 0)
  FROM linked FULL JOIN said USING (member, day)
  ORDER BY dimension, member, day`

const figures = `open, in_progress, on_hold, solved, closed, low, medium, high, urgent, unassigned,
  responses, response_ms, resolutions, resolution_ms, replies, likes`

/** What the triggers keep, without the rows that have come to nothing. */
const kept = `SELECT dimension, member, day, ${figures} FROM ticket_days
  WHERE (${figures}) <> (${Array<number>(16).fill(0).join()}) ORDER BY dimension, member, day`

type Client = ReturnType<typeof clientOf>

function expectCounted(db: Client): void {
  expect(db.prepare(kept).all()).toEqual(db.prepare(counted).all())
}

async function walk(store: Store, seed: number, onStop: () => void): Promise<void> {
  const random = seeded(seed)
  let serial = 0
  for (let done = 0; done < steps; done += stepsPerWrite) {
    await store.write((q) => {
      const world = { q, random, serial }
      for (let n = 0; n < stepsPerWrite; n++) act(world)
      serial = world.serial
    })
    onStop()
  }
}

describe('the figures of the days', () => {
  test.each([1, 2, 3, 4])(
    'equal a recount after everything that may happen (seed %p)',
    async (seed) => {
      using store = Store.inMemory(T0)
      const db = clientOf(store)
      await walk(store, seed, () => expectCounted(db))
      expectBusy(db)
      expect(db.pragma('foreign_key_check')).toEqual([])
      expectNobodyGone(db)
    },
  )

  test('are made by the migration as the triggers would have kept them', async () => {
    using store = Store.inMemory(T0)
    const db = clientOf(store)
    await walk(store, 5, () => {})
    db.exec('DROP TABLE ticket_days')
    for (const name of dayTriggers(db)) db.exec(`DROP TRIGGER ${name}`)
    db.exec(migrations.find(({ name }) => name.endsWith('_reports'))?.sql ?? '')
    expectCounted(db)
    expectBusy(db)
  })

  test('are all zero once every ticket is deleted', async () => {
    using store = Store.inMemory(T0)
    const db = clientOf(store)
    await walk(store, 6, () => {})
    expectBusy(db)
    db.exec('DELETE FROM tickets')
    expect(db.prepare(kept).all()).toEqual([])
  })
})

test('a change looks up the days that it concerns, and goes through no table', () => {
  using store = Store.inMemory(T0)
  const db = clientOf(store)
  const details = dayTriggers(db).flatMap((name) => plansOf(db, name))
  const ofDays = details.filter((detail) => detail.includes(' ticket_days '))
  const whole = 'SEARCH ticket_days USING PRIMARY KEY (dimension=? AND member=? AND day=?)'
  const ofMember = 'SEARCH ticket_days USING PRIMARY KEY (dimension=? AND member=?)'
  expect(new Set(ofDays)).toEqual(new Set([whole, ofMember]))
  expect(ofDays.filter((detail) => detail === ofMember)).toHaveLength(2)
  expect(details.filter((detail) => /^SCAN (?!CONSTANT|\(subquery)/.test(detail))).toEqual([])
})

/** How the statements of a trigger are run, as far as they look anything up. */
function plansOf(db: Client, trigger: string): string[] {
  const text = String(
    db.prepare('SELECT sql FROM sqlite_schema WHERE name = ?').pluck().get(trigger),
  )
  const [, body = ''] = /\bBEGIN\b([^]*)\bEND\b/.exec(text) ?? []
  const statements = body.replace(/\b(?:old|new)\.\w+/g, '1').split(';')
  return statements
    .filter((statement) => statement.trim() !== '')
    .flatMap((statement) =>
      db.prepare<[], { detail: string }>(`EXPLAIN QUERY PLAN ${statement}`).all(),
    )
    .map(({ detail }) => detail)
}

/** The triggers that name the table. */
function dayTriggers(db: Client): string[] {
  const names = db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND sql LIKE '%ticket_days%'")
    .pluck()
    .all()
    .map(String)
  expect(names.length).toBeGreaterThan(8)
  return names
}

/** The walk has been everywhere, or it would prove nothing. */
function expectBusy(db: Client): void {
  const busy = db.prepare(
    `SELECT dimension FROM ticket_days WHERE open > 0 AND unassigned > 0 AND responses > 0
      AND resolutions > 0 AND (dimension = 'department' OR (replies > 0 AND likes > 0))
      GROUP BY 1 ORDER BY 1`,
  )
  expect(busy.pluck().all()).toEqual(['agent', 'department'])
  for (const table of ['staff', 'departments']) {
    const made = db.prepare('SELECT seq FROM sqlite_sequence WHERE name = ?').pluck().get(table)
    const left = db.prepare(`SELECT count(*) FROM ${table}`).pluck().get()
    expect(Number(made)).toBeGreaterThan(Number(left))
  }
}

/** No row is left of a department or an agent that was deleted. */
function expectNobodyGone(db: Client): void {
  const stray = db.prepare(
    `SELECT dimension, member FROM ticket_days WHERE
      CASE dimension WHEN 'agent' THEN member NOT IN (SELECT id FROM staff)
      ELSE member <> 0 AND member NOT IN (SELECT id FROM departments) END`,
  )
  expect(stray.all()).toEqual([])
}
