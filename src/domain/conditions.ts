import { patternOf } from '../lib/pattern.ts'
import { momentOf } from '../lib/time.ts'
import { fieldValue, usualHours, type WorkingHours } from './conditionfields.ts'
import { folded, type Fact, type Facts } from './facts.ts'

/** A comparison of a graph (keva.md 8.5). */
export type Condition = {
  readonly field: string
  readonly operator: string
  readonly value?: unknown
}

export type MatchMode = 'all' | 'any'

/** What was compared, and how it came out. `actual` is cut short when it is long. */
export type Comparison = {
  readonly field: string
  readonly operator: string
  readonly expected: Fact
  readonly actual: Fact
  readonly held: boolean
}

export type Judgement = { readonly held: boolean; readonly comparisons: readonly Comparison[] }

const shownMax = 200

/**
 * Whether the conditions hold, and each comparison of them; none hold always. Letters of either case are equal,
 * but for `matches_regex`. Of a list (tags) it is enough that one of its values fits; what is not there is empty
 * and fits no other comparison.
 */
export function judge(
  facts: Facts,
  conditions: readonly Condition[],
  matchMode: MatchMode = 'all',
  hours: WorkingHours = usualHours,
): Judgement {
  const comparisons = conditions.map((condition) => compare(facts, condition, hours))
  const fits = comparisons.filter((comparison) => comparison.held).length
  const isAnyEnough = matchMode === 'any' && fits > 0
  return { held: isAnyEnough || fits === comparisons.length, comparisons }
}

function compare(facts: Facts, { field, operator, value }: Condition, hours: WorkingHours) {
  const actual = fieldValue(facts, field, hours)
  const expected = expectedOf(field, value)
  const test = Object.hasOwn(operators, operator) ? operators[operator] : undefined
  const held = test?.(actual, expected) ?? false
  return { field, operator, expected: shortened(expected), actual: shortened(actual), held }
}

type Test = (actual: Fact, expected: Fact) => boolean

const operators: { readonly [name: string]: Test } = {
  equals,
  not_equals: (actual, expected) => !equals(actual, expected),
  contains,
  not_contains: (actual, expected) => !contains(actual, expected),
  starts_with: some((text, part) => text.startsWith(part)),
  ends_with: some((text, part) => text.endsWith(part)),
  matches_regex: matches,
  greater_than: ordered((order) => order > 0),
  less_than: ordered((order) => order < 0),
  greater_than_or_equal: ordered((order) => order >= 0),
  less_than_or_equal: ordered((order) => order <= 0),
  in_list: inList,
  not_in_list: (actual, expected) => !inList(actual, expected),
  is_empty: isEmpty,
  is_not_empty: (actual) => !isEmpty(actual),
}

export const operatorNames: readonly string[] = Object.keys(operators)

/** Nobody is assigned where `unassigned` is (keva.md 8.5, `assign_to`). */
function expectedOf(field: string, value: unknown): Fact {
  const expected = asFact(value)
  if (folded(field) !== 'ticket.assignedto') return expected
  return Array.isArray(expected) ? expected.map(assigneeMeant) : assigneeMeant(expected)
}

function assigneeMeant(value: Fact): Fact {
  return value === 'unassigned' ? null : value
}

function asFact(value: unknown): Fact {
  // A graph is JSON, so what is in it is a fact.
  return (value ?? null) as Fact
}

function equals(actual: Fact, expected: Fact): boolean {
  if (!Array.isArray(actual)) return isSame(actual, expected)
  const wanted = listOf(expected)
  return (
    actual.every((one) => wanted.some((other) => isSame(one, other))) &&
    wanted.every((one) => actual.some((other) => isSame(one, other)))
  )
}

function isSame(a: Fact, b: Fact): boolean {
  if (isEmpty(a) || isEmpty(b)) return isEmpty(a) && isEmpty(b)
  const [left, right] = [numberOf(a), numberOf(b)]
  if (left !== undefined && right !== undefined) return left === right
  return textOf(a) === textOf(b)
}

function contains(actual: Fact, expected: Fact): boolean {
  if (Array.isArray(actual)) {
    const wanted = listOf(expected)
    return wanted.length > 0 && wanted.every((one) => actual.some((held) => isSame(held, one)))
  }
  if (isEmpty(actual) || isEmpty(expected)) return false
  return textOf(actual).includes(textOf(expected))
}

/** Of a text itself, or of one of a list. */
function some(test: (text: string, part: string) => boolean): Test {
  return (actual, expected) => {
    if (isEmpty(expected)) return false
    const part = textOf(expected)
    return listOf(actual).some((one) => !isEmpty(one) && test(textOf(one), part))
  }
}

function matches(actual: Fact, expected: Fact): boolean {
  if (typeof expected !== 'string') return false
  const pattern = patternOf(expected)
  return listOf(actual).some((one) => one !== null && (pattern?.isIn(spelled(one)) ?? false))
}

/** By number, or by date when both are dates. */
function ordered(test: (order: number) => boolean): Test {
  return (actual, expected) => {
    const a = orderOf(actual)
    const b = orderOf(expected)
    return a !== undefined && b !== undefined && test(a - b)
  }
}

function inList(actual: Fact, expected: Fact): boolean {
  const items = typeof expected === 'string' ? expected.split(',') : listOf(expected)
  const held = Array.isArray(actual) ? actual : [actual]
  return held.some((one) => items.some((item) => isSame(one, item)))
}

function isEmpty(value: Fact): boolean {
  if (value === null) return true
  if (typeof value === 'string') return value.trim() === ''
  return Array.isArray(value) && value.length === 0
}

function listOf(value: Fact): readonly Fact[] {
  if (Array.isArray(value)) return value
  return value === null ? [] : [value]
}

function numberOf(value: Fact): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value !== 'string' || !/^\s*[-+]?\d{1,15}(?:\.\d{1,15})?\s*$/.test(value)) {
    return undefined
  }
  return Number(value)
}

/** What is greater or less: a number, or a moment in milliseconds; undefined for what is neither. */
export function orderOf(value: Fact): number | undefined {
  return numberOf(value) ?? (typeof value === 'string' ? momentOf(value.trim()) : undefined)
}

function textOf(value: Fact): string {
  return spelled(value).trim().normalize('NFC').toLowerCase()
}

function spelled(value: Fact): string {
  if (value === null) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** What an explanation keeps of a value. */
function shortened(value: Fact): Fact {
  if (typeof value === 'string') {
    return value.length > shownMax ? `${value.slice(0, shownMax)}…` : value
  }
  if (value === null || typeof value !== 'object') return value
  const text = JSON.stringify(value)
  return text.length > shownMax ? `${text.slice(0, shownMax)}…` : value
}
