import SQLite from 'better-sqlite3'
import { closeSync, existsSync, openSync, readSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { databaseName, runningName, signingKeysName, syncFolder, touch } from './folder.ts'
import { openSqliteReadOnly } from './sqlite.ts'

// What is looked at before a database is opened for writing. Nothing here changes anything, so a folder that
// is refused stays as it was found (SQLite may leave an empty log).

/** Above this, looking at every page would hold up the start; backups and `deskbox doctor` do that. */
const checkedBytesMax = 32 * 1024 * 1024
const pagesShown = 3
const magic = 'SQLite format 3\0'

/**
 * Throws when the database is damaged or a part of it is missing, and says which file and what to do. False
 * when there is no database yet.
 */
export function refuseDamaged(directory: string, binding: object | undefined): boolean {
  const file = join(directory, databaseName)
  const { size = 0 } = statSync(file, { throwIfNoEntry: false }) ?? {}
  const hasLog = existsSync(`${file}-wal`)
  if (size === 0) {
    refuseVanished(directory, file)
    return false
  }
  if (!hasLog) refuseLostLog(directory, file)
  // What a log holds has yet to come into the file.
  if (!hasLog || statSync(`${file}-wal`).size === 0) refuseCutShort(file, size)
  if (size <= checkedBytesMax) refuseDamagedPages(file, binding)
  return true
}

/** Notes that the database is in use, so that its log must be there until the note is taken back. */
export function noteRunning(directory: string): void {
  // The log's name first: a power loss must not leave the note without it.
  syncFolder(directory)
  touch(join(directory, runningName))
}

/** Takes the note back, before the owner closes the database and SQLite removes the log. */
export function noteStopping(directory: string): void {
  rmSync(join(directory, runningName), { force: true })
}

/**
 * Takes it back for an owner that was killed, if this process was the last that had the database open: SQLite
 * has then put all of the log into the file.
 */
export function noteClosed(directory: string): void {
  if (!existsSync(join(directory, `${databaseName}-wal`))) noteStopping(directory)
}

/**
 * The keys and the log are made when the database is there: they outlive it only if somebody took it away.
 * SQLite would remove such a log, and with it the changes that belong to the file that is to be put back.
 */
function refuseVanished(directory: string, file: string): void {
  const left = [`${databaseName}-wal`, signingKeysName].filter((name) =>
    hasBytes(join(directory, name)),
  )
  if (left.length === 0) return
  const names = left.join(' and ')
  throw new Error(
    `${file} is gone or empty, and ${names} beside it ${left.length === 1 ? 'is' : 'are'} of a desk: ` +
      'put the file back, or restore a backup with deskbox restore. ' +
      `To begin anew, remove ${names} as well`,
  )
}

function hasBytes(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0
}

function refuseLostLog(directory: string, file: string): void {
  if (!existsSync(join(directory, runningName))) return
  throw new Error(
    `${file}-wal is gone, and the last changes were in it: the desk was not stopped in order. Put the ` +
      'file back, or restore a backup with deskbox restore. If another program has opened the ' +
      `database since and closed it in order, nothing is lost: remove ${join(directory, runningName)}`,
  )
}

function refuseCutShort(file: string, size: number): void {
  const header = Buffer.alloc(100)
  const fd = openSync(file, 'r')
  try {
    readSync(fd, header, 0, header.length, 0)
  } finally {
    closeSync(fd)
  }
  if (header.toString('latin1', 0, magic.length) !== magic) throw damaged('file is not a database')
  const pageSize = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16)
  const isCounted = header.readUInt32BE(24) === header.readUInt32BE(92)
  const bytes = header.readUInt32BE(28) * pageSize
  if (isCounted && size < bytes) throw damaged(`${size} of ${bytes} bytes are there`)
}

function refuseDamagedPages(file: string, binding: object | undefined): void {
  const client = openSqliteReadOnly(file, binding)
  try {
    client.pragma('cell_size_check = ON')
    const found = client.prepare(`PRAGMA quick_check(${pagesShown})`).pluck().all().map(String)
    if (found.join() !== 'ok') throw damaged(found.join('; '))
  } finally {
    client.close()
  }
}

/** As SQLite itself tells it, for the same remedy. */
function damaged(how: string): Error {
  return new SQLite.SqliteError(how, 'SQLITE_CORRUPT')
}
