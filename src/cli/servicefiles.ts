import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Settings } from '../config/effective.ts'

// A service runs as a user who has nothing to do with whoever installs it. What the settings name must be in its
// reach, or it would fail later, far from anybody who reads why.

/** Where the service has its data, and where paths of its settings are seen from. */
export const serviceHome = '/var/lib/deskbox'

export type ServiceFiles = {
  readonly read: readonly string[]
  /** Folders outside its home in which it writes. */
  readonly written: readonly string[]
}

/** The files that a service needs beside its home. */
export function serviceFiles(config: string | undefined, settings: Settings): ServiceFiles {
  const { server, ai, email, backup, log } = settings
  const named = [
    server.tlsCertificateFile,
    server.tlsKeyFile,
    ai.apiKeyFile,
    email.smtpPasswordFile,
  ].filter((file) => file !== '')
  const destination = ['stderr', 'stdout'].includes(log.destination) ? [] : [log.destination]
  const folders = [
    ...(backup.directory === '' ? [] : [resolve(serviceHome, backup.directory)]),
    ...destination.map((file) => dirname(resolve(serviceHome, file))),
  ]
  return {
    read: [...(config === undefined ? [] : [config]), ...named.map(seenFromHome)],
    written: [...new Set(folders)].filter((folder) => !`${folder}/`.startsWith(`${serviceHome}/`)),
  }
}

function seenFromHome(file: string): string {
  return resolve(serviceHome, file)
}

/** Who somebody is to the system; undefined for one that is nobody's, such as a user that systemd makes. */
export type Ids = { readonly uid: number; readonly groups: ReadonlySet<number> } | undefined

/** A user of this machine, as its files know it; undefined where they do not. */
export function idsOf(user: string, passwd: string, group: string): Ids {
  const [uid, gid] = (fieldsOf(passwd, user) ?? []).slice(2).map(Number)
  if (uid === undefined || gid === undefined) return undefined
  const others = group.split('\n').flatMap((line) => {
    const [, , id, members = ''] = line.split(':')
    return members.split(',').includes(user) ? [Number(id)] : []
  })
  return { uid, groups: new Set([gid, ...others]) }
}

function fieldsOf(lines: string, name: string): string[] | undefined {
  const line = lines.split('\n').find((one) => one.startsWith(`${name}:`))
  return line?.split(':')
}

const bits = { read: 4, write: 2, enter: 1 } as const

/** Throws when the user cannot have what the service needs. Without a name it is a user that systemd makes. */
export function requireReach({ read, written }: ServiceFiles, user: string | undefined): void {
  const ids = user === undefined ? undefined : idsOf(user, text('/etc/passwd'), text('/etc/group'))
  // Somebody whom another directory of users knows is taken at his word.
  if (user !== undefined && !ids) return
  const who = user ?? 'a user that systemd makes for the service'
  const remedy =
    user === undefined
      ? 'make a user for it (useradd --system), give what it needs to that one, and install with --user'
      : `give it to ${user}`
  for (const file of read) {
    if (!canReach(file, 'read', ids)) throw new Error(`${who} cannot read ${file}: ${remedy}`)
  }
  for (const folder of written) {
    if (!canReach(folder, 'write', ids)) {
      throw new Error(`${who} cannot write into ${folder}: ${remedy}`)
    }
  }
}

function canReach(path: string, how: 'read' | 'write', ids: Ids): boolean {
  const parents: string[] = []
  for (let at = dirname(path); at !== dirname(at); at = dirname(at)) parents.push(at)
  return may(path, bits[how], ids) && parents.every((folder) => may(folder, bits.enter, ids))
}

function may(path: string, bit: number, ids: Ids): boolean {
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found) return false
  if (ids?.uid === 0) return true
  const shift = ids && ids.uid === found.uid ? 6 : ids?.groups.has(found.gid) ? 3 : 0
  return ((found.mode >> shift) & bit) !== 0
}

function text(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
