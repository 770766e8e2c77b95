import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { CheckResult } from './checks.ts'
import { addEndpoint, openTicket, quantileOf, startHooked, until } from './hooks.ts'
import type { Server } from './server.ts'
import { workFolder } from './shim.ts'

export type LoadOptions = {
  readonly binary: string
  readonly endpoints: number
  readonly hanging: number
  readonly eventsPerSecond: number
  readonly seconds: number
}

const settings = { timeoutSeconds: 15, scheduleSeconds: [5, 60, 600] }
const deliveredMostMs = 1000
const patienceMs = 30_000

type Seen = {
  /** From the request for a ticket to its arrival at a receiver. */
  readonly tookMs: number[]
  readonly most: { one: number; all: number }
}

/** Receivers of which some never answer; keeps how long each arrival took and how many were at once. */
function receivers({ hanging }: LoadOptions, openedAt: ReadonlyMap<string, number>) {
  const seen: Seen = { tookMs: [], most: { one: 0, all: 0 } }
  const atOnce = new Map<string, number>()
  let all = 0
  const waiting: [ticketId: string, at: number][] = []
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      const { pathname } = new URL(request.url)
      const one = (atOnce.get(pathname) ?? 0) + 1
      atOnce.set(pathname, one)
      seen.most.one = Math.max(seen.most.one, one)
      seen.most.all = Math.max(seen.most.all, ++all)
      const leave = () => {
        all--
        atOnce.set(pathname, (atOnce.get(pathname) ?? 1) - 1)
      }
      request.signal.addEventListener('abort', leave)
      const { data } = (await request.json()) as { data: { ticketId: string } }
      if (Number(pathname.slice(1)) < hanging) return await new Promise<Response>(() => {})
      waiting.push([data.ticketId, performance.now()])
      request.signal.removeEventListener('abort', leave)
      leave()
      return new Response(null, { status: 204 })
    },
  })
  const arrivals = () => waiting.length
  const settle = () => {
    for (const [ticketId, at] of waiting) seen.tookMs.push(at - (openedAt.get(ticketId) ?? at))
    return seen
  }
  return { server, arrivals, settle }
}

export type Arrivals = Seen & { readonly arrived: number; readonly expected: number }

/** Events at a steady pace to many receivers, of which some hang. */
export async function measureArrivals(options: LoadOptions): Promise<Arrivals> {
  const { binary, endpoints, hanging, eventsPerSecond, seconds } = options
  const folder = workFolder('load')
  const openedAt = new Map<string, number>()
  const { server: sink, arrivals, settle } = receivers(options, openedAt)
  try {
    using server = await startHooked({ binary, data: join(folder, 'data') }, settings)
    for (let n = 0; n < endpoints; n++) {
      await addEndpoint(server, `http://127.0.0.1:${sink.port}/${n}`)
    }
    const events = Math.round(eventsPerSecond * seconds)
    await openSteadily(server, { events, everyMs: 1000 / eventsPerSecond, openedAt })
    const expected = events * (endpoints - hanging)
    await until(() => arrivals() >= expected, patienceMs)
    // The receivers that hang would be waited for.
    await server.end('SIGKILL')
    return { ...settle(), arrived: arrivals(), expected }
  } finally {
    void sink.stop(true)
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Some receivers hang, and the others must not notice (W5). */
export async function proveIsolation(options: LoadOptions): Promise<CheckResult> {
  const { tookMs, most, arrived, expected } = await measureArrivals(options)
  const p95 = quantileOf(tookMs, 0.95)
  const took = `p50 ${quantileOf(tookMs, 0.5).toFixed(1)} ms, p95 ${p95.toFixed(1)} ms`
  const places = `at most ${most.one} at one, ${most.all} in all`
  const problems = [
    ...(arrived === expected ? [] : [`${arrived} of ${expected} arrived`]),
    ...(p95 <= deliveredMostMs ? [] : [`p95 ${Math.round(p95)} ms`]),
    ...(most.one <= 2 ? [] : [`${most.one} at once at one receiver`]),
    ...(most.all <= 64 ? [] : [`${most.all} at once in all`]),
  ]
  return { figure: `${arrived} arrivals, ${took}, ${places}`, problems }
}

type Steady = {
  readonly events: number
  readonly everyMs: number
  readonly openedAt: Map<string, number>
}

async function openSteadily(server: Server, { events, everyMs, openedAt }: Steady): Promise<void> {
  const began = performance.now()
  for (let n = 0; n < events; n++) {
    await Bun.sleep(Math.max(0, began + n * everyMs - performance.now()))
    const at = performance.now()
    openedAt.set(await openTicket(server), at)
  }
}

/** At a steady pace to one receiver: how soon after its commit an event arrives. */
export async function proveLatency(
  options: Omit<LoadOptions, 'endpoints' | 'hanging'>,
): Promise<CheckResult> {
  const { tookMs, arrived, expected } = await measureArrivals({
    ...options,
    endpoints: 1,
    hanging: 0,
  })
  const p95 = quantileOf(tookMs, 0.95)
  const problems = [
    ...(arrived === expected ? [] : [`${arrived} of ${expected} arrived`]),
    ...(p95 <= latencyMostMs ? [] : [`p95 ${p95.toFixed(1)} ms`]),
  ]
  const p50 = quantileOf(tookMs, 0.5).toFixed(1)
  return { figure: `${arrived} arrivals, p50 ${p50} ms, p95 ${p95.toFixed(1)} ms`, problems }
}

export const latencyMostMs = 50
