import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { CheckResult } from './checks.ts'
import { addEndpoint, openTickets, startHooked, until } from './hooks.ts'
import { inspect } from './inspect.ts'
import { workFolder } from './shim.ts'
import { hangingReceiver, stopInTime } from './stopping.ts'

const patienceMs = 10_000
const endpoints = 10

/** Told to stop while every receiver hangs, the server ends in time and gives back what was under way. */
export async function proveStop(binary: string): Promise<CheckResult> {
  const folder = workFolder('stop')
  const data = join(folder, 'data')
  using sink = hangingReceiver()
  try {
    using server = await startHooked(
      { binary, data },
      { timeoutSeconds: 60, scheduleSeconds: [600] },
    )
    for (let n = 0; n < endpoints; n++) await addEndpoint(server, `${sink.url}/${n}`)
    await openTickets(server, 5)
    const isUnderWay = await until(() => sink.underWay() === 2 * endpoints, patienceMs)
    const stopped = await stopInTime(server)
    const left = inspect(data, (db) =>
      db
        .prepare<[], { n: number; leased: number; attempts: number }>(
          `SELECT count(*) AS n, count(lease) AS leased, sum(attempts) AS attempts
           FROM deliveries WHERE status = 'pending'`,
        )
        .get(),
    )
    const problems = [
      ...(isUnderWay ? [] : [`${sink.underWay()} calls under way`]),
      ...stopped.problems,
      ...(left?.n === 5 * endpoints ? [] : [`${left?.n} deliveries left`]),
      ...(left?.leased === 0 && left.attempts === 0 ? [] : ['not all is given back']),
    ]
    return {
      figure: `${sink.underWay()} under way, ended in ${Math.round(stopped.tookMs)} ms`,
      problems,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
