import { z } from 'zod'
import { isEmail } from '../../lib/email.ts'
import { isAtMost } from '../../lib/text.ts'
import { momentOf, type Millis } from '../../lib/time.ts'
import { finding } from '../fields.ts'

// The words of Keva's field tables. Text is kept as sent; text that is only blanks is missing.

export const priorityWords = ['low', 'medium', 'high', 'urgent'] as const

/** Text that must be there, of at most so many characters when `max` is given. */
export function text(max?: number) {
  return max === undefined ? filled() : atMost(filled(), max)
}

export function email() {
  return filled()
    .refine(isEmail, finding({ rule: 'email' }))
    .meta({ format: 'idn-email' })
}

/** As `text`, without the blanks around it. */
export function line(max: number) {
  return atMost(
    filled().transform((text) => text.trim()),
    max,
  )
}

/** Text that may be absent or null, which blanks are, too. */
export function optionalText(max: number) {
  return atMost(z.string(), max)
    .nullable()
    .optional()
    .transform((text) => (text?.trim() === '' ? null : text))
}

/** Text that must be there but may be empty. */
export function anyText(max: number) {
  return atMost(z.string(), max)
}

export function flag() {
  return z.boolean().optional()
}

export function oneOf<const T extends readonly [string, ...string[]]>(words: T) {
  return z.enum(words)
}

/** A moment, as milliseconds. */
export function moment() {
  return z
    .string()
    .refine((value) => momentOf(value) !== undefined, finding({ rule: 'date' }))
    .meta({ format: 'date-time' })
    .transform((value): Millis => momentOf(value) ?? 0)
}

/** A list of names, each filled and of at most so many characters. */
export function names(max: number) {
  return z.array(text(max))
}

/** A number within bounds. */
export function between(min: number, max: number) {
  return z
    .number()
    .refine((value) => value >= min && value <= max, finding({ rule: 'between', min, max }))
    .meta({ minimum: min, maximum: max })
}

/** A whole number within bounds. */
export function wholeBetween(min: number, max: number) {
  return z
    .int()
    .refine((value) => value >= min && value <= max, finding({ rule: 'between', min, max }))
    .meta({ minimum: min, maximum: max })
}

/** A list of at most so many records; a longer one is not looked into. */
export function records<T extends z.ZodObject>(record: T, most: number) {
  return z
    .array(z.unknown())
    .refine((list) => list.length <= most, finding({ rule: 'most', most }))
    .pipe(z.array(record))
    .meta({ items: { type: 'object' }, maxItems: most })
}

function atMost<S extends z.ZodType<string>>(schema: S, max: number) {
  return schema
    .refine((value) => isAtMost(value, max), finding({ rule: 'max', max }))
    .meta({ maxLength: max })
}

function filled() {
  return z.string().refine((value) => value.trim() !== '', finding({ rule: 'required' }))
}
