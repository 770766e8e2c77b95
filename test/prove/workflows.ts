import type { GraphNode } from '../../src/domain/workflowgraph.ts'
import { line, openTicket } from '../support/workflows.ts'
import type { Bar, BarOptions, Outcome } from './bars.ts'
import { proveTest } from './checks.ts'
import { provePoison } from './flowpoison.ts'
import { proveFlowStop } from './flowstop.ts'
import { proveDowntime, provePlanned } from './flowtimes.ts'
import { proveUnique } from './flowunique.ts'
import { killRuns, openLoopback, post, prepare, receiver, type Prepared } from './runs.ts'
import { patterns, proveSchedules, years, zones } from './schedules.ts'
import { start, type Server } from './server.ts'

const testOfTimes = 'test/jobs/schedules.test.ts'

/** The bars of workflows, in the order of the table. Sizes are those of the full proof. */
export const workflowBars: readonly Bar[] = [
  { id: 'J1', what: 'kill -9 under workflows of several steps', run: kill },
  { id: 'J2', what: 'calls of a dead server taken back', run: recovery },
  { id: 'J4', what: 'a planned time once, amid restarts', run: planned },
  { id: 'J5', what: 'downtime and its policies', run: ({ binary }) => proveDowntime(binary) },
  {
    id: 'J6',
    what: `clocks that jump (${testOfTimes})`,
    run: async () => proveTest(testOfTimes),
  },
  { id: 'J7', what: 'schedules against another calendar', run: schedules },
  { id: 'J8', what: 'the worst a workflow can do', run: poison },
  { id: 'J9', what: 'rules that set each other off, and 1 to 1,000', run: loops },
  { id: 'J10', what: '10,000 runs due in the same second', run: manyDue },
  { id: 'J11', what: 'told to stop amid requests and runs', run: stop },
  { id: 'J12', what: 'one start for one key, amid kills', run: unique },
]

async function kill({ binary, seed, scale, report }: BarOptions): Promise<Outcome> {
  const rounds = Math.max(2, Math.round(200 * scale))
  const done = await killRuns({ binary, rounds, runsPerRound: 12, seed, report })
  const calls = `${done.calls} calls, ${done.repeated} of them repeated under their id`
  return { figure: `${done.rounds} rounds, ${done.runs} runs, ${calls}`, problems: done.problems }
}

function planned({ scale, ...options }: BarOptions): Promise<Outcome> {
  return provePlanned({ ...options, restarts: Math.max(10, Math.round(100 * scale)) })
}

/** The whole table is a matter of minutes; a smaller one has fewer times of each row. */
async function schedules({ scale }: BarOptions): Promise<Outcome> {
  return proveSchedules({ zones, years, patterns, momentsMost: Math.round(10_000 * scale) })
}

function poison({ binary, scale }: BarOptions): Promise<Outcome> {
  return provePoison({ binary, isPatient: scale >= 1 })
}

function stop({ binary, scale }: BarOptions): Promise<Outcome> {
  const count = Math.max(20, Math.round(100 * scale))
  return proveFlowStop({ binary, requests: count, runs: count })
}

function unique({ scale, ...options }: BarOptions): Promise<Outcome> {
  const rounds = Math.max(2, Math.round(20 * scale))
  return proveUnique({ ...options, rounds, startsPerRound: Math.max(100, 1000 * scale) })
}

const takenBackMs = 2000

async function recovery({ binary, scale, report }: BarOptions): Promise<Outcome> {
  using hook = receiver(() => new Promise<Response>(() => {}))
  const graph = line({ action: 'send_webhook', config: { url: hook.url } })
  using desk = await prepare('recovery', [{ graph }])
  const launch = { binary, data: desk.data, env: openLoopback }
  const rounds = Math.max(2, Math.round(20 * scale))
  const problems: string[] = []
  let slowest = 0
  using first = await start(launch)
  await post(first, 'held')
  await until(() => hook.calls.size === 1)
  await first.end('SIGKILL')
  for (let round = 1; round <= rounds; round++) {
    const before = total(hook.calls)
    using server = await start(launch)
    const begun = performance.now()
    await until(() => total(hook.calls) > before)
    slowest = Math.max(slowest, performance.now() - begun)
    await server.end('SIGKILL')
    report(round)
  }
  if (hook.calls.size !== 1) problems.push(`${hook.calls.size} ids for one call`)
  if (slowest > takenBackMs) problems.push(`taken back after ${Math.round(slowest)} ms`)
  return { figure: `${rounds} kills, slowest ${Math.round(slowest)} ms`, problems }
}

const flip = (from: string, to: string) =>
  line(
    { condition: [{ field: 'ticket.priority', operator: 'equals', value: from }] },
    { action: 'set_priority', config: { priority: to } },
  )

