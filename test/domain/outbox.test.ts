import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { createApproval, decideApproval } from '../../src/domain/approvals.ts'
import { labels } from '../../src/domain/catalog.ts'
import { upsertCustomer, updateCustomer } from '../../src/domain/customers.ts'
import { recordedEvent } from '../../src/domain/events.ts'
import { postMessage } from '../../src/domain/messages.ts'
import { forgetDeletedWebhooks } from '../../src/domain/deliveries.ts'
import { createStaff } from '../../src/domain/staff.ts'
import { isSubscription, subscribes, webhookTypes } from '../../src/domain/subscriptions.ts'
import { createTicket, deleteTicket, updateTicket } from '../../src/domain/tickets.ts'
import { jobActor, systemActor, type Tx } from '../../src/domain/tx.ts'
import {
  createWebhook,
  deleteWebhook,
  disableWebhook,
  updateWebhook,
  type WebhookPatch,
} from '../../src/domain/webhooks.ts'
import { openDesk } from '../../src/app.ts'
import { hourMs } from '../../src/lib/time.ts'
import { payloadOf } from '../../src/http/payloads.ts'
import type { Store } from '../../src/store/db.ts'
import { eventsAfter } from '../../src/store/events.ts'
import type { Sync } from '../../src/store/queries.ts'
import { seeded } from '../prove/random.ts'
import { clientOf, openStore, T0, tempFolder, testDesk, type TestDesk } from '../store/fixtures.ts'

const sealing = 'a secret that is not in the database'

let house: TestDesk

beforeEach(async () => {
  house = await testDesk()
})
afterEach(() => house[Symbol.dispose]())

const write = <T>(job: (tx: Tx) => Sync<T>) => house.desk.write<T>(systemActor, job)

function endpoint(fields: WebhookPatch = {}, on = house): Promise<number> {
  return on.desk.write(systemActor, (tx) => {
    const wanted = { url: 'https://hooks.test/in', events: ['*'], ...(fields as object) }
    return createWebhook(tx, wanted, sealing).webhook.id
  })
}

type Told = { readonly type: string; readonly endpoint: number; readonly payload: Payload }
type Payload = {
  readonly [key: string]: unknown
  readonly data: { readonly [key: string]: unknown }
}

function told(store = house.store): Told[] {
  const rows = clientOf(store)
    .prepare<[], { event_type: string; endpoint_id: number; body: string }>(
      'SELECT event_type, endpoint_id, body FROM deliveries ORDER BY id',
    )
    .all()
  return rows.map((row) => ({
    type: row.event_type,
    endpoint: row.endpoint_id,
    payload: JSON.parse(row.body) as Payload,
  }))
}

const types = (store?: Store) => told(store).map(({ type }) => type)

function open(tx: Tx): number {
  const customer = upsertCustomer(tx, 'ada@x.test', 'Ada')
  return createTicket(tx, { customer, subject: 'Kiln', body: 'Cold', source: 'api' })
}

describe('who is told of what', () => {
  test.each([
    [['ticket.created'], ['ticket.created']],
    [['ticket.*'], ['ticket.created', 'ticket.updated', 'ticket.closed']],
    [
      ['message.*', 'ticket.closed'],
      ['ticket.closed', 'message.created'],
    ],
    [['note.created'], ['note.created']],
    [['note.*'], ['note.created']],
    [['*', 'note.created', 'backup.*'], [...webhookTypes]],
    [['*'], webhookTypes.filter((type) => !/^(?:note|backup)\./.test(type))],
  ])('%p', (words, expected) => {
    expect(webhookTypes.filter((type) => subscribes(words, type))).toEqual(expected as never)
  })

  test.each([
    'ticket.deleted',
    'api_key.created',
    'session.created',
    'session.*',
    'webhook.test',
    '',
    'ticket',
    '**',
    '*.created',
  ])('%p is nothing to subscribe to', (word) => expect(isSubscription(word)).toBe(false))

  test('nobody is told of what the contract calls no webhook type, of keys or of sessions', () => {
    const unheard = [
      'ticket.deleted',
      'api_key.created',
      'session.created',
      'signing_key.rotated',
      'webhook.created',
    ] as const
    for (const type of unheard) expect(subscribes(['*', type], type)).toBe(false)
  })
})

