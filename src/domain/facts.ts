import type { Millis } from '../lib/time.ts'

/** A value that a condition compares, or a template shows. */
export type Fact =
  string | number | boolean | null | readonly Fact[] | { readonly [name: string]: Fact }

/** What a workflow knows of the ticket that it runs for, in the words of its graph (keva.md 8.5). */
export type TicketFacts = {
  readonly id: string
  readonly reference: string
  readonly subject: string
  readonly body: string
  readonly status: string
  readonly priority: string
  readonly source: string
  /** `user_…`, `ai`, or null. */
  readonly assignedTo: string | null
  readonly tags: readonly string[]
  readonly createdAt: Millis
  readonly updatedAt: Millis
}

export type CustomerFacts = {
  readonly id: string
  readonly name: string | null
  readonly email: string
  readonly isVip: boolean
  readonly ticketCount: number
  readonly sentiment: string | null
}

export type MessageFacts = {
  readonly id: string
  readonly body: string
  readonly senderName: string | null
  readonly senderEmail: string | null
  readonly direction: string
  /** Whether a model wrote it. */
  readonly isFromModel: boolean
}

/** What was saved by `saveAs`; what a model wrote stays marked wherever it goes. */
export type Variable = { readonly value: Fact; readonly isFromModel: boolean }

export type TriggerFacts = {
  readonly type: string
  readonly at: Millis
  readonly data: Fact
}

/** Everything that conditions and templates may ask for. */
export type Facts = {
  readonly now: Millis
  readonly timezone: string
  readonly ticket: TicketFacts | null
  readonly customer: CustomerFacts | null
  readonly message: MessageFacts | null
  /** By the label of the field. */
  readonly customFields: { readonly [name: string]: string }
  readonly variables: { readonly [name: string]: Variable }
  readonly trigger: TriggerFacts
}

/** `is_vip` and `isVip` are one name (keva.md R6). */
export function folded(name: string): string {
  return name.replace(/[_\s-]/g, '').toLowerCase()
}

/** The value below `value` at these names; each as it is written, or in the other spelling. */
export function valueAt(value: Fact, names: readonly string[]): Fact {
  let at: Fact = value
  for (const name of names) at = memberOf(at, name)
  return at
}

function memberOf(value: Fact, name: string): Fact {
  if (value === null || typeof value !== 'object') return null
  if (Array.isArray(value)) return /^\d{1,9}$/.test(name) ? (value[Number(name)] ?? null) : null
  const members = value as { readonly [name: string]: Fact }
  if (Object.hasOwn(members, name)) return members[name] ?? null
  const other = Object.keys(members).find((one) => folded(one) === folded(name))
  return other === undefined ? null : (members[other] ?? null)
}
