import { closeSync, copyFileSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { ArchiveReader } from './archive.ts'
import { damageOf, differences, factsOf, type Facts } from './facts.ts'
import { makePrivate, databaseName, signingKeysName, syncFile } from './folder.ts'
import { manifestName, parseManifest, type Manifest } from './manifest.ts'
import { openSqlite } from './sqlite.ts'

export type Unpacked = {
  readonly facts: Facts
  /** What the backup says of itself; null for a database alone. */
  readonly madeBy: Manifest | null
}

const memberNames = new Set<string>([databaseName, signingKeysName])
const magic = 'SQLite format 3\0'

/**
 * Takes the database and the keys out of a backup, into `folder`, on disk; and checks all there is to check:
 * sums, every page, every reference, and that what is there is what the manifest says. A database alone has
 * no manifest to be held against.
 */
export function unpack(file: string, folder: string, binding: object | undefined): Unpacked {
  return explained(file, () => {
    if (isBareDatabase(file)) return { facts: copyIn(file, folder, binding), madeBy: null }
    using archive = new ArchiveReader(file)
    const manifest = manifestIn(archive)
    for (const [name, sum] of Object.entries(manifest.files)) {
      if (!memberNames.has(name)) throw new Error(`It has a file ${name}, which none should have`)
      const found = archive.extract(name, join(folder, name))
      makePrivate(join(folder, name))
      if (!Bun.deepEquals(found, sum)) throw new Error(`${name} is not as it was written`)
    }
    const facts = wholeFacts(join(folder, databaseName), binding)
    const differing = differences(manifest, facts)
    if (differing.length > 0) throw new Error(`It is not what it says: ${differing.join(', ')}`)
    return { facts, madeBy: manifest }
  })
}

/** What a backup says of itself, unchecked; null for a database alone. */
export function manifestOf(file: string): Manifest | null {
  return explained(file, () => {
    if (isBareDatabase(file)) return null
    using archive = new ArchiveReader(file)
    return manifestIn(archive)
  })
}

function manifestIn(archive: ArchiveReader): Manifest {
  if (!archive.has(manifestName)) throw new Error('It is no backup of a desk')
  return parseManifest(archive.text(manifestName))
}

function copyIn(file: string, folder: string, binding: object | undefined): Facts {
  const copy = join(folder, databaseName)
  copyFileSync(file, copy)
  makePrivate(copy)
  syncFile(copy)
  return wholeFacts(copy, binding)
}

function wholeFacts(file: string, binding: object | undefined): Facts {
  const client = openSqlite(file, 0, binding)
  try {
    const damage = damageOf(client)
    if (damage.length > 0) throw new Error(`The database is damaged: ${damage.join('; ')}`)
    return factsOf(client)
  } finally {
    client.close()
  }
}

function isBareDatabase(file: string): boolean {
  const start = Buffer.alloc(magic.length)
  const fd = openSync(file, 'r')
  try {
    readSync(fd, start, 0, start.length, 0)
  } finally {
    closeSync(fd)
  }
  return start.toString('latin1') === magic
}

function explained<T>(file: string, act: () => T): T {
  try {
    return act()
  } catch (err) {
    const why = err instanceof Error ? err.message : String(err)
    throw new Error(`The backup ${file} cannot be used. ${why}`, { cause: err })
  }
}
