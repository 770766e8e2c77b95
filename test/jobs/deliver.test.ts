import { afterEach, describe, expect, test } from 'bun:test'
import { buryWaiting } from '../../src/domain/dispatchends.ts'
import { updateWebhook } from '../../src/domain/webhooks.ts'
import { dayMs, hourMs, minuteMs, secondMs } from '../../src/lib/time.ts'
import type { Outcome, Outgoing } from '../../src/security/outbound.ts'
import { seeded } from '../prove/random.ts'
import { clientOf, T0 } from '../store/fixtures.ts'
import {
  answered,
  failedBy,
  openDeliveries,
  sealing,
  type Deliveries,
} from '../support/deliveries.ts'

let open: Deliveries | undefined
afterEach(() => {
  open?.[Symbol.dispose]()
  open = undefined
})

type Options = Parameters<typeof openDeliveries>[0]

/** So many of the same. */
const times = <T>(count: number, one: T): T[] => Array.from({ length: count }, () => one)

/** A desk whose receivers answer so; what they were called with is kept. */
async function desk(receive: (call: Outgoing) => Outcome | Promise<Outcome>, more: Options = {}) {
  const calls: Outgoing[] = []
  const house = await openDeliveries({
    ...more,
    receive: (call) => {
      calls.push(call)
      return receive(call)
    },
  })
  open = house
  const later = async (ms: number) => {
    house.time.now += ms
    await house.settle()
  }
  return { ...house, house, calls, later }
}

/** One event every six hours, and what comes due in between. */
async function days(house: Awaited<ReturnType<typeof desk>>, count: number): Promise<void> {
  for (const end = house.time.now + count * dayMs; house.time.now < end;) {
    await house.announce()
    for (let n = 0; n < 6; n++) await house.later(hourMs)
  }
}

/** A desk whose receivers never answer, with so much under way. */
async function hanging(count: number) {
  const house = await desk(() => new Promise<Outcome>(() => {}))
  await house.endpoint()
  await house.announce(count)
  house.deliverer.wake()
  while (house.calls.length < Math.min(count, 2)) await new Promise(setImmediate)
  return house
}

const idOf = ({ headers }: Outgoing) => headers['webhook-id']

