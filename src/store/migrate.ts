import type SQLite from 'better-sqlite3'
import { migrations, type Migration } from '../../migrations/index.ts'
import { sortName } from '../lib/text.ts'
import type { Millis } from '../lib/time.ts'

type Applied = { readonly name: string; readonly hash: string }

/** The database has a step that this version does not know. */
export class UnknownStep extends Error {
  override name = 'UnknownStep'
}

/** How many steps of the schema a database has yet to take. Throws when it is not one of ours. */
export function pendingMigrations(
  client: SQLite.Database,
  steps: readonly Migration[] = migrations,
): readonly Migration[] {
  const applied = appliedSteps(client)
  for (const [at, { name, hash }] of applied.entries()) {
    const step = steps[at]
    if (!step || step.name !== name) {
      throw new UnknownStep(`The database has the step ${name}, which this version does not know`)
    }
    if (hashOf(step) !== hash) throw new Error(`The step ${name} was applied with another content`)
  }
  return steps.slice(applied.length)
}

/** Takes every pending step, each in a transaction of its own: a crash leaves the old or the new. */
export function migrate(
  client: SQLite.Database,
  now: Millis,
  steps: readonly Migration[] = migrations,
): void {
  const pending = pendingMigrations(client, steps)
  if (pending.length === 0) return
  client.function('sort_name_of', { deterministic: true }, (name) => sortName(String(name)))
  // A rebuilt table is dropped; with foreign keys on, that would empty the tables that refer to it.
  client.pragma('foreign_keys = OFF')
  try {
    for (const step of pending) client.transaction(() => take(client, step, now)).immediate()
  } finally {
    client.pragma('foreign_keys = ON')
  }
}

function take(client: SQLite.Database, step: Migration, now: Millis): void {
  client.exec(
    'CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, hash TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT',
  )
  client.exec(step.sql)
  client.prepare('INSERT INTO migrations VALUES (?, ?, ?)').run(step.name, hashOf(step), now)
  const orphans = client.pragma('foreign_key_check')
  if (Array.isArray(orphans) && orphans.length > 0) {
    throw new Error(`The step ${step.name} leaves ${orphans.length} rows without their parent`)
  }
}

/** The steps that a database has taken, in order; none when it is empty. */
export function appliedSteps(client: SQLite.Database): Applied[] {
  const known = client.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'migrations'").get()
  if (!known) return []
  // Names are numbered, so their order is the order of application.
  return client.prepare<[], Applied>('SELECT name, hash FROM migrations ORDER BY name').all()
}

function hashOf(step: Migration): string {
  return new Bun.CryptoHasher('sha256').update(step.sql).digest('hex')
}
