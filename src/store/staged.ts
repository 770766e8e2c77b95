import { existsSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  databaseName,
  databaseNames,
  makeFolder,
  runningName,
  signingKeysName,
  syncFolder,
} from './folder.ts'

// How a database is replaced by another one. The new files are made ready in a folder of their own; renaming
// that folder is the moment from which they count. Moving them into place may then be cut off anywhere: the
// next owner of the data folder goes on where it stopped, before it opens anything.

const readyName = 'restoring'
const countingPrefix = 'restored-over-'

/** What is replaced, each with what must leave with it. The keys come first: they need no database. */
const replaceable = [
  { name: signingKeysName, leaving: [signingKeysName] },
  { name: databaseName, leaving: [runningName, ...databaseNames] },
]

/** An empty folder for the new files. What a cut-off attempt has left there is thrown away. */
export function stagingFolder(directory: string): string {
  const folder = join(directory, readyName)
  rmSync(folder, { recursive: true, force: true })
  makeFolder(folder)
  return folder
}

/** Forgets the new files, as long as they do not count. */
export function dropStaged(directory: string): void {
  rmSync(join(directory, readyName), { recursive: true, force: true })
}

/**
 * Puts the staged files, which are on disk already, in the place of the present ones, and those into the
 * folder `replacedName` beside them. After a crash either nothing has happened or `finishStaged` ends it.
 */
export function commitStaged(directory: string, replacedName: string): void {
  syncFolder(join(directory, readyName))
  renameSync(join(directory, readyName), join(directory, `${countingPrefix}${replacedName}`))
  syncFolder(directory)
  finishStaged(directory)
}

/** Ends a replacement that was cut off, if there is one. For the owner of the folder only. */
export function finishStaged(directory: string): void {
  for (const counting of readdirSync(directory)) {
    if (counting.startsWith(countingPrefix)) moveIn(directory, counting)
  }
}

function moveIn(directory: string, counting: string): void {
  const replaced = join(directory, counting.slice(countingPrefix.length))
  for (const { name, leaving } of replaceable) {
    const fresh = join(directory, counting, name)
    if (!existsSync(fresh)) continue
    for (const old of leaving) moveOut(directory, old, replaced)
    // The old log must be gone for certain before the new database is there: it would be read into it.
    syncFolder(directory)
    renameSync(fresh, join(directory, name))
    syncFolder(directory)
  }
  if (existsSync(replaced)) syncFolder(replaced)
  rmdirSync(join(directory, counting))
  syncFolder(directory)
}

function moveOut(directory: string, name: string, to: string): void {
  if (!existsSync(join(directory, name))) return
  makeFolder(to)
  renameSync(join(directory, name), join(to, name))
}
