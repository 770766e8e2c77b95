import { nextRun } from '../../src/lib/cron.ts'
import { dayMs, hourMs, type Millis } from '../../src/lib/time.ts'
import { changesOf, momentsOf, zoneOf, type Zone } from './calendar.ts'
import type { CheckResult } from './checks.ts'

/** Places with summer time of every kind: at midnight, of half an hour, broken off for Ramadan, none at all. */
export const zones: readonly string[] = [
  'Europe/Berlin',
  'Europe/Dublin',
  'America/New_York',
  'America/St_Johns',
  'America/Santiago',
  'America/Havana',
  'Africa/Cairo',
  'Africa/Casablanca',
  'Asia/Beirut',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
]

export const years: readonly number[] = [2025, 2026, 2027]

const everyMinute = ['* * * * *', '*/5 * * * *', '*/7 * * * *', '0-30/10 * * * *']
const everyHour = ['0 * * * *', '15 * * * *', '0,30 * * * *', '*/30 * * * *', '59 */2 * * *']
const atNight = ['0 0 * * *', '15 0 * * *', '30 0 * * *', '59 23 * * *', '0 1 * * *', '30 1 * * *']
const inTheGap = ['0 2 * * *', '15 2 * * *', '30 2 * * *', '45 2 * * *', '0 3 * * *', '30 3 * * *']
const ofSeveral = ['0,30 2 * * *', '30 2,14 * * *', '15 1-3 * * *', '30 0,1,2,3 * * *']
const stepping = ['*/20 1 * * *', '*/15 2 * * *', '* 0 * * *', '30 */3 * * *', '5 0-6/2 * * *']
const onDays = ['0 9 * * 1-5', '0 9 * * MON', '30 2 * * 0', '0 0 * * 7', '30 1 * * SUN,SAT']
const onDates = ['0 0 1 * *', '30 2 29 3 *', '0 12 31 * *', '0 0 29 2 *', '0 0 13 * FRI']

export const patterns: readonly string[] = [
  ...everyMinute,
  ...everyHour,
  ...atNight,
  ...inTheGap,
  ...ofSeveral,
  ...stepping,
  ...onDays,
  ...onDates,
]

type Table = {
  readonly zones: readonly string[]
  readonly years: readonly number[]
  readonly patterns: readonly string[]
  /** Expressions that come more often in a year are compared around changes of the clocks alone. */
  readonly momentsMost: number
}

const aroundMs = 36 * hourMs

/** Holds the times of schedules against a calendar of another make (J7). */
export function proveSchedules(table: Table): CheckResult {
  const problems: string[] = []
  let compared = 0
  for (const name of table.zones) {
    for (const year of table.years) {
      // A day of the next year, so that the last moment is known too.
      const zone = zoneOf(name, Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 2))
      for (const pattern of table.patterns) {
        const moments = momentsOf(pattern, zone)
        const isAll = moments.length <= table.momentsMost
        for (const [from, to] of isAll ? [wholeOf(year)] : spansOf(zone, year)) {
          const expected = moments.filter((at) => at > from && at <= to)
          compared += expected.length
          const difference = differenceIn(pattern, name, { from, to, expected })
          if (difference) problems.push(difference)
        }
      }
    }
  }
  const rows = table.zones.length * table.years.length * table.patterns.length
  return { figure: `${rows} rows, ${compared} times`, problems }
}

type Span = readonly [from: Millis, to: Millis]

function wholeOf(year: number): Span {
  return [Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1)]
}

/** The days around changes of the clocks, or the first of the year where there is none. */
function spansOf(zone: Zone, year: number): Span[] {
  const changes = changesOf(zone)
  const [first] = wholeOf(year)
  if (changes.length === 0) return [[first, first + dayMs]]
  return changes.map((at) => [Math.max(first, at - aroundMs), at + aroundMs])
}

function differenceIn(
  pattern: string,
  zone: string,
  { from, to, expected }: { from: Millis; to: Millis; expected: readonly Millis[] },
): string | undefined {
  let at = from
  for (const moment of [...expected, null]) {
    const next = nextRun(pattern, zone, at)
    const isSame = moment === null ? next === null || next > to : next === moment
    if (!isSame)
      return `${pattern} in ${zone} after ${said(at)}: ${said(next)}, not ${said(moment)}`
    at = moment ?? to
  }
  return undefined
}

function said(at: Millis | null): string {
  return at === null ? 'none' : new Date(at).toISOString()
}
