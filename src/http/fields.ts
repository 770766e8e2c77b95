import { z } from 'zod'
import { Fault, type Finding, type Issue } from '../domain/errors.ts'
import type { Reader } from '../domain/tx.ts'
import { isDeeperThan } from '../lib/depth.ts'
import { isAtMost } from '../lib/text.ts'
import { findingsOf, keepRequired } from './findings.ts'

// A field table is a zod object in the dialect's spelling and order. It is read here, into values or into
// the domain's issues: the first per field, in declared order.

/** A check that needs the database, of a value or of each element of a list. */
type Condition = {
  readonly rule: 'exists' | 'unique' | 'afterNow'
  /** `self` is the record that is being changed, if one is. */
  readonly holds: (reader: Reader, value: never, self: number | undefined) => boolean
}

/** One of a whole map, which finds something under any of its keys. */
type Inspection = {
  readonly rule: 'inspection'
  readonly inspect: (
    reader: Reader,
    value: never,
  ) => readonly (Finding & { readonly key: string })[]
}

export type Question = Condition | Inspection

const questions = new WeakMap<object, Question>()

/** The field, and a question about its value that only the domain can answer. */
export function asking<F extends z.ZodType>(field: F, question: Question): F {
  questions.set(field, question)
  return field
}

/** A custom finding of a zod refinement: `field.refine(test, finding({ rule: 'email' }))`. */
export function finding(found: Finding): { params: Finding } {
  return { params: found }
}

/** The same table with nothing required: what PATCH takes. */
export function partial<S extends z.ZodRawShape>(fields: z.ZodObject<S>): Partial<S> {
  const shape = Object.entries(fields.shape).map(([name, field]) => {
    const optional = z.optional(field)
    keepRequired(optional, field)
    const question = questionOf(field)
    return [name, question ? asking(optional, question) : optional]
  })
  return z.object(Object.fromEntries(shape)) as unknown as Partial<S>
}

type Partial<S extends z.ZodRawShape> = z.ZodObject<{ [K in keyof S]: z.ZodOptional<S[K]> }>

/** The values of a body, or `invalid` with every issue at once. Unknown fields are dropped. */
export function read<F extends z.ZodObject>(
  reader: Reader,
  fields: F,
  body: unknown,
  self?: number,
): z.output<F> {
  const parsed = fields.safeParse(body, { reportInput: true })
  if (parsed.success && allAnswered(reader, fields, parsed.data, self)) return parsed.data
  throw new Fault('invalid', 'body', issuesOf(reader, fields, body, self))
}

/** The values of a query, or `invalid`. What is sent twice counts as it was sent first. */
export function readQuery<F extends z.ZodObject>(
  reader: Reader,
  fields: F,
  query: URLSearchParams,
): z.output<F> {
  const names = Object.keys(fields.shape)
  const sent = Object.fromEntries(names.map((name) => [name, query.get(name) ?? undefined]))
  const parsed = fields.safeParse(sent, { reportInput: true })
  if (parsed.success) return parsed.data
  throw new Fault('invalid', 'query', issuesOf(reader, fields, sent, undefined))
}

function questionOf(field: object): Question | undefined {
  return questions.get(field)
}

const askedFields = new WeakMap<z.ZodObject, [name: string, question: Question][]>()

function questionsOf(fields: z.ZodObject): [name: string, question: Question][] {
  const known = askedFields.get(fields)
  if (known) return known
  const asked = Object.entries(fields.shape).flatMap(([name, field]) => {
    const question = questionOf(field)
    return question ? [[name, question] satisfies [string, Question]] : []
  })
  askedFields.set(fields, asked)
  return asked
}

