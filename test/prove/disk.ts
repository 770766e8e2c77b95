import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { get, isSuccess, send, work } from './client.ts'
import { until } from './hooks.ts'
import { faultsOf, inspect, missing, rowsOf } from './inspect.ts'
import { seeded, type Random } from './random.ts'
import { start, type Server } from './server.ts'
import { breaker, workFolder, type Breaker, type Fault, type Shim } from './shim.ts'
import { acknowledgedBy } from './traced.ts'
import { makeWriters, type Answer, type Write, type Writer } from './writers.ts'

export type DiskOptions = {
  readonly binary: string
  readonly shim: Shim
  /** The n-th call fails for n from 1 up to this. */
  readonly faults: number
  readonly seed: number
  readonly report?: (fault: number) => void
}

export type DiskResult = {
  readonly faults: number
  readonly fired: number
  readonly refused: number
  readonly acknowledged: number
  readonly slowestRecoveryMs: number
  readonly problems: string[]
}

type Tally = { -readonly [K in keyof DiskResult]: DiskResult[K] }
type Bench = { readonly server: Server; readonly breaker: Breaker; readonly writers: Writer[] }

const clients = 4
const faultsPerServer = 25
const fireWithinMs = 8000
const observeMs = 150
const recoverWithinMs = 5000
const toldWithinMs = 1000
const problemsMax = 20

/** How each fault in a row is made; the n-th call counts the calls of the files that are named. */
const recipes: readonly Omit<Fault, 'n'>[] = [
  { call: 'write', error: 'ENOSPC', often: 'once', file: '*', torn: false },
  { call: 'sync', error: 'EIO', often: 'once', file: '*', torn: false },
  { call: 'write', error: 'EIO', often: 'always', file: '*', torn: false },
  { call: 'sync', error: 'EIO', often: 'always', file: 'deskbox.db-wal', torn: false },
  { call: 'write', error: 'ENOSPC', often: 'always', file: '*', torn: true },
  { call: 'write', error: 'EIO', often: 'once', file: 'deskbox.db-wal', torn: true },
  // The database file itself is written and synced by checkpoints alone.
  { call: 'write', error: 'EIO', often: 'once', file: 'deskbox.db', torn: true },
  { call: 'sync', error: 'EIO', often: 'always', file: 'deskbox.db', torn: false },
]

/**
 * Fails the disk under a running server while clients write, once and for good, then mends it. No
 * success may be given for what is not stored, refusals are 503 or 507, reads go on, and writes
 * work again within five seconds of the mending, in the same process.
 */
export async function proveDisk(options: DiskOptions): Promise<DiskResult> {
  const { faults, report } = options
  const random = seeded(options.seed)
  const tally = newTally()
  for (let n = 1; n <= faults && tally.problems.length < problemsMax; n += faultsPerServer) {
    const last = Math.min(n + faultsPerServer - 1, faults)
    await oneServer(options, range(n, last), { random, tally })
    report?.(last)
  }
  return tally
}

type Chance = { readonly random: Random; readonly tally: Tally }

