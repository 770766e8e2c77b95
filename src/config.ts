import { parse, TomlError } from 'smol-toml'
import { keysOf, offsetOf, placeOf } from './lib/toml.ts'

/** One setting: what it means, its unit, its default, and how a value of the file is read. */
type Setting<V> = {
  initial: V
  unit: string
  meaning: string
  /** The value, or what it must be instead. */
  read(raw: unknown): { value: V } | { must: string }
}

/** Every setting there is, as it is spelt in the file. Types, checks and sample follow from it. */
const table = {
  server: {
    host: text(
      '127.0.0.1',
      'address',
      'Where to listen. Use "0.0.0.0" to be reached from outside.',
    ),
    port: whole(7300, [0, 65_535], 'port', 'The port to listen on; 0 takes any free one.'),
  },
  data: {
    directory: text(
      './data',
      'folder',
      'Where everything is kept, seen from where the server starts.',
    ),
  },
  limits: {
    keva_per_minute: whole(
      100,
      [0, 1_000_000],
      'calls per minute',
      'What each Keva key may do; 0 is no limit.',
    ),
    support_desk_per_minute: whole(
      600,
      [0, 1_000_000],
      'calls per minute',
      'What each internal and each external key may do; 0 is no limit.',
    ),
    unauthenticated_per_minute: whole(
      60,
      [0, 1_000_000],
      'calls per minute',
      'What each client address may try without a valid key; 0 is no limit.',
    ),
  },
}

type Table = typeof table
type Camel<S> = S extends `${infer A}_${infer B}` ? `${A}${Capitalize<Camel<B>>}` : S & string

/** All settings, in the spelling of the code: `limits.kevaPerMinute`. */
export type Settings = {
  [S in keyof Table]: {
    [K in keyof Table[S] as Camel<K>]: Table[S][K] extends Setting<infer V> ? V : never
  }
}

/** A settings file that cannot be used; line and column count from 1, `key` is the dotted name. */
export class SettingsError extends Error {
  override name = 'SettingsError'
  readonly file: string
  readonly line: number
  readonly column: number
  readonly key: string

  constructor(place: { file: string; line: number; column: number; key: string }, problem: string) {
    super(`${place.file}:${place.line}:${place.column}: ${problem}`)
    this.file = place.file
    this.line = place.line
    this.column = place.column
    this.key = place.key
  }
}

type Value = string | number
const sections: [string, [string, Setting<Value>][]][] = Object.entries(table).map(
  ([section, settings]) => [section, Object.entries<Setting<Value>>(settings)],
)

/** The settings of an empty file. */
export function defaultSettings(): Settings {
  return settingsFrom((_section, _name, setting) => setting.initial)
}

/**
 * Reads a settings file; what it does not set has its default. Throws a SettingsError when
 * something in it is no setting, has no usable value, is given twice or is no TOML. `file` is
 * only the name for messages.
 */
export function readSettings(content: string, file: string): Settings {
  const source = content.replace(/^\uFEFF/, '')
  const document = parsed(source, file)
  const fail = (path: string[], problem: string): never => {
    const found = keysOf(source).find((key) => key.path.join('\0') === path.join('\0'))
    const place = placeOf(source, found?.offset ?? 0)
    throw new SettingsError({ file, ...place, key: path.join('.') }, problem)
  }
  refuseUnknown(document, fail)
  return settingsFrom((section, name, setting) => {
    const raw = (document[section] as Document | undefined)?.[name]
    if (raw === undefined) return setting.initial
    const result = setting.read(raw)
    if ('value' in result) return result.value
    return fail([section, name], `${section}.${name} must be ${result.must}`)
  })
}

/** The commented sample: each setting with its meaning, its unit and its default. */
export function sampleSettings(): string {
  const lines = sections.flatMap(([section, settings]) => [
    '',
    `[${section}]`,
    ...settings.flatMap(([name, { initial, unit, meaning }]) => [
      `# ${meaning} (${unit})`,
      `# ${name} = ${JSON.stringify(initial)}`,
    ]),
  ])
  const intro = '# Settings of Deskbox. To change one, take the # away before its name.'
  return [intro, ...lines, ''].join('\n')
}

