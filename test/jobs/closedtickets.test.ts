import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { upsertCustomer } from '../../src/domain/customers.ts'
import { postMessage } from '../../src/domain/messages.ts'
import { closeTicket, createTicket, updateTicket } from '../../src/domain/tickets.ts'
import { systemActor, type Tx } from '../../src/domain/tx.ts'
import { forgetTickets } from '../../src/jobs/housekeeping.ts'
import { ticketsClosedBefore } from '../../src/store/closedtickets.ts'
import { clientOf, T0, testDesk, type TestDesk } from '../store/fixtures.ts'
import { traced } from '../store/plans.ts'

const dayMs = 86_400_000

let house: TestDesk
let days = 30

beforeEach(async () => {
  house = await testDesk()
  days = 30
})
afterEach(() => house[Symbol.dispose]())

const write = (job: (tx: Tx) => void) => house.desk.write<void>(systemActor, job)

function open(tx: Tx, replies = 0): number {
  const customer = upsertCustomer(tx, 'ada@example.com', undefined)
  const id = createTicket(tx, { customer, subject: 'Kiln', body: 'cold', source: 'api' })
  for (let n = 0; n < replies; n++) {
    postMessage(tx, id, { body: 'still cold', isInternal: false, direction: 'inbound' })
  }
  return id
}

const ids = () => clientOf(house.store).prepare('SELECT id FROM tickets ORDER BY id').pluck().all()

/** Works through what is due. */
async function forget(): Promise<number> {
  const job = forgetTickets(house.desk, () => days)
  let steps = 0
  while (await job.step(house.time.now)) steps++
  return steps
}

describe('tickets that were closed', () => {
  test('long enough ago are deleted with all that is in them, and told of', async () => {
    await write((tx) => {
      for (let n = 0; n < 4; n++) open(tx, 2)
      closeTicket(tx, 1)
      updateTicket(tx, 2, { status: { to: 'solved', unless: [] } })
    })
    house.time.now = T0 + 10 * dayMs
    await write((tx) => closeTicket(tx, 3))
    house.time.now = T0 + 30 * dayMs
    await forget()
    expect(ids()).toEqual([1, 2, 3, 4])
    house.time.now++
    await forget()
    expect(ids()).toEqual([3, 4])
    const client = clientOf(house.store)
    expect(client.prepare('SELECT count(*) FROM messages').pluck().get()).toBe(6)
    expect(
      client.prepare("SELECT count(*) FROM search WHERE search MATCH 'kiln'").pluck().get(),
    ).toBe(2)
    expect(
      client
        .prepare("SELECT ticket_id FROM events WHERE type = 'ticket.deleted' ORDER BY ticket_id")
        .pluck()
        .all(),
    ).toEqual([1, 2])
    expect(client.prepare('SELECT total_tickets FROM customers').pluck().get()).toBe(2)
    house.time.now += 10 * dayMs
    await forget()
    expect(ids()).toEqual([4])
  })

  test('and opened again stay', async () => {
    await write((tx) => {
      open(tx)
      closeTicket(tx, 1)
    })
    house.time.now = T0 + 40 * dayMs
    await write((tx) => updateTicket(tx, 1, { status: { to: 'open', unless: [] } }))
    await forget()
    expect(ids()).toEqual([1])
  })

  test('stay for ever when the setting is 0', async () => {
    await write((tx) => {
      open(tx)
      closeTicket(tx, 1)
    })
    days = 0
    house.time.now = T0 + 10_000 * dayMs
    expect(await forget()).toBe(0)
    expect(ids()).toEqual([1])
  })

  test('go in batches, smaller where they are long', async () => {
    await write((tx) => {
      for (let n = 0; n < 50; n++) closeTicket(tx, open(tx))
    })
    await write((tx) => {
      for (let n = 0; n < 3; n++) closeTicket(tx, open(tx, 150))
    })
    house.time.now = T0 + 31 * dayMs
    // Twenty, twenty, ten with the first long one, and the others one by one.
    expect(await forget()).toBe(5)
    expect(ids()).toEqual([])
  })

  test('are found by an index', () => {
    const asked = traced(house.store, ({ q }) => ticketsClosedBefore(q, T0, 20))
    expect(asked).toHaveLength(2)
    for (const { plan } of asked) {
      expect(plan).toEqual([
        'SEARCH tickets USING INDEX tickets_status (status=? AND created_at<?)',
      ])
    }
  })
})
