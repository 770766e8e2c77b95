import { z } from 'zod'
import type { Finding, Issue } from '../domain/errors.ts'

// The only reader of what zod finds wrong: it turns that into the domain's findings.

const requiredFields = new WeakMap<object, boolean>()

/** Makes `field` as required as `other` is, though it may be left out: given, it must be something. */
export function keepRequired(field: z.core.$ZodType, other: z.core.$ZodType): void {
  requiredFields.set(field, isRequired(other))
}

/** The first finding of the field, or of each element of a list; `isReference` when it names a record. */
export function findingsOf(
  name: string,
  field: z.core.$ZodType,
  isReference: boolean,
  issues: readonly z.core.$ZodIssue[],
): Issue[] {
  const first = new Map<string, Issue>()
  for (const issue of issues) {
    const at = [name, ...issue.path.map(String)].join('.')
    if (first.has(at)) continue
    const mustBeThere = issue.path.length === 0 && isRequired(field)
    first.set(at, { field: at, ...findingOf(issue, mustBeThere, isReference) })
  }
  return [...first.values()]
}

function findingOf(issue: z.core.$ZodIssue, mustBeThere: boolean, isReference: boolean): Finding {
  const isMissing = issue.input === undefined || issue.input === null
  if (isMissing && mustBeThere) return { rule: 'required' }
  const found = plainFinding(issue)
  // A reference that is not even an id selects nothing.
  return isReference && found.rule !== 'array' ? { rule: 'exists' } : found
}

function plainFinding(issue: z.core.$ZodIssue): Finding {
  if (issue.code === 'custom') return issue.params as Finding
  if (issue.code === 'invalid_value') return { rule: 'oneOf', allowed: issue.values.map(String) }
  if (issue.code === 'invalid_type') return { rule: typeRule(issue.expected) }
  // An integer beyond those that are exact.
  if (issue.code === 'too_big' || issue.code === 'too_small') return { rule: 'integer' }
  throw new Error(`A field table uses a check without a rule: ${issue.code}`)
}

/** Whether the field's absence is refused; some words read absence themselves, so they are asked. */
function isRequired(field: z.core.$ZodType): boolean {
  let known = requiredFields.get(field)
  if (known === undefined) {
    known = !z.safeParse(field, undefined).success
    requiredFields.set(field, known)
  }
  return known
}

function typeRule(expected: string): 'string' | 'integer' | 'boolean' | 'array' | 'object' {
  switch (expected) {
    case 'string':
    case 'boolean':
    case 'array':
      return expected
    case 'number':
    case 'int':
      return 'integer'
    case 'record':
    case 'object':
      return 'object'
    default:
      throw new Error(`A field table expects a type without a rule: ${expected}`)
  }
}
