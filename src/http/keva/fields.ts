import { z } from 'zod'
import { isEmail } from '../../lib/email.ts'
import { isAtMost } from '../../lib/text.ts'
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

/** Text that may be absent or null, which blanks are, too. */
export function optionalText(max: number) {
  return atMost(z.string(), max)
    .nullable()
    .optional()
    .transform((text) => (text?.trim() === '' ? null : text))
}

export function flag() {
  return z.boolean().optional()
}

export function oneOf<const T extends readonly [string, ...string[]]>(words: T) {
  return z.enum(words)
}

/** A list of names, each filled and of at most so many characters. */
export function names(max: number) {
  return z.array(text(max))
}

function atMost<S extends z.ZodType<string>>(schema: S, max: number) {
  return schema
    .refine((value) => isAtMost(value, max), finding({ rule: 'max', max }))
    .meta({ maxLength: max })
}

function filled() {
  return z.string().refine((value) => value.trim() !== '', finding({ rule: 'required' }))
}
