import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { upsertCustomer } from '../../src/domain/customers.ts'
import { createKey } from '../../src/domain/keys.ts'
import { postMessage } from '../../src/domain/messages.ts'
import { createTicket, updateTicket } from '../../src/domain/tickets.ts'
import { systemActor, type Actor, type Tx } from '../../src/domain/tx.ts'
import { eventsAfter } from '../../src/store/events.ts'
import type { EventRow } from '../../src/store/schema.ts'
import { seeded } from '../prove/random.ts'
import { clientOf, T0, testDesk, type TestDesk } from '../store/fixtures.ts'

let house: TestDesk
let start: number

beforeEach(async () => {
  house = await testDesk()
  start = events().at(-1)?.sequence ?? 0
})
afterEach(() => house[Symbol.dispose]())

function events(after = 0): EventRow[] {
  return house.desk.read(systemActor, ({ q }) => eventsAfter(q, after, 10_000))
}

function open(tx: Tx): number {
  const customer = upsertCustomer(tx, 'ada@example.com', undefined)
  return createTicket(tx, { customer, subject: 'x', body: 'y', source: 'api' })
}

function reply(tx: Tx, ticketId: number): void {
  postMessage(tx, ticketId, { body: 'z', isInternal: false, direction: 'outbound' })
}

const numbers = (count: number, from = 1) => Array.from({ length: count }, (_, n) => from + n)

describe('the spine', () => {
  test('tells what happened, in order, in the transaction of the change', async () => {
    const id = await house.desk.write(systemActor, open)
    await house.desk.write(systemActor, (tx) => {
      reply(tx, id)
      updateTicket(tx, id, { status: { to: 'solved', unless: [] } })
    })
    const told = events(start)
    expect(told.map(({ type }) => type)).toEqual([
      'customer.created',
      'ticket.created',
      'message.created',
      'message.created',
      'ticket.updated',
      'ticket.closed',
    ])
    expect(told.map(({ sequence }) => sequence)).toEqual(numbers(6, start + 1))
    expect(told.map(({ ticketSequence }) => ticketSequence)).toEqual([null, 1, 2, 3, 4, 5])
    expect(new Set(told.map(({ uid }) => uid)).size).toBe(6)
  })

  test('has no gap where writes were rolled back, among many in one commit', async () => {
    const random = seeded(3)
    const tickets = [await house.desk.write(systemActor, open)]
    for (let round = 0; round < 10; round++) {
      const writes = Array.from({ length: 40 }, () =>
        house.desk.write(systemActor, (tx) => {
          if (random.chance(0.4)) tickets.push(open(tx))
          else reply(tx, tickets[random.between(0, tickets.length - 1)] ?? 1)
          if (random.chance(0.5)) throw new RangeError('rolled back')
        }),
      )
      const settled = await Promise.allSettled(writes)
      const lost = settled.filter(({ status }) => status === 'rejected')
      expect([lost.length > 0, lost.length < 40]).toEqual([true, true])
      tickets.splice(0, tickets.length, ...ticketIds())
    }
    const all = events()
    expect(all.map(({ sequence }) => sequence)).toEqual(numbers(all.length))
    const perTicket = Map.groupBy(
      all.filter(({ ticketId }) => ticketId !== null),
      ({ ticketId }) => ticketId,
    )
    expect(perTicket.size).toBe(ticketIds().length)
    for (const own of perTicket.values()) {
      expect(own.map(({ ticketSequence }) => ticketSequence)).toEqual(numbers(own.length))
    }
  })

  test('names who did it, and from where', async () => {
    const key: Actor = { kind: 'key', keyId: 7, staffId: 1, ipAddress: '192.0.2.4' }
    const job: Actor = { ...systemActor, kind: 'job' }
    for (const actor of [key, job, systemActor]) {
      await house.desk.write(actor, (tx) =>
        createKey(tx, {
          kind: 'keva',
          name: 'x',
          scopes: null,
          isSpecial: false,
          ownerId: null,
          agentId: null,
          expiresAt: null,
        }),
      )
    }
    const told = events(start).map(({ actorKind, actorKeyId, actorStaffId, ipAddress }) => [
      actorKind,
      actorKeyId,
      actorStaffId,
      ipAddress,
    ])
    expect(told).toEqual([
      ['key', 7, 1, '192.0.2.4'],
      ['job', null, null, null],
      ['system', null, null, null],
    ])
  })

  test('says nothing of what changes nothing', async () => {
    const id = await house.desk.write(systemActor, open)
    const before = events().length
    await house.desk.write(systemActor, (tx) => {
      updateTicket(tx, id, { subject: 'x', status: { to: 'open', unless: [] } })
    })
    expect(events()).toHaveLength(before)
  })

  test('keeps numbers for ever: none comes again when old events go', async () => {
    await house.desk.write(systemActor, open)
    const last = events().at(-1)?.sequence ?? 0
    clientOf(house.store).exec('DELETE FROM events')
    await house.desk.write(systemActor, open)
    expect(events()[0]?.sequence).toBe(last + 1)
  })

  test('never holds a key', async () => {
    const { raw } = await house.desk.write(systemActor, (tx) =>
      createKey(tx, {
        kind: 'internal',
        name: 'x',
        scopes: null,
        isSpecial: true,
        ownerId: 1,
        agentId: null,
        expiresAt: null,
      }),
    )
    expect(events(start)).toHaveLength(1)
    expect(JSON.stringify(events())).not.toContain(raw.slice(-36))
    expect(house.store.snapshot().includes(raw.slice(-36))).toBe(false)
  })
})

describe('a desk', () => {
  test('has one instant per transaction, and never an earlier one than before', async () => {
    const at: number[] = []
    const clock = [T0 + 500, T0 + 200, T0 + 900]
    for (const now of clock) {
      house.time.now = now
      await house.desk.write(systemActor, (tx) => {
        house.time.now = now + 50
        at.push(tx.now, tx.now)
      })
    }
    expect(at).toEqual([T0 + 500, T0 + 500, T0 + 500, T0 + 500, T0 + 900, T0 + 900])
  })

  test('tells listeners after the commit, and never of what was rolled back', async () => {
    const heard: string[] = []
    let told = 0
    house.desk.onCommitted((types) => {
      heard.push(...types)
      told = events(start).length
    })
    const lost = house.desk.write(systemActor, (tx) => {
      open(tx)
      throw new Error('no')
    })
    await lost.catch(() => {})
    expect(heard).toEqual([])
    await house.desk.write(systemActor, open)
    expect(heard).toEqual(['customer.created', 'ticket.created', 'message.created'])
    expect(told).toBe(3)
  })

  test('words a store that cannot be written to as unavailable', async () => {
    const client = clientOf(house.store)
    client.pragma(`max_page_count = ${String(client.pragma('page_count', { simple: true }))}`)
    const fill = house.desk.write(systemActor, (tx) => {
      const customer = upsertCustomer(tx, 'ada@example.com', undefined)
      createTicket(tx, { customer, subject: 'x', body: 'y'.repeat(900_000), source: 'api' })
    })
    const fault = await fill.then(
      () => undefined,
      (err: unknown) => err,
    )
    expect(fault).toMatchObject({ name: 'Fault', kind: 'unavailable', about: 'storage' })
    expect(events(start)).toEqual([])
  })
})

function ticketIds(): number[] {
  return clientOf(house.store).prepare('SELECT id FROM tickets').pluck().all().map(Number)
}
