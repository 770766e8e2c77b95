import SQLite from 'better-sqlite3'
import { chmodSync, chownSync, cpSync, readdirSync, readFileSync } from 'node:fs'
import { rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CheckResult } from './checks.ts'
import { work } from './client.ts'
import { mountsRefused, readOnlyView } from './mounts.ts'
import { launch, start, type Launch } from './server.ts'
import { workFolder } from './shim.ts'
import { acknowledgedBy } from './traced.ts'
import { makeWriters } from './writers.ts'

/** A desk that was stopped in order, and one that was killed with changes in its log. */
type Desks = Disposable & {
  readonly folder: string
  readonly closed: string
  readonly killed: string
}

type Harm = {
  readonly what: string
  readonly of: 'closed' | 'killed'
  /** Does it to the folder. */
  readonly act: (data: string) => Harmed | void
  /** What the refusal must name, and the remedy. */
  readonly names: RegExp
  readonly remedy: RegExp
}

/** How the server is then started, if not as usual, and what is to be undone before the folder can go. */
type Harmed = { readonly how: Partial<Launch>; readonly undo?: Disposable }

const pageBytes = 4096
const endsWithinMs = 10_000
const owner = 12_345
const other = 12_346
const restore = /restore the newest backup with deskbox restore/

/**
 * Harms a data folder in many ways (S10). Each start is refused with the name of the file and what to do, and
 * leaves every byte as it was.
 */
export async function proveDamage(binary: string, pages: number): Promise<CheckResult> {
  using desks = await makeDesks(binary)
  const problems: string[] = []
  const all = [...harms(pages, desks), ...foreignHarms()]
  const skipped = foreignHarms().length === 0 ? ', other users left out (it takes root)' : ''
  for (const harm of all) {
    const found = await refusedAs(binary, desks, harm)
    problems.push(...found.map((one) => `${harm.what}: ${one}`))
  }
  return { figure: `${all.length} harms refused${skipped}`, problems }
}

async function makeDesks(binary: string): Promise<Desks> {
  const folder = workFolder('damage')
  // Others have to pass through, to be refused further in.
  chmodSync(folder, 0o755)
  const [closed, killed] = [join(folder, 'closed'), join(folder, 'killed')]
  for (const data of [closed, killed]) {
    using server = await start({ binary, data })
    const writers = makeWriters(2, 1)
    const isDone = () => acknowledgedBy(writers) >= 40
    await Promise.all(writers.map((one) => work(server, one, isDone, () => 'drop')))
    await server.end(data === closed ? 'SIGTERM' : 'SIGKILL')
  }
  const dispose = () => rmSync(folder, { recursive: true, force: true })
  return { folder, closed, killed, [Symbol.dispose]: dispose }
}

const file = (data: string) => join(data, 'deskbox.db')

function harms(pages: number, { closed }: Desks): Harm[] {
  const last = Math.floor(statSync(file(closed)).size / pageBytes) - 1
  const used = usedPages(file(closed))
  const chosen = used.filter((_, at) => at % Math.ceil(used.length / pages) === 0)
  const cut = [1, 100, pageBytes - 1, pageBytes, 10 * pageBytes, last * pageBytes]
  return [
    ...chosen.map((page) => ({
      what: `page ${page} flipped`,
      of: 'closed' as const,
      act: (data: string) => flipPage(file(data), page),
      names: /deskbox\.db is damaged/,
      remedy: restore,
    })),
    ...cut.map((size) => ({
      what: `cut to ${size} bytes`,
      of: 'closed' as const,
      act: (data: string) => truncateSync(file(data), size),
      names: /deskbox\.db is damaged/,
      remedy: restore,
    })),
    {
      what: 'database gone',
      of: 'closed',
      act: (data) => rmSync(file(data)),
      names: /deskbox\.db is gone or empty/,
      remedy: /put the file back, or restore a backup/,
    },
    {
      what: 'database gone, and the log of it there',
      of: 'killed',
      act: (data) => rmSync(file(data)),
      names: /deskbox\.db is gone or empty/,
      remedy: /put the file back, or restore a backup/,
    },
    {
      what: 'log gone',
      of: 'killed',
      act: (data) => rmSync(`${file(data)}-wal`),
      names: /deskbox\.db-wal is gone/,
      remedy: /Put the file back, or restore a backup/,
    },
    {
      what: 'newer schema',
      of: 'closed',
      act: (data) => takeUnknownStep(file(data)),
      names: /The database has the step 9999_next/,
      remedy: /start the newer version/,
    },
  ]
}