function allAnswered(
  reader: Reader,
  fields: z.ZodObject,
  values: { readonly [name: string]: unknown },
  self: number | undefined,
): boolean {
  const isEachAnswered = questionsOf(fields).every(
    ([name, question]) => doubts({ reader, name, question, self }, values[name]).length === 0,
  )
  return (
    isEachAnswered &&
    tablesIn(fields).every(([name, table]) => {
      const inner = values[name]
      return !isRecord(inner) || allAnswered(reader, table, inner, self)
    })
  )
}

const innerTables = new WeakMap<z.ZodObject, [name: string, table: z.ZodObject][]>()

/** The fields that are themselves tables. */
function tablesIn(fields: z.ZodObject): [name: string, table: z.ZodObject][] {
  const known = innerTables.get(fields)
  if (known) return known
  const tables = Object.entries(fields.shape).flatMap(([name, field]) => {
    const table = tableOf(field)
    return table ? [[name, table] satisfies [string, z.ZodObject]] : []
  })
  innerTables.set(fields, tables)
  return tables
}

function tableOf(field: unknown): z.ZodObject | undefined {
  if (field instanceof z.ZodOptional || field instanceof z.ZodNullable) {
    return tableOf(field.unwrap())
  }
  return field instanceof z.ZodObject ? field : undefined
}

type Asked = { reader: Reader; name: string; question: Question; self: number | undefined }

function doubts({ reader, name, question, self }: Asked, value: unknown): Issue[] {
  if (value === undefined || value === null) return []
  if (question.rule === 'inspection') {
    const found = question.inspect(reader, value as never)
    return found.map(({ key, ...one }) => ({ field: `${name}.${key}`, ...one }))
  }
  const { rule, holds } = question
  if (!Array.isArray(value)) {
    return holds(reader, value as never, self) ? [] : [{ field: name, rule }]
  }
  return value.flatMap((one, at) =>
    holds(reader, one as never, self) ? [] : [{ field: `${name}.${at}`, rule }],
  )
}

function issuesOf(
  reader: Reader,
  fields: z.ZodObject,
  body: unknown,
  self: number | undefined,
): Issue[] {
  const values = isRecord(body) ? body : {}
  return Object.entries(fields.shape).flatMap(([name, field]) => {
    const question = questionOf(field)
    const check = (given: unknown): Issue[] => {
      const table = isRecord(given) ? tableOf(field) : undefined
      const inside = table ? issuesOf(reader, table, given, self) : []
      if (inside.length > 0) return inside.map((one) => ({ ...one, field: `${name}.${one.field}` }))
      const parsed = z.safeParse(field, given, { reportInput: true })
      if (!parsed.success)
        return findingsOf(name, field, question?.rule === 'exists', parsed.error.issues)
      return question ? doubts({ reader, name, question, self }, parsed.data) : []
    }
    const given = values[name]
    if (!question || question.rule === 'inspection' || !isKeyedList(given)) return check(given)
    // Each element by itself, so that a bad one does not keep the question from the others.
    return Object.entries(given).flatMap(([key, element]) =>
      check([element]).map((issue) => ({ ...issue, field: `${name}.${key}` })),
    )
  })
}

/** The elements of a list whose keys came with it, as forms send them; anything else as it is. */
export function asList(value: unknown): unknown {
  return isKeyedList(value) ? Object.values(value) : value
}

function isKeyedList(value: unknown): value is object {
  if (Array.isArray(value)) return true
  return isRecord(value) && Object.keys(value).length > 0 && Object.keys(value).every(isWhole)
}

function isWhole(key: string): boolean {
  return /^\d+$/.test(key)
}

export function isRecord(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const levelsMost = 32

/** An object of any content, of at most so many characters as JSON. */
export function anyObject(max: number) {
  return z
    .record(z.string(), z.unknown())
    .refine(isShallow, finding({ rule: 'object' }))
    .refine(
      (value) => !isShallow(value) || isAtMost(JSON.stringify(value), max),
      finding({ rule: 'max', max }),
    )
}

function isShallow(value: object): boolean {
  return !isDeeperThan(value, levelsMost)
}