describe('an event', () => {
  test('is written down for each endpoint that is active and wants it, in its own transaction', async () => {
    await endpoint({ events: ['ticket.*'] })
    await endpoint({ events: ['message.created'] })
    await endpoint({ events: ['ticket.created'], isActive: false })
    await write(open)
    expect(told().map(({ type, endpoint: id }) => [type, id])).toEqual([
      ['ticket.created', 1],
      ['message.created', 2],
    ])
    const due = clientOf(house.store)
      .prepare('SELECT DISTINCT due_at, status FROM deliveries')
      .all()
    expect(due).toEqual([{ due_at: T0, status: 'pending' }])
  })

  test('is lost with its transaction, and so is what is told of it', async () => {
    await endpoint()
    const random = seeded(9)
    for (let round = 0; round < 20; round++) {
      const writes = Array.from({ length: 20 }, () =>
        write((tx) => {
          open(tx)
          if (random.chance(0.5)) throw new RangeError('rolled back')
        }),
      )
      await Promise.allSettled(writes)
    }
    const counts = clientOf(house.store)
      .prepare(
        `SELECT (SELECT count(*) FROM tickets) AS tickets,
          (SELECT count(*) FROM deliveries WHERE event_type = 'ticket.created') AS told,
          (SELECT count(*) FROM deliveries d JOIN events e ON e.sequence = d.event_sequence
            AND e.uid = d.event_uid AND e.type = d.event_type) AS known,
          (SELECT count(*) FROM deliveries) AS deliveries,
          (SELECT sum(deliveries) FROM delivery_counts) AS counted`,
      )
      .get() as {
      tickets: number
      told: number
      known: number
      deliveries: number
      counted: number
    }
    expect(counts.tickets).toBeGreaterThan(100)
    expect(counts.told).toBe(counts.tickets)
    expect([counts.known, counts.counted]).toEqual([counts.deliveries, counts.deliveries])
  })

  test('has the same payload whenever it is made', async () => {
    await endpoint({ events: ['*', 'note.created'] })
    const agent = await write(
      (tx) => createStaff(tx, { role: 'agent', name: 'Ida', email: 'i@x.test' }).id,
    )
    await write((tx) => {
      const id = open(tx)
      updateTicket(tx, id, { assignedTo: agent, status: { to: 'solved', unless: [] } })
      postMessage(tx, id, { body: 'Psst', isInternal: true, direction: 'outbound' })
      labels.create(tx, { name: 'Hot', color: '#abc' })
    })
    const events = house.desk.read(systemActor, ({ q }) => eventsAfter(q, 0, 1000)) as never[]
    const payloads = new Map(
      events.map((row) => {
        const event = recordedEvent(row)
        return [event.sequence, JSON.stringify(payloadOf(event))] as const
      }),
    )
    const bodies = clientOf(house.store)
      .prepare<[], { event_sequence: number; body: string }>(
        'SELECT event_sequence, body FROM deliveries',
      )
      .all()
    expect(bodies.length).toBeGreaterThan(6)
    for (const { event_sequence: sequence, body } of bodies) {
      expect(payloads.get(sequence)).toBe(body)
    }
  })
})

describe('the payload', () => {
  test('of a ticket is the contract’s, with both sequences', async () => {
    await endpoint()
    await write(open)
    const [customer, ticket, message] = told().map(({ payload }) => payload)
    expect(Object.keys(ticket ?? {})).toEqual([
      'id',
      'type',
      'createdAt',
      'sequence',
      'ticketSequence',
      'data',
    ])
    const id = expect.stringMatching(/^tkt_[0-9a-z]{26}$/) as string
    expect(ticket).toEqual({
      id: expect.stringMatching(/^evt_[0-9a-z]{26}$/),
      type: 'ticket.created',
      createdAt: '2026-05-04T08:15:00Z',
      sequence: Number(customer?.['sequence']) + 1,
      ticketSequence: 1,
      data: {
        ticketId: id,
        subject: 'Kiln',
        customerEmail: 'ada@x.test',
        customerName: 'Ada',
        source: 'api',
        priority: 'medium',
      },
    })
    expect([message?.['ticketSequence'], message?.data]).toEqual([
      2,
      {
        messageId: expect.stringMatching(/^msg_[0-9a-z]{26}$/),
        ticketId: id,
        direction: 'inbound',
        senderEmail: 'ada@x.test',
        body: 'Cold',
      },
    ])
    expect(customer?.['ticketSequence']).toBeNull()
  })

  test('of an update is in the contract’s words, and of the end there are two', async () => {
    await endpoint({ events: ['ticket.updated', 'ticket.closed'] })
    const id = await write(open)
    const agent = await write((tx) =>
      createStaff(tx, { role: 'agent', name: 'Ida', email: 'i@x.test' }),
    )
    await write((tx) => {
      updateTicket(tx, id, {
        status: { to: 'on_hold', unless: [] },
        priority: 'urgent',
        assignedTo: agent.id,
      })
      updateTicket(tx, id, {
        status: { to: 'solved', unless: [] },
        assignedTo: 'ai',
        resolutionType: 'human',
      })
      updateTicket(tx, id, { assignedTo: null })
    })
    const user = `user_${agent.uid}`
    expect(
      told().map(({ payload }) => payload.data['changes'] ?? payload.data['resolution']),
    ).toEqual([
      {
        status: { from: 'open', to: 'pending' },
        priority: { from: 'medium', to: 'urgent' },
        assignedTo: { from: null, to: user },
      },
      {
        status: { from: 'pending', to: 'solved' },
        assignedTo: { from: user, to: 'ai' },
        resolutionType: { from: null, to: 'human' },
      },
      'solved',
      { assignedTo: { from: 'ai', to: null } },
    ])
  })

  test('of an approval has its decision, and what there is to do elsewhere', async () => {
    await endpoint({ events: ['approval.*'] })
    const ticketId = await write(open)
    const action = {
      platform: 'stripe',
      actionId: 'refund',
      description: null,
      params: { amount: 5 },
    }
    const made = await write((tx) =>
      createApproval(tx, { actionType: 'platform_action', ticketId, lifeMs: hourMs, ...action }),
    )
    await write((tx) => decideApproval(tx, made.uid, { decision: 'rejected', feedback: 'No' }).id)
    const about = {
      approvalId: `apr_${made.uid}`,
      ticketId: expect.stringMatching(/^tkt_/) as string,
      actionType: 'platform_action',
    }
    expect(told().map(({ payload }) => payload.data)).toEqual([
      { ...about, expiresAt: '2026-05-04T09:15:00Z' },
      {
        ...about,
        decision: 'rejected',
        decidedBy: null,
        feedback: 'No',
        messageId: null,
        entryId: null,
        platformAction: action,
      },
    ])
  })

  test('is none for a change that shows in no field of the contract', async () => {
    await endpoint()
    const id = await write(open)
    const before = told().length
    await write((tx) => {
      updateTicket(tx, id, { status: { to: 'in_progress', unless: [] } })
      updateTicket(tx, id, { isLocked: true })
      updateTicket(tx, id, { isResolved: true })
      updateCustomer(tx, 1, { envatoUsername: 'ada' })
      deleteTicket(tx, id)
    })
    expect(told()).toHaveLength(before)
  })
})

