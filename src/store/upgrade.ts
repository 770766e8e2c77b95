import type SQLite from 'better-sqlite3'
import { copyFileSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { migrations, type Migration } from '../../migrations/index.ts'
import type { Millis } from '../lib/time.ts'
import type { Connection } from './connection.ts'
import { damageOf } from './facts.ts'
import { makePrivate, databaseBytes, databaseName, requireRoom, syncFile } from './folder.ts'
import { migrate, pendingMigrations } from './migrate.ts'
import { snapshotName, takeSnapshot } from './snapshots.ts'
import { commitStaged, stagingFolder } from './staged.ts'

// A newer version on older data. What holds:
// - the database as it was is on disk as a file of its own before the first step begins;
// - a crash at any point leaves the schema before a step or after it, and the next start goes on;
// - a step that fails, or leaves something that is not whole, puts back what was there before the first.

export type Upgrade = {
  readonly from: string
  readonly to: string
  readonly snapshot: string
}

export type UpgradeOptions = {
  readonly directory: string
  readonly now: Millis
  readonly open: () => Connection
  readonly steps?: readonly Migration[]
}

// Kept in the database while an upgrade is under way: which snapshot is of before it.
const underWay = 'upgrade_snapshot'

// What earlier versions removed is not overwritten in their files, so these are written anew, once.
const overwritesSince = '0012_webhooks'

/** Brings the database of a folder that this process owns up to date. Throws when it cannot. */
export function upgrade(options: UpgradeOptions): Upgrade {
  const { directory, open, steps = migrations } = options
  const connection = open()
  let done: Begun
  try {
    done = begin(connection, options)
  } catch (err) {
    connection[Symbol.dispose]()
    throw err
  }
  try {
    advance(connection, done, options)
    connection[Symbol.dispose]()
    const { from, to, snapshot } = done
    return { from, to, snapshot }
  } catch (err) {
    connection[Symbol.dispose]()
    putBack(directory, done.snapshot)
    const why = err instanceof Error ? err.message : String(err)
    throw new Error(
      `The upgrade to ${steps.at(-1)?.name ?? ''} failed, and everything is as it was: ${why}`,
      { cause: err },
    )
  }
}

type Begun = Upgrade & { readonly isResumed: boolean }

function begin({ client }: Connection, { directory, steps = migrations }: UpgradeOptions): Begun {
  const at = steps.length - pendingMigrations(client, steps).length
  const known = snapshotUnderWay(client)
  const to = steps.at(-1)?.name ?? ''
  const snapshot = known ?? snapshotName(to)
  if (known === undefined || !existsSync(join(directory, known))) {
    // The snapshot, what the steps write anew, and the file when it is written anew as a whole.
    requireRoom(directory, 3 * databaseBytes(directory), 'an upgrade')
    takeSnapshot(client, directory, snapshot)
    client.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)').run(underWay, snapshot)
  }
  const from = steps[at - 1]?.name ?? ''
  return { from, to, snapshot, isResumed: known !== undefined }
}

/** The snapshot of an upgrade that was cut off, perhaps after its last step. */
export function snapshotUnderWay(client: SQLite.Database): string | undefined {
  return client
    .prepare<[string], { value: string }>('SELECT value FROM meta WHERE name = ?')
    .get(underWay)?.value
}

function advance(
  { client }: Connection,
  { from, isResumed }: Begun,
  { now, steps = migrations }: UpgradeOptions,
): void {
  migrate(client, now, steps)
  if (from < overwritesSince || isResumed) client.exec('VACUUM')
  const damage = damageOf(client)
  if (damage.length > 0) throw new Error(damage.join('; '))
  client.prepare('DELETE FROM meta WHERE name = ?').run(underWay)
}

function putBack(directory: string, snapshot: string): void {
  const fresh = join(stagingFolder(directory), databaseName)
  copyFileSync(join(directory, snapshot), fresh)
  makePrivate(fresh)
  syncFile(fresh)
  const failed = 'failed-upgrade'
  rmSync(join(directory, failed), { recursive: true, force: true })
  commitStaged(directory, failed)
  // Half of an upgrade, from which nothing is missing in what was put back.
  rmSync(join(directory, failed), { recursive: true, force: true })
}
