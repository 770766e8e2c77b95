import { closeSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Outcome } from './bars.ts'
import { get, isSuccess, work } from './client.ts'
import { againIn, writesAgain } from './disk.ts'
import { faultsOf, inspect, missing, rowsOf } from './inspect.ts'
import { memoryDisk, mountsRefused } from './mounts.ts'
import { launch, start, type Server } from './server.ts'
import { workFolder } from './shim.ts'
import { acknowledgedBy } from './traced.ts'
import { runVerb } from './verbs.ts'
import { makeWriters, nextWrite, type Answer, type Write, type Writer } from './writers.ts'

type FullOptions = {
  readonly binary: string
  readonly seed: number
  /** How long the disk stays full. */
  readonly seconds: number
}

/** A server whose data is on a small disk, with the clients that write to it. */
type Bench = FullOptions & {
  readonly folder: string
  readonly data: string
  readonly writers: readonly Writer[]
  readonly problems: Set<string>
}

const diskBytes = '16m'
const recoverWithinMs = 5000
const stopWithinMs = 10_000
const lookEveryMs = 200
const ada = { email: 'ada@northwind.test', password: 'correct horse battery' }

/**
 * Fills the disk under a server that clients write to (S5). Writes are refused with 503 or 507 and no other
 * status; reads, signed-in people, health and backups to another disk go on; and with space everything works
 * again by itself. A start on the full disk serves what it can, or says that the disk is full.
 */
