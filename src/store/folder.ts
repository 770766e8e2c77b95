import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { megabytes } from '../lib/text.ts'

/** The names in a data folder. */
export const databaseName = 'deskbox.db'
export const signingKeysName = 'signing-keys.json'
export const lockName = 'deskbox.lock'
/** There from a start until the database was closed in order. */
export const runningName = 'deskbox.running'

/** The database with what SQLite keeps beside it; the file itself comes last. */
export const databaseNames = [`${databaseName}-shm`, `${databaseName}-wal`, databaseName] as const

const privateNames = [...databaseNames, lockName, runningName, signingKeysName]
const folderMode = 0o700
const fileMode = 0o600
const modeMask = 0o777

/**
 * Makes the data folder when it is absent, and takes back what others were allowed to do with it and with
 * what is in it. Answers the names of what had to be put right. Throws when something is of another user than
 * the folder, or the folder is, since what this user makes there would lock the other out. Root has no such
 * bounds: what it finds or makes there it gives to the folder's owner.
 */
export function claimFolder(directory: string): readonly string[] {
  if (!existsSync(directory)) makeFolder(directory)
  refuseForeign(directory)
  const files = privateNames.map((name) => join(directory, name)).filter(existsSync)
  const given = isRoot() ? files.filter(adopt) : []
  for (const path of files) refuseForeign(path)
  return [
    ...given,
    ...(close(directory, folderMode) ? [directory] : []),
    ...files.filter((path) => close(path, fileMode)),
  ]
}

/** Makes a folder, and those above it, for its owner alone. */
export function makeFolder(directory: string): void {
  if (existsSync(directory)) return
  mkdirSync(dirname(directory), { recursive: true, mode: folderMode })
  mkdirSync(directory, { mode: folderMode })
  adopt(directory)
}

/** Gives what root has made to the owner of the folder that it is in; says whether it did. */
export function adopt(path: string): boolean {
  if (!isRoot()) return false
  const { uid, gid } = statSync(dirname(path))
  if (statSync(path).uid === uid) return false
  chownSync(path, uid, gid)
  return true
}

/** Whose a file is that this user cannot work with; undefined when it can. */
export function foreignOwner(path: string): number | undefined {
  const user = process.geteuid?.()
  const { uid } = statSync(path)
  return user === undefined || user === 0 || uid === user ? undefined : uid
}

function isRoot(): boolean {
  return process.geteuid?.() === 0
}

/** Whether others may do something with a file or a folder. */
export function isOpenToOthers(path: string): boolean {
  return process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0
}

/** Makes an empty database file when there is none. */
export function ensureDatabaseFile(directory: string): string {
  const file = join(directory, databaseName)
  touch(file)
  return file
}

/** Makes an empty private file when there is none. */
export function touch(path: string): void {
  closeSync(openSync(path, 'a', fileMode))
  adopt(path)
}

export function hasDatabase(directory: string): boolean {
  return existsSync(join(directory, databaseName))
}

/** Puts what a folder holds, by name, on disk; Windows does so by itself, and opens no folders. */
export function syncFolder(directory: string): void {
  if (process.platform === 'win32') return
  syncFile(directory)
}

export function syncFile(path: string): void {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** For the folder's owner alone. */
export function makePrivate(path: string): void {
  chmodSync(path, fileMode)
  adopt(path)
}

/** How much may still be written where `directory` lies. */
export function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory)
  return bavail * bsize
}

/** What the database takes, with its log. */
export function databaseBytes(directory: string): number {
  return databaseNames
    .map((name) => statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, bytes) => sum + bytes, 0)
}

/** Throws when `directory` has no room for so much. */
export function requireRoom(directory: string, bytes: number, what: string): void {
  const free = freeBytes(directory)
  if (free >= bytes) return
  throw new Error(
    `There is no room for ${what}: ${directory} has ${megabytes(free)} free and ${megabytes(bytes)} are needed`,
  )
}

function refuseForeign(path: string): void {
  const owner = foreignOwner(path)
  if (owner === undefined) return
  throw new Error(
    `${path} belongs to the user ${owner}, and this is the user ${process.geteuid?.()}: ` +
      'run deskbox as that user, or give the folder and all in it to this one (chown -R)',
  )
}

function close(path: string, mode: number): boolean {
  if (!isOpenToOthers(path)) return false
  chmodSync(path, statSync(path).mode & mode & modeMask)
  return true
}

/** Writes all of the bytes, however few the system takes at a time. */
export function writeWhole(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at += writeSync(fd, bytes, at));
}
