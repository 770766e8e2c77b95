import { readFile, type FileSettings, type SettingsError } from './file.ts'
import { nearest } from './nearest.ts'
import { contradictions } from './contradictions.ts'
import { entries, settingsFrom, type Entry, type Settings, type Value } from './table.ts'

export { isLoopback } from './contradictions.ts'
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

/** Several of both: a line for each. */
export class SettingsErrors extends Error {
  override name = 'SettingsErrors'
  readonly problems: readonly (SettingsError | SourceError)[]

  constructor(problems: SettingsErrors['problems']) {
    super(problems.map(({ message }) => message).join('\n'))
    this.problems = problems
  }
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
 * settings contradict each other; SettingsErrors when there is more than one thing to be said.
 */
export function effectiveSettings({ file, environment, flags }: Sources): Effective {
  const inFile = file ? readFile(file.text, file.name) : undefined
  const problems = [...(inFile?.problems ?? []), ...strays(environment, flags)]
  const origins = new Map<string, Origin>()
  const settings = settingsFrom((entry) => {
    const [origin, value] = chosen(entry, inFile, environment, flags)
    origins.set(entry.dotted, origin)
    if (!(value instanceof SourceError)) return value
    problems.push(value)
    return entry.setting.initial
  })
  // Where a value is missing, its default may contradict what was meant well.
  if (problems.length === 0) problems.push(...refusals(settings, origins, inFile))
  const [problem, ...others] = problems
  if (problem) throw others.length === 0 ? problem : new SettingsErrors(problems)
  return { settings, origins }
}

function chosen(
  entry: Entry,
  inFile: FileSettings | undefined,
  environment: Sources['environment'],
  flags: Sources['flags'],
): [Origin, Value | SourceError] {
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

function fromText({ setting }: Entry, source: string, text: string): Value | SourceError {
  const value = setting.kind.fromText(text)
  return value ?? new SourceError(`${source} must be ${setting.kind.must}`)
}

/** What the environment and the flags name that is no setting. */
function strays(environment: Sources['environment'], flags: Sources['flags']) {
  const variables = entries.map(variableOf)
  const dotted = entries.map((entry) => entry.dotted)
  const named = Object.keys(environment).filter((name) => name.startsWith(prefix))
  return [
    ...named
      .filter((name) => !variables.includes(name) && !reserved.has(name))
      .map((name) => stray(`The environment variable ${name}`, nearest(name, variables))),
    ...[...flags.keys()]
      .filter((name) => !dotted.includes(name))
      .map((name) => stray(`--set ${name}`, nearest(name, dotted))),
  ]
}

function stray(what: string, near: string | undefined): SettingsError | SourceError {
  const hint = near === undefined ? '' : `; did you mean ${near}?`
  return new SourceError(`${what} is not a setting${hint}`)
}

function refusals(
  settings: Settings,
  origins: ReadonlyMap<string, Origin>,
  inFile: FileSettings | undefined,
): (SettingsError | SourceError)[] {
  return contradictions(settings).map(([dotted, problem]) =>
    inFile && origins.get(dotted) === 'file'
      ? inFile.refusal(dotted, problem)
      : new SourceError(problem),
  )
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
