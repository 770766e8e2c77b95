import SQLite from 'better-sqlite3'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Disk } from './power.ts'
import { faultsOf, rowsOf, subjectOf } from './inspect.ts'
import { seeded, type Random } from './random.ts'
import { launch } from './server.ts'
import { workFolder } from './shim.ts'
import { traceWrites, type Traced, type TraceOptions } from './traced.ts'
import type { Acknowledged } from './writers.ts'

export type ImagesOptions = TraceOptions & {
  readonly images: number
  /** On every so many images the server itself is started. */
  readonly startEvery: number
  readonly report?: (image: number) => void
}

export type ImagesResult = {
  readonly images: number
  readonly steps: number
  /** Images of which something unsynced was lost or torn, and those where that was a checkpoint. */
  readonly damaged: number
  readonly inCheckpoint: number
  readonly started: number
  readonly problems: string[]
}

const problemsMax = 20

/**
 * Cuts the power at random moments of a traced run: of what no sync had followed, some is lost,
 * some torn, and the rest written in any order. Every image has to open, be sound, and hold every
 * write whose success had left before the cut.
 */
export async function proveImages(options: ImagesOptions): Promise<ImagesResult> {
  const traced = await traceWrites(options)
  const random = seeded(options.seed + 1)
  const folder = workFolder('images')
  const tally = { images: 0, damaged: 0, inCheckpoint: 0, started: 0, problems: [] as string[] }
  try {
    for (const cut of cutsOf(traced, options.images, random)) {
      if (tally.problems.length >= problemsMax) break
      tally.images++
      const image = cut.disk.afterPowerLoss(random)
      if (image.damaged.size > 0) tally.damaged++
      if (image.damaged.has(join(traced.data, 'deskbox.db'))) tally.inCheckpoint++
      const into = join(folder, String(tally.images))
      writeImage(into, image.contents)
      const found = judge(into, cut.acknowledged)
      if (tally.images % options.startEvery === 0) {
        tally.started++
        found.push(...(await startOn(options.binary, into)))
      }
      rmSync(into, { recursive: true, force: true })
      tally.problems.push(...found.map((what) => `image ${tally.images}: ${what}`))
      options.report?.(tally.images)
    }
    return { ...tally, steps: traced.steps.length }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

type Cut = { readonly disk: Disk; readonly acknowledged: readonly Acknowledged[] }

/** The disk at `count` moments, in the order of time, with what had been promised by then. */
function* cutsOf({ data, steps, writers }: Traced, count: number, random: Random): Generator<Cut> {
  const known = new Map(
    writers.flatMap(({ acknowledged }) => acknowledged.map((one) => [one.write.marker, one])),
  )
  const moments = Array.from({ length: count }, () => random.between(1, steps.length)).sort(
    (a, b) => a - b,
  )
  const disk = new Disk(data)
  const acknowledged: Acknowledged[] = []
  let done = 0
  for (const moment of moments) {
    for (const step of steps.slice(done, moment)) {
      if (step.kind !== 'acknowledge') disk.apply(step)
      else acknowledged.push(...[known.get(step.marker) ?? []].flat())
    }
    done = moment
    yield { disk, acknowledged }
  }
}

function writeImage(into: string, contents: ReadonlyMap<string, Buffer>): void {
  mkdirSync(into)
  for (const [path, bytes] of contents) {
    writeFileSync(join(into, basename(path)), bytes)
  }
}

function judge(image: string, acknowledged: readonly Acknowledged[]): string[] {
  let client: SQLite.Database | undefined
  try {
    client = new SQLite(join(image, 'deskbox.db'))
    client.pragma('synchronous = OFF')
    return isEmpty(client) ? nothingPromised(client, acknowledged) : promised(client, acknowledged)
  } catch (err) {
    return [String(err)]
  } finally {
    client?.close()
  }
}

/** Before the first migration has been committed there is no table to look into. */
function isEmpty(client: SQLite.Database): boolean {
  return !client.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'idempotency'").get()
}

function nothingPromised(client: SQLite.Database, acknowledged: readonly unknown[]): string[] {
  const verdict = client.pragma('integrity_check', { simple: true })
  if (verdict !== 'ok') return [`integrity_check: ${String(verdict)}`]
  return acknowledged.length === 0 ? [] : ['no tables, but acknowledged writes']
}

function promised(client: SQLite.Database, acknowledged: readonly Acknowledged[]): string[] {
  const rows = rowsOf(client)
  const keys = client.prepare('SELECT idempotency_key FROM idempotency').pluck().all()
  const known = new Set(keys.map(String))
  const isThere = ({ write: { kind, marker, body, email } }: Acknowledged) =>
    known.has(marker) &&
    (kind !== 'ticket' || rows.tickets.has(subjectOf(marker))) &&
    (kind !== 'message' || rows.messages.has(String(body['body'] ?? body['content']))) &&
    (email === undefined || rows.customers.has(email))
  const lost = acknowledged.filter((one) => !isThere(one))
  const first = lost[0]?.write.marker
  const found = lost.length > 0 ? [`${lost.length} acknowledged writes lost, first ${first}`] : []
  return [...faultsOf(client), ...found]
}

async function startOn(binary: string, data: string): Promise<string[]> {
  const started = await launch({ binary, data })
  rmSync(`${data}.toml`, { force: true })
  if (!('url' in started)) return [`the server ended on an image: ${started.output.slice(-300)}`]
  await started.end('SIGKILL')
  return []
}