async function loops({ binary, scale }: BarOptions): Promise<Outcome> {
  const fan = Math.max(10, Math.round(1000 * scale))
  const rules = [
    { triggerKind: 'ticket_updated', name: 'A', graph: flip('low', 'high') },
    { triggerKind: 'ticket_updated', name: 'B', graph: flip('high', 'low') },
    {
      triggerKind: 'ticket_created',
      graph: line({ action: 'set_priority', config: { priority: 'low' } }),
    },
  ] as const
  const many = Array.from({ length: fan }, (_, n) => ({
    triggerKind: 'ticket_created' as const,
    graph: line({ action: 'add_internal_note', config: { content: `rule ${n}` } }),
  }))
  using desk = await prepare('loops', [...rules, ...many])
  using server = await start({ binary, data: desk.data })
  await post(server, 'one')
  await post(server, 'two')
  const times = await latencies(server, 20_000 * Math.max(0.2, scale))
  await server.end('SIGTERM')
  const cut = count(desk, "SELECT count(*) AS n FROM activity WHERE kind = 'ticket.workflow_cut'")
  const deepest = count(desk, 'SELECT max(depth) AS n FROM workflow_runs')
  const notes = count(desk, 'SELECT count(*) AS n FROM messages WHERE is_internal = 1')
  const runs = count(desk, 'SELECT count(*) AS n FROM workflow_runs')
  const p95 = quantile(times, 0.95)
  const problems = [
    ...(deepest === 8 ? [] : [`the deepest run is at ${deepest}`]),
    ...(cut > 0 ? [] : ['no activity entry tells of the cut']),
    ...(notes === 2 * fan ? [] : [`${notes} notes of ${2 * fan}`]),
    ...(p95 < 200 ? [] : [`p95 of the API ${Math.round(p95)} ms`]),
  ]
  return { figure: `${runs} runs, ${cut} cut, API p95 ${p95.toFixed(1)} ms`, problems }
}

async function manyDue({ binary, scale }: BarOptions): Promise<Outcome> {
  const size = Math.max(100, Math.round(10_000 * scale))
  const graph = line({ delay: 1 }, { action: 'add_tags', config: { tags: ['due'] } })
  const paused = graph.nodes.find(({ id }) => id === 'n2') as GraphNode
  using desk = await prepare('due', [{ graph }])
  const dueAt = Date.now() + 8000 + size / 2
  for (let done = 0; done < size; done += 500) {
    await desk.write((tx) => {
      for (let n = done; n < Math.min(size, done + 500); n++) openTicket(tx, { subject: `t ${n}` })
    })
  }
  await desk.write((tx) => {
    tx.q.prepared({}, ({ client }) =>
      client
        .prepare(
          "UPDATE workflow_runs SET status = 'waiting', waits_for = 'delay', node_id = ?, due_at = ?",
        )
        .run(paused.id, dueAt),
    )
  })
  using server = await start({ binary, data: desk.data })
  await Bun.sleep(Math.max(0, dueAt - Date.now()))
  const times = await latencies(server, 20_000)
  await server.end('SIGTERM')
  const left = count(desk, "SELECT count(*) AS n FROM workflow_runs WHERE status <> 'completed'")
  const last = count(desk, 'SELECT max(completed_at) AS n FROM workflow_runs') - dueAt
  const p99 = quantile(times, 0.99)
  const problems = [
    ...(left === 0 ? [] : [`${left} runs did not finish`]),
    ...(last <= 60_000 ? [] : [`the last ended after ${last} ms`]),
    ...(p99 <= 250 ? [] : [`p99 of the API ${Math.round(p99)} ms`]),
  ]
  return {
    figure: `${size} runs in ${(last / 1000).toFixed(1)} s, API p99 ${p99.toFixed(1)} ms`,
    problems,
  }
}

/** How long calls of the API take, one after another. */
async function latencies(server: Server, forMs: number): Promise<number[]> {
  const times: number[] = []
  const end = performance.now() + forMs
  const headers = { Authorization: `Bearer ${server.keys.keva}` }
  while (performance.now() < end) {
    const begun = performance.now()
    await (await fetch(`${server.url}/api/v1/tickets?per_page=5`, { headers })).text()
    times.push(performance.now() - begun)
    await Bun.sleep(5)
  }
  return times
}

function quantile(times: readonly number[], share: number): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * share)] ?? 0
}

function count(desk: Prepared, sql: string): number {
  return desk.rows<{ n: number | null }>(sql)[0]?.n ?? 0
}

function total(calls: ReadonlyMap<string, number>): number {
  return [...calls.values()].reduce((sum, times) => sum + times, 0)
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000
  while (!holds()) {
    if (performance.now() > deadline) throw new Error('it did not come to that')
    await Bun.sleep(5)
  }
}