describe('the endpoints in memory', () => {
  test('are those of the moment, in one transaction too', async () => {
    await write((tx) => {
      open(tx)
      const { webhook } = createWebhook(
        tx,
        { url: 'https://hooks.test/', events: ['ticket.created'] },
        sealing,
      )
      open(tx)
      updateWebhook(tx, webhook.id, { isActive: false }, sealing)
      open(tx)
      updateWebhook(tx, webhook.id, { isActive: true }, sealing)
      open(tx)
      disableWebhook(tx, webhook.id, 'gone')
      open(tx)
    })
    expect(types()).toEqual(['ticket.created', 'ticket.created'])
  })

  test('are without one that was taken back, for those who come right behind', async () => {
    await write(open)
    const lost = write((tx) => {
      createWebhook(tx, { url: 'https://hooks.test/', events: ['*'] }, sealing)
      open(tx)
      throw new RangeError('rolled back')
    })
    const kept = write(open)
    expect(await Promise.allSettled([lost, kept])).toMatchObject([
      { status: 'rejected' },
      { status: 'fulfilled' },
    ])
    expect(types()).toEqual([])
  })

  test('are those that another process has written, from its commit on', async () => {
    using folder = tempFolder('outbox')
    using own = openStore(folder.path)
    using server = await testDesk(own.store)
    using beside = openStore(folder.path, 'share')
    using command = await testDesk(beside.store, 2)
    await server.desk.write(systemActor, open)
    const id = await endpoint({ events: ['ticket.created'] }, command)
    await server.desk.write(systemActor, open)
    expect(types(server.store)).toEqual(['ticket.created'])
    await server.desk.write(systemActor, (tx) => deleteWebhook(tx, id))
    await server.desk.write(jobActor, (tx) => forgetDeletedWebhooks(tx, 100))
    await command.desk.write(systemActor, open)
    expect(types(server.store)).toEqual([])
  })
})

test('a command beside the server tells the same receivers', async () => {
  using folder = tempFolder('beside')
  const machine = {
    ...quietMachine,
    clock: () => T0,
    random: (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes)),
  }
  using server = await openDesk(folder.path, 'own', machine)
  await server.desk.write(
    systemActor,
    (tx) =>
      createWebhook(tx, { url: 'https://hooks.test/', events: ['staff.*'] }, sealing).webhook.id,
  )
  using command = await openDesk(folder.path, 'share', machine)
  await command.desk.write(
    systemActor,
    (tx) => createStaff(tx, { role: 'agent', name: 'Ida', email: 'i@x.test' }).id,
  )
  expect(types(server.store)).toEqual(['staff.created'])
})

const quietMachine = {
  monotonic: () => 0,
  zone: 'UTC',
  log: { info() {}, error() {} },
  passwordCost: { memoryKiB: 8, passes: 1 },
  resolve: () => Promise.reject(new Error('no names here')),
}

test('what is left of a deleted endpoint is cleared away in small batches, and nothing else', async () => {
  const gone = await endpoint({ events: ['ticket.created'] })
  await endpoint({ events: ['ticket.created'] })
  await write((tx) => {
    for (let n = 0; n < 25; n++) open(tx)
  })
  await write((tx) => deleteWebhook(tx, gone))
  expect([await forget(), await forget(), await forget(), await forget()]).toEqual([10, 10, 5, 0])
  expect(new Set(told().map((row) => row.endpoint))).toEqual(new Set([2]))
  expect(told()).toHaveLength(25)
  expect([rows('webhook_endpoints'), rows('delivery_counts')]).toEqual([1, 1])
})

function forget(): Promise<number> {
  return house.desk.write(jobActor, (tx) => forgetDeletedWebhooks(tx, 10))
}

function rows(table: string): unknown {
  return clientOf(house.store).prepare(`SELECT count(*) FROM ${table}`).pluck().get()
}
