// A desk with webhooks and its delivery loop, below HTTP: the clock, chance and, unless a test wants the
// network, the receivers are in the hands of the test.

import { labels } from '../../src/domain/catalog.ts'
import { upsertCustomer } from '../../src/domain/customers.ts'
import { install } from '../../src/domain/installation.ts'
import { Outbox } from '../../src/domain/outbox.ts'
import { createTicket, updateTicket } from '../../src/domain/tickets.ts'
import { Desk, systemActor, type Tx } from '../../src/domain/tx.ts'
import { createWebhook, type NewWebhook } from '../../src/domain/webhooks.ts'
import { payloadOf } from '../../src/http/payloads.ts'
import { Deliverer, type DeliveryRules } from '../../src/jobs/deliver.ts'
import { minuteMs, secondMs } from '../../src/lib/time.ts'
import { Networks } from '../../src/security/networks.ts'
import { unseal } from '../../src/security/seal.ts'
import { outboundClient, type Outcome, type Outgoing } from '../../src/security/outbound.ts'
import { Store } from '../../src/store/db.ts'
import { eventsAfter } from '../../src/store/events.ts'
import type { Sync } from '../../src/store/queries.ts'
import { clientOf, randomBytes, T0 } from '../store/fixtures.ts'

export const sealing = 'ab'.repeat(32)

/** Opens what was sealed with it. */
export const opening = (sealed: string) => unseal(sealed, sealing)

export const answered = (status: number, retryAfter: string | null = null): Outcome => ({
  failure: null,
  status,
  retryAfter,
  text: 'noted',
  durationMs: 5,
})

export const failedBy = (failure: NonNullable<Outcome['failure']>): Outcome => ({
  failure,
  status: null,
  retryAfter: null,
  text: '',
  durationMs: 5,
})

/** A receiver in the test: what it answers to a call. */
export type Receive = (call: Outgoing) => Outcome | Promise<Outcome>

export type DeliveryRow = {
  readonly id: number
  readonly uid: string
  readonly endpoint_id: number
  readonly event_uid: string
  readonly event_type: string
  readonly ticket_id: number | null
  readonly body: string
  readonly status: string
  readonly dead_reason: string | null
  readonly attempts: number
  readonly due_at: number | null
  readonly lease: string | null
  readonly settled_at: number | null
}

export type AttemptRow = {
  readonly number: number
  readonly response_status: number | null
  readonly failure: string | null
  readonly response_text: string | null
  readonly next_attempt_at: number | null
}

export type Logged = { readonly what: string; readonly err?: unknown; readonly facts?: object }

export type Deliveries = {
  readonly store: Store
  readonly desk: Desk
  readonly time: { now: number }
  readonly deliverer: Deliverer
  readonly logged: Logged[]
  readonly write: <T>(job: (tx: Tx) => Sync<T>) => Promise<T>
  readonly endpoint: (fields?: Partial<NewWebhook>) => Promise<{ id: number; secret: string }>
  /** Announces so many events that concern no ticket. */
  readonly announce: (count?: number) => Promise<void>
  /** Opens a ticket and changes its priority so often. */
  readonly changes: (count: number) => Promise<number>
  /** Lets the loop work until nothing is under way and nothing is due. */
  readonly settle: () => Promise<void>
  readonly rows: () => DeliveryRow[]
  readonly attempts: (deliveryId: number) => AttemptRow[]
  readonly events: (type: string) => { body: string }[]
} & Disposable

type Options = {
  readonly receive?: Receive
  readonly rules?: Partial<DeliveryRules>
  readonly store?: Store
  readonly lease?: string
  /** The wall clock instead of one that stands still. */
  readonly isLive?: boolean
  readonly seed?: number
}

export const shortWaits = [secondMs, minuteMs]

/** A client that calls receivers on this machine, whatever their names. */
export function loopbackClient(timeoutMs: number, ended?: AbortSignal) {
  return outboundClient({
    timeoutMs,
    bodyBytesMax: 16 * 1024,
    monotonic: () => performance.now(),
    resolve: () => Promise.resolve(['127.0.0.1']),
    allowed: new Networks(['127.0.0.0/8']),
    ownPort: 1,
    ...(ended && { ended }),
  })
}

export async function openDeliveries(options: Options = {}): Promise<Deliveries> {
  const { receive = () => answered(200), store = Store.inMemory(T0), lease = 'run 1' } = options
  const time = { now: T0 }
  const clock = options.isLive ? Date.now : () => time.now
  const random = randomBytes(options.seed ?? 1)
  const desk = new Desk({ store, clock, random, outbox: new Outbox(payloadOf) })
  const write = <T>(job: (tx: Tx) => Sync<T>) => desk.write<T>(systemActor, job)
  await write(install)
  const logged: Logged[] = []
  const rules: DeliveryRules = {
    waits: shortWaits,
    timeoutMs: 500,
    // A call takes a turn of the loop at least.
    send: async (call) => {
      await Bun.sleep(0)
      return await receive(call)
    },
    ...options.rules,
  }
  const deliverer = new Deliverer({
    desk,
    clock,
    log: {
      info: (what, facts = {}) => void logged.push({ what, facts }),
      error: (what, err, facts = {}) => void logged.push({ what, err, facts }),
    },
    lease,
    rules: () => rules,
    sealing: () => sealing,
  })
  const client = clientOf(store)
  let names = 0
  return {
    store,
    desk,
    time,
    deliverer,
    logged,
    write,
    async endpoint(fields = {}) {
      const { webhook, secret } = await write((tx) =>
        createWebhook(tx, { url: 'https://hook.test/in', events: ['*'], ...fields }, sealing),
      )
      return { id: webhook.id, secret }
    },
    announce: (count = 1) =>
      write((tx) => {
        for (let n = 0; n < count; n++) {
          labels.create(tx, { name: `Label ${lease} ${++names}`, color: '#abc' })
        }
      }),
    changes: (count) =>
      write((tx) => {
        const customer = upsertCustomer(tx, 'mara@northwind.test', 'Mara Lind')
        const id = createTicket(tx, { customer, subject: 'Kiln', body: 'Cold', source: 'api' })
        for (let n = 0; n < count; n++) {
          updateTicket(tx, id, { priority: n % 2 === 0 ? 'urgent' : 'low' })
        }
        return id
      }),
    async settle() {
      deliverer.wake()
      while (deliverer.isAtWork) await new Promise(setImmediate)
    },
    rows: () => client.prepare<[], DeliveryRow>('SELECT * FROM deliveries ORDER BY id').all(),
    attempts: (id) =>
      client
        .prepare<[number], AttemptRow>(
          `SELECT number, response_status, failure, response_text, next_attempt_at
           FROM delivery_attempts WHERE delivery_id = ? ORDER BY id`,
        )
        .all(id),
    events: (type) =>
      desk.read(systemActor, ({ q }) =>
        eventsAfter(q, 0, 100_000).filter((event) => event.type === type),
      ),
    [Symbol.dispose]: () => store[Symbol.dispose](),
  }
}
