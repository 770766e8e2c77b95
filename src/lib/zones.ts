import type { Millis } from './time.ts'

/** A moment as the clocks of a place show it; Monday is 1, Sunday 7. */
export type LocalTime = { readonly weekday: number; readonly minuteOfDay: number }

const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
const formats = new Map<string, Intl.DateTimeFormat>()

/** The local time in a zone by its IANA name; by UTC when there is no such zone. */
export function localTime(at: Millis, timezone: string): LocalTime {
  const parts = new Map(
    formatOf(timezone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  )
  return {
    weekday: weekdays.indexOf(parts.get('weekday') ?? '') + 1,
    minuteOfDay: Number(parts.get('hour')) * 60 + Number(parts.get('minute')),
  }
}

export function isTimezone(name: string): boolean {
  try {
    formatIn(name)
    return true
  } catch {
    return false
  }
}

function formatOf(timezone: string): Intl.DateTimeFormat {
  const known = formats.get(timezone)
  if (known) return known
  const made = formatIn(isTimezone(timezone) ? timezone : 'UTC')
  formats.set(timezone, made)
  return made
}

function formatIn(timeZone: string): Intl.DateTimeFormat {
  const fields = { weekday: 'short', hour: '2-digit', minute: '2-digit' } as const
  return new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', ...fields })
}
