import { dayMs, hourMs, minuteMs, type Millis } from '../../src/lib/time.ts'

/*
 * When a cron expression comes to pass, worked out in another way than the product does: all moments of a span at
 * once, from the offsets that Intl knows of a zone. Written from the promise at the head of src/lib/cron.ts.
 */

/** A stretch of time with one offset from UTC. */
type Stretch = { readonly from: Millis; readonly to: Millis; readonly offset: Millis }

export type Zone = { readonly name: string; readonly stretches: readonly Stretch[] }

/** The offsets of a zone from `from` to `to`. */
export function zoneOf(name: string, from: Millis, to: Millis): Zone {
  const offsetAt = offsetsOf(name)
  const stretches: Stretch[] = []
  let begun = from
  for (let at = from; at < to; at += hourMs * 6) {
    const next = Math.min(at + hourMs * 6, to)
    const offset = offsetAt(at)
    if (offsetAt(next) === offset) continue
    const change = changeBetween(offsetAt, at, next)
    stretches.push({ from: begun, to: change, offset })
    begun = change
  }
  return { name, stretches: [...stretches, { from: begun, to, offset: offsetAt(to) }] }
}

/** Moments at which the clocks of a zone are changed. */
export function changesOf({ stretches }: Zone): Millis[] {
  return stretches.slice(1).map(({ from }) => from)
}

/** All moments of an expression within the span of a zone, in their order. */
export function momentsOf(expression: string, { stretches }: Zone): Millis[] {
  const rule = ruleOf(expression)
  const all = new Set<Millis>()
  stretches.forEach((stretch, at) => {
    const { from, to, offset } = stretch
    const before = stretches[at - 1]
    // By the clock: where the stretch before it ended, and where this one begins.
    const shownUntil = before ? before.to + before.offset : from + offset
    for (const shown of shownBetween(rule, from + offset, to + offset)) {
      const isAgain = shown < shownUntil
      if (!(isAgain && rule.isFixed)) all.add(shown - offset)
    }
    const isLeapt = shownBetween(rule, shownUntil, from + offset).length > 0
    if (isLeapt && rule.isFixed) all.add(from)
  })
  return [...all].sort((a, b) => a - b)
}

function offsetsOf(timeZone: string): (at: Millis) => Millis {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  })
  return (at) => {
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]))
    const part = (name: Intl.DateTimeFormatPartTypes) => parts.get(name) ?? 0
    const day = [part('year'), part('month') - 1, part('day')] as const
    return Date.UTC(...day, part('hour'), part('minute')) - Math.floor(at / minuteMs) * minuteMs
  }
}

function changeBetween(offsetAt: (at: Millis) => Millis, from: Millis, to: Millis): Millis {
  let [low, high] = [from / minuteMs, to / minuteMs]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offsetAt(middle * minuteMs) === offsetAt(from)) low = middle
    else high = middle
  }
  return high * minuteMs
}

type Rule = {
  readonly minutes: ReadonlySet<number>
  readonly hours: ReadonlySet<number>
  readonly isDay: (day: Date) => boolean
  /** Whether its times are written out, without a star or a step. */
  readonly isFixed: boolean
}

const months = 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' ')
const weekdays = 'SUN MON TUE WED THU FRI SAT'.split(' ')

function ruleOf(expression: string): Rule {
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = expression.split(' ')
  const days = valuesOf(day, 1, 31)
  const inMonths = valuesOf(month, 1, 12, months)
  const onWeekdays = new Set([...valuesOf(weekday, 0, 7, weekdays)].map((one) => one % 7))
  const isEither = day !== '*' && weekday !== '*'
  return {
    minutes: valuesOf(minute, 0, 59),
    hours: valuesOf(hour, 0, 23),
    isDay(date) {
      if (!inMonths.has(date.getUTCMonth() + 1)) return false
      const isItsDate = days.has(date.getUTCDate())
      const isItsWeekday = onWeekdays.has(date.getUTCDay())
      return isEither ? isItsDate || isItsWeekday : isItsDate && isItsWeekday
    },
    isFixed: !/[*/]/.test(`${minute}${hour}`),
  }
}

/** `*`, `5`, `1-5`, `0-30/10`, `* /2`, names, and lists of them; a name counts from `least`. */
function valuesOf(
  field: string,
  least: number,
  most: number,
  names: readonly string[] = [],
): Set<number> {
  const numberOf = (text: string) => {
    const at = names.indexOf(text.toUpperCase())
    return at === -1 ? Number(text) : at + least
  }
  const values = new Set<number>()
  for (const part of field.split(',')) {
    const [range = '', step = '1'] = part.split('/')
    const [low = '', high = low] = range === '*' ? [`${least}`, `${most}`] : range.split('-')
    for (let at = numberOf(low); at <= numberOf(high); at += Number(step)) values.add(at)
  }
  return values
}

/** What clocks show when the rule comes to pass, from one reading of them to another. */
function shownBetween({ minutes, hours, isDay }: Rule, from: Millis, to: Millis): Millis[] {
  const shown: Millis[] = []
  for (let day = Math.floor(from / dayMs) * dayMs; day < to; day += dayMs) {
    if (!isDay(new Date(day))) continue
    for (const hour of hours) {
      for (const minute of minutes) {
        const at = day + hour * hourMs + minute * minuteMs
        if (at >= from && at < to) shown.push(at)
      }
    }
  }
  return shown
}
