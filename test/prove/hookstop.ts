import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { CheckResult } from './checks.ts'
import { addEndpoint, openTickets, startHooked, until } from './hooks.ts'
import { inspect } from './inspect.ts'
import { workFolder } from './shim.ts'

const stopMostMs = 10_000
const patienceMs = 10_000
const endpoints = 10

/** Told to stop while every receiver hangs, the server ends in time and gives back what was under way. */
export async function proveStop(binary: string): Promise<CheckResult> {
  const folder = workFolder('stop')
  const data = join(folder, 'data')
  let underWay = 0
  const sink = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 0,
    fetch() {
      underWay++
      return new Promise<Response>(() => {})
    },
  })
  try {
    using server = await startHooked(
      { binary, data },
      { timeoutSeconds: 60, scheduleSeconds: [600] },
    )
    for (let n = 0; n < endpoints; n++)
      await addEndpoint(server, `http://127.0.0.1:${sink.port}/${n}`)
    await openTickets(server, 5)
    const isUnderWay = await until(() => underWay === 2 * endpoints, patienceMs)
    const began = performance.now()
    const code = await server.end('SIGTERM')
    const tookMs = performance.now() - began
    const left = inspect(data, (db) =>
      db
        .prepare<[], { n: number; leased: number; attempts: number }>(
          `SELECT count(*) AS n, count(lease) AS leased, sum(attempts) AS attempts
           FROM deliveries WHERE status = 'pending'`,
        )
        .get(),
    )
    const problems = [
      ...(isUnderWay ? [] : [`${underWay} calls under way`]),
      ...(code === 0 ? [] : [`ended with ${code}`]),
      ...(tookMs <= stopMostMs ? [] : [`took ${Math.round(tookMs)} ms`]),
      ...(left?.n === 5 * endpoints ? [] : [`${left?.n} deliveries left`]),
      ...(left?.leased === 0 && left.attempts === 0 ? [] : ['not all is given back']),
    ]
    return { figure: `${underWay} under way, ended in ${Math.round(tookMs)} ms`, problems }
  } finally {
    void sink.stop(true)
    rmSync(folder, { recursive: true, force: true })
  }
}
