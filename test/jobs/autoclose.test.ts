import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { upsertCustomer } from '../../src/domain/customers.ts'
import { postMessage } from '../../src/domain/messages.ts'
import { updateSettings } from '../../src/domain/settings.ts'
import { createTicket, updateTicket, type TicketStatus } from '../../src/domain/tickets.ts'
import { systemActor, type Tx } from '../../src/domain/tx.ts'
import { closeWaiting } from '../../src/jobs/autoclose.ts'
import { beat } from '../../src/jobs/heartbeat.ts'
import { dayMs, minuteMs } from '../../src/lib/time.ts'
import { eventsAfter } from '../../src/store/events.ts'
import type { EventRow } from '../../src/store/schema.ts'
import { ticketsWaitingSince } from '../../src/store/tickets.ts'
import { clientOf, T0, testDesk, type TestDesk } from '../store/fixtures.ts'
import { traced } from '../store/plans.ts'

// deskhive.md 24.4.

let house: TestDesk

beforeEach(async () => {
  house = await testDesk()
})
afterEach(() => house[Symbol.dispose]())

const write = (job: (tx: Tx) => number | void) => house.desk.write<number | void>(systemActor, job)

function open(tx: Tx): number {
  const customer = upsertCustomer(tx, 'ada@example.com', undefined)
  return createTicket(tx, { customer, subject: 'x', body: 'y', source: 'api' })
}

const days = (autoCloseDays: number) => write((tx) => void updateSettings(tx, { autoCloseDays }))

const status = (id: number, to: TicketStatus) =>
  write((tx) => updateTicket(tx, id, { status: { to, unless: [] } }))

const said = (id: number, direction: 'inbound' | 'outbound', isInternal = false) =>
  write((tx) => void postMessage(tx, id, { body: 'z', isInternal, direction }))

function events(after = 0): EventRow[] {
  return house.desk.read(systemActor, ({ q }) => eventsAfter(q, after, 100_000))
}

/** A beat of a job of its own, at this instant, and the events of it. */
async function beatAt(now: number): Promise<EventRow[]> {
  const last = events().at(-1)?.sequence ?? 0
  house.time.now = now
  const faults: unknown[] = []
  await beat([closeWaiting(house.desk)], now, {
    info: () => {},
    error: (...args) => void faults.push(args),
  })
  expect(faults).toEqual([])
  return events(last)
}

type Shown = { id: number; status: TicketStatus; closed_at: number | null; updated_at: number }

const tickets = () =>
  clientOf(house.store)
    .prepare<[], Shown>('SELECT id, status, closed_at, updated_at FROM tickets ORDER BY id')
    .all()

const statuses = () => tickets().map((one) => one.status)

const openOnes = () => statuses().filter((one) => one === 'open').length

