import { z } from 'zod'
import type { Reader } from '../../domain/tx.ts'
import { isEmail } from '../../lib/email.ts'
import { isAtLeast, isAtMost } from '../../lib/text.ts'
import { dayOf, momentOf, type Millis } from '../../lib/time.ts'
import { passwordLength } from '../../security/password.ts'
import { asking, asList, finding } from '../fields.ts'

// The words of DeskHive's field tables, reading as deskhive.md 3.5 says: text is trimmed and blank text
// is null; integers and flags may come as text, since forms have nothing else.

/** Text that must be there, of at most so many characters when `max` is given. */
export function text(max?: number) {
  return z.preprocess(trimmed, max === undefined ? z.string() : atMost(z.string(), max))
}

/** As `text`, and may be left out, but null is no text. */
export function givenText(max: number) {
  return z.preprocess(trimmed, atMost(z.string(), max).optional())
}

/** Text that must be there, of at least so many characters. */
export function textFrom(min: number) {
  const long = z
    .string()
    .refine((value) => isAtLeast(value, min), finding({ rule: 'minLength', min }))
  return z.preprocess(trimmed, long.meta({ minLength: min }))
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

/** As `optionalOneOf`, and null clears it; what is no text is told so. */
export function nullableWord<const T extends readonly [string, ...string[]]>(words: T) {
  const word = z
    .string()
    .meta({ enum: [...words] })
    .pipe(z.enum(words))
  return z.preprocess(trimmed, word.nullable().optional())
}

/** A new password, taken as it is: blanks count, unless there is nothing else. */
export function password() {
  return z.preprocess(unlessBlank, secret())
}

/** As `password`, and may be left out. */
export function optionalPassword() {
  return z.preprocess(unlessBlank, secret().optional())
}

type Holds = (reader: Reader, id: number, self: number | undefined) => boolean

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
  return asking(z.preprocess(asList, ids), { rule: 'exists', holds })
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

/** A whole number of a range; may be left out. */
export function optionalIntegerBetween(min: number, max: number) {
  const whole = z
    .int()
    .refine((value) => value >= min && value <= max, finding({ rule: 'between', min, max }))
  return z.preprocess(asInteger, whole.meta({ minimum: min, maximum: max }).optional())
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
  const list = z.array(z.preprocess(trimmed, z.string())).nullable().optional()
  return asking(z.preprocess(asList, list), {
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

/** A moment, as milliseconds; may be left out. */
export function optionalMoment() {
  const moment = z
    .string()
    .refine((value) => momentOf(value) !== undefined, finding({ rule: 'date' }))
    .meta({ format: 'date-time' })
    .transform((value): Millis => momentOf(value) ?? 0)
    .optional()
  return z.preprocess((value) => trimmed(value) ?? undefined, moment)
}

/** A calendar date, or a moment, which stands for its day by UTC; counted from 1970, may be left out. */
export function optionalDay() {
  const day = z
    .string()
    .refine((value) => momentOf(value) !== undefined, finding({ rule: 'date' }))
    .meta({ format: 'date' })
    .transform((value) => dayOf(momentOf(value) ?? 0))
    .optional()
  return z.preprocess((value) => trimmed(value) ?? undefined, day)
}

function secret() {
  const { min, max } = passwordLength
  return z
    .string()
    .refine((value) => isAtLeast(value, min), finding({ rule: 'minLength', min }))
    .refine((value) => isAtMost(value, max), finding({ rule: 'max', max }))
    .meta({ minLength: min, maxLength: max, format: 'password', writeOnly: true })
}

function address(max: number) {
  return z
    .string()
    .refine(isEmail, finding({ rule: 'email' }))
    .refine((value) => isAtMost(value, max), finding({ rule: 'max', max }))
    .meta({ format: 'idn-email', maxLength: max })
}

function atMost(schema: z.ZodString, max: number) {
  return schema
    .refine((value) => isAtMost(value, max), finding({ rule: 'max', max }))
    .meta({ maxLength: max })
}

export function trimmed(value: unknown): unknown {
  if (typeof value !== 'string') return value
  const text = value.trim()
  return text === '' ? null : text
}

function unlessBlank(value: unknown): unknown {
  return typeof value === 'string' && value.trim() === '' ? null : value
}

export function asInteger(value: unknown): unknown {
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