describe('a delivery', () => {
  test('that is received is settled, with its one attempt', async () => {
    const { endpoint, announce, settle, rows, attempts, calls } = await desk(() => answered(200))
    await endpoint()
    await announce()
    await settle()
    expect(rows()).toMatchObject([
      { status: 'delivered', attempts: 1, due_at: null, lease: null, settled_at: T0 },
    ])
    expect(attempts(1)).toEqual([
      {
        number: 1,
        response_status: 200,
        failure: null,
        response_text: 'noted',
        next_attempt_at: null,
      },
    ])
    expect(calls.map(({ body }) => body)).toEqual(rows().map(({ body }) => body))
  })

  test('that fails is attempted as the schedule has it, with the same bytes and id, and then dead', async () => {
    const { endpoint, announce, settle, later, rows, attempts, calls, time, logged } = await desk(
      () => answered(500),
    )
    await endpoint()
    await announce()
    await settle()
    const [first] = rows()
    expect(first).toMatchObject({ status: 'pending', attempts: 1 })
    expect((first?.due_at ?? 0) - T0).toBeWithin(0.8 * secondMs, 1.2 * secondMs + 1)
    await later(0.79 * secondMs)
    expect(calls).toHaveLength(1)
    await later(0.42 * secondMs)
    expect(calls).toHaveLength(2)
    const second = time.now
    await later(1.3 * minuteMs)
    expect(rows()).toMatchObject([{ status: 'dead', dead_reason: 'exhausted', attempts: 3 }])
    expect(attempts(1).map(({ number, failure }) => [number, failure])).toEqual([
      [1, 'rejected'],
      [2, 'rejected'],
      [3, 'rejected'],
    ])
    const wait = (attempts(1)[1]?.next_attempt_at ?? 0) - second
    expect(wait).toBeWithin(0.8 * minuteMs, 1.2 * minuteMs + 1)
    expect(new Set(calls.map(({ body }) => body)).size).toBe(1)
    expect(new Set(calls.map(idOf)).size).toBe(1)
    await later(dayMs)
    expect(calls).toHaveLength(3)
    expect(logged.map(({ what }) => what)).toEqual(times(3, 'webhook attempted'))
  })

  test('waits as long as the receiver asks for, and no longer than a day', async () => {
    const { endpoint, announce, settle, rows } = await desk(() => answered(500, '7200'))
    await endpoint()
    await announce()
    await settle()
    expect(rows()[0]?.due_at).toBe(T0 + 2 * hourMs)
  })

  test.each(['address_blocked', 'not_encrypted', 'port_blocked'] as const)(
    'to an address that is %s is given up at once',
    async (failure) => {
      const { endpoint, announce, settle, rows, attempts } = await desk(() => failedBy(failure))
      await endpoint()
      await announce()
      await settle()
      expect(rows()).toMatchObject([{ status: 'dead', dead_reason: 'blocked' }])
      expect(attempts(1)).toMatchObject([{ failure, response_status: null, response_text: null }])
    },
  )

  test('to a name that is not found for now is tried again', async () => {
    const { endpoint, announce, settle, rows } = await desk(() => failedBy('name_not_found'))
    await endpoint()
    await announce()
    await settle()
    expect(rows()).toMatchObject([{ status: 'pending', attempts: 1 }])
  })

  test('keeps the first KiB of an answer, in whole characters', async () => {
    const text = `${'x'.repeat(1023)}ü${'y'.repeat(5000)}`
    const { endpoint, announce, settle, attempts } = await desk(() => ({ ...answered(200), text }))
    await endpoint()
    await announce()
    await settle()
    expect(attempts(1)[0]?.response_text).toBe('x'.repeat(1023))
  })

  test('goes out with our headers, which those of the endpoint do not replace', async () => {
    const { endpoint, announce, settle, rows, calls } = await desk(() => answered(200))
    const headers = {
      Authorization: 'Bearer x',
      'user-agent': 'other',
      'Webhook-Id': 'other',
      'X-KEVA-Event': 'other',
      'x-deskbox-hops': '9',
      'Content-Type': 'text/plain',
      'Transfer-Encoding': 'chunked',
      Connection: 'close',
      Host: 'other.test',
    }
    await endpoint({ headers })
    await announce()
    await settle()
    const [row] = rows()
    const [call] = calls
    const seconds = String(Math.floor(T0 / 1000))
    expect(call?.headers).toEqual({
      Authorization: 'Bearer x',
      'Content-Type': 'application/json',
      'User-Agent': expect.stringMatching(/^Deskbox\/\d+\.\d+\.\d+$/),
      'webhook-id': `evt_${row?.event_uid}`,
      'webhook-timestamp': seconds,
      'webhook-signature': expect.stringMatching(/^v1,[A-Za-z0-9+/]{43}=$/),
      'X-Keva-Event': 'label.created',
      'X-Keva-Delivery': `whd_${row?.uid}-1`,
      'X-Keva-Timestamp': seconds,
      'X-Keva-Signature': expect.stringMatching(/^[0-9a-f]{64}$/),
      'X-Deskbox-Hops': '1',
    })
  })
})

describe('places', () => {
  test('are two for an endpoint, and 64 in all', async () => {
    const gate = Promise.withResolvers<void>()
    const underWay = new Map<string, number>()
    let all = 0
    const most = { one: 0, all: 0 }
    const { endpoint, announce, settle, rows } = await desk(async ({ url }) => {
      const now = (underWay.get(url) ?? 0) + 1
      underWay.set(url, now)
      most.one = Math.max(most.one, now)
      most.all = Math.max(most.all, ++all)
      if (most.all === 64) gate.resolve()
      await gate.promise
      all--
      underWay.set(url, (underWay.get(url) ?? 0) - 1)
      return answered(200)
    })
    for (let n = 0; n < 50; n++) await endpoint({ url: `https://hook${n}.test/` })
    await announce(5)
    await settle()
    expect(most).toEqual({ one: 2, all: 64 })
    expect(rows().filter(({ status }) => status === 'delivered')).toHaveLength(250)
  })

  test('of those that fail are half of them: as many as hang, the others are told at once', async () => {
    const hang = Promise.withResolvers<void>()
    let hanging = 0
    const { endpoint, announce, deliverer, house } = await desk(async ({ url }) => {
      if (url.includes('good')) return answered(200)
      hanging++
      await hang.promise
      return failedBy('timeout')
    })
    for (let n = 0; n < 60; n++) await endpoint({ url: `https://bad${n}.test/` })
    clientOf(house.store).exec(`UPDATE webhook_endpoints SET failing_since = ${T0}`)
    await endpoint({ url: 'https://good.test/' })
    await announce(3)
    deliverer.wake()
    const delivered = () => house.rows().filter(({ status }) => status === 'delivered').length
    while (delivered() < 3) await new Promise(setImmediate)
    expect(hanging).toBe(32)
    hang.resolve()
  })
})

const ofTickets = ['ticket.*', 'message.*']