describe('closeWaiting', () => {
  test('closes what nobody wrote to for more than so many days, and tells why', async () => {
    await write(open)
    await days(14)
    expect(await beatAt(T0 + 14 * dayMs)).toEqual([])
    const now = T0 + 14 * dayMs + 1
    const told = await beatAt(now)
    expect(tickets()).toEqual([{ id: 1, status: 'closed', closed_at: now, updated_at: now }])
    expect(told.map(({ type, actorKind }) => [type, actorKind])).toEqual([
      ['ticket.updated', 'job'],
      ['ticket.closed', 'job'],
    ])
    expect(JSON.parse(told[0]?.body ?? '')).toMatchObject({
      reference: 'SD-1001',
      changes: { status: { from: 'open', to: 'closed' } },
      cause: 'inactivity',
    })
  })

  test('never closes anything while the days are 0', async () => {
    await write(open)
    expect(await beatAt(T0 + 10_000 * dayMs)).toEqual([])
    expect(statuses()).toEqual(['open'])
  })

  test('takes days past all counting for never', async () => {
    await write(open)
    await days(Number.MAX_SAFE_INTEGER)
    expect(await beatAt(T0 + 10_000 * dayMs)).toEqual([])
  })

  test('closes tickets of every status that has not ended, locked ones too', async () => {
    for (const to of ['open', 'in_progress', 'on_hold', 'solved', 'closed'] as const) {
      const id = Number(await write(open))
      await status(id, to)
    }
    await write((tx) => updateTicket(tx, 2, { isLocked: true }))
    await days(1)
    expect(await beatAt(T0 + 2 * dayMs)).toHaveLength(6)
    expect(statuses()).toEqual(['closed', 'closed', 'closed', 'solved', 'closed'])
    expect(tickets()[4]?.closed_at).toBe(T0)
  })

  test('counts from the last reply, a note of the staff included', async () => {
    for (let n = 0; n < 4; n++) await write(open)
    await days(3)
    house.time.now = T0 + 2 * dayMs
    await said(1, 'inbound')
    await said(2, 'outbound')
    await said(3, 'outbound', true)
    await beatAt(T0 + 4 * dayMs)
    expect(statuses()).toEqual(['open', 'open', 'open', 'closed'])
    await beatAt(T0 + 5 * dayMs + 1)
    expect(statuses()).toEqual(['closed', 'closed', 'closed', 'closed'])
  })

  test('does not count other changes as activity', async () => {
    await write(open)
    await days(3)
    house.time.now = T0 + 2 * dayMs
    await status(1, 'in_progress')
    await beatAt(T0 + 3 * dayMs + 1)
    expect(statuses()).toEqual(['closed'])
  })

  test('leaves a ticket open that its customer opened again by an answer', async () => {
    await write(open)
    await days(1)
    await beatAt(T0 + 2 * dayMs)
    house.time.now = T0 + 3 * dayMs
    await said(1, 'inbound')
    expect(statuses()).toEqual(['open'])
    expect(await beatAt(T0 + 3 * dayMs + 1)).toEqual([])
  })

  test('closes nothing twice, at the same instant or by two jobs at once', async () => {
    for (let n = 0; n < 70; n++) await write(open)
    await days(1)
    const now = T0 + 2 * dayMs
    house.time.now = now
    const last = events().at(-1)?.sequence ?? 0
    const two = [closeWaiting(house.desk), closeWaiting(house.desk)]
    await Promise.all(two.map((job) => job.step(now)))
    const told = events(last).filter(({ type }) => type === 'ticket.closed')
    expect(new Set(told.map(({ ticketId }) => ticketId)).size).toBe(70)
    expect(told).toHaveLength(70)
    expect(await beatAt(now)).toEqual([])
  })

  test('takes fifty at a time, each time in a transaction of its own', async () => {
    for (let n = 0; n < 120; n++) await write(open)
    await days(1)
    const now = T0 + 2 * dayMs
    house.time.now = now
    const job = closeWaiting(house.desk)
    expect([await job.step(now), openOnes()]).toEqual([true, 70])
    expect([await job.step(now), openOnes()]).toEqual([true, 20])
    expect([await job.step(now), openOnes()]).toEqual([false, 0])
  })

  test('looks once a minute, and at once after a start', async () => {
    await days(1)
    await write(open)
    const now = T0 + 2 * dayMs
    const job = closeWaiting(house.desk)
    house.time.now = T0
    expect(await job.step(T0)).toBe(false)
    house.time.now = now
    expect([await job.step(T0 + minuteMs - 1), statuses()]).toEqual([false, ['open']])
    await job.step(T0 + minuteMs)
    expect(statuses()).toEqual(['closed'])
  })

  test('looks again at once when the clock was set back', async () => {
    await days(1)
    const job = closeWaiting(house.desk)
    house.time.now = T0 + 400 * dayMs
    await job.step(house.time.now)
    house.time.now = T0
    await write(open)
    house.time.now = T0 + 2 * dayMs
    await job.step(house.time.now)
    expect(statuses()).toEqual(['closed'])
  })

  test('finds what is due in an index, in order and without a scan', async () => {
    await write(open)
    const asked = traced(house.store, ({ q }) => ticketsWaitingSince(q, T0 + 1, 50))
    expect(asked.map(({ plan, runs }) => ({ plan, runs }))).toEqual([
      { plan: ['SEARCH tickets USING INDEX tickets_waiting (<expr><?)'], runs: 1 },
    ])
  })
})