async function oneServer(
  { binary, shim, seed }: DiskOptions,
  turns: readonly number[],
  { random, tally }: Chance,
): Promise<void> {
  const folder = workFolder('disk')
  const data = join(folder, 'data')
  const fuse = breaker(shim, data, folder)
  const writers = makeWriters(clients, seed + (turns[0] ?? 0))
  try {
    using server = await start({ binary, data, env: fuse.env })
    const bench = { server, breaker: fuse, writers }
    for (const n of turns) {
      const fault = faultFor(n, random)
      const found = await oneFault(bench, fault, tally)
      const { call, error, often, file } = fault
      const what = `${call} ${n} of ${file}, ${error} ${often}`
      tally.problems.push(...found.map((one) => `${what}: ${one}`))
      tally.faults++
      if (!server.isRunning()) break
    }
    await server.end('SIGKILL')
    tally.acknowledged += acknowledgedBy(writers)
    tally.problems.push(
      ...inspect(data, (db) => [...faultsOf(db), ...missing(writers, rowsOf(db))]),
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Recipes take turns; a checkpoint is short, so there the n stays small. */
function faultFor(turn: number, random: Random): Fault {
  const recipe = recipes[(turn - 1) % recipes.length] ?? recipes[0]
  if (!recipe) throw new Error('no recipe for a fault')
  if (recipe.file !== 'deskbox.db') return { ...recipe, n: turn }
  return { ...recipe, n: recipe.call === 'sync' ? 1 : random.between(1, 20) }
}

async function oneFault(bench: Bench, fault: Fault, tally: Tally): Promise<string[]> {
  const { server, breaker: fuse, writers } = bench
  const problems: string[] = []
  const refused = async (write: Write, answer: Answer) => {
    tally.refused++
    if (answer.status !== 503 && answer.status !== 507) {
      problems.push(`${write.kind} refused with ${answer.status} ${answer.text.slice(0, 100)}`)
      return 'drop' as const
    }
    return await againIn(10)()
  }
  const reopened = reopenings(server)
  let isDone = false
  await fuse.arm(fault)
  const atWork = Promise.all(writers.map((one) => work(server, one, () => isDone, refused)))
  if (await waitForFire(bench)) {
    tally.fired++
    problems.push(...(await whileBroken(bench, fault)))
  } else problems.push('never reached')
  isDone = true
  await atWork
  fuse.lift()
  problems.push(...(await recovery(bench, tally)))
  // The page cache forgets what a failed sync left behind, so going on as before is not enough.
  const isUntrusted = fault.call === 'sync' && fault.file === 'deskbox.db-wal'
  const isTold = () => reopenings(server) > reopened
  // The log is written a moment after what it tells of.
  if (isUntrusted && !(await until(isTold, toldWithinMs))) {
    problems.push('the log tells of no reopening')
  }
  return problems
}

function reopenings(server: Server): number {
  return server.output().match(/reopen/gi)?.length ?? 0
}

async function waitForFire({ breaker: fuse, server }: Bench): Promise<boolean> {
  const deadline = performance.now() + fireWithinMs
  while (performance.now() < deadline && server.isRunning()) {
    if (fuse.fired() > 0) return true
    await Bun.sleep(5)
  }
  return fuse.fired() > 0
}

/** Reads go on; and where no commit can be synced, none is acknowledged. */
async function whileBroken({ server, writers }: Bench, fault: Fault): Promise<string[]> {
  const problems: string[] = []
  await Bun.sleep(observeMs / 3)
  const before = acknowledgedBy(writers)
  const shown = await get(server, 'keva', '/api/v1/tickets').catch(String)
  if (typeof shown === 'string' || !isSuccess(shown)) {
    problems.push(`reads stop: ${typeof shown === 'string' ? shown : shown.status}`)
  }
  await Bun.sleep((observeMs * 2) / 3)
  const gained = acknowledgedBy(writers) - before
  const isHopeless =
    fault.call === 'sync' && fault.often === 'always' && fault.file !== 'deskbox.db'
  if (isHopeless && gained > 0) problems.push(`${gained} successes without a sync`)
  return problems
}

/** Every client gets its write through, in the same process, soon after the disk is well again. */
async function recovery({ server, writers }: Bench, tally: Tally): Promise<string[]> {
  const mended = performance.now()
  const deadline = mended + recoverWithinMs
  const goals = writers.map((writer) => ({ writer, goal: writer.acknowledged.length + 1 }))
  await Promise.all(
    goals.map(({ writer, goal }) => {
      const isDone = () => writer.acknowledged.length >= goal || performance.now() > deadline
      return work(server, writer, isDone, againIn(20))
    }),
  )
  const isTold = goals.every(({ writer, goal }) => writer.acknowledged.length >= goal)
  tally.slowestRecoveryMs = Math.max(tally.slowestRecoveryMs, performance.now() - mended)
  if (!server.isRunning()) return [`the server ended: ${server.output().slice(-300)}`]
  return isTold ? [] : [`no recovery in ${recoverWithinMs} ms`]
}

export function againIn(ms: number): () => Promise<'again'> {
  return async () => {
    await Bun.sleep(ms)
    return 'again'
  }
}

/** One write that has to succeed soon, on a server that may still be recovering. */
export async function writesAgain(server: Server, write: Write): Promise<string[]> {
  const deadline = performance.now() + recoverWithinMs
  let last = 'no answer'
  while (performance.now() < deadline && server.isRunning()) {
    const answer = await send(server, write).catch(String)
    if (typeof answer !== 'string' && isSuccess(answer)) return []
    last = typeof answer === 'string' ? answer : `${answer.status} ${answer.text.slice(0, 100)}`
    await Bun.sleep(20)
  }
  return [`writes do not work: ${last}`]
}

function newTally(): Tally {
  const nothing = { faults: 0, fired: 0, refused: 0, acknowledged: 0 }
  return { ...nothing, slowestRecoveryMs: 0, problems: [] }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at)
}
