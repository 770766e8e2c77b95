import { openingFacts, putSetting, storedSettings, type StoredSettings } from '../store/settings.ts'
import type { TicketPriority } from '../store/schema.ts'
import { differing } from './changes.ts'
import type { Reader, Tx } from './tx.ts'

/** How the desk is set (deskhive.md 19.3). */
export type Settings = {
  readonly defaultDepartmentId: number | null
  readonly defaultPriority: TicketPriority | null
  /** Tickets that nobody wrote to for so many days are closed; 0 for never. */
  readonly autoCloseDays: number
  readonly ticketsPerPage: number
  readonly notificationEmail: string | null
  readonly isRegistrationEnabled: boolean
  /** So many tickets a customer may open in a day; 0 for any number. */
  readonly customerTicketsPerDayMax: number
  readonly isAutoAssignEnabled: boolean
  readonly isEnvatoEnabled: boolean
  /** Agents reach the tickets of their departments too (section 26). */
  readonly isDepartmentVisibilityEnabled: boolean
  /** What references begin with; null for none. */
  readonly ticketPrefix: string | null
}

type Name = keyof Settings

/** What the visibility of departments is stored under. */
export const visibilitySetting = 'enable_department_visibility'

/** Under which name each is stored, and what it is until it is set. */
const table: { readonly [K in Name]: { readonly stored: string; readonly standard: Settings[K] } } =
  {
    defaultDepartmentId: { stored: 'default_department_id', standard: null },
    defaultPriority: { stored: 'default_priority', standard: null },
    autoCloseDays: { stored: 'auto_close_days', standard: 0 },
    ticketsPerPage: { stored: 'tickets_per_page', standard: 20 },
    notificationEmail: { stored: 'notification_email', standard: null },
    isRegistrationEnabled: { stored: 'customer_registration_enabled', standard: true },
    customerTicketsPerDayMax: { stored: 'customer_max_tickets_per_day', standard: 5 },
    isAutoAssignEnabled: { stored: 'enable_auto_assign', standard: true },
    isEnvatoEnabled: { stored: 'enable_envato_integration', standard: false },
    isDepartmentVisibilityEnabled: { stored: visibilitySetting, standard: false },
    ticketPrefix: { stored: 'ticket_prefix', standard: 'SD' },
  }

const names = Object.keys(table) as Name[]

export function getSettings(reader: Reader): Settings {
  return settingsOf(storedSettings(reader.q))
}

/** Sets what differs, and tells of it; when nothing does, nothing happens. */
export function updateSettings(
  tx: Tx,
  fields: { readonly [K in Name]?: Settings[K] | undefined },
): Settings {
  const before = getSettings(tx)
  const changed = differing(before, fields) as Name[]
  if (changed.length === 0) return before
  const changes = Object.fromEntries(changed.map((name) => [name, fields[name]]))
  for (const name of changed) putSetting(tx.q, table[name].stored, fields[name])
  tx.emit('settings.updated', null, { changes })
  return { ...before, ...changes }
}

/** The default department, once it is deleted, is the default no more (deskhive.md section 8). */
export function forgetDepartment(tx: Tx, id: number): void {
  if (getSettings(tx).defaultDepartmentId !== id) return
  updateSettings(tx, { defaultDepartmentId: null })
}

/** What a ticket gets that its opener did not say. */
export type OpeningDefaults = {
  readonly ticketPrefix: string | null
  readonly departmentId: number | null
  readonly priority: TicketPriority
  readonly isAutoAssignEnabled: boolean
}

/**
 * The defaults of new tickets (deskhive.md 24.2). A department that is a draft is no fallback, whether
 * it is the one that is set or the one with the flag (section 8).
 */
export function openingDefaults(reader: Reader): OpeningDefaults {
  const facts = openingFacts(reader.q)
  const { ticketPrefix, defaultPriority, isAutoAssignEnabled } = settingsOf(facts.settings)
  return {
    ticketPrefix,
    departmentId: facts.chosenDepartmentId ?? facts.flaggedDepartmentId,
    priority: defaultPriority ?? 'medium',
    isAutoAssignEnabled,
  }
}

function settingsOf(stored: StoredSettings): Settings {
  const values = names.map((name) => {
    const { stored: key, standard } = table[name]
    return [name, Object.hasOwn(stored, key) ? stored[key] : standard]
  })
  return Object.fromEntries(values) as Settings
}