function text(initial: string, unit: string, meaning: string): Setting<string> {
  const read = (raw: unknown) =>
    typeof raw === 'string' && raw.trim() !== '' && !/\p{Cc}/u.test(raw)
      ? { value: raw }
      : { must: `text in quotes, like ${JSON.stringify(initial)}` }
  return { initial, unit, meaning, read }
}

function whole(
  initial: number,
  [least, most]: [number, number],
  unit: string,
  meaning: string,
): Setting<number> {
  // The parser gives a bigint for each integer, so that 7.0 and 1e3 are told from 7 and 1000.
  const read = (raw: unknown) =>
    typeof raw === 'bigint' && raw >= least && raw <= most
      ? { value: Number(raw) }
      : { must: `a whole number from ${least} to ${most}` }
  return { initial, unit, meaning, read }
}

type Document = { [key: string]: unknown }
type Fail = (path: string[], problem: string) => never

/** Builds the settings in the code's spelling; the cast holds because the table names each one. */
function settingsFrom(valueOf: (s: string, n: string, setting: Setting<Value>) => Value): Settings {
  return Object.fromEntries(
    sections.map(([section, settings]) => [
      section,
      Object.fromEntries(
        settings.map(([name, setting]) => [camel(name), valueOf(section, name, setting)]),
      ),
    ]),
  ) as Settings
}

function camel(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
}

function refuseUnknown(document: Document, fail: Fail): void {
  for (const [section, value] of Object.entries(document)) {
    const settings = sections.find(([name]) => name === section)?.[1]
    const isTable = isDocument(value)
    if (!settings) fail([section], unknown([section], isTable))
    else if (!isTable)
      fail([section], `${section} is a section: write [${section}] above its settings`)
    else {
      const names = settings.map(([name]) => name)
      const stray = Object.keys(value).find((name) => !names.includes(name))
      if (stray !== undefined) fail([section, stray], unknown([section, stray], false))
    }
  }
}

function isDocument(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null
}

function unknown(path: string[], isSection: boolean): string {
  const known = isSection
    ? sections.map(([section]) => section)
    : sections.flatMap(([section, settings]) => settings.map(([name]) => `${section}.${name}`))
  const near = nearest(path.join('.'), known)
  const hint = near === undefined ? '' : `; did you mean ${near}?`
  return `${path.join('.')} is not a ${isSection ? 'section' : 'setting'}${hint}`
}

/** The known name that two slips of the pen or less make of `given`, its section left aside. */
function nearest(given: string, known: string[]): string | undefined {
  const ranked = known
    .map((name) => ({
      name,
      slips: Math.min(
        slips(bare(given), bare(name)),
        slips(bare(lastPart(given)), bare(lastPart(name))),
      ),
    }))
    .toSorted((a, b) => a.slips - b.slips)
  return ranked[0] && ranked[0].slips <= 2 ? ranked[0].name : undefined
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}

function bare(name: string): string {
  return name.toLowerCase().replace(/[_-]/g, '').slice(0, 100)
}

/** Levenshtein distance. */
function slips(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (const [i, letter] of a.split('').entries()) {
    const next = [i + 1]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (letter === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}

function parsed(source: string, file: string): Document {
  try {
    return parse(source, { integersAsBigInt: true })
  } catch (err) {
    if (!(err instanceof TomlError)) throw err
    const said = err.message.replace('Invalid TOML document: ', '').split('\n')[0] ?? ''
    const offset = offsetOf(source, err)
    const keys = keysOf(source)
    // A repeated key is reported where it starts, anything else somewhere behind its key.
    const twice = said.startsWith('trying to redefine')
      ? keys.findLast((key) => key.offset === keys.find((k) => k.offset >= offset)?.offset)
      : undefined
    const key = (twice ?? keys.findLast((k) => k.offset <= offset))?.path.join('.') ?? ''
    const place = { file, line: err.line, column: err.column, key }
    throw new SettingsError(place, twice ? `${key} is given twice` : said)
  }
}
