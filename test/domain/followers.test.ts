import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { listActivity } from '../../src/domain/activity.ts'
import { upsertCustomer } from '../../src/domain/customers.ts'
import { dashboardOf } from '../../src/domain/dashboard.ts'
import { postMessage } from '../../src/domain/messages.ts'
import { listNotifications, readAllNotifications } from '../../src/domain/notifications.ts'
import { createStaff } from '../../src/domain/staff.ts'
import { closeTicket, createTicket, updateTicket } from '../../src/domain/tickets.ts'
import { systemActor, type Reader, type Tx } from '../../src/domain/tx.ts'
import { seeded } from '../prove/random.ts'
import { clientOf, testDesk, type TestDesk } from '../store/fixtures.ts'
import { traced } from '../store/plans.ts'

// What follows from events: the activity log, notifications, and what they cost.

let house: TestDesk
let agentId: number

beforeEach(async () => {
  house = await testDesk()
  agentId = await house.desk.write(
    systemActor,
    (tx) => createStaff(tx, { role: 'agent', name: 'Ida', email: 'ida@example.com' }).id,
  )
})
afterEach(() => house[Symbol.dispose]())

function open(tx: Tx): number {
  const customer = upsertCustomer(tx, 'ada@example.com', undefined)
  const id = createTicket(tx, { customer, subject: 'x', body: 'y', source: 'api' })
  updateTicket(tx, id, { assignedTo: agentId })
  return id
}

function reply(tx: Tx, ticketId: number): void {
  postMessage(tx, ticketId, { body: 'z', isInternal: false, direction: 'inbound' })
}

function rows(sql: string): unknown[] {
  return clientOf(house.store).prepare(sql).all()
}

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n + 1)

describe('what follows from an event', () => {
  test('is lost with it, and leaves no gap, among many in one commit', async () => {
    const random = seeded(5)
    const ticket = await house.desk.write(systemActor, open)
    for (let round = 0; round < 5; round++) {
      const writes = Array.from({ length: 40 }, () =>
        house.desk.write(systemActor, (tx) => {
          if (random.chance(0.5)) open(tx)
          else reply(tx, ticket)
          if (random.chance(0.5)) throw new RangeError('rolled back')
        }),
      )
      const settled = await Promise.allSettled(writes)
      const lost = settled.filter(({ status }) => status === 'rejected').length
      expect([lost > 0, lost < 40]).toEqual([true, true])
    }
    for (const table of ['activity', 'notifications']) {
      const ids = rows(`SELECT id FROM ${table} ORDER BY id`).map(
        (row) => (row as { id: number }).id,
      )
      expect(ids.length).toBeGreaterThan(50)
      expect(ids).toEqual(numbers(ids.length))
    }
    const page = house.desk.read(systemActor, (reader) =>
      listActivity(reader, { limit: 10, offset: 0 }),
    )
    expect(page.total).toBe(rows('SELECT 1 FROM activity').length)
    // Nothing was said of what is not on the spine, and of each event on it as much as it tells.
    expect(
      rows(`SELECT type, count(*) AS events, sum(entries) AS entries FROM (
        SELECT type, (SELECT count(*) FROM activity WHERE event_sequence = sequence) AS entries
        FROM events WHERE ticket_id IS NOT NULL
      ) GROUP BY type ORDER BY type`),
    ).toEqual(
      ['message.created', 'ticket.created', 'ticket.updated'].map((type) => {
        const events = rows(`SELECT 1 FROM events WHERE type = '${type}'`).length
        const openings = rows('SELECT 1 FROM tickets').length
        return { type, events, entries: type === 'message.created' ? events - openings : events }
      }),
    )
  })

  test('is dated and numbered as the event is', async () => {
    house.time.now += 5000
    const id = await house.desk.write(systemActor, open)
    expect(
      rows(`SELECT kind, subject, detail, a.ticket_id AS ticketId, e.type FROM activity a
        JOIN events e ON e.sequence = a.event_sequence AND e.created_at = a.created_at
        WHERE a.ticket_id = ${id} ORDER BY a.id`),
    ).toEqual([
      {
        kind: 'ticket.created',
        subject: 'SD-1001',
        detail: null,
        ticketId: id,
        type: 'ticket.created',
      },
      {
        kind: 'ticket.assignee',
        subject: 'SD-1001',
        detail: 'Ida',
        ticketId: id,
        type: 'ticket.updated',
      },
    ])
  })
})

/** The steps of the plans, each statement's in its order. */
function plansOf(job: (reader: Reader) => unknown): string[] {
  return traced(house.store, job).flatMap(({ plan }) => plan)
}

/** Steps that would go through all rows of a table or an index. */
const scans = (steps: readonly string[]) =>
  steps.filter((step) => /\bSCAN (?!CONSTANT ROW|page\b)/.test(step))

describe('the cost of', () => {
  const far = { limit: 15, offset: 90 }

  beforeEach(async () => {
    await house.desk.write(systemActor, (tx) => {
      const id = open(tx)
      for (let n = 0; n < 100; n++) reply(tx, id)
      for (let n = 0; n < 20; n++) closeTicket(tx, open(tx))
    })
  })

  test('a page of the log: two ends of the ids, and the rows between two ids', () => {
    const steps = plansOf((reader) => {
      const { rows: entries, total } = listActivity(reader, far)
      expect([entries.length, total > 100]).toEqual([15, true])
    })
    expect(scans(steps)).toEqual([])
    expect(steps).toContain('SEARCH activity USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)')
    expect(steps.join()).not.toContain('TEMP B-TREE')
  })

  test('a page of notifications, from either end: ids from an index, and rows by their ids', () => {
    for (const offset of [0, far.offset]) {
      const steps = plansOf((reader) => {
        const { rows: shown } = listNotifications(reader, agentId, { limit: 15, offset })
        expect(shown).toHaveLength(15)
      })
      expect(scans(steps)).toEqual([])
      expect(steps).toContain(
        'SEARCH notifications USING COVERING INDEX notifications_staff (staff_id=?)',
      )
      expect(steps).toContain('SEARCH notification_counts USING PRIMARY KEY (staff_id=?)')
    }
  })

  test('reading all: only what is not read', () => {
    const steps = plansOf((reader) => readAllNotifications(reader as Tx, agentId))
    expect(steps).toEqual([
      'SEARCH notifications USING COVERING INDEX notifications_unread (staff_id=?)',
    ])
  })

  test('a dashboard: running counts by their keys, and no ticket', () => {
    const steps = plansOf((reader) => {
      expect(dashboardOf(reader, agentId)).toEqual({
        open: 1,
        inProgress: 0,
        waiting: 1,
        ended: 20,
      })
    })
    expect(scans(steps)).toEqual([])
    expect(steps.filter((step) => step.startsWith('SEARCH'))).toEqual([
      // Whether an agent reaches departments too.
      'SEARCH settings USING PRIMARY KEY (name=?)',
      'SEARCH ticket_counts USING PRIMARY KEY (dimension=? AND member=? AND status=?)',
      'SEARCH agent_counts USING PRIMARY KEY (staff_id=? AND figure=? AND day=?)',
      'SEARCH agent_counts USING PRIMARY KEY (staff_id=? AND figure=? AND day=?)',
    ])
  })
})
