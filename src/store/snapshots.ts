import type SQLite from 'better-sqlite3'
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { damageOf } from './facts.ts'
import { makePrivate, syncFile, syncFolder } from './folder.ts'
import { appliedSteps } from './migrate.ts'
import { openSqliteReadOnly } from './sqlite.ts'

// The database as it was before an upgrade: a whole file of its own in the data folder.

const named = /^before-(.+)\.db$/
const kept = 2

/** The name of the snapshot that is taken before the step `schema` is reached. */
export function snapshotName(schema: string): string {
  return `before-${schema}.db`
}

/** The snapshots in a data folder, newest first. */
export function snapshotsIn(directory: string): string[] {
  const at = (name: string) => statSync(join(directory, name)).mtimeMs
  const names = readdirSync(directory).filter((name) => named.test(name))
  return names.toSorted((a, b) => at(b) - at(a))
}

/**
 * Writes the whole database into a file of that name, on disk and found whole; older snapshots go, but for
 * the last two. Throws when the database is damaged, or when there is no room.
 */
export function takeSnapshot(client: SQLite.Database, directory: string, name: string): void {
  const path = join(directory, name)
  const partial = `${path}.partial`
  try {
    rmSync(partial, { force: true })
    client.prepare('VACUUM INTO ?').run(partial)
    makePrivate(partial)
    refuseDamaged(client)
    syncFile(partial)
    renameSync(partial, path)
    syncFolder(directory)
  } finally {
    rmSync(partial, { force: true })
  }
  for (const old of snapshotsIn(directory).slice(kept)) rmSync(join(directory, old))
}

/** The newest snapshot whose schema is among those of this version. */
export function usableSnapshot(
  directory: string,
  binding: object | undefined,
  known: readonly string[],
): string | undefined {
  if (!existsSync(directory)) return undefined
  return snapshotsIn(directory).find((name) => {
    const steps = stepsOf(join(directory, name), binding)
    return steps.length > 0 && steps.every((step, at) => step === known[at])
  })
}

/** None for a file that cannot be read: it is no way back. */
function stepsOf(path: string, binding: object | undefined): string[] {
  try {
    const client = openSqliteReadOnly(path, binding)
    try {
      return appliedSteps(client).map(({ name }) => name)
    } finally {
      client.close()
    }
  } catch {
    return []
  }
}

function refuseDamaged(client: SQLite.Database): void {
  const damage = damageOf(client)
  if (damage.length === 0) return
  throw new Error(
    `The database is damaged, so it is not upgraded: ${damage.join('; ')}. ` +
      'Restore a backup with deskbox restore',
  )
}
