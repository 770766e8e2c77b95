import { join } from 'node:path'
import { migrations } from '../../migrations/index.ts'
import { hasTable } from './facts.ts'
import { databaseName, ensureDatabaseFile } from './folder.ts'
import { pendingMigrations, UnknownStep } from './migrate.ts'
import { usableSnapshot } from './snapshots.ts'
import { refuseDamaged } from './soundness.ts'
import { openSqliteReadOnly } from './sqlite.ts'
import { finishStaged } from './staged.ts'
import { snapshotUnderWay, upgrade, type Upgrade, type UpgradeOptions } from './upgrade.ts'

/**
 * What the owner of a data folder does before opening its database: ends a replacement that was cut off, and
 * brings what is there up to date. Throws, with nothing changed, when it is damaged, or of a newer version.
 */
export function prepareDatabase(
  options: UpgradeOptions,
  binding: object | undefined,
): Upgrade | undefined {
  const { directory } = options
  finishStaged(directory)
  if (!refuseDamaged(directory, binding)) {
    ensureDatabaseFile(directory)
    return undefined
  }
  return isBehind(directory, binding) ? upgrade(options) : undefined
}

/** Whether a database that has been in use has not taken all steps, or not been found whole after them. */
function isBehind(directory: string, binding: object | undefined): boolean {
  const client = openSqliteReadOnly(join(directory, databaseName), binding)
  try {
    const isNewest = pendingMigrations(client).length === 0
    // A first start that was cut off goes on: there is nothing yet to be kept.
    if (!hasTable(client, 'meta') || !client.prepare('SELECT 1 FROM meta').get()) return false
    return !isNewest || snapshotUnderWay(client) !== undefined
  } catch (err) {
    throw err instanceof UnknownStep ? withWayBack(err, directory, binding) : err
  } finally {
    client.close()
  }
}

function withWayBack(err: UnknownStep, directory: string, binding: object | undefined): Error {
  const known = migrations.map(({ name }) => name)
  const snapshot = usableSnapshot(directory, binding, known)
  const path = snapshot && join(directory, snapshot)
  return new Error(
    path === undefined
      ? `${err.message}: start the newer version`
      : `${err.message}: start the newer version; or go back to what was there before the upgrade, ` +
          `without all that has happened since: deskbox restore ${path}`,
    { cause: err },
  )
}
