import { describe, expect, test } from 'bun:test'
import { isCron, nextRun } from '../../src/lib/cron.ts'

const at = (text: string) => Date.parse(text)
const said = (time: number | null) => time && new Date(time).toISOString()

describe('isCron', () => {
  test.each(['*/5 * * * *', '0 9 * * MON', ' 0 9  1 JAN 7 ', '0 0 29 2 *', '0-30/10 8,9 * * 1-5'])(
    'takes five fields: %p',
    (expression) => expect(isCron(expression)).toBe(true),
  )

  test.each([
    ['six fields, which would run every second', '* * * * * *'],
    ['four fields', '* * * *'],
    ['a nickname', '@daily'],
    ['a date', '2026-05-04T08:15:00Z'],
    ['nothing', ''],
    ['a minute that no clock has', '60 * * * *'],
    ['a step of nothing', '*/0 * * * *'],
    ['letters', 'a b c d e'],
    ['a day that no calendar has', '0 0 31 2 *'],
    ['more than anybody writes', `${'0,'.repeat(60)}0 * * * *`],
  ])('refuses %s', (_, expression) => expect(isCron(expression)).toBe(false))
})

describe('nextRun', () => {
  test.each([
    [
      'is after the moment, not at it',
      '0 * * * *',
      'UTC',
      '2026-05-04T08:00Z',
      '09:00',
      '2026-05-04',
    ],
    [
      'goes by the clocks of the zone',
      '0 9 * * *',
      'Europe/Berlin',
      '2026-05-04T08:00Z',
      '07:00',
      '2026-05-05',
    ],
    [
      'comes at the end of the gap in spring',
      '30 2 * * *',
      'America/New_York',
      '2026-03-08T05:00Z',
      '07:00',
      '2026-03-08',
    ],
    [
      'comes once in autumn',
      '30 1 * * *',
      'America/New_York',
      '2026-11-01T05:30Z',
      '06:30',
      '2026-11-02',
    ],
    [
      'goes on through both hours of autumn by steps',
      '*/30 * * * *',
      'America/New_York',
      '2026-11-01T05:30Z',
      '06:00',
      '2026-11-01',
    ],
    [
      'takes either of day and weekday',
      '0 0 13 * FRI',
      'UTC',
      '2026-05-04T00:00Z',
      '00:00',
      '2026-05-08',
    ],
  ])('%s', (_, expression, zone, after, time, day) => {
    expect(said(nextRun(expression, zone, at(after)))).toBe(`${day}T${time}:00.000Z`)
  })

  test('is null when no time is left', () => {
    expect(nextRun('0 0 31 2 *', 'UTC', 0)).toBeNull()
  })

  test('throws for what cannot be read', () => {
    expect(() => nextRun('@daily', 'UTC', 0)).toThrow('five fields')
    expect(() => nextRun('0 0 * * *', 'Mars/Base', 0)).toThrow()
  })
})