export async function proveFull(options: FullOptions): Promise<Outcome> {
  const skipped = mountsRefused()
  if (skipped !== undefined) return { skipped }
  const folder = workFolder('full')
  const data = join(folder, 'data')
  try {
    using _ = memoryDisk(data, `size=${diskBytes},mode=0700`)
    const writers = makeWriters(4, options.seed)
    return await onDisk({ ...options, folder, data, writers, problems: new Set() })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function onDisk(bench: Bench): Promise<Outcome> {
  const { binary, data, writers, problems } = bench
  const server = await start({ binary, data })
  using _ = server
  const token = await signedIn(bench, server)
  await workUntil(bench, server, () => acknowledgedBy(writers) >= 60)
  fill(data)
  const refused = await whileFull(bench, server, token)
  if (refused === 0) problems.add('no write was refused')
  // Otherwise it checks the whole file at every try, and nobody can read meanwhile.
  if (!/no room for writes/.test(server.output())) problems.add('it tries without looking for room')
  rmSync(filler(data))
  const tookMs = await recovery(bench, server)
  await server.end('SIGKILL')
  const starts = [await startFull(bench), await startFull(bench)]
  rmSync(filler(data))
  await atTheEnd(bench)
  const figure = [
    `full for ${bench.seconds} s, ${refused} refused`,
    `${acknowledgedBy(writers)} acknowledged`,
    `well after ${Math.round(tookMs)} ms`,
    `starts while full: ${starts.join(', ')}`,
  ].join('; ')
  return { figure, problems: [...problems] }
}

const filler = (data: string) => join(data, 'filler')

/** Takes every byte that is left. */
function fill(data: string): void {
  const fd = openSync(filler(data), 'a')
  const chunk = Buffer.alloc(64 * 1024)
  try {
    for (let size = chunk.length; size >= 1;) {
      try {
        if (writeSync(fd, chunk, 0, size) < size) size = Math.floor(size / 2)
      } catch {
        size = Math.floor(size / 2)
      }
    }
  } finally {
    closeSync(fd)
  }
}

/** Makes an administrator and signs her in; her access token. */
async function signedIn({ binary, data }: Bench, server: Server): Promise<string> {
  const who = ['--role', 'admin', '--name', 'Ada', '--email', ada.email, '--password-file', '-']
  const made = await runVerb([binary, 'staff', 'create', ...who, '--data', data], {
    input: `${ada.password}\n`,
  })
  if (made.code !== 0) throw new Error(made.err)
  const answer = await signIn(server)
  const { data: tokens } = JSON.parse(answer.text) as { data: { access_token: string } }
  return tokens.access_token
}

async function signIn(server: Server): Promise<{ status: number; text: string }> {
  const response = await fetch(`${server.url}/api/v1/internal/session`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(ada),
  })
  return { status: response.status, text: await response.text() }
}

/** Clients write and others read until the time is over; gives how many writes were refused. */
async function whileFull(bench: Bench, server: Server, token: string): Promise<number> {
  const { seconds, problems, writers } = bench
  const deadline = performance.now() + seconds * 1000
  const isDone = () => performance.now() > deadline
  let refused = 0
  const refuse = async (write: Write, answer: Answer) => {
    refused++
    judgeRefusal(problems, write.kind, answer)
    await Bun.sleep(20)
    return 'again' as const
  }
  const writing = writers.map((writer) => work(server, writer, isDone, refuse))
  const looking = (async () => {
    while (!isDone()) {
      await lookAround(bench, server, token)
      await Bun.sleep(lookEveryMs)
    }
  })()
  await backUp(bench)
  const key = ['keys', 'create', '--kind', 'keva', '--name', 'while full', '--data', bench.data]
  const made = await runVerb([bench.binary, ...key])
  if (made.code !== 0 && !made.err.includes('The disk is full')) problems.add(made.err)
  // A password is tried once: a person who is refused does not try five times a second.
  const answer = await signIn(server)
  if (!isSuccess(answer)) judgeRefusal(problems, 'sign-in', answer)
  await Promise.all([...writing, looking])
  return refused
}

function judgeRefusal(
  problems: Set<string>,
  what: string,
  { status, text }: { readonly status: number; readonly text: string },
): void {
  if (status !== 503 && status !== 507) problems.add(`${what} refused with ${status} ${text}`)
  if (!/unavailable/i.test(text)) problems.add(`${what} refused with the words ${text}`)
}

async function lookAround({ problems }: Bench, server: Server, token: string): Promise<void> {
  const seen = async (what: string, answer: Promise<{ status: number }>) => {
    const { status } = await answer
    if (status !== 200) problems.add(`${what} is answered with ${status}`)
  }
  const headers = { Authorization: `Bearer ${token}` }
  await seen('a list of Keva', get(server, 'keva', '/api/v1/tickets'))
  await seen('a list of DeskHive', get(server, 'deskhive', '/api/v1/internal/tickets'))
  await seen('a signed-in person', fetch(`${server.url}/api/v1/internal/tickets`, { headers }))
  await seen('the health of the process', fetch(`${server.url}/health/live`))
  const ready = await fetch(`${server.url}/health/ready`)
  const { checks } = (await ready.json()) as { checks: { disk?: { ok: boolean } } }
  if (ready.status !== 503) problems.add(`readiness is answered with ${ready.status}`)
  if (checks.disk?.ok !== false) problems.add('readiness does not name the disk')
}

/** A backup onto another disk is made; one onto the full disk fails, and leaves nothing there. */
async function backUp({ binary, data, folder, problems }: Bench): Promise<void> {
  const elsewhere = join(folder, 'elsewhere.tar')
  const made = await runVerb([binary, 'backup', elsewhere, '--data', data])
  if (made.code !== 0) problems.add(`no backup onto another disk: ${made.err}`)
  const copy = join(folder, 'copy')
  const restored = await runVerb([binary, 'restore', elsewhere, '--data', copy])
  if (restored.code !== 0) problems.add(`the backup does not restore: ${restored.err}`)
  const listed = () => readdirSync(data).filter((name) => name.includes('here'))
  const failed = await runVerb([binary, 'backup', join(data, 'here.tar'), '--data', data])
  if (failed.code === 0) problems.add('a backup onto a full disk was made')
  if (!/no room|full/.test(failed.err)) problems.add(`a backup has failed with: ${failed.err}`)
  if (listed().length > 0) problems.add(`a failed backup has left ${listed().join()}`)
}

async function workUntil(bench: Bench, server: Server, isDone: () => boolean): Promise<void> {
  await Promise.all(bench.writers.map((writer) => work(server, writer, isDone, againIn(20))))
}

/** How long it takes until every client has its write, in the same process. */
async function recovery(bench: Bench, server: Server): Promise<number> {
  const began = performance.now()
  const goals = bench.writers.map(({ acknowledged }) => acknowledged.length + 1)
  const isWell = () =>
    bench.writers.every(({ acknowledged }, at) => acknowledged.length >= (goals[at] ?? 0))
  const isLate = () => performance.now() - began > recoverWithinMs
  await workUntil(bench, server, () => isWell() || isLate())
  if (!isWell()) bench.problems.add(`writes do not work ${recoverWithinMs} ms after there is space`)
  return performance.now() - began
}

/** Starts on the full disk: after a kill, which leaves a log, and then after a stop in order, which leaves none. */
async function startFull({ binary, data, problems }: Bench): Promise<string> {
  fill(data)
  const started = await launch({ binary, data })
  if (!('url' in started)) {
    const { code, output } = started
    if (code !== 1) problems.add(`a start on a full disk ended with ${code}`)
    if (!output.includes('The disk is full: free some space')) problems.add(output.slice(-300))
    return 'refused'
  }
  using server = started
  const shown = await get(server, 'keva', '/api/v1/tickets')
  if (!isSuccess(shown)) problems.add(`started on a full disk, it reads with ${shown.status}`)
  const began = performance.now()
  const code = await server.end('SIGTERM')
  if (code !== 0) problems.add(`stopped on a full disk, it ended with ${code}`)
  if (performance.now() - began > stopWithinMs) problems.add('a stop on a full disk takes long')
  return 'served'
}

async function atTheEnd({ binary, data, writers, problems, seed }: Bench): Promise<void> {
  using server = await start({ binary, data })
  const [other] = makeWriters(9, seed).slice(-1)
  if (!other) throw new Error('no writer')
  for (const one of await writesAgain(server, nextWrite(other))) problems.add(one)
  await server.end('SIGKILL')
  const found = inspect(data, (db) => [...faultsOf(db), ...missing(writers, rowsOf(db))])
  for (const one of found) problems.add(one)
}