describe('order', () => {
  test('is kept within each ticket while a third of the attempts fail (W11)', async () => {
    const random = seeded(11)
    const seen = new Map<string, number[]>()
    const { endpoint, changes, later, settle, rows, calls } = await desk(
      ({ body = '' }) => {
        const { data, ticketSequence } = JSON.parse(body)
        const isFailing = random.chance(0.3)
        if (!isFailing) {
          const list = seen.get(data.ticketId) ?? []
          seen.set(data.ticketId, [...list, ticketSequence])
        }
        return answered(isFailing ? 500 : 200)
      },
      { rules: { waits: times(30, secondMs) } },
    )
    await endpoint({ events: ofTickets, isOrdered: true })
    for (const count of [1000, 100, 100]) await changes(count)
    await settle()
    while (rows().some(({ status }) => status === 'pending')) await later(2 * secondMs)
    expect([...seen.values()]).toEqual(
      [1002, 102, 102].map((length) => Array.from({ length }, (_, at) => at + 1)),
    )
    expect(calls.length).toBeGreaterThan(1500)
  })

  test('lets the next one go when the first is dead', async () => {
    const { endpoint, changes, later, settle, rows } = await desk(({ body = '' }) =>
      answered(JSON.parse(body).ticketSequence === 1 ? 500 : 200),
    )
    await endpoint({ events: ofTickets, isOrdered: true })
    await changes(2)
    await settle()
    const states = () => rows().map(({ status }) => status)
    expect(states()).toEqual(['pending', 'pending', 'pending', 'pending'])
    await later(2 * secondMs)
    await later(2 * minuteMs)
    expect(states()).toEqual(['dead', 'delivered', 'delivered', 'delivered'])
  })

  test('is not waited for by an endpoint that does not ask for it', async () => {
    const { endpoint, changes, settle, rows } = await desk(({ body = '' }) =>
      answered(JSON.parse(body).ticketSequence === 1 ? 500 : 200),
    )
    await endpoint({ events: ofTickets })
    await changes(2)
    await settle()
    expect(rows().map(({ status }) => status)).toEqual(['pending', ...times(3, 'delivered')])
  })

  test('that is given up frees what waited for it, one after another', async () => {
    const { endpoint, changes, later, settle, rows, write } = await desk(({ body = '' }) =>
      answered(JSON.parse(body).ticketSequence === 1 ? 500 : 200),
    )
    const { id } = await endpoint({ events: ofTickets, isOrdered: true })
    await changes(3)
    await settle()
    await write((tx) => void updateWebhook(tx, id, { isOrdered: false }, sealing))
    await later(2 * secondMs)
    await later(2 * minuteMs)
    expect(rows().map(({ status }) => status)).toEqual(['dead', ...times(4, 'delivered')])
  })
})

describe('an endpoint', () => {
  test.each([429, 502, 503, 504])('that answers %p is left alone as a whole', async (status) => {
    const { endpoint, announce, later, settle, calls } = await desk(() => answered(status, '600'))
    await endpoint()
    await announce(10)
    await settle()
    expect(calls).toHaveLength(2)
    await later(599 * secondMs)
    expect(calls).toHaveLength(2)
    await later(2 * secondMs)
    expect(calls).toHaveLength(4)
  })

  test('that is gone is disabled at once, and what waits is given up', async () => {
    const { endpoint, announce, settle, rows, calls, events, write } = await desk(() =>
      answered(410),
    )
    const { id } = await endpoint()
    await announce(5)
    await settle()
    expect(calls.length).toBeLessThanOrEqual(2)
    expect(events('webhook.disabled').map(({ body }) => JSON.parse(body).reason)).toEqual(['gone'])
    expect(await write((tx) => buryWaiting(tx, 2))).toBe(2)
    await write((tx) => buryWaiting(tx, 100))
    const reasons = rows().map(({ status, dead_reason }) => `${status} ${dead_reason}`)
    expect(reasons.filter((one) => one === 'dead gone').length).toBe(calls.length)
    expect(reasons.filter((one) => one === 'dead disabled').length).toBe(5 - calls.length)
    await announce()
    expect(rows()).toHaveLength(5)
    expect(id).toBe(1)
  })

  test('that a person switched off keeps what waits, and gets it when it is on again', async () => {
    const { endpoint, announce, settle, rows, calls, write } = await desk(() => answered(200))
    const { id } = await endpoint()
    await announce(3)
    await write((tx) => void updateWebhook(tx, id, { isActive: false }, sealing))
    await settle()
    expect([await write((tx) => buryWaiting(tx, 100)), calls.length]).toEqual([0, 0])
    await write((tx) => void updateWebhook(tx, id, { isActive: true }, sealing))
    await settle()
    expect(rows().slice(0, 3)).toMatchObject(times(3, { status: 'delivered' }))
  })

  test('that fails for five days is disabled once, and told of by an event and an entry (W10)', async () => {
    const house = await desk(() => failedBy('timeout'))
    await house.endpoint()
    await days(house, 4.9)
    expect(house.events('webhook.disabled')).toHaveLength(0)
    await days(house, 3)
    expect(house.events('webhook.disabled').map(({ body }) => JSON.parse(body))).toEqual([
      expect.objectContaining({ reason: 'failing', host: 'hook.test' }),
    ])
    const kinds = clientOf(house.house.store)
      .prepare("SELECT kind FROM activity WHERE kind LIKE 'webhook.dis%'")
      .pluck()
      .all()
    expect(kinds).toHaveLength(1)
  })

  test('that succeeds once at 4.9 days goes on (W10)', async () => {
    let isWell = false
    const house = await desk(() => (isWell ? answered(200) : failedBy('timeout')))
    await house.endpoint()
    await days(house, 4.9)
    isWell = true
    await house.announce()
    await house.settle()
    isWell = false
    await days(house, 4.9)
    expect(house.events('webhook.disabled')).toHaveLength(0)
    await days(house, 0.5)
    expect(house.events('webhook.disabled')).toHaveLength(1)
  })

  test('that is switched on again is told as before', async () => {
    let isWell = false
    const house = await desk(() => (isWell ? answered(200) : failedBy('timeout')))
    const { id } = await house.endpoint()
    await days(house, 5.5)
    isWell = true
    await house.write((tx) => void updateWebhook(tx, id, { isActive: true }, sealing))
    await house.announce()
    await house.settle()
    expect(house.rows().at(-1)).toMatchObject({ status: 'delivered' })
    await days(house, 1)
    expect(house.events('webhook.disabled')).toHaveLength(1)
  })
})

