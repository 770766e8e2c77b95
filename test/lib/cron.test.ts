import { describe, expect, test } from 'bun:test'
import { isCron, nextRun, localMoment } from '../../src/lib/cron.ts'

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

const berlin = 'Europe/Berlin'
const newYork = 'America/New_York'

describe('nextRun', () => {
  test.each([
    {
      what: 'is after the moment, not at it',
      cron: '0 * * * *',
      zone: 'UTC',
      after: '2026-05-04T08:00Z',
      next: '2026-05-04T09:00',
    },
    {
      what: 'goes by the clocks of the zone',
      cron: '0 9 * * *',
      zone: berlin,
      after: '2026-05-04T08:00Z',
      next: '2026-05-05T07:00',
    },
    {
      what: 'comes at the end of the gap in spring',
      cron: '30 2 * * *',
      zone: newYork,
      after: '2026-03-08T05:00Z',
      next: '2026-03-08T07:00',
    },
    {
      what: 'comes at the end of the gap for a time of a list',
      cron: '0,30 2,14 * * *',
      zone: newYork,
      after: '2026-03-08T05:00Z',
      next: '2026-03-08T07:00',
    },
    {
      what: 'comes once in autumn for a time of a range',
      cron: '30 1-2 * * *',
      zone: newYork,
      after: '2026-11-01T05:30Z',
      next: '2026-11-01T07:30',
    },
    {
      what: 'comes once in autumn',
      cron: '30 1 * * *',
      zone: newYork,
      after: '2026-11-01T05:30Z',
      next: '2026-11-02T06:30',
    },
    {
      what: 'goes on through both hours of autumn by steps',
      cron: '*/30 * * * *',
      zone: newYork,
      after: '2026-11-01T05:30Z',
      next: '2026-11-01T06:00',
    },
    {
      what: 'takes either of day and weekday',
      cron: '0 0 13 * FRI',
      zone: 'UTC',
      after: '2026-05-04T00:00Z',
      next: '2026-05-08T00:00',
    },
  ])('$what', ({ cron, zone, after, next }) => {
    expect(said(nextRun(cron, zone, at(after)))).toBe(`${next}:00.000Z`)
  })

  test('is null when no time is left', () => {
    expect(nextRun('0 0 31 2 *', 'UTC', 0)).toBeNull()
  })

  test('throws for what cannot be read', () => {
    expect(() => nextRun('@daily', 'UTC', 0)).toThrow('five fields')
    expect(() => nextRun('0 0 * * *', 'Mars/Base', 0)).toThrow()
  })
})

test.each([
  ['2026-05-04', 'UTC', '2026-05-04T00:00:00.000Z'],
  ['2026-05-04T08:15', 'UTC', '2026-05-04T08:15:00.000Z'],
  ['2026-05-04 08:15:59', 'UTC', '2026-05-04T08:15:00.000Z'],
  ['2026-05-04', 'Europe/Berlin', '2026-05-03T22:00:00.000Z'],
  ['2026-01-01', 'Pacific/Kiritimati', '2025-12-31T10:00:00.000Z'],
  ['2026-01-01', 'Etc/GMT+12', '2026-01-01T12:00:00.000Z'],
  ['2028-02-29', 'UTC', '2028-02-29T00:00:00.000Z'],
  // Clocks leap from 2 to 3.
  ['2026-03-29T02:30', 'Europe/Berlin', '2026-03-29T01:00:00.000Z'],
  // They show 2:30 twice.
  ['2026-10-25T02:30', 'Europe/Berlin', '2026-10-25T00:30:00.000Z'],
])('the clocks show %s in %s at %s', (text, timezone, at) => {
  expect(new Date(localMoment(text, timezone) ?? 0).toISOString()).toBe(at)
})

test.each(['', 'soon', '2026-02-30', '2026-05-04T24:30', '2026-05-04T8:15', '26-05-04'])(
  'no clock shows %p',
  (text) => expect(localMoment(text, 'UTC')).toBeUndefined(),
)
