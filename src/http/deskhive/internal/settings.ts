import { z } from 'zod'
import { departments } from '../../../domain/catalog.ts'
import { getSettings, updateSettings, type Settings } from '../../../domain/settings.ts'
import type { Tx } from '../../../domain/tx.ts'
import type { Call, Endpoint, WriteEndpoint } from '../../endpoint.ts'
import { finding, read } from '../../fields.ts'
import { single, told, updated } from '../envelope.ts'
import {
  flag,
  nullableReference,
  nullableWord,
  optionalEmail,
  optionalInteger,
  optionalIntegerBetween,
  trimmed,
} from '../fields.ts'
import { priorityWords, shownPriorities, storedPriorities } from '../shapes.ts'

const prefixMax = 20
const ticketsPerPageMax = 200

const fields = z.object({
  sd_default_department_id: nullableReference(departments.exists),
  sd_default_priority: nullableWord(priorityWords),
  sd_auto_close_days: optionalInteger(0),
  sd_tickets_per_page: optionalIntegerBetween(1, ticketsPerPageMax),
  sd_notification_email: optionalEmail(250),
  sd_customer_registration_enabled: flag(),
  sd_customer_max_tickets_per_day: optionalInteger(0),
  sd_enable_auto_assign: flag(),
  sd_enable_envato_integration: flag(),
  sd_enable_department_visibility: flag(),
  sd_ticket_prefix: prefix(),
})

const shape = z
  .strictObject({
    sd_default_department_id: z.int().nullable(),
    sd_default_priority: z.enum(priorityWords).nullable(),
    sd_auto_close_days: z.int(),
    sd_tickets_per_page: z.int(),
    sd_notification_email: z.string().nullable(),
    sd_customer_registration_enabled: z.boolean(),
    sd_customer_max_tickets_per_day: z.int(),
    sd_enable_auto_assign: z.boolean(),
    sd_enable_envato_integration: z.boolean(),
    sd_enable_department_visibility: z.boolean(),
    sd_ticket_prefix: z.string().nullable(),
  })
  .meta({ id: 'Settings' })

/** deskhive.md 19.3: the whole map each time, and nothing is required. */
export const settings: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/settings',
    scope: 'settings:read',
    tag: 'Settings',
    summary: 'Read the settings',
    answer: { status: 200, shape: single(shape) },
    run: ({ tx }) => ({ status: 200, body: { data: present(getSettings(tx)) } }),
  },
  ...(['PUT', 'PATCH'] as const).map((method): WriteEndpoint => ({
    method,
    path: '/settings',
    scope: 'settings:update',
    tag: 'Settings',
    summary: 'Change settings; what is left out stays',
    body: fields,
    answer: { status: 200, shape: told(shape, updated) },
    run: change,
  })),
]

function change({ tx, body }: Call<Tx>) {
  const given = read(tx, fields, body)
  const priority = given.sd_default_priority
  const changed = updateSettings(tx, {
    defaultDepartmentId: given.sd_default_department_id,
    defaultPriority: priority && storedPriorities[priority],
    autoCloseDays: given.sd_auto_close_days,
    ticketsPerPage: given.sd_tickets_per_page,
    notificationEmail: given.sd_notification_email,
    isRegistrationEnabled: given.sd_customer_registration_enabled,
    customerTicketsPerDayMax: given.sd_customer_max_tickets_per_day,
    isAutoAssignEnabled: given.sd_enable_auto_assign,
    isEnvatoEnabled: given.sd_enable_envato_integration,
    isDepartmentVisibilityEnabled: given.sd_enable_department_visibility,
    ticketPrefix: given.sd_ticket_prefix,
  })
  return { status: 200, body: { data: present(changed), message: updated } }
}

function present(held: Settings) {
  const { defaultPriority } = held
  return {
    sd_default_department_id: held.defaultDepartmentId,
    sd_default_priority: defaultPriority && shownPriorities[defaultPriority],
    sd_auto_close_days: held.autoCloseDays,
    sd_tickets_per_page: held.ticketsPerPage,
    sd_notification_email: held.notificationEmail,
    sd_customer_registration_enabled: held.isRegistrationEnabled,
    sd_customer_max_tickets_per_day: held.customerTicketsPerDayMax,
    sd_enable_auto_assign: held.isAutoAssignEnabled,
    sd_enable_envato_integration: held.isEnvatoEnabled,
    sd_enable_department_visibility: held.isDepartmentVisibilityEnabled,
    sd_ticket_prefix: held.ticketPrefix,
  }
}

/** What references begin with: letters, digits, dashes and underscores; null for nothing. */
function prefix() {
  const pattern = /^[A-Za-z0-9_-]+$/
  const text = z
    .string()
    .refine((value) => pattern.test(value), finding({ rule: 'alphaDash' }))
    .refine((value) => value.length <= prefixMax, finding({ rule: 'max', max: prefixMax }))
    .meta({ pattern: pattern.source, maxLength: prefixMax })
  return z.preprocess(trimmed, text.nullable().optional())
}
