import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { addEndpoint, openTickets, startHooked, until } from './hooks.ts'
import { faultsOf, inspect } from './inspect.ts'
import { seeded, type Random } from './random.ts'
import type { Server } from './server.ts'
import { workFolder } from './shim.ts'

export type HookKillOptions = {
  readonly binary: string
  readonly rounds: number
  /** In each round; every one goes to each of the endpoints. */
  readonly events: number
  readonly endpoints: number
  readonly seed: number
  readonly report?: (round: number) => void
}

export type HookKillResult = {
  readonly rounds: number
  /** Deliveries that had to arrive, and those that came again after a kill. */
  readonly deliveries: number
  readonly repeats: number
  /** What was under way at the kills, by the leases that they left. */
  readonly leased: number
  /** From the moment the server says its address to the first call of what was under way. */
  readonly slowestRecoveryMs: number
  readonly problems: string[]
}

/** The five moments of a delivery's life at which the server dies (W6). */
const moments = [
  'before the call',
  'in the call',
  'after the answer',
  'around the commit',
  'around the reschedule',
] as const

type Moment = (typeof moments)[number]

type Call = { readonly body: string; readonly id: string; readonly run: number; status: number }

type Tally = { -readonly [K in keyof HookKillResult]: HookKillResult[K] }

const settings = { timeoutSeconds: 5, scheduleSeconds: Array.from({ length: 9 }, () => 1) }
const patienceMs = 30_000
const recoveryMostMs = 2000
const problemsMost = 10

/** What a receiver got, and what it does with the next call. */
class Receiver implements Disposable {
  /** Every call of a delivery: a path and an event. */
  readonly calls = new Map<string, Call[]>()
  /** The answer to a call, when it is known. */
  answer: (call: Call, count: number) => number | Promise<number> = () => 200
  run = 0
  count = 0
  readonly #server: ReturnType<typeof Bun.serve>

  constructor() {
    this.#server = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      idleTimeout: 0,
      fetch: (request) => this.#receive(request),
    })
  }

  url(endpoint: number): string {
    return `http://127.0.0.1:${this.#server.port}/${endpoint}`
  }

  [Symbol.dispose](): void {
    void this.#server.stop(true)
  }

  async #receive(request: Request): Promise<Response> {
    const id = request.headers.get('webhook-id') ?? ''
    const body = await request.text()
    const key = `${new URL(request.url).pathname} ${(JSON.parse(body) as { id: string }).id}`
    const call: Call = { body, id, run: this.run, status: 0 }
    this.calls.set(key, [...(this.calls.get(key) ?? []), call])
    const status = await this.answer(call, ++this.count)
    call.status = status
    return new Response(null, { status })
  }
}

/**
 * Kills a server with SIGKILL while it delivers, at a moment that changes from round to round, starts it
 * again, and holds what came before and after against the leases that the kill left in the file.
 */
export async function killDeliveries(options: HookKillOptions): Promise<HookKillResult> {
  const { rounds, seed, report } = options
  const random = seeded(seed)
  const tally: Tally = {
    rounds: 0,
    deliveries: 0,
    repeats: 0,
    leased: 0,
    slowestRecoveryMs: 0,
    problems: [],
  }
  for (let round = 0; round < rounds && tally.problems.length < problemsMost; round++) {
    const moment = moments[round % moments.length] ?? 'in the call'
    await oneRound(options, moment, random, tally)
    tally.rounds++
    report?.(tally.rounds)
  }
  return tally
}

