import { dayMs, hourMs, minuteMs, secondMs, type Millis } from '../../src/lib/time.ts'
import type { MisfirePolicy } from '../../src/store/schema.ts'
import { line } from '../support/workflows.ts'
import type { CheckResult } from './checks.ts'
import { until } from './hooks.ts'
import { inspect } from './inspect.ts'
import { seeded } from './random.ts'
import { prepare, type Prepared } from './runs.ts'
import { start } from './server.ts'

const graph = line({ delay: 0 })
// Comes once a year, so that a time that is planned by hand is the only one near.
const yearly = '0 0 1 1 *'
const patienceMs = 20_000

/** Restarts a server again and again while planned times come: each of them has one run (J4). */
export async function provePlanned(options: {
  readonly binary: string
  readonly restarts: number
  readonly seed: number
  readonly report: (restart: number) => void
}): Promise<CheckResult> {
  const { binary, restarts, seed, report } = options
  const random = seeded(seed)
  // About as many as there are restarts, a fifth of a second apart.
  const first = Date.now() + 2 * secondMs
  const plan = Array.from({ length: restarts }, (_, n) => ({
    triggerKind: 'scheduled' as const,
    schedule: yearly,
    nextRunAt: first + n * 200,
    graph,
  }))
  using desk = await prepare('planned', plan)
  const launch = { binary, data: desk.data }
  const end = first + restarts * 200
  let started = 0
  for (; started < restarts || Date.now() < end; started++) {
    using server = await start(launch)
    await Bun.sleep(random.between(0, 300))
    await server.end('SIGKILL')
    report(started)
  }
  using server = await start(launch)
  await until(() => areSettled(desk.data, restarts), patienceMs, 100)
  await server.end('SIGTERM')
  const times = countOf(desk, "SELECT count(*) AS n FROM workflow_times WHERE outcome = 'run'")
  const runs = countOf(desk, 'SELECT count(*) AS n FROM workflow_runs')
  const latest = countOf(
    desk,
    'SELECT max(r.started_at - t.planned_at) AS n FROM workflow_times t JOIN workflow_runs r ON r.id = t.run_id',
  )
  const problems = [
    ...(times === restarts ? [] : [`${times} of ${restarts} times came`]),
    ...(runs === restarts ? [] : [`${runs} runs of ${restarts} times`]),
  ]
  const figure = `${started} restarts, ${runs} runs of ${times} times, the latest after ${latest} ms`
  return { figure, problems }
}

type Downtime = {
  readonly policy: MisfirePolicy
  /** How many times passed, five minutes apart; the last of them two minutes ago or a little more. */
  readonly passed: number
  readonly late: number
}

const downtimes: readonly Downtime[] = [
  { policy: 'skip', passed: 1, late: 0 },
  { policy: 'run_once', passed: 1, late: 1 },
  { policy: 'run_all', passed: 1, late: 1 },
  { policy: 'skip', passed: hourMs / (5 * minuteMs), late: 0 },
  { policy: 'run_once', passed: hourMs / (5 * minuteMs), late: 1 },
  { policy: 'run_all', passed: hourMs / (5 * minuteMs), late: 12 },
  { policy: 'skip', passed: (3 * dayMs) / (5 * minuteMs), late: 0 },
  { policy: 'run_once', passed: (3 * dayMs) / (5 * minuteMs), late: 1 },
  { policy: 'run_all', passed: (3 * dayMs) / (5 * minuteMs), late: 100 },
]

/** Starts a server after a minute, an hour and three days without one, under each policy (J5). */
export async function proveDowntime(binary: string): Promise<CheckResult> {
  const last = Math.floor(Date.now() / minuteMs) * minuteMs - 2 * minuteMs
  const schedule = `${everyFiveFrom(last)} * * * *`
  const plan = downtimes.map(({ policy: misfirePolicy, passed }) => ({
    triggerKind: 'scheduled' as const,
    schedule,
    misfirePolicy,
    nextRunAt: last - (passed - 1) * 5 * minuteMs,
    graph,
  }))
  using desk = await prepare('downtime', plan)
  const all = downtimes.reduce((sum, { passed }) => sum + passed, 0)
  using server = await start({ binary, data: desk.data })
  await until(() => areSettled(desk.data, all), patienceMs, 100)
  await server.end('SIGTERM')
  const rows = desk.rows<{ id: number; outcome: string; n: number }>(
    'SELECT workflow_id AS id, outcome, count(*) AS n FROM workflow_times GROUP BY 1, 2',
  )
  const count = (id: number, outcome: string) =>
    rows.find((row) => row.id === id && row.outcome === outcome)?.n ?? 0
  const problems = downtimes.flatMap(({ policy, passed, late }, at) => {
    const [came, missed] = [count(at + 1, 'late'), count(at + 1, 'missed')]
    const isAsSaid = came === late && missed === passed - late
    return isAsSaid ? [] : [`${policy} after ${passed} times: ${came} late, ${missed} missed`]
  })
  const runs = countOf(desk, 'SELECT count(*) AS n FROM workflow_runs')
  const wanted = downtimes.reduce((sum, { late }) => sum + late, 0)
  if (runs !== wanted) problems.push(`${runs} runs of ${wanted}`)
  if (!server.output().includes('workflow times missed')) problems.push('no log tells of it')
  return { figure: `${downtimes.length} cases, ${all} times passed, ${runs} runs`, problems }
}

/** The minutes of a clock that are a multiple of five away from a moment. */
function everyFiveFrom(at: Millis): string {
  const first = (at / minuteMs) % 5
  return Array.from({ length: 12 }, (_, n) => first + 5 * n).join()
}

function areSettled(data: string, times: number): boolean {
  const left = `SELECT (SELECT count(*) FROM workflow_times) AS times,
    (SELECT count(*) FROM workflow_runs WHERE status <> 'completed') AS runs`
  const found = inspect(data, (db) => db.prepare<[], { times: number; runs: number }>(left).get())
  return found?.times === times && found.runs === 0
}

function countOf(desk: Prepared, sql: string): number {
  return desk.rows<{ n: number | null }>(sql)[0]?.n ?? 0
}
