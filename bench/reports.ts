// The reports of a desk with a long history, read one after another over ever longer times.

import { join } from 'node:path'
import { startServer } from '../test/support/binary.ts'
import { startHelper } from './helpers.ts'
import type { History } from './history.ts'
import type { Outcome, Plan } from './load.ts'

const names = ['overview', 'agents', 'departments'] as const

const spans = [
  { title: '30 days', start: () => '' },
  { title: 'a year', start: (now: number) => `?start_date=${isoDay(now - 365 * dayMs)}` },
  { title: 'all time', start: () => '?start_date=2000-01-01' },
] as const

const dayMs = 86_400_000
const warmupShare = 0.2

export type TimedReport = { readonly title: string; readonly p50Ms: number; readonly p99Ms: number }

type Desk = { readonly binary: string; readonly cwd: string; readonly tickets: number }

/** Fills the folder, serves it, and times every report over every span for so many seconds. */
export async function timeReports(
  { binary, cwd, tickets }: Desk,
  seconds: number,
): Promise<TimedReport[]> {
  const { key } = await fill(cwd, tickets)
  const server = await startServer({ binary, cwd })
  try {
    using load = startHelper<Plan, Outcome>('load.ts')
    const timed: TimedReport[] = []
    for (const { title, path } of reportPaths(Date.now())) {
      const reads = [`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-KEY: ${key}\r\n\r\n`]
      const plan = { url: server.url, connections: 1, warmupSeconds: seconds * warmupShare }
      const { p50Ms, p99Ms, wrong } = await load.ask({ ...plan, seconds, reads })
      if (Object.keys(wrong).length > 0)
        throw new Error(`${path} answered ${JSON.stringify(wrong)}`)
      timed.push({ title, p50Ms, p99Ms })
    }
    return timed
  } finally {
    await server.kill()
  }
}

async function fill(cwd: string, tickets: number): Promise<History> {
  using helper = startHelper<number, History>('history.ts', [join(cwd, 'data')])
  return await helper.ask(tickets)
}

function reportPaths(now: number): { readonly title: string; readonly path: string }[] {
  return names.flatMap((name) =>
    spans.map(({ title, start }) => ({
      title: `DeskHive: report ${name}, ${title}`,
      path: `/api/v1/internal/reports/${name}${start(now)}`,
    })),
  )
}

function isoDay(at: number): string {
  return new Date(at).toISOString().slice(0, 10)
}