async function oneRound(
  { binary, events, endpoints }: HookKillOptions,
  moment: Moment,
  random: Random,
  tally: Tally,
): Promise<void> {
  const folder = workFolder('hooks')
  const data = join(folder, 'data')
  using receiver = new Receiver()
  try {
    using first = await startHooked({ binary, data }, settings)
    for (let n = 0; n < endpoints; n++) await addEndpoint(first, receiver.url(n))
    const release = hold(receiver)
    await openTickets(first, events)
    await killAt(first, receiver, { moment, random, release, most: events * endpoints })
    const left = leftIn(data)
    receiver.run++
    receiver.answer = () => 200
    using second = await startHooked({ binary, data }, settings)
    const began = performance.now()
    await checkSecond(receiver, left, { began, expected: events * endpoints, tally })
    await second.end('SIGTERM')
    tally.problems.push(...problemsOf(receiver, left, tally).map((one) => `${moment}: ${one}`))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Answers nothing until it is released, so that all events are on disk before the first arrives. */
function hold(receiver: Receiver): () => void {
  const { promise, resolve } = Promise.withResolvers<void>()
  receiver.answer = async () => {
    await promise
    return 200
  }
  return resolve
}

type Kill = {
  readonly moment: Moment
  readonly random: Random
  readonly release: () => void
  readonly most: number
}

/** Kills the server at that moment of a delivery somewhere in the middle. */
async function killAt(
  server: Server,
  receiver: Receiver,
  { moment, random, release, most }: Kill,
): Promise<void> {
  const victim = receiver.count + random.between(1, Math.floor(most / 2))
  const dead = Promise.withResolvers<number>()
  const kill = () => dead.resolve(server.end('SIGKILL'))
  const killIn = (ms: number) => setTimeout(kill, ms)
  receiver.answer = (_call, count) => {
    if (count !== victim) return 200
    if (moment === 'in the call') {
      kill()
      return new Promise<number>(() => {})
    }
    // The next claims are on disk by then, and some of their calls not sent.
    if (moment === 'before the call') killIn(random.between(0, 20) / 10)
    if (moment === 'after the answer') killIn(0)
    if (moment === 'around the commit') killIn(random.between(0, 30) / 10)
    if (moment === 'around the reschedule') killIn(random.between(0, 30) / 10)
    return moment === 'around the reschedule' ? 500 : 200
  }
  release()
  // Should the victim never come, the round still ends, and its check tells.
  const lost = setTimeout(kill, patienceMs)
  await dead.promise
  clearTimeout(lost)
}

/** What a kill left in the file. */
type Left = {
  readonly problems: string[]
  /** Path and event of everything that was ever queued, and of what was under way. */
  readonly queued: ReadonlySet<string>
  readonly leased: ReadonlySet<string>
  readonly pending: number
}

function leftIn(data: string): Left {
  return inspect(data, (db) => {
    const rows = db
      .prepare<[], { url: string; event_uid: string; lease: string | null; status: string }>(
        `SELECT e.url, d.event_uid, d.lease, d.status
         FROM deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id`,
      )
      .all()
    return {
      problems: faultsOf(db),
      queued: new Set(rows.map(keyOf)),
      leased: new Set(rows.filter(({ lease }) => lease !== null).map(keyOf)),
      pending: rows.filter(({ status }) => status === 'pending').length,
    }
  })
}

function keyOf(row: { readonly url: string; readonly event_uid: string }): string {
  return `${new URL(row.url).pathname} evt_${row.event_uid}`
}

type Second = { readonly began: number; readonly expected: number; readonly tally: Tally }

/** Waits for all that is left, and measures how soon the first of what was under way comes. */
async function checkSecond(
  receiver: Receiver,
  { queued, leased, problems }: Left,
  { began, expected, tally }: Second,
): Promise<void> {
  tally.problems.push(...problems)
  if (queued.size !== expected) tally.problems.push(`${queued.size} of ${expected} were queued`)
  const isAgain = (key: string) => receiver.calls.get(key)?.some(({ run }) => run === receiver.run)
  if (leased.size > 0) {
    await until(() => [...leased].some(isAgain), patienceMs)
    const took = performance.now() - began
    tally.slowestRecoveryMs = Math.max(tally.slowestRecoveryMs, took)
    if (took > recoveryMostMs) tally.problems.push(`recovery took ${Math.round(took)} ms`)
  }
  const isReceived = (key: string) => receiver.calls.get(key)?.some(({ status }) => status === 200)
  const isDone = await until(() => [...queued].every(isReceived), patienceMs)
  if (!isDone) {
    const lost = [...queued].filter((key) => !isReceived(key)).length
    tally.problems.push(`${lost} of ${queued.size} were never received`)
  }
}

/** Every repeat has its lease; every call of a delivery has the same id and the same bytes. */
function problemsOf(receiver: Receiver, { queued, leased }: Left, tally: Tally): string[] {
  const problems: string[] = []
  for (const [key, calls] of receiver.calls) {
    const [first] = calls
    if (!queued.has(key)) problems.push(`${key} came and was never queued`)
    if (calls.some(({ id }) => !key.endsWith(` ${id}`))) problems.push(`${key}: another webhook-id`)
    if (calls.some(({ body }) => body !== first?.body)) problems.push(`${key}: other bytes`)
    const before = calls.filter(({ run }) => run === 0)
    const after = calls.length - before.length
    // What was refused before the kill has to come again.
    if (before.length === 0 || after === 0 || before.at(-1)?.status === 500) continue
    tally.repeats++
    if (!leased.has(key)) problems.push(`${key} came again and was not under way`)
    if (after > 1) problems.push(`${key} came ${after} times after the kill`)
  }
  tally.deliveries += queued.size
  tally.leased += leased.size
  return problems
}
