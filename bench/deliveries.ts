// Deliveries of webhooks to a receiver on this machine, beside a bare loop that calls the same receiver.

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { measureArrivals } from '../test/prove/hookload.ts'
import { startServer } from '../test/support/binary.ts'
import type { CallerAsk } from './caller.ts'
import { startHelper } from './helpers.ts'
import type { QueueAsk } from './queue.ts'
import { spread, type Spread } from './samples.ts'
import type { SinkAsk, SinkReply } from './sink.ts'

export type TimedDeliveries = {
  readonly atOnce: number
  readonly perSecond: Spread
  readonly floor: Spread
  readonly ratio: Spread
}

type Desk = { readonly binary: string; readonly cwd: string; readonly rounds: number }

/** How many may be under way, and how many are delivered in a round. */
const sizes = [
  { atOnce: 1, count: 2000 },
  { atOnce: 16, count: 8000 },
  { atOnce: 64, count: 16_000 },
] as const

/** As long as the payload of a new ticket. */
const body = JSON.stringify({
  id: 'evt_01jtd0000000000000000000aa',
  type: 'ticket.created',
  createdAt: '2026-05-04T08:15:00Z',
  sequence: 1234,
  ticketSequence: 1,
  data: {
    ticketId: 'tkt_01jtd0000000000000000000bb',
    subject: 'Invoice shows wrong VAT',
    customerEmail: 'mara@northwind.test',
    customerName: 'Mara Lind',
    source: 'email',
    priority: 'urgent',
  },
})

/** Delivers what is queued in a folder of its own, once in each round and at each size. */
export async function timeDeliveries({ binary, cwd, rounds }: Desk): Promise<TimedDeliveries[]> {
  using sink = startHelper<SinkAsk, SinkReply>('sink.ts')
  using caller = startHelper<CallerAsk, number>('caller.ts')
  const { port } = await sink.ask({ port: true })
  const url = `http://127.0.0.1:${port}/in`
  const timed: TimedDeliveries[] = []
  for (const { atOnce, count } of sizes) {
    const runs: { ours: number; floor: number }[] = []
    for (let round = 0; round < rounds; round++) {
      await queue(cwd, { url, count, atOnce, body })
      const ours = await delivered({ binary, cwd }, () => sink.ask({ count }))
      const receiving = sink.ask({ count })
      await caller.ask({ url, calls: count, atOnce, body })
      runs.push({ ours, floor: (await receiving).perSecond })
    }
    timed.push({
      atOnce,
      perSecond: spread(runs.map(({ ours }) => ours)),
      floor: spread(runs.map(({ floor }) => floor)),
      ratio: spread(runs.map(({ ours, floor }) => ours / floor)),
    })
  }
  return timed
}

async function queue(cwd: string, ask: QueueAsk): Promise<void> {
  const data = join(cwd, 'data')
  rmSync(data, { recursive: true, force: true })
  using helper = startHelper<QueueAsk, number>('queue.ts', [data])
  await helper.ask(ask)
}

/** Serves the folder until its deliveries have been received. */
async function delivered(
  { binary, cwd }: Pick<Desk, 'binary' | 'cwd'>,
  receive: () => Promise<SinkReply>,
): Promise<number> {
  const receiving = receive()
  const allowed = 'webhooks.allow_private_networks=127.0.0.0/8'
  const args = ['serve', '--port', '0', '--set', allowed]
  const server = await startServer({ binary, cwd, args })
  try {
    return (await receiving).perSecond
  } finally {
    await server.kill()
  }
}

/** From the request for a ticket to its arrival, at 20 a second. */
export async function timeArrivals(binary: string, seconds: number): Promise<readonly number[]> {
  const field = { endpoints: 1, hanging: 0, eventsPerSecond: 20 }
  return (await measureArrivals({ binary, seconds, ...field })).tookMs
}