/** Pages that belong to a table or an index with rows: what is flipped on others, nobody reads. */
function usedPages(database: string): number[] {
  const client = new SQLite(database, { readonly: true })
  try {
    const roots = 'SELECT DISTINCT rootpage FROM sqlite_schema WHERE rootpage > 0 ORDER BY rootpage'
    return client.prepare(roots).pluck().all().map(Number)
  } finally {
    client.close()
  }
}

/** Turns over every bit of the page's head, as a disk that forgets a sector does. */
function flipPage(database: string, page: number): void {
  const bytes = readFileSync(database)
  const begin = (page - 1) * pageBytes + (page === 1 ? 100 : 0)
  for (let at = begin; at < begin + 512; at++) bytes[at] = (bytes[at] ?? 0) ^ 0xff
  writeFileSync(database, bytes)
}

function takeUnknownStep(database: string): void {
  const client = new SQLite(database)
  client.exec("INSERT INTO migrations SELECT '9999_next', hash, applied_at FROM migrations LIMIT 1")
  client.close()
}

function giveAll(data: string, user: number): void {
  for (const path of [data, ...readdirSync(data).map((name) => join(data, name))])
    chownSync(path, user, user)
}

/** Harms that are of other users and of the disk. */
function foreignHarms(): Harm[] {
  if (process.getuid?.() !== 0 || !Bun.which('setpriv')) return []
  const asUser = ['setpriv', `--reuid=${owner}`, `--regid=${owner}`, '--clear-groups']
  const through = { how: { through: asUser } }
  const foreign: Harm[] = [
    {
      what: 'folder of another user',
      of: 'closed',
      act(data) {
        giveAll(data, other)
        // Entered and read by all, so that it is the owner who is looked at.
        chmodSync(data, 0o755)
        return through
      },
      names: new RegExp(`belongs to the user ${other}`),
      remedy: /run deskbox as that user, or give the folder/,
    },
    {
      what: 'database of another user',
      of: 'closed',
      act(data) {
        giveAll(data, owner)
        chownSync(file(data), other, other)
        return through
      },
      names: new RegExp(`deskbox\\.db belongs to the user ${other}`),
      remedy: /run deskbox as that user, or give the folder/,
    },
  ]
  if (mountsRefused() !== undefined) return foreign
  const readOnly: Harm = {
    what: 'read-only folder',
    of: 'closed',
    act(data) {
      const path = `${data}-seen`
      return { how: { data: path }, undo: readOnlyView(data, path) }
    },
    names: /-seen cannot be written to/,
    remedy: /not mounted read-only/,
  }
  return [...foreign, readOnly]
}

async function refusedAs(binary: string, desks: Desks, harm: Harm): Promise<string[]> {
  const data = join(desks.folder, 'harmed')
  cpSync(desks[harm.of], data, { recursive: true, preserveTimestamps: true })
  chmodSync(data, 0o700)
  const harmed = harm.act(data)
  try {
    const before = sumsOf(data)
    const started = await launch({ binary, data, ...harmed?.how })
    if ('url' in started) {
      await started.end('SIGKILL')
      return ['it started']
    }
    const { code, output, tookMs } = started
    return [
      ...(code === 1 ? [] : [`ended with ${code}`]),
      ...(tookMs <= endsWithinMs ? [] : [`took ${Math.round(tookMs)} ms`]),
      ...(harm.names.test(output) ? [] : [`does not name it: ${output.slice(-300)}`]),
      ...(harm.remedy.test(output) ? [] : [`names no remedy: ${output.slice(-300)}`]),
      ...(Bun.deepEquals(sumsOf(data), before) ? [] : ['something was changed']),
    ]
  } finally {
    harmed?.undo?.[Symbol.dispose]()
    rmSync(data, { recursive: true, force: true })
    rmSync(`${data}-seen`, { recursive: true, force: true })
  }
}

/** Every file with the sum of its bytes; but for what SQLite makes anew for every look. */
function sumsOf(data: string): Record<string, string> {
  const isEmptyLog = (name: string) =>
    name.endsWith('-wal') && statSync(join(data, name)).size === 0
  const names = readdirSync(data)
    .filter((name) => !/-shm$|^deskbox\.lock/.test(name) && !isEmptyLog(name))
    .toSorted()
  return Object.fromEntries(
    names.map((name) => {
      const { mode, uid } = statSync(join(data, name))
      const sum = Bun.CryptoHasher.hash('sha256', readFileSync(join(data, name)), 'hex')
      return [name, `${sum} ${mode.toString(8)} ${uid}`]
    }),
  )
}
