/** Milliseconds since 1970-01-01T00:00:00Z, an integer. */
export type Millis = number

export const secondMs = 1000
export const minuteMs = 60 * secondMs
export const hourMs = 60 * minuteMs
export const dayMs = 24 * hourMs

/** `2026-05-04T08:15:00Z`: UTC, whole seconds (keva.md section 1, deskhive.md 3.6). */
export function isoSeconds(at: Millis): string {
  const second = Math.floor(at / secondMs)
  const known = spelled.get(second)
  if (known !== undefined) return known
  const text = `${new Date(at).toISOString().slice(0, 19)}Z`
  if (spelled.size === spelledMost) spelled.clear()
  spelled.set(second, text)
  return text
}

// A list spells the same few seconds again and again, and spelling one costs ten times looking it up.
const spelledMost = 4096
const spelled = new Map<number, string>()

/** Days by UTC, counted from 1970-01-01. */
export function dayOf(at: Millis): number {
  return Math.floor(at / dayMs)
}

/** `2026-05-04` (deskhive.md 19.2). */
export function isoDay(day: number): string {
  return new Date(day * dayMs).toISOString().slice(0, 10)
}

/** As isoSeconds, or null for a moment that has not come. */
export function isoSecondsOrNull(at: Millis | null): string | null {
  return at === null ? null : isoSeconds(at)
}

/** Whether a text spells a day that the calendar has: `2026-05-04`. */
export function isDay(day: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) return false
  // The parser takes the 30th of February for one in March.
  const at = Date.parse(`${day}T00:00Z`)
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(day)
}

const isoMoment =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2})?)?$/

const firstMoment = Date.parse('0000-01-01T00:00:00Z')
const lastMoment = Date.parse('9999-12-31T23:59:59.999Z')

/** The moment that a text names, in UTC unless it says otherwise; undefined for what is none. */
export function momentOf(text: string): Millis | undefined {
  const [, day, time = '00:00', zone = 'Z'] = isoMoment.exec(text) ?? []
  if (day === undefined || !isDay(day)) return undefined
  const at = Date.parse(`${day}T${time}${zone.replace(/(\d{2})(\d{2})$/, '$1:$2')}`)
  return at >= firstMoment && at <= lastMoment ? at : undefined
}
