import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { CheckResult } from './checks.ts'
import { isSuccess, send } from './client.ts'
import { quantileOf } from './hooks.ts'
import { judgeBackup, type Made, type Moment } from './restored.ts'
import { start, type Server } from './server.ts'
import { breaker, workFolder, type Fault, type Shim } from './shim.ts'
import { runVerb } from './verbs.ts'
import { makeWriters, nextWrite, settle, type Writer } from './writers.ts'

export type BackupOptions = {
  readonly binary: string
  readonly seed: number
  readonly writesPerSecond: number
  readonly seconds: number
  readonly everySeconds: number
  /** What 99 of 100 writes must be answered within. */
  readonly p99MostMs: number
  /** With which to fail the disk that a backup goes to; without it that is left out. */
  readonly shim: Shim | { readonly skipped: string }
  readonly report?: (done: number) => void
}

const clients = 24
const paceLeast = 0.95

/** A desk that is being written to, and where its backups go. */
type Bench = BackupOptions & {
  readonly folder: string
  readonly data: string
  readonly target: string
}

/**
 * Makes a backup every so often while clients write at a steady pace (S7), and only when they have ended
 * restores each and judges it: whole, and of one instant between the begin and the end of the backup.
 */
export async function proveBackups(options: BackupOptions): Promise<CheckResult> {
  const folder = workFolder('backups')
  const bench = { ...options, folder, data: join(folder, 'data'), target: join(folder, 'target') }
  mkdirSync(bench.target)
  try {
    using server = await start({ binary: options.binary, data: bench.data })
    const { moments, made, problems } = await underLoad(bench, server)
    const failures = await failedBackups(bench)
    await server.end('SIGTERM')
    for (const [at, one] of made.entries()) {
      const found = await judgeBackup(bench, one, moments)
      problems.push(...found.map((what) => `backup ${at + 1}: ${what}`))
      options.report?.(at + 1)
    }
    problems.push(...failures.problems)
    return {
      figure: `${figureOf(bench, moments, made)}, ${failures.failed} failed cleanly`,
      problems,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

type Loaded = {
  readonly moments: readonly Moment[]
  readonly made: readonly Made[]
  readonly problems: string[]
}

async function underLoad(bench: Bench, server: Server): Promise<Loaded> {
  const { seconds, writesPerSecond, seed, p99MostMs } = bench
  const moments: Moment[] = []
  const refused: string[] = []
  const began = performance.now()
  let given = 0
  const nextAt = () =>
    given < seconds * writesPerSecond ? began + (given++ * 1000) / writesPerSecond : undefined
  const writers = makeWriters(clients, seed)
  const writing = Promise.all(
    writers.map((one) => writeSteadily(server, one, { nextAt, moments, refused })),
  )
  const [, made] = await Promise.all([writing, backUpSteadily(bench, began)])
  const pace = moments.length / ((performance.now() - began) / 1000)
  const p99 = quantileOf(
    moments.map(({ sentAt, answeredAt }) => answeredAt - sentAt),
    0.99,
  )
  const problems = [
    ...refused.slice(0, 3),
    ...made.flatMap(({ failure }) => (failure === undefined ? [] : [failure])),
    ...(made.length > 0 ? [] : ['no backup was made']),
    ...(p99 <= p99MostMs ? [] : [`p99 of the API ${Math.round(p99)} ms`]),
    ...(pace >= paceLeast * writesPerSecond ? [] : [`${Math.round(pace)} writes/s only`]),
  ]
  return { moments, made: made.filter(({ failure }) => failure === undefined), problems }
}

type Pace = {
  /** When the next write is due; undefined when all have been sent. */
  readonly nextAt: () => number | undefined
  readonly moments: Moment[]
  readonly refused: string[]
}

async function writeSteadily(server: Server, writer: Writer, pace: Pace): Promise<void> {
  for (let at = pace.nextAt(); at !== undefined; at = pace.nextAt()) {
    await Bun.sleep(Math.max(0, at - performance.now()))
    const write = nextWrite(writer)
    const sentAt = performance.now()
    const answer = await send(server, write)
    if (isSuccess(answer)) {
      settle(writer, write, answer)
      pace.moments.push({ write, answer, sentAt, answeredAt: performance.now() })
    } else pace.refused.push(`${write.kind} is answered with ${answer.status} ${answer.text}`)
  }
}

async function backUpSteadily(bench: Bench, began: number): Promise<Made[]> {
  const { binary, data, target, seconds, everySeconds, report } = bench
  const made: Made[] = []
  for (let at = everySeconds; at <= seconds; at += everySeconds) {
    await Bun.sleep(Math.max(0, began + at * 1000 - performance.now()))
    const file = join(target, `${made.length + 1}.tar`)
    const beganAt = performance.now()
    const { code, out, err } = await runVerb([binary, 'backup', file, '--data', data, '--json'])
    const endedAt = performance.now()
    const failure = code === 0 ? {} : { failure: `a backup ended with ${code}: ${err}` }
    made.push({ file, beganAt, endedAt, told: out, ...failure })
    report?.(made.length)
  }
  return made
}

function figureOf(bench: Bench, moments: readonly Moment[], made: readonly Made[]): string {
  const times = moments.map(({ sentAt, answeredAt }) => answeredAt - sentAt)
  const took = Math.max(...made.map(({ beganAt, endedAt }) => endedAt - beganAt))
  return [
    `${moments.length} writes at ${bench.writesPerSecond}/s`,
    `p50 ${quantileOf(times, 0.5).toFixed(1)} ms, p99 ${quantileOf(times, 0.99).toFixed(1)} ms`,
    `${made.length} backups, slowest ${(took / 1000).toFixed(1)} s`,
  ].join(', ')
}

const faults: readonly Fault[] = [1, 2, 9, 40].flatMap((n) => [
  {
    call: 'write' as const,
    error: 'ENOSPC' as const,
    n,
    often: 'always' as const,
    file: '*',
    torn: true,
  },
  {
    call: 'sync' as const,
    error: 'EIO' as const,
    n: Math.min(n, 2),
    often: 'always' as const,
    file: '*',
    torn: false,
  },
])

type Failures = { readonly failed: number; readonly problems: string[] }

/** Backups whose disk fails, and one that is killed: none leaves anything that a later one does not take. */
async function failedBackups({ binary, data, folder, target, shim }: Bench): Promise<Failures> {
  const problems: string[] = []
  let failed = 0
  const file = join(target, 'failed.tar')
  const command = [binary, 'backup', file, '--data', data, '--unrecorded']
  const left = () => readdirSync(target).filter((name) => name.startsWith('failed'))
  for (const fault of 'skipped' in shim ? [] : faults) {
    const fuse = breaker(shim as Shim, target, folder)
    await fuse.arm(fault)
    const { code, err } = await runVerb(command, { env: fuse.env })
    fuse.lift()
    const what = `${fault.call} ${fault.n} ${fault.error}`
    if (fuse.fired() === 0) problems.push(`${what} was never reached`)
    if (code !== 1 || err.trim() === '') problems.push(`${what}: ended with ${code}: ${err}`)
    if (left().length > 0) problems.push(`${what}: left ${left().join()}`)
    failed++
  }
  const child = Bun.spawn(command, { stdout: 'ignore', stderr: 'ignore' })
  while (left().length === 0 && child.exitCode === null) await Bun.sleep(1)
  child.kill('SIGKILL')
  await child.exited
  const again = await runVerb(command)
  if (again.code !== 0) problems.push(`after a kill: ${again.err}`)
  if (left().join() !== 'failed.tar') problems.push(`after a kill: there is ${left().join()}`)
  return { failed, problems }
}
