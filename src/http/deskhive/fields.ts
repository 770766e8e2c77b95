import { z } from 'zod'
import { isEmail } from '../../lib/email.ts'
import { isAtMost } from '../../lib/text.ts'
import type { Millis } from '../../lib/time.ts'
import { asking, finding, type Question } from '../fields.ts'

// The words of DeskHive's field tables, reading as deskhive.md 3.5 says: text is trimmed and blank text
// is null; integers and flags may come as text, since forms have nothing else.

/** Text that must be there, of at most so many characters when `max` is given. */
export function text(max?: number) {
  return z.preprocess(trimmed, max === undefined ? z.string() : atMost(z.string(), max))
}

/** Text that must be there and is taken as it is sent, blanks and all: a password, a token. */
export function exactText(max: number) {
  return z.preprocess((value) => (value === '' ? null : value), atMost(z.string(), max))
}

/** Text that may be left out; null clears it. */
export function optionalText(max: number) {
  return z.preprocess(trimmed, atMost(z.string(), max).nullable().optional())
}

export function email(max: number) {
  return z.preprocess(trimmed, address(max))
}

/** As `email`, and may be left out; null clears it. */
export function optionalEmail(max: number) {
  return z.preprocess(trimmed, address(max).nullable().optional())
}

export function flag() {
  return z.preprocess(asFlag, z.boolean().optional())
}

export function oneOf<const T extends readonly [string, ...string[]]>(words: T) {
  return z.preprocess(trimmed, z.enum(words))
}

/** As `oneOf`, and may be left out, but null is no such word. */
export function optionalOneOf<const T extends readonly [string, ...string[]]>(words: T) {
  return z.preprocess(trimmed, z.enum(words).optional())
}

type Holds = (
  reader: Parameters<Question['holds']>[0],
  id: number,
  self: number | undefined,
) => boolean

/** The id of a record that must be there, by the domain's word. */
export function reference(holds: Holds) {
  return asking(z.preprocess(asInteger, z.int()), { rule: 'exists', holds })
}

/** As `reference`, and may be left out, but null refers to nothing. */
export function optionalReference(holds: Holds) {
  return asking(z.preprocess(asInteger, z.int().optional()), { rule: 'exists', holds })
}

/** As `optionalReference`, and null clears it. */
export function nullableReference(holds: Holds) {
  return asking(z.preprocess(asInteger, z.int().nullable().optional()), { rule: 'exists', holds })
}

/** A list of ids, each of a record that must be there. */
export function references(holds: Holds) {
  const ids = z.array(z.preprocess(asInteger, z.int())).optional()
  return asking(ids, { rule: 'exists', holds })
}

/** As `text`, and may be left out or null. Without a limit when `max` is not given. */
export function optionalLongText() {
  return z.preprocess(trimmed, z.string().nullable().optional())
}

/** `#` and 3, 4, 6 or 8 hexadecimal digits. */
export function hexColor() {
  const color = z
    .string()
    .refine((value) => hexColorPattern.test(value), finding({ rule: 'hexColor' }))
  return z.preprocess(trimmed, color.meta({ pattern: hexColorPattern.source }))
}

const hexColorPattern = /^#(?:[0-9A-Fa-f]{3,4}|[0-9A-Fa-f]{6}|[0-9A-Fa-f]{8})$/

/** A whole number from `min`; may be left out. */
export function optionalInteger(min: number) {
  const whole = z.int().refine((value) => value >= min, finding({ rule: 'min', min }))
  return z.preprocess(asInteger, whole.meta({ minimum: min }).optional())
}

/** A number from `min`; may be left out, and null clears it. */
export function optionalNumber(min: number) {
  const number = z
    .unknown()
    .refine((value) => typeof value === 'number', finding({ rule: 'number' }))
    .transform(Number)
    .refine((value) => !(value < min), finding({ rule: 'min', min }))
    .meta({ type: 'number', minimum: min })
  return z.preprocess(asNumber, number.nullable().optional())
}

/** A list of words of a closed set. */
export function words(known: (word: string) => boolean) {
  return asking(z.array(z.preprocess(trimmed, z.string())).nullable().optional(), {
    rule: 'exists',
    holds: (_reader, word: string) => known(word),
  })
}

/** A moment later than now, as milliseconds; null for never. */
export function momentAfterNow() {
  const moment = z.preprocess(
    trimmed,
    z
      .string()
      .refine((value) => momentOf(value) !== undefined, finding({ rule: 'date' }))
      .meta({ format: 'date-time' })
      .transform((value): Millis => momentOf(value) ?? 0)
      .nullable()
      .optional(),
  )
  return asking(moment, { rule: 'afterNow', holds: (reader, at: Millis) => at > reader.now })
}

function address(max: number) {
  return z
    .string()
    .refine(isEmail, finding({ rule: 'email' }))
    .refine((value) => isAtMost(value, max), finding({ rule: 'max', max }))
    .meta({ format: 'idn-email', maxLength: max })
}

const isoMoment =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2})?)?$/

const lastMoment = Date.parse('9999-12-31T23:59:59.999Z')

/** The moment that a text names, in UTC unless it says otherwise; undefined for what is none. */
function momentOf(text: string): Millis | undefined {
  const [, day, time = '00:00', zone = 'Z'] = isoMoment.exec(text) ?? []
  if (day === undefined || !isDay(day)) return undefined
  const at = Date.parse(`${day}T${time}${zone.replace(/(\d{2})(\d{2})$/, '$1:$2')}`)
  return at <= lastMoment ? at : undefined
}

/** Whether the calendar has the day; the parser takes the 30th of February for one in March. */
function isDay(day: string): boolean {
  const at = Date.parse(`${day}T00:00Z`)
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(day)
}

function atMost(schema: z.ZodString, max: number) {
  return schema
    .refine((value) => isAtMost(value, max), finding({ rule: 'max', max }))
    .meta({ maxLength: max })
}

function trimmed(value: unknown): unknown {
  if (typeof value !== 'string') return value
  const text = value.trim()
  return text === '' ? null : text
}

function asInteger(value: unknown): unknown {
  if (typeof value !== 'string') return value
  const digits = value.trim()
  if (digits === '') return null
  return /^-?\d{1,15}$/.test(digits) ? Number(digits) : value
}

function asNumber(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value !== 'string') return value
  const digits = value.trim()
  if (digits === '') return null
  return /^-?\d{1,15}(?:\.\d{1,15})?$/.test(digits) ? Number(digits) : value
}

const flagWords = new Map<unknown, boolean>([
  [1, true],
  [0, false],
  ['1', true],
  ['0', false],
])

function asFlag(value: unknown): unknown {
  return flagWords.get(value) ?? value
}
