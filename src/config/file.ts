import { parse, TomlError } from 'smol-toml'
import { keysOf, offsetOf, placeOf } from '../lib/toml.ts'
import { nearest } from './nearest.ts'
import { entries, sections, type Value } from './table.ts'

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

/** What a settings file sets, by dotted name, and how to refuse one of its values later. */
export type FileSettings = {
  readonly values: ReadonlyMap<string, Value>
  /** What in it cannot be used, in the order of the file. */
  readonly problems: readonly SettingsError[]
  /** The error that names where `dotted` stands. */
  readonly refusal: (dotted: string, problem: string) => SettingsError
}

/**
 * Reads a settings file, and finds everything in it that is no setting or has no usable value. Throws a
 * SettingsError when it is no TOML, a key that is given twice included, since nothing behind that place can be
 * read. `file` is only the name for messages.
 */
export function readFile(content: string, file: string): FileSettings {
  const source = content.replace(/^\uFEFF/, '')
  const document = parsed(source, file)
  const refusal = (path: readonly string[], problem: string) => {
    const found = keysOf(source).find((key) => key.path.join('\0') === path.join('\0'))
    const place = placeOf(source, found?.offset ?? 0)
    return new SettingsError({ file, ...place, key: path.join('.') }, problem)
  }
  const problems = strayNames(document).map(([path, problem]) => refusal(path, problem))
  const values = new Map<string, Value>()
  for (const { section, name, dotted, setting } of entries) {
    const settings = document[section]
    const raw = isDocument(settings) ? settings[name] : undefined
    if (raw === undefined) continue
    const value = setting.kind.fromToml(raw)
    if (value === undefined) {
      problems.push(refusal([section, name], `${dotted} must be ${setting.kind.must}`))
    } else values.set(dotted, value)
  }
  return {
    values,
    problems: problems.toSorted((one, other) => placesOf(one) - placesOf(other)),
    refusal: (dotted, problem) => refusal(dotted.split('.'), problem),
  }
}

type Document = { [key: string]: unknown }

type Stray = readonly [path: string[], problem: string]

/** The names that the table does not know, and what is to be said of each. */
function strayNames(document: Document): Stray[] {
  return Object.entries(document).flatMap(([section, value]): Stray[] => {
    const isTable = isDocument(value)
    if (!sections.includes(section)) return [[[section], unknown([section], isTable)]]
    if (!isTable) {
      return [[[section], `${section} is a section: write [${section}] above its settings`]]
    }
    return Object.keys(value)
      .filter((name) => !isSetting(section, name))
      .map((name) => [[section, name], unknown([section, name], false)])
  })
}

const columnsMost = 1e6

function placesOf({ line, column }: SettingsError): number {
  return line * columnsMost + column
}

function isSetting(section: string, name: string): boolean {
  return entries.some((entry) => entry.section === section && entry.name === name)
}

function isDocument(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null
}

function unknown(path: string[], isSection: boolean): string {
  const known = isSection ? sections : entries.map(({ dotted }) => dotted)
  const near = nearest(path.join('.'), known)
  const hint = near === undefined ? '' : `; did you mean ${near}?`
  return `${path.join('.')} is not a ${isSection ? 'section' : 'setting'}${hint}`
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
