import { Cron } from 'croner'
import { hourMs, isDay, type Millis } from './time.ts'

/*
 * Times of a cron expression: five fields, as crontab has them, by the clocks of a place. Croner reads them and
 * nothing else; no timer of it ever runs. Times that are written out, as numbers, lists or ranges, are not lost and
 * not repeated when the clocks change: those that they leap over come at the end of the gap, and those that they
 * show twice come once. With a star or a step in the hour or the minute it goes on by what the clocks show: nothing
 * within the gap, and both hours in autumn. Day of month and weekday are either of the two.
 */

const expressionMax = 100
const fields = 5
const reading = { mode: '5-part', fixedTimeRule: 'no-wildcard', paused: true } as const

/** Whether an expression can be read, and says at least one time that the calendar has. */
export function isCron(expression: string): boolean {
  return isFiveFields(expression) && nextTime(expression, 'UTC', 0) !== null
}

/** The first time after `after`, or null when there is none. Throws for what `isCron` or a zone refuses. */
export function nextRun(expression: string, timezone: string, after: Millis): Millis | null {
  if (!isFiveFields(expression)) throw new RangeError('An expression has five fields')
  return new Cron(expression, { ...reading, timezone }).nextRun(new Date(after))?.getTime() ?? null
}

/** No clock is further ahead of UTC. */
const aheadMost = 15 * hourMs

/**
 * When the clocks of a place show a day (`2026-05-04`, for its beginning) or a moment (`2026-05-04T08:15`); what they
 * leap over is the end of the gap. Undefined for a text that is neither.
 */
export function localMoment(text: string, timezone: string): Millis | undefined {
  const [, day = '', month, date, hour = '0', minute = '0'] =
    /^(\d{4}-(\d{2})-(\d{2}))(?:[T ](\d{2}):(\d{2})(?::\d{2})?)?$/.exec(text) ?? []
  if (!isDay(day)) return undefined
  const expression = [minute, hour, date, month, '*'].map((part) => part?.replace(/^0(?=.)/, ''))
  try {
    return (
      nextRun(expression.join(' '), timezone, Date.parse(`${day}T00:00Z`) - aheadMost) ?? undefined
    )
  } catch {
    return undefined
  }
}

// Croner takes a date for an expression too, and `@daily`; neither has five fields.
function isFiveFields(expression: string): boolean {
  return expression.length <= expressionMax && expression.trim().split(/\s+/).length === fields
}

function nextTime(expression: string, timezone: string, after: Millis): Millis | null {
  try {
    return nextRun(expression, timezone, after)
  } catch {
    return null
  }
}
