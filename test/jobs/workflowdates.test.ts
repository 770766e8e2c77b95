import { afterEach, beforeEach, expect, test } from 'bun:test'
import { updateTicket } from '../../src/domain/tickets.ts'
import { systemActor, type Tx } from '../../src/domain/tx.ts'
import { dayMs, hourMs, minuteMs } from '../../src/lib/time.ts'
import { clientOf, T0 } from '../store/fixtures.ts'
import { line, workflowHouse, type WorkflowHouse } from '../support/workflows.ts'

// So long before or after the date in a custom field of a ticket. T0 is the 4th of May 2026, 8:15 in UTC.

let house: WorkflowHouse

beforeEach(async () => {
  house = await workflowHouse()
  clientOf(house.store).exec(`INSERT INTO custom_fields VALUES
    (1, 'Renewal date', NULL, 'date', 0, 0, 'published', 1, 1),
    (2, 'Call', NULL, 'datetime_local', 0, 0, 'published', 1, 1)`)
})
afterEach(() => house[Symbol.dispose]())

function write<T>(job: (tx: Tx) => T): Promise<T> {
  return house.desk.write(systemActor, job as (tx: Tx) => never)
}

type Timer = { readonly field: string; readonly direction?: string; readonly unit?: string }

function rule({ field, direction, unit = 'days' }: Timer, timezone: string | null = null) {
  const { nodes, edges } = line({ action: 'add_tags', config: { tags: ['due'] } })
  const timer = { basis: 'date_field', field, direction, duration: 2, unit }
  const [start, ...others] = nodes
  const graph = {
    nodes: [{ id: 'n0', type: 'trigger', ...start, data: { timer } }, ...others],
    edges,
  }
  return { triggerKind: 'scheduled' as const, timezone, graph }
}

const set = (id: number, value: string | null) =>
  write((tx) => updateTicket(tx, 1, { customValues: new Map([[id, value]]) }))

const due = () =>
  house
    .rows<{ at: number }>('SELECT due_at AS at FROM workflow_timers')
    .map(({ at }) => new Date(at).toISOString().slice(0, 16))

const runs = () => house.rows('SELECT 1 FROM workflow_runs').length

test.each([
  ['before', 'UTC', '2026-05-08T00:00'],
  ['after', 'UTC', '2026-05-12T00:00'],
  [undefined, 'UTC', '2026-05-12T00:00'],
  ['before', 'Pacific/Auckland', '2026-05-07T12:00'],
  ['before', 'America/Los_Angeles', '2026-05-08T07:00'],
])('two days %s a day, by the clocks of %s', async (direction, timezone, at) => {
  await house.add(rule({ field: 'renewal_date', ...(direction && { direction }) }, timezone))
  await house.open()
  expect(due()).toEqual([])
  await set(1, '2026-05-10')
  expect(due()).toEqual([at])
  await house.pass(Date.parse(`${at}Z`) - T0 - 1)
  expect(runs()).toBe(0)
  await house.pass(1)
  expect(house.rows('SELECT status FROM workflow_runs')).toEqual([{ status: 'completed' }])
  expect(house.rows('SELECT name FROM labels')).toEqual([{ name: 'due' }])
  // Once for a date.
  await house.pass(30 * dayMs)
  expect(runs()).toBe(1)
})

test('a date that moves takes its time along, one that goes takes it away', async () => {
  await house.add(rule({ field: 'Renewal date', direction: 'before' }))
  await write(() => undefined)
  await house.open({ customValues: new Map([[1, '2026-05-10']]) })
  expect(due()).toEqual(['2026-05-08T00:00'])
  await set(1, '2026-06-10')
  expect(due()).toEqual(['2026-06-08T00:00'])
  // What else changes leaves it.
  await write((tx) => updateTicket(tx, 1, { subject: 'other' }))
  await set(2, '2026-05-05T10:00')
  expect(due()).toEqual(['2026-06-08T00:00'])
  await set(1, null)
  expect(due()).toEqual([])
  await house.pass(60 * dayMs)
  expect(runs()).toBe(0)
})

test('a time that has passed is none', async () => {
  await house.add(rule({ field: 'Renewal date', direction: 'before' }))
  await house.open({ customValues: new Map([[1, '2026-05-05']]) })
  expect(due()).toEqual([])
  await set(1, '2026-05-10')
  await set(1, '2026-05-06')
  expect(due()).toEqual([])
})

test('a moment in a field has its hour', async () => {
  await house.add(rule({ field: 'Call', direction: 'before', unit: 'hours' }, 'Europe/Berlin'))
  await house.open({ customValues: new Map([[2, '2026-05-04T14:30']]) })
  expect(due()).toEqual(['2026-05-04T10:30'])
  await house.pass(2 * hourMs + 15 * minuteMs)
  expect(runs()).toBe(1)
})
