import { minuteMs } from '../lib/time.ts'
import { localTime } from '../lib/zones.ts'
import { folded, valueAt, type Fact, type Facts } from './facts.ts'

/** When people work: days (Monday is 1) and the time of day, in minutes. */
export type WorkingHours = {
  readonly days: readonly number[]
  readonly fromMinute: number
  readonly toMinute: number
  /** Null for the workflow's. */
  readonly timezone: string | null
}

export const usualHours: WorkingHours = {
  days: [1, 2, 3, 4, 5],
  fromMinute: 9 * 60,
  toMinute: 17 * 60,
  timezone: null,
}

type FieldOf = (facts: Facts, hours: WorkingHours) => Fact

/** The fields of keva.md 8.5, by their folded names. */
const fields: { readonly [name: string]: FieldOf } = {
  'ticket.status': ({ ticket }) => ticket?.status ?? null,
  'ticket.priority': ({ ticket }) => ticket?.priority ?? null,
  'ticket.source': ({ ticket }) => ticket?.source ?? null,
  'ticket.subject': ({ ticket }) => ticket?.subject ?? null,
  'ticket.body': ({ ticket }) => ticket?.body ?? null,
  'ticket.assignedto': ({ ticket }) => ticket?.assignedTo ?? null,
  'ticket.customeremail': ({ customer }) => customer?.email ?? null,
  'ticket.tags': ({ ticket }) => ticket?.tags ?? [],
  'customer.ticketcount': ({ customer }) => customer?.ticketCount ?? null,
  'customer.isvip': ({ customer }) => customer?.isVip ?? null,
  'customer.sentiment': ({ customer }) => customer?.sentiment ?? null,
  'customer.email': ({ customer }) => customer?.email ?? null,
  'customer.name': ({ customer }) => customer?.name ?? null,
  'message.body': ({ message }) => message?.body ?? null,
  'message.hasattachment': hasAttachment,
  'message.language': language,
  // The page has these two without what they belong to (keva.md 8.5).
  hasattachment: hasAttachment,
  language,
  timesincecreated: ({ ticket, now }) => ticket && minutesBetween(ticket.createdAt, now),
  timesinceupdated: ({ ticket, now }) => ticket && minutesBetween(ticket.updatedAt, now),
  workinghours: (facts, hours) => isWithin(facts, hours),
}

// Messages have no attachments, and nothing tells their language.
function hasAttachment({ message }: Facts): Fact {
  return message ? false : null
}

function language(): Fact {
  return null
}

/**
 * The value of a field in either spelling (keva.md R6): one of the table, `custom_field.x`, and what a workflow
 * saved itself or was started with (`variables.x`, `trigger.data.x`). Null for what is not there.
 */
export function fieldValue(facts: Facts, field: string, hours: WorkingHours): Fact {
  const known = fields[folded(field)]
  if (known) return known(facts, hours)
  const [root = '', ...rest] = field.split('.')
  switch (folded(root)) {
    case 'customfield':
    case 'customfields':
      return valueAt(facts.customFields, [rest.join('.')])
    case 'variables': {
      const [name = '', ...inside] = rest
      const variable = variableOf(facts, name)
      return variable === undefined ? null : valueAt(variable.value, inside)
    }
    case 'trigger':
      return folded(rest[0] ?? '') === 'data' ? valueAt(facts.trigger.data, rest.slice(1)) : null
    default:
      return null
  }
}

/** Whether a field is one that `fieldValue` knows. */
export function isField(field: string): boolean {
  if (Object.hasOwn(fields, folded(field))) return true
  return /^(?:custom_?fields?|variables|trigger\.data)\../i.test(field)
}

export function variableOf({ variables }: Facts, name: string) {
  if (Object.hasOwn(variables, name)) return variables[name]
  const other = Object.keys(variables).find((one) => folded(one) === folded(name))
  return other === undefined ? undefined : variables[other]
}

function minutesBetween(from: number, to: number): number {
  return Math.max(0, Math.floor((to - from) / minuteMs))
}

function isWithin({ now, timezone }: Facts, hours: WorkingHours): boolean {
  const { weekday, minuteOfDay } = localTime(now, hours.timezone ?? timezone)
  const { days, fromMinute, toMinute } = hours
  const isBegun = days.includes(weekday) && minuteOfDay >= fromMinute
  if (fromMinute < toMinute) return isBegun && minuteOfDay < toMinute
  // Over midnight: the hours of the day before may go on.
  const dayBefore = weekday === 1 ? 7 : weekday - 1
  return isBegun || (days.includes(dayBefore) && minuteOfDay < toMinute)
}