describe('leases', () => {
  test('of an earlier run are taken back at once, and not counted (J2)', async () => {
    const first = await hanging(3)
    expect(first.rows().map(({ lease, attempts }) => [lease, attempts])).toEqual([
      ['run 1', 1],
      ['run 1', 1],
      [null, 0],
    ])
    const second = await openDeliveries({ store: first.house.store, lease: 'run 2' })
    await second.deliverer.start()
    await second.settle()
    const rows = second.rows().map(({ status, attempts }) => [status, attempts])
    expect(rows).toEqual(times(3, ['delivered', 1]))
  })

  test('are not overwritten by whoever comes late', async () => {
    const answer = Promise.withResolvers<Outcome>()
    const first = await desk(() => answer.promise)
    await first.endpoint()
    await first.announce()
    first.deliverer.wake()
    while (first.calls.length < 1) await new Promise(setImmediate)
    const second = await openDeliveries({
      store: first.house.store,
      lease: 'run 2',
      receive: () => answered(500),
    })
    await second.deliverer.start()
    await second.settle()
    answer.resolve(answered(200))
    await first.settle()
    expect(second.rows()).toMatchObject([{ status: 'pending', attempts: 1 }])
    expect(second.attempts(1)).toMatchObject([{ number: 1, response_status: 500 }])
  })

  test('that run out while the attempt is under way are left to it', async () => {
    const house = await hanging(1)
    house.time.now += hourMs
    house.deliverer.wake()
    for (let n = 0; n < 20; n++) await new Promise(setImmediate)
    expect(house.calls).toHaveLength(1)
  })

  test('are given back at the end, and what is under way is waited for first', async () => {
    const house = await hanging(3)
    await house.deliverer.stop(20)
    const rows = house.rows().map(({ status, lease, attempts, due_at }) => ({
      status,
      lease,
      attempts,
      due_at,
    }))
    expect(rows).toEqual(times(3, { status: 'pending', lease: null, attempts: 0, due_at: T0 }))
    expect(house.logged.at(-1)).toEqual({ what: 'deliveries given back', facts: { deliveries: 2 } })
    house.deliverer.wake()
    for (let n = 0; n < 20; n++) await new Promise(setImmediate)
    expect(house.calls).toHaveLength(2)
  })

  test('need not be given back when all is answered in time', async () => {
    const { endpoint, announce, deliverer, rows, logged } = await desk(async () => {
      await Bun.sleep(10)
      return answered(200)
    })
    await endpoint()
    await announce(2)
    deliverer.wake()
    while (!rows().some(({ lease }) => lease !== null)) await new Promise(setImmediate)
    await Bun.sleep(1)
    await deliverer.stop(5000)
    expect(rows()).toMatchObject(times(2, { status: 'delivered' }))
    expect(logged).toEqual([])
  })
})
