import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { work } from './client.ts'
import { until } from './hooks.ts'
import { launch, start } from './server.ts'
import { workFolder } from './shim.ts'
import { acknowledgedBy } from './traced.ts'
import { makeWriters } from './writers.ts'

export type CheckResult = { readonly figure: string; readonly problems: string[] }

const refusedWithinMs = 1000
const toldWithinMs = 2000
const sqliteOldest = '3.53.0'

/** What the line of the self-check has to show; spelt in words or in JSON, in either case. */
const selfChecks: Readonly<Record<string, RegExp>> = {
  'journal_mode wal': /journal_?mode\W{1,4}wal\b/i,
  'synchronous 2': /synchronous\W{1,4}(2|full)\b/i,
  'foreign_keys on': /foreign_?keys\W{1,4}(1|on|true)\b/i,
  'busy_timeout set': /busy_?timeout(_?ms)?\W{1,4}[1-9]/i,
  'trusted_schema off': /trusted_?schema\W{1,4}(0|off|false)\b/i,
  'cell_size_check on': /cell_?size_?check\W{1,4}(1|on|true)\b/i,
  [`SQLite ${sqliteOldest} or newer`]: /sqlite(_?version)?\W{1,4}\d+\.\d+\.\d+/i,
}

/** A second server on a folder that is in use ends at once, and the first one notices nothing. */
export async function proveAlone(binary: string, tries: number): Promise<CheckResult> {
  const folder = workFolder('alone')
  const data = join(folder, 'data')
  const writers = makeWriters(2, 1)
  const problems: string[] = []
  let slowestMs = 0
  try {
    using first = await start({ binary, data })
    let isDone = false
    const refused: number[] = []
    const refuse = (_write: unknown, { status }: { readonly status: number }) => {
      refused.push(status)
      return 'drop' as const
    }
    const atWork = Promise.all(writers.map((one) => work(first, one, () => isDone, refuse)))
    for (let n = 0; n < tries; n++) {
      const second = await launch({ binary, data })
      if ('url' in second) {
        problems.push('a second server serves the same folder')
        await second.end('SIGKILL')
        break
      }
      slowestMs = Math.max(slowestMs, second.tookMs)
      if (second.code === 0 || second.code >= 128) problems.push(`ended with ${second.code}`)
      if (second.output.trim() === '') problems.push('ended without a word')
    }
    isDone = true
    await atWork
    if (slowestMs > refusedWithinMs) problems.push(`took ${Math.round(slowestMs)} ms`)
    if (!first.isRunning()) problems.push('the first server ended')
    if (refused.length > 0) problems.push(`the first refused ${refused.length}: ${refused[0]}`)
    if (acknowledgedBy(writers) === 0) problems.push('the first answered nothing')
    await first.end('SIGTERM')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return { figure: `${tries} tries, slowest ${Math.round(slowestMs)} ms`, problems }
}

/** A start prints one line with what the connection says of itself. */
export async function proveSelfCheck(binary: string): Promise<CheckResult> {
  const folder = workFolder('check')
  try {
    using server = await start({ binary, data: join(folder, 'data') })
    const told = () => server.output().split('\n').find(tellsOfSelf)
    // The log is written a moment after what it tells of.
    await until(() => told() !== undefined, toldWithinMs)
    const line = told()
    await server.end('SIGTERM')
    if (!line) return { figure: '-', problems: ['no line tells of synchronous'] }
    const absent = Object.entries(selfChecks).filter(([, pattern]) => !pattern.test(line))
    const problems = absent.map(([what]) => `the line lacks ${what}`)
    const version = /sqlite(?:_?version)?\W{1,4}(\d+\.\d+\.\d+)/i.exec(line)?.[1] ?? '0.0.0'
    if (Bun.semver.order(version, sqliteOldest) < 0) problems.push(`SQLite ${version}`)
    return { figure: `SQLite ${version}, ${Object.keys(selfChecks).length} values`, problems }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function tellsOfSelf(line: string): boolean {
  return /synchronous/i.test(line)
}

/** Runs the tests of a file, or those of its tests that `named` fits, and reports them. */
export function proveTest(file: string, named?: string): CheckResult {
  const cwd = join(import.meta.dir, '../..')
  const pipes = { stdout: 'pipe', stderr: 'pipe' } as const
  const only = named === undefined ? [] : ['--test-name-pattern', named]
  const command = [process.execPath, 'test', '--timeout', '60000', ...only, `./${file}`]
  const ran = Bun.spawnSync(command, { cwd, ...pipes })
  const output = ran.stdout.toString() + ran.stderr.toString()
  const passed = / (\d+) pass/.exec(output)?.[1] ?? '0'
  return {
    figure: `${passed} tests pass`,
    problems: ran.success ? [] : [output.trim().slice(-300)],
  }
}
