import { isCron } from '../lib/cron.ts'

/** How the values of a setting are read and spelt. Each reader gives undefined for what is none. */
export type Kind<V> = {
  /** What a value must be, to go behind "must be". */
  readonly must: string
  /** From a settings file; the parser gives a bigint for each integer. */
  fromToml(raw: unknown): V | undefined
  /** From an environment variable or a flag. */
  fromText(text: string): V | undefined
  /** As a settings file spells it. */
  toToml(value: V): string
}

/** Text on one line. */
export function text(example: string): Kind<string> {
  return {
    must: `text in quotes, like ${JSON.stringify(example)}`,
    fromToml: (raw) => (typeof raw === 'string' && isLine(raw) ? raw : undefined),
    fromText: (raw) => (isLine(raw) ? raw : undefined),
    toToml: (value) => JSON.stringify(value),
  }
}

/** Text on one line, or nothing: an empty text is the same as none. */
export function optionalText(example: string): Kind<string> {
  const line = text(example)
  return {
    ...line,
    fromToml: (raw) => (raw === '' ? '' : line.fromToml(raw)),
    fromText: (raw) => (raw === '' ? '' : line.fromText(raw)),
  }
}

/** Where something is reached: scheme, name and port alone, or nothing. */
export function origin(example: string): Kind<string> {
  return {
    must: `an address without a path, like ${JSON.stringify(example)}, or ""`,
    fromToml: originIn,
    fromText: (raw) => originIn(raw.trim()),
    toToml: (value) => JSON.stringify(value),
  }
}

/** A cron pattern, or nothing. */
export function cron(): Kind<string> {
  return {
    must: 'a cron pattern of five fields, like "0 3 * * *", or ""',
    fromToml: patternIn,
    fromText: (raw) => patternIn(raw.trim()),
    toToml: (value) => JSON.stringify(value),
  }
}

/** A whole number within bounds. */
export function whole(least: number, most: number): Kind<number> {
  const within = (value: number) => (value >= least && value <= most ? value : undefined)
  return {
    must: `a whole number from ${least} to ${most}`,
    // A bigint, so that 7.0 and 1e3 are told from 7 and 1000.
    fromToml: (raw) => (typeof raw === 'bigint' ? within(Number(raw)) : undefined),
    fromText: (raw) => (/^\d{1,15}$/.test(raw.trim()) ? within(Number(raw)) : undefined),
    toToml: String,
  }
}

/** A list of whole numbers, each within bounds; in an environment variable they stand between commas. */
export function wholes(
  { least, most }: { readonly least: number; readonly most: number },
  lengthMost: number,
): Kind<readonly number[]> {
  const one = whole(least, most)
  const all = (values: readonly (number | undefined)[]) => {
    const numbers = values.filter((value) => value !== undefined)
    const isGood = numbers.length === values.length && numbers.length > 0
    return isGood && numbers.length <= lengthMost ? numbers : undefined
  }
  return {
    must: `a list of 1 to ${lengthMost} whole numbers from ${least} to ${most}`,
    fromToml: (raw) =>
      Array.isArray(raw) ? all(raw.map((item) => one.fromToml(item))) : undefined,
    fromText: (raw) => all(raw.split(',').map((item) => one.fromText(item))),
    toToml: (value) => `[${value.join(', ')}]`,
  }
}

/** Yes or no. */
export function flag(): Kind<boolean> {
  const words = new Map([
    ['true', true],
    ['false', false],
  ])
  return {
    must: 'true or false',
    fromToml: (raw) => (typeof raw === 'boolean' ? raw : undefined),
    fromText: (raw) => words.get(raw.trim()),
    toToml: String,
  }
}

/** One of a few words. */
export function oneOf<const W extends string>(words: readonly W[]): Kind<W> {
  const known = (raw: unknown) => words.find((word) => word === raw)
  return {
    must: `one of ${words.map((word) => JSON.stringify(word)).join(', ')}`,
    fromToml: known,
    fromText: (raw) => known(raw.trim()),
    toToml: (value) => JSON.stringify(value),
  }
}

/** A list of texts of which each passes `isOne`; in an environment variable they stand between commas. */
export function list(
  what: string,
  example: string,
  isOne: (text: string) => boolean,
): Kind<readonly string[]> {
  const all = (items: readonly unknown[]) =>
    items.every((item) => typeof item === 'string' && isOne(item)) ? items.map(String) : undefined
  return {
    must: `a list of ${what}, like [${JSON.stringify(example)}]`,
    fromToml: (raw) => (Array.isArray(raw) ? all(raw) : undefined),
    fromText: (raw) =>
      all(
        raw
          .split(',')
          .map((item) => item.trim())
          .filter((item) => item !== ''),
      ),
    toToml: (value) => `[${value.map((item) => JSON.stringify(item)).join(', ')}]`,
  }
}

function patternIn(raw: unknown): string | undefined {
  return typeof raw === 'string' && (raw === '' || isCron(raw)) ? raw : undefined
}

function originIn(raw: unknown): string | undefined {
  if (typeof raw !== 'string') return undefined
  return raw === '' || (/^https?:\/\/[^/?#@\s]+$/.test(raw) && URL.canParse(raw)) ? raw : undefined
}

function isLine(text: string): boolean {
  return text.trim() !== '' && !/\p{Cc}/u.test(text)
}
