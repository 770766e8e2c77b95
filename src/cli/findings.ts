import { isLoopback, type Settings } from '../config/effective.ts'
import {
  backupStateOf,
  isBackupOverdue,
  type Contents,
  type Examination,
  type SchemaState,
} from '../domain/doctor.ts'
import { publicId } from '../lib/ids.ts'
import { megabytes } from '../lib/text.ts'
import { isoSeconds, minuteMs, type Millis } from '../lib/time.ts'

/** What one check found. A problem stops the desk or loses something; a warning may. */
export type Finding = {
  readonly check: string
  readonly level: 'ok' | 'note' | 'warning' | 'problem'
  readonly what: string
  /** What to do about it; null where there is nothing to be done. */
  readonly remedy: string | null
}

export type Examined = {
  readonly directory: string
  readonly settings: Settings
  readonly now: Millis
  readonly zone: string
  readonly examination: Examination
}

const freeBytesLeast = 64 * 1024 * 1024
const descriptorsLeast = 4096
const clockEarliest = Date.parse('2025-01-01T00:00:00Z')

export function ok(check: string, what: string): Finding {
  return { check, level: 'ok', what, remedy: null }
}

/** Something that is wrong with the settings. */
export function broken(what: string): Finding {
  const remedy = 'Correct it; deskbox help settings says what there is, deskbox check what holds'
  return finding('problem', 'settings', what, remedy)
}

export function finding(
  level: Finding['level'],
  check: string,
  what: string,
  remedy: string,
): Finding {
  return { check, level, what, remedy }
}

/** What a look at the folder tells, in words. */
export function findingsOf(examined: Examined): Finding[] {
  const { examination, directory } = examined
  const { contents, damage } = examination
  return [
    disk(examination, directory),
    ...permissions(examination, directory),
    ...(contents ? clock(contents, examined.now) : []),
    ...(damage.length > 0
      ? [damaged(damage)]
      : [ok('database', 'every page and reference is whole')]),
    ...(contents ? [schema(contents.schema)] : []),
    ...(contents ? backups(contents, examined) : []),
    ...(contents ? work(contents) : []),
    ...(contents ? webhooks(contents) : []),
    ...leftovers(examination, directory),
  ]
}

function disk({ freeBytes, databaseBytes }: Examination, directory: string): Finding {
  const free = `${megabytes(freeBytes)} free, the database has ${megabytes(databaseBytes)}`
  if (freeBytes < freeBytesLeast) {
    return finding('problem', 'disk', free, `Free some space where ${directory} lies`)
  }
  if (freeBytes < 2 * databaseBytes + freeBytesLeast) {
    const remedy = 'Make room: a backup or an upgrade takes twice the size of the database'
    return finding('warning', 'disk', free, remedy)
  }
  return ok('disk', free)
}

function permissions({ foreign, openToOthers }: Examination, directory: string): Finding[] {
  if (foreign.length > 0) {
    const what = `not of this user: ${foreign.join(', ')}`
    return [finding('problem', 'permissions', what, `chown -R the server's user ${directory}`)]
  }
  if (openToOthers.length > 0) {
    const what = `open to other users: ${openToOthers.join(', ')}`
    return [finding('warning', 'permissions', what, `chmod -R go= ${directory}`)]
  }
  return [ok('permissions', 'for this user alone')]
}

function clock({ lastEventAt }: Contents, now: Millis): Finding[] {
  const remedy = 'Set the clock of this machine, and have it kept right (NTP)'
  if (now < clockEarliest) {
    return [finding('problem', 'clock', `it says ${isoSeconds(now)}`, remedy)]
  }
  if (lastEventAt !== null && lastEventAt > now + minuteMs) {
    const what = `it says ${isoSeconds(now)}, and the last event is of ${isoSeconds(lastEventAt)}`
    return [finding('problem', 'clock', what, remedy)]
  }
  return [ok('clock', isoSeconds(now))]
}

function damaged(damage: readonly string[]): Finding {
  const remedy = 'Stop the server and restore the newest backup (deskbox restore FILE)'
  return finding('problem', 'database', damage.join('; '), remedy)
}

