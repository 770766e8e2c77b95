import SQLite from 'better-sqlite3'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { lockName, touch } from './folder.ts'
import { openSqlite } from './sqlite.ts'

export type FolderLock = Disposable

/** Whether another process has the folder. Makes nothing. */
export function isOwned(directory: string, nativeBinding: object | undefined): boolean {
  if (!existsSync(join(directory, lockName))) return false
  const lock = lockFolder(directory, 0, nativeBinding)
  lock?.[Symbol.dispose]()
  return lock === undefined
}

/**
 * Takes the data folder for this process, or returns undefined when another one has it for longer than
 * `waitMs`. The lock is
 * SQLite's own exclusive lock on an empty database beside the real one: the system drops it with the
 * process, however that ends, and it works wherever SQLite does. The real database keeps ordinary
 * locking, so that a replicator or a key command can work beside the server.
 */
export function lockFolder(
  directory: string,
  waitMs: number,
  nativeBinding: object | undefined,
): FolderLock | undefined {
  const file = join(directory, lockName)
  touch(file)
  const client = openSqlite(file, waitMs, nativeBinding)
  try {
    client.exec('BEGIN EXCLUSIVE')
  } catch (err) {
    client.close()
    if (err instanceof SQLite.SqliteError && err.code.startsWith('SQLITE_BUSY')) return undefined
    throw err
  }
  return { [Symbol.dispose]: () => client.close() }
}
