import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { dayMs, isoSeconds, type Millis } from '../lib/time.ts'
import { version } from '../lib/version.ts'
import { ArchiveWriter, type Sum } from './archive.ts'
import { Connection } from './connection.ts'
import { factsOf, type Facts } from './facts.ts'
import {
  databaseBytes,
  databaseName,
  makeFolder,
  makePrivate,
  requireRoom,
  signingKeysName,
  syncFile,
  syncFolder,
} from './folder.ts'
import { manifestName, type Manifest } from './manifest.ts'
import { nativeBinding } from './native.ts'
import { withRemedy } from './remedies.ts'
import { openSqlite } from './sqlite.ts'
import { unpack } from './unpack.ts'

// A backup is one file that restores everything: a tar archive of the database, the signing keys and a
// manifest. What holds:
// - it is the state of one instant, however much is written meanwhile, and writers are not held up;
// - it gets its name only once it has been unpacked again and found whole, and it is on disk;
// - a failed one leaves nothing behind.

export type BackupOptions = {
  /** The data folder; a server may be at work in it. */
  readonly directory: string
  /** The file to make, which must not be there. */
  readonly file: string
  readonly now: Millis
}

export type Backup = { readonly file: string; readonly bytes: number; readonly manifest: Manifest }

const pagesPerStep = 250
// A step at a time, so that no sync at the end holds up the server's own for long.
const syncEverySteps = 16
const spareBytes = 8_000_000

/** Makes a backup and checks it. Rejects with the reason when there is none to be had. */
export async function makeBackup(options: BackupOptions): Promise<Backup> {
  const { directory, file } = options
  const folder = dirname(file)
  makeFolder(folder)
  if (existsSync(file)) throw new Error(`${file} is there already`)
  // The copy, and the archive beside it.
  requireRoom(folder, 2 * databaseBytes(directory) + spareBytes, 'a backup')
  const scratch = `${file}${partialSuffix}`
  makeFolder(scratch)
  try {
    const copy = join(scratch, databaseName)
    const facts = await copyDatabase(directory, copy).catch((err: unknown) => {
      throw withRemedy(err, directory)
    })
    const archive = join(scratch, basename(file))
    pack(archive, { ...options, copy, facts })
    rmSync(copy)
    const { madeBy: manifest } = unpack(archive, scratch, nativeBinding(directory))
    if (!manifest) throw new Error('The backup has lost its manifest')
    const { size: bytes } = statSync(archive)
    makePrivate(archive)
    renameSync(archive, file)
    syncFolder(folder)
    return { file, bytes, manifest }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

const partialSuffix = '.partial'
const stamped = /^deskbox-\d{8}T\d{6}Z\.tar$/

/** Removes what a backup whose process was ended has left beside the file that it was to make. */
export function discardPartial(file: string): void {
  rmSync(`${file}${partialSuffix}`, { recursive: true, force: true })
}

/** The file of a backup made at that time. */
export function backupFile(folder: string, now: Millis): string {
  return join(folder, backupName(now))
}

function backupName(now: Millis): string {
  return `deskbox-${isoSeconds(now).replace(/[-:]/g, '')}.tar`
}

/** The backups in a folder that have such a name, newest first. */
export function backupsIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  const names = readdirSync(folder).filter((name) => stamped.test(name))
  return names.toSorted().toReversed()
}

/** Removes all but the newest `keep` backups of a folder, and what a killed one has left there. */
export function pruneBackups(folder: string, keep: number, now: Millis): readonly string[] {
  const old = backupsIn(folder).slice(keep)
  for (const name of old) rmSync(join(folder, name), { force: true })
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    const isLeft = name.startsWith('deskbox-') && name.endsWith(partialSuffix)
    if (isLeft && statSync(path).mtimeMs < now - dayMs) rmSync(path, { recursive: true })
  }
  return old
}

/** Copies the database page by page, out of one read transaction: no write disturbs the copy, nor it them. */
async function copyDatabase(directory: string, to: string): Promise<Facts> {
  const binding = nativeBinding(directory)
  using connection = new Connection(join(directory, databaseName), binding)
  const { client } = connection
  client.exec('BEGIN')
  // The transaction gets its snapshot with its first read.
  client.prepare('SELECT count(*) FROM sqlite_schema').get()
  let steps = 0
  await client.backup(to, {
    progress() {
      steps++
      if (steps % syncEverySteps === 0) syncFile(to)
      return pagesPerStep
    },
  })
  client.exec('COMMIT')
  const copy = openSqlite(to, 0, binding)
  try {
    // A single file, without a log beside it.
    copy.pragma('journal_mode = DELETE')
    return factsOf(copy)
  } finally {
    copy.close()
  }
}

type Packing = BackupOptions & { readonly copy: string; readonly facts: Facts }

function pack(archive: string, { directory, copy, facts, now }: Packing): void {
  using writer = new ArchiveWriter(archive, now)
  const files: { [name: string]: Sum } = { [databaseName]: writer.addFile(databaseName, copy) }
  const keys = join(directory, signingKeysName)
  if (existsSync(keys)) files[signingKeysName] = writer.addFile(signingKeysName, keys)
  const manifest: Manifest = {
    program: 'deskbox',
    format: 1,
    version,
    createdAt: isoSeconds(now),
    schema: facts.steps.at(-1) ?? '',
    ...facts,
    files,
  }
  writer.addText(manifestName, `${JSON.stringify(manifest, null, 2)}\n`)
  writer.finish()
}