function schema({ steps, pending, unknown }: SchemaState): Finding {
  if (unknown !== null) {
    const what = `it has the step ${unknown}, which this version does not know`
    return finding('problem', 'schema', what, 'Use the version that made it, or a newer one')
  }
  if (pending.length > 0) {
    const what = `${pending.length} steps behind this version`
    return finding('note', 'schema', what, 'The next start takes them; see deskbox upgrade-check')
  }
  return ok('schema', steps.at(-1) ?? 'empty')
}

function backups({ facts }: Contents, { settings, zone, now }: Examined): Finding[] {
  const state = backupStateOf((name) => facts.get(name))
  const last = state.madeAt === null ? 'none made yet' : `last made ${isoSeconds(state.madeAt)}`
  const { schedule: pattern } = settings.backup
  if (state.failure) {
    const { at, reason } = state.failure
    const what = `${last}; failed ${isoSeconds(at)}: ${reason}`
    return [finding('problem', 'backups', what, 'Remove the cause, then run deskbox backup')]
  }
  if (pattern === '') {
    return [finding('warning', 'backups', `${last}; no schedule`, 'Set backup.schedule')]
  }
  if (isBackupOverdue(state, { pattern, zone }, now)) {
    const remedy = 'See that the server runs at the times of backup.schedule; run deskbox backup'
    return [finding('warning', 'backups', last, remedy)]
  }
  return [ok('backups', last)]
}

function work({ late }: Contents): Finding[] {
  if (late.length === 0) return [ok('due work', 'none is late')]
  return late.map(({ table, rows, since }) =>
    finding(
      'warning',
      'due work',
      `${rows} ${table} should have been done, the first at ${isoSeconds(since)}`,
      'See that the server runs, and look for "job failed" in its log',
    ),
  )
}

function webhooks({ failingWebhooks }: Contents): Finding[] {
  if (failingWebhooks.length === 0) return [ok('webhooks', 'none fails')]
  return failingWebhooks.map(({ uid, url, disabledReason, since }) => {
    // The rest of an address may hold a secret.
    const host = URL.parse(url)?.host ?? 'nowhere'
    const state = disabledReason === null ? 'fails' : `was switched off (${disabledReason})`
    const id = publicId('webhook', uid)
    const remedy = `Mend it: deskbox webhooks deliveries ${id} tells why, enable ${id} begins anew`
    const what = `${id} to ${host} ${state} since ${isoSeconds(since)}`
    return finding('warning', 'webhooks', what, remedy)
  })
}

function leftovers({ leftovers: names }: Examination, directory: string): Finding[] {
  if (names.length === 0) return []
  const what = `kept from earlier restores: ${names.join(', ')}`
  return [finding('note', 'leftovers', what, `Remove them from ${directory} when all is well`)]
}

export type PortState =
  { readonly state: 'free' | 'ours' } | { readonly state: 'not to be had'; readonly why: string }

const portRemedy = 'Stop what has it, or set server.host and server.port'

/** What only the machine can tell. */
export function machineFindings(
  descriptors: number | undefined,
  port: PortState,
  { server }: Settings,
): Finding[] {
  const address = `${server.host}:${server.port}`
  const isOpen = !isLoopback(server.host) && server.tlsCertificateFile === ''
  return [
    ...(descriptors !== undefined && descriptors < descriptorsLeast
      ? [
          finding(
            'warning',
            'descriptors',
            `${descriptors} files may be open at once`,
            `Allow ${descriptorsLeast} or more (ulimit -n; LimitNOFILE of a systemd unit)`,
          ),
        ]
      : [ok('descriptors', descriptors === undefined ? 'not known' : String(descriptors))]),
    port.state === 'not to be had'
      ? finding('problem', 'port', `${address} cannot be had: ${port.why}`, portRemedy)
      : ok('port', port.state === 'ours' ? `${address} is the server's` : `${address} is free`),
    ...(isOpen
      ? [
          finding(
            'warning',
            'encryption',
            `keys can be read on the way to ${address}`,
            'Set server.tls_certificate_file, or listen on 127.0.0.1 behind a proxy',
          ),
        ]
      : []),
  ]
}
