// Loads the SQLite addon that the executable carries. Nothing is loaded from a place that somebody
// else could have written: on Linux the code never touches a disk; elsewhere it lies in a private
// folder and is compared with the embedded bytes before every load. The runtime's own way, a file
// in the temp directory, fails where that directory is missing, read-only or mounted noexec.

import { dlopen } from 'bun:ffi'
import { createHash, randomUUID } from 'node:crypto'
import { chmodSync, closeSync, lstatSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs'
import { readdirSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addonPath, addonSha256 } from './addon.ts'

let loaded: object | undefined

/** What better-sqlite3 takes as `nativeBinding`; undefined in a source run. Loads once. */
export function nativeBinding(dataDirectory: string): object | undefined {
  if (addonPath === null) return undefined
  loaded ??= loadAddon(soundAddon(addonPath, addonSha256), dataDirectory)
  return loaded
}

/** The embedded addon. Throws when it is not the one that was recorded with its version. */
export function soundAddon(path: string, sha256: string | null): Buffer {
  const bytes = readFileSync(path)
  if (createHash('sha256').update(bytes).digest('hex') === sha256) return bytes
  throw new Error('The SQLite library in this executable is damaged; download it again')
}

type Way = { name: string; load: (bytes: Buffer) => object }

/** Loads the addon by the first way that works, and tells every cause when none does. */
export function loadAddon(bytes: Buffer, dataDirectory: string): object {
  const causes: string[] = []
  for (const way of ways(dataDirectory)) {
    try {
      return way.load(bytes)
    } catch (err) {
      causes.push(`  ${way.name}: ${err instanceof Error ? err.message : String(err)}`)
    }
  }
  throw new Error(
    ['The SQLite library cannot be loaded.', ...causes, ...advice(causes.join())].join('\n'),
  )
}

function ways(dataDirectory: string): Way[] {
  const memory: Way = { name: 'in memory', load: loadFromMemory }
  const data: Way = {
    name: dataDirectory,
    load: (bytes) => open(placeAddon(join(dataDirectory, 'native'), bytes)),
  }
  const temp: Way = { name: tmpdir(), load: loadFromTemp }
  return process.platform === 'linux' ? [memory, data, temp] : [data, temp]
}

const closeOnExec = 0x1
const executable = 0x10

function loadFromMemory(bytes: Buffer): object {
  const fd = memoryFile()
  try {
    for (let at = 0; at < bytes.length; at += writeSync(fd, bytes, at));
    // The descriptor stays open for good: the C library knows a loaded file by its name, and would
    // answer for another file with this one once the number was used again.
    return open(`/proc/self/fd/${fd}`)
  } catch (err) {
    closeSync(fd)
    throw err
  }
}

function memoryFile(): number {
  // musl answers to every name of a C library with itself, so one name serves both
  const libc = dlopen('libc.so.6', { memfd_create: { args: ['cstring', 'u32'], returns: 'i32' } })
  const create = (flags: number) => libc.symbols.memfd_create(Buffer.from('sqlite\0'), flags)
  try {
    const asked = create(closeOnExec | executable) // needed where the kernel makes them noexec
    const fd = asked >= 0 ? asked : create(closeOnExec) // kernels before 6.3 know no such flag
    if (fd < 0) throw new Error('the system grants no memory file')
    return fd
  } finally {
    libc.close()
  }
}

function loadFromTemp(bytes: Buffer): object {
  const directory = mkdtempSync(join(tmpdir(), 'deskbox-')) // fresh, ours, 0700
  try {
    return open(placeAddon(directory, bytes))
  } finally {
    quietly(() => rmSync(directory, { recursive: true })) // Windows holds a loaded file
  }
}

/**
 * Puts the addon into a private folder and returns its path. A file that is already there is kept
 * only when it is ours, private, and byte for byte the same; anything else is replaced.
 */
export function placeAddon(directory: string, bytes: Buffer): string {
  claimFolder(directory)
  const digest = sha256(bytes)
  // The name follows the content, so that an upgrade never writes over a file in use.
  const path = join(directory, `sqlite-${digest.slice(0, 16)}.node`)
  if (!genuine(path, digest)) replace(path, bytes)
  removeOthers(directory, path)
  return path
}

function claimFolder(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const found = lstatSync(directory)
  if (!found.isDirectory() || !ours(found.uid)) {
    throw new Error(`${directory} is not a folder of this user`)
  }
  if ((found.mode & 0o077) !== 0) chmodSync(directory, 0o700)
}

function genuine(path: string, digest: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (!found?.isFile() || !ours(found.uid) || !hasPrivateMode(found.mode)) return false
  return sha256(readFileSync(path)) === digest
}

function replace(path: string, bytes: Buffer): void {
  const fresh = `${path}.${randomUUID()}`
  try {
    writeFileSync(fresh, bytes, { flag: 'wx', mode: 0o600 })
    if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) rmSync(path, { recursive: true })
    renameSync(fresh, path)
  } catch (err) {
    quietly(() => rmSync(fresh, { force: true }))
    throw err
  }
}

/** Clears what earlier versions left, but not what another process is just writing. */
function removeOthers(directory: string, path: string): void {
  for (const name of readdirSync(directory)) {
    const other = join(directory, name)
    if (name.endsWith('.node') && other !== path) quietly(() => rmSync(other)) // may be in use
  }
}

function ours(uid: number): boolean {
  return process.getuid === undefined || process.getuid() === uid
}

function hasPrivateMode(mode: number): boolean {
  return process.platform === 'win32' || (mode & 0o777) === 0o600
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function open(path: string): object {
  const module = { exports: {} }
  process.dlopen(module, path)
  return module.exports
}

function quietly(act: () => void): void {
  try {
    act()
  } catch {
    // what stays behind does no harm
  }
}

const remedies: [RegExp, string][] = [
  [/libstdc\+\+|GLIBCXX/, 'Install libstdc++ (Alpine: apk add libstdc++; Debian: libstdc++6).'],
  [/GLIBC_/, 'It needs glibc 2.34 or newer: Debian 12, Ubuntu 22.04, RHEL 9, or later.'],
  [/failed to map segment/, 'Put the data folder where programs may run: not mounted noexec.'],
]

/** What the administrator can do about a cause that is known. */
export function advice(cause: string): string[] {
  return remedies.filter(([sign]) => sign.test(cause)).map(([, remedy]) => remedy)
}
