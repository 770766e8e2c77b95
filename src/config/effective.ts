import { readFile, type FileSettings } from './file.ts'
import { nearest } from './nearest.ts'
import { entries, settingsFrom, type Entry, type Settings, type Value } from './table.ts'

export { SettingsError } from './file.ts'
export type { Settings } from './table.ts'

/** Where a value came from; each beats those before it. */
export type Origin = 'default' | 'file' | 'environment' | 'flag'

export type Sources = {
  /** The text of the settings file and its name for messages; null without one. */
  readonly file: { readonly text: string; readonly name: string } | null
  readonly environment: { readonly [name: string]: string | undefined }
  /** Values from the command line by dotted name, each with the flag that gave it. */
  readonly flags: ReadonlyMap<string, { readonly flag: string; readonly text: string }>
}

/** A value of the environment or the command line that cannot be used. */
export class SourceError extends Error {
  override name = 'SourceError'
}

export type Effective = {
  readonly settings: Settings
  readonly origins: ReadonlyMap<string, Origin>
}

const prefix = 'DESKBOX_'

/** Environment variables that are no settings. */
const reserved: ReadonlySet<string> = new Set(['DESKBOX_CONFIG'])

/** The environment variable of a setting: `DESKBOX_LIMITS_KEVA_PER_MINUTE`. */
export function variableOf({ section, name }: Pick<Entry, 'section' | 'name'>): string {
  return `${prefix}${section}_${name}`.toUpperCase()
}

/**
 * The settings that hold, and where each came from: flags over the environment, that over the file, that over
 * the defaults. Throws a SettingsError for the file and a SourceError for the other two, also when the
 * settings contradict each other.
 */
export function effectiveSettings({ file, environment, flags }: Sources): Effective {
  refuseStrays(environment, flags)
  const inFile = file ? readFile(file.text, file.name) : undefined
  const origins = new Map<string, Origin>()
  const settings = settingsFrom((entry) => {
    const [origin, value] = chosen(entry, inFile, environment, flags)
    origins.set(entry.dotted, origin)
    return value
  })
  refuseContradictions(settings, origins, inFile)
  return { settings, origins }
}

function chosen(
  entry: Entry,
  inFile: FileSettings | undefined,
  environment: Sources['environment'],
  flags: Sources['flags'],
): [Origin, Value] {
  const { dotted, setting } = entry
  const given = flags.get(dotted)
  if (given) return ['flag', fromText(entry, given.flag, given.text)]
  const variable = environment[variableOf(entry)]
  if (variable !== undefined) {
    return ['environment', fromText(entry, variableOf(entry), variable)]
  }
  const value = inFile?.values.get(dotted)
  return value === undefined ? ['default', setting.initial] : ['file', value]
}

function fromText({ setting }: Entry, source: string, text: string): Value {
  const value = setting.kind.fromText(text)
  if (value === undefined) throw new SourceError(`${source} must be ${setting.kind.must}`)
  return value
}

function refuseStrays(environment: Sources['environment'], flags: Sources['flags']): void {
  const variables = new Map(entries.map((entry) => [variableOf(entry), entry]))
  for (const name of Object.keys(environment)) {
    if (!name.startsWith(prefix) || variables.has(name) || reserved.has(name)) continue
    const near = nearest(name, [...variables.keys()])
    const hint = near === undefined ? '' : `; did you mean ${near}?`
    throw new SourceError(`The environment variable ${name} is not a setting${hint}`)
  }
  for (const name of flags.keys()) {
    if (entries.some(({ dotted }) => dotted === name)) continue
    const near = nearest(
      name,
      entries.map(({ dotted }) => dotted),
    )
    const hint = near === undefined ? '' : `; did you mean ${near}?`
    throw new SourceError(`--set ${name} is not a setting${hint}`)
  }
}

/** Settings that are good each by itself and not together, and what is to be said of them. */
function contradiction({ server }: Settings): [dotted: string, problem: string] | undefined {
  const { tlsCertificateFile: certificate, tlsKeyFile: key, host, insecureHttp } = server
  if (certificate !== '' && key === '') {
    return ['server.tls_certificate_file', 'server.tls_certificate_file needs server.tls_key_file']
  }
  if (key !== '' && certificate === '') {
    return ['server.tls_key_file', 'server.tls_key_file needs server.tls_certificate_file']
  }
  if (certificate === '' && !isLoopback(host) && !insecureHttp) {
    return [
      'server.host',
      `server.host ${host} is reached from outside, and plain HTTP shows API keys to everybody on ` +
        'the way: set server.tls_certificate_file and server.tls_key_file, or listen on 127.0.0.1 ' +
        'behind a proxy, or set server.insecure_http = true',
    ]
  }
  return undefined
}

function refuseContradictions(
  settings: Settings,
  origins: ReadonlyMap<string, Origin>,
  inFile: FileSettings | undefined,
): void {
  const found = contradiction(settings)
  if (!found) return
  const [dotted, problem] = found
  if (inFile && origins.get(dotted) === 'file') throw inFile.refusal(dotted, problem)
  throw new SourceError(problem)
}

/** Whether only this machine reaches what listens there. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host)
}

/** The settings that a reload would change: those it applies, and those that need a restart. */
export function changesBetween(
  before: Settings,
  after: Settings,
): { readonly applied: readonly string[]; readonly afterRestart: readonly string[] } {
  const value = valuesIn(before)
  const other = valuesIn(after)
  const changed = entries.filter(
    ({ dotted }) => !Bun.deepEquals(value.get(dotted), other.get(dotted)),
  )
  const named = (isReloaded: boolean) =>
    changed.filter(({ setting }) => setting.isReloaded === isReloaded).map(({ dotted }) => dotted)
  return { applied: named(true), afterRestart: named(false) }
}

/** Each value by its dotted name. */
export function valuesIn(settings: Settings): ReadonlyMap<string, Value> {
  const sections = settings as unknown as { [section: string]: { [name: string]: Value } }
  const values = new Map<string, Value>()
  for (const [section, inside] of Object.entries(sections)) {
    for (const [name, value] of Object.entries(inside)) {
      values.set(
        `${section}.${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`,
        value,
      )
    }
  }
  return values
}
