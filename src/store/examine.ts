import type SQLite from 'better-sqlite3'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { migrations } from '../../migrations/index.ts'
import { minuteMs, type Millis } from '../lib/time.ts'
import { damageOf, hasTable, tablesOf } from './facts.ts'
import { databaseBytes, databaseName, foreignOwner, freeBytes, isOpenToOthers } from './folder.ts'
import { isOwned } from './lock.ts'
import { appliedSteps } from './migrate.ts'
import { nativeBinding } from './native.ts'
import { snapshotName, usableSnapshot } from './snapshots.ts'
import { refuseDamaged } from './soundness.ts'
import { openSqliteReadOnly } from './sqlite.ts'

// A look at a data folder, and a change of nothing: for `deskbox doctor` and `deskbox upgrade-check`.

/** What an upgrade to this version means for a folder. */
export type SchemaState = {
  readonly steps: readonly string[]
  /** The steps that this version would take. */
  readonly pending: readonly string[]
  /** The first step that this version does not know, or knows otherwise. */
  readonly unknown: string | null
  /** Where the snapshot before an upgrade goes. */
  readonly snapshot: string
  /** A snapshot of an earlier upgrade that this version can use. */
  readonly wayBack: string | null
}

export type Examination = {
  /** Whether a server, or another command, works in the folder as its owner. */
  readonly isOwned: boolean
  readonly freeBytes: number
  readonly databaseBytes: number
  readonly foreign: readonly string[]
  readonly openToOthers: readonly string[]
  /** What is left of earlier restores and upgrades. */
  readonly leftovers: readonly string[]
  readonly damage: readonly string[]
  readonly contents: Contents | null
}

export type Contents = {
  readonly schema: SchemaState
  readonly lastEventAt: Millis | null
  readonly facts: ReadonlyMap<string, string>
  /** Work that should have been done by now, by table. */
  readonly late: readonly {
    readonly table: string
    readonly rows: number
    readonly since: Millis
  }[]
  readonly failingWebhooks: readonly FailingWebhook[]
}

export type FailingWebhook = {
  readonly uid: string
  readonly url: string
  readonly disabledReason: string | null
  readonly since: Millis
}

const lateAfterMs = 5 * minuteMs
const leftover = /^(?:replaced-|failed-upgrade$)/

/** Looks at a folder in which there is a desk. */
export function examine(directory: string, now: Millis): Examination {
  const binding = nativeBinding(directory)
  const names = readdirSync(directory)
  const files = [directory, ...names.map((name) => join(directory, name))]
  return {
    isOwned: isOwned(directory, binding),
    freeBytes: freeBytes(directory),
    databaseBytes: databaseBytes(directory),
    foreign: files.filter((path) => foreignOwner(path) !== undefined),
    openToOthers: files.filter(isOpenToOthers),
    leftovers: names.filter((name) => leftover.test(name)),
    ...looked(directory, binding, now),
  }
}

function looked(directory: string, binding: object | undefined, now: Millis) {
  try {
    refuseDamaged(directory, binding)
    return reading(directory, binding, (client) => {
      const damage = damageOf(client)
      const contents = damage.length === 0 ? contentsOf(client, directory, now) : null
      return { damage, contents }
    })
  } catch (err) {
    return { damage: [err instanceof Error ? err.message : String(err)], contents: null }
  }
}

function reading<T>(
  directory: string,
  binding: object | undefined,
  look: (client: SQLite.Database) => T,
): T {
  const client = openSqliteReadOnly(join(directory, databaseName), binding)
  try {
    return look(client)
  } finally {
    client.close()
  }
}

function contentsOf(client: SQLite.Database, directory: string, now: Millis): Contents {
  const lastEventAt = client
    .prepare<[], { at: Millis }>(
      'SELECT created_at AS at FROM events ORDER BY sequence DESC LIMIT 1',
    )
    .get()
  const facts = client.prepare<[], [string, string]>('SELECT name, value FROM meta').raw().all()
  return {
    schema: schemaIn(client, directory),
    lastEventAt: lastEventAt?.at ?? null,
    facts: new Map(facts),
    late: lateWork(client, now),
    failingWebhooks: failingWebhooks(client),
  }
}

function schemaIn(client: SQLite.Database, directory: string): SchemaState {
  const steps = appliedSteps(client).map(({ name }) => name)
  const known = migrations.map(({ name }) => name)
  const unknown = steps.find((step, at) => step !== known[at]) ?? null
  return {
    steps,
    pending: unknown === null ? known.slice(steps.length) : [],
    unknown,
    snapshot: join(directory, snapshotName(known.at(-1) ?? '')),
    wayBack: usableSnapshot(directory, nativeBinding(directory), known) ?? null,
  }
}

/** Every table with a time at which its rows are due tells of those that are well past it. */
function lateWork(client: SQLite.Database, now: Millis): Contents['late'] {
  const dueColumn = client
    .prepare<[string], [string]>(
      "SELECT name FROM pragma_table_info(?) WHERE name IN ('due_at', 'next_run_at')",
    )
    .raw()
  return tablesOf(client).flatMap((table) => {
    const [column] = dueColumn.get(table) ?? []
    if (column === undefined) return []
    const found = client
      .prepare<[object], { rows: number; since: Millis }>(
        `SELECT count(*) AS rows, min(${column}) AS since FROM "${table}"
         WHERE ${column} < $before${table === 'deliveries' ? ` AND ${isCallable}` : ''}`,
      )
      .get({ before: now - lateAfterMs, now })
    return found && found.rows > 0 ? [{ table, ...found }] : []
  })
}

// What waits for a webhook that is paused, or that a person switched off, is not late.
const isCallable = `endpoint_id IN (
  SELECT id FROM webhook_endpoints WHERE is_active = 1 AND coalesce(paused_until, 0) <= $now)`

function failingWebhooks(client: SQLite.Database): FailingWebhook[] {
  if (!hasTable(client, 'webhook_endpoints')) return []
  return client
    .prepare<[], FailingWebhook>(
      `SELECT uid, url, disabled_reason AS disabledReason,
         coalesce(disabled_at, failing_since) AS since
       FROM webhook_endpoints
       WHERE deleted_at IS NULL
         AND (disabled_reason IS NOT NULL OR (is_active = 1 AND failing_since IS NOT NULL))
       ORDER BY id`,
    )
    .all()
}

/** How many files this process may have open at once; undefined where the system does not tell. */
export function descriptorsMax(): number | undefined {
  const limits = '/proc/self/limits'
  if (!existsSync(limits)) return undefined
  const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync(limits, 'utf8')) ?? []
  return soft === undefined ? undefined : Number(soft)
}
