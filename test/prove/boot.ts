import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { writesAgain } from './disk.ts'
import { work } from './client.ts'
import { faultsOf, inspect, missing, rowsOf } from './inspect.ts'
import { launch, start, type Ended, type Server } from './server.ts'
import { breaker, tracing, workFolder, type Breaker, type Fault, type Shim } from './shim.ts'
import { acknowledgedBy } from './traced.ts'
import { readTrace } from './trace.ts'
import { makeWriters, nextWrite, type Write, type Writer } from './writers.ts'

export type BootOptions = {
  readonly binary: string
  readonly shim: Shim
  /** At most so many n for each kind of fault, spread over all calls that a start makes. */
  readonly faultsPerKind: number
  readonly seed: number
  readonly report?: (start: number) => void
}

export type BootResult = {
  readonly starts: number
  /** Starts that ended with a message, and starts that served in spite of the fault. */
  readonly ended: number
  readonly served: number
  readonly problems: string[]
}

type Tally = { -readonly [K in keyof BootResult]: BootResult[K] }
type Age = 'new' | 'killed'

const endsWithinMs = 10_000
const problemsMax = 20
const kinds: readonly Omit<Fault, 'n'>[] = [
  { call: 'write', error: 'ENOSPC', often: 'once', file: '*', torn: false },
  { call: 'write', error: 'EIO', often: 'always', file: '*', torn: true },
  { call: 'sync', error: 'EIO', often: 'once', file: '*', torn: false },
  { call: 'sync', error: 'EIO', often: 'always', file: '*', torn: false },
]

/**
 * Fails the disk during a start, on a new folder (migrations and first keys) and on one that a kill
 * left behind. The start either serves or ends once, soon, with a message; and the next start, on a
 * sound disk, serves with nothing lost.
 */
export async function proveBoot(options: BootOptions): Promise<BootResult> {
  const tally: Tally = { starts: 0, ended: 0, served: 0, problems: [] }
  for (const age of ['new', 'killed'] as const) {
    const calls = await callsOfStart(options, age)
    for (const kind of kinds) {
      for (const n of spread(calls[kind.call], options.faultsPerKind)) {
        if (tally.problems.length >= problemsMax) return tally
        const found = await oneStart(options, age, { ...kind, n }, tally)
        const what = `start on a ${age} folder, ${kind.call} ${n} ${kind.error} ${kind.often}`
        tally.problems.push(...found.map((one) => `${what}: ${one}`))
        tally.starts++
        options.report?.(tally.starts)
      }
    }
  }
  return tally
}

/** How many writes and syncs a start makes before it serves. */
async function callsOfStart(
  { binary, shim, seed }: BootOptions,
  age: Age,
): Promise<Readonly<Record<'write' | 'sync', number>>> {
  using place = await prepare(binary, age, seed)
  const log = join(place.folder, 'log')
  using server = await start({ binary, data: place.data, env: tracing(shim, place.data, log) })
  await server.end('SIGKILL')
  const steps = readTrace(log)
  const count = (kind: string) => steps.filter((step) => step.kind === kind).length
  return { write: count('write'), sync: count('sync') }
}

type Place = Disposable & {
  readonly folder: string
  readonly data: string
  readonly writers: readonly Writer[]
}

/** A new data folder, or one with a log that nobody has checkpointed. */
async function prepare(binary: string, age: Age, seed: number): Promise<Place> {
  const folder = workFolder('boot')
  const data = join(folder, 'data')
  const writers = makeWriters(age === 'new' ? 0 : 2, seed)
  if (age === 'killed') {
    using server = await start({ binary, data })
    const isDone = () => acknowledgedBy(writers) >= 10
    await Promise.all(writers.map((one) => work(server, one, isDone, () => 'drop')))
    await server.end('SIGKILL')
  }
  const dispose = () => rmSync(folder, { recursive: true, force: true })
  return { folder, data, writers, [Symbol.dispose]: dispose }
}

async function oneStart(
  { binary, shim, seed }: BootOptions,
  age: Age,
  fault: Fault,
  tally: Tally,
): Promise<string[]> {
  using place = await prepare(binary, age, seed)
  const fuse = breaker(shim, place.data, place.folder)
  await fuse.arm(fault)
  const started = await launch({ binary, data: place.data, env: fuse.env })
  const write = firstWrite(seed)
  const problems: string[] = []
  if ('url' in started) {
    tally.served++
    problems.push(...(await served(started, fuse, write)))
  } else {
    tally.ended++
    problems.push(...judgeEnd(started))
  }
  return [...problems, ...(await nextStart(binary, place, write))]
}

async function served(server: Server, fuse: Breaker, write: Write): Promise<string[]> {
  fuse.lift()
  const problems = await writesAgain(server, write)
  await server.end('SIGKILL')
  return problems
}

function judgeEnd({ code, output, tookMs }: Ended): string[] {
  const problems: string[] = []
  if (code === 0) problems.push('ended with 0')
  // A signal, such as that of a crash, gives 128 and more.
  if (code >= 128) problems.push(`crashed with ${code}: ${output.slice(-200)}`)
  if (!/The disk (?:fails|is full)\b/.test(output)) problems.push(`says ${output.slice(-200)}`)
  if (tookMs > endsWithinMs) problems.push(`took ${Math.round(tookMs)} ms to end`)
  return problems
}

/** The disk is well: the folder serves, under its keys, and holds what it held. */
async function nextStart(binary: string, place: Place, write: Write): Promise<string[]> {
  const started = await launch({ binary, data: place.data })
  if (!('url' in started)) return [`no start afterwards: ${started.output.slice(-300)}`]
  using server = started
  if (!server.keys.keva || !server.keys.internal) return ['no first keys afterwards']
  const problems = await writesAgain(server, write)
  await server.end('SIGKILL')
  return inspect(place.data, (db) => [
    ...problems,
    ...faultsOf(db),
    ...missing(place.writers, rowsOf(db)),
  ])
}

/** A ticket by a writer whose name no other has. */
function firstWrite(seed: number): Write {
  const [writer] = makeWriters(9, seed).slice(-1)
  if (!writer) throw new Error('no writer')
  return nextWrite(writer)
}

/** Up to `count` whole numbers from 1 to `last`, evenly spread, with both ends. */
function spread(last: number, count: number): number[] {
  if (last <= count) return Array.from({ length: last }, (_, at) => at + 1)
  const step = (last - 1) / (count - 1)
  return [...new Set(Array.from({ length: count }, (_, at) => Math.round(1 + at * step)))]
}
