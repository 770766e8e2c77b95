import { describe, expect, test } from 'bun:test'
import { table } from '../../src/config/table.ts'
import {
  failureOf,
  healthAfter,
  retryAfterMs,
  retryAt,
  verdictOf,
  type Health,
} from '../../src/domain/retries.ts'
import { dayMs, hourMs, minuteMs, secondMs } from '../../src/lib/time.ts'
import type { SendFailure } from '../../src/security/outbound.ts'
import { seeded } from '../prove/random.ts'
import { T0 } from '../store/fixtures.ts'

const waits = table.webhooks.schedule_seconds.initial.map((seconds) => seconds * secondMs)
const first = { attempt: 1, retryAfter: null, now: T0, chance: 0.5 }

describe('what an attempt means', () => {
  test.each([
    [200, null, 'delivered', null],
    [201, null, 'delivered', null],
    [204, null, 'delivered', null],
    [299, null, 'delivered', null],
    [199, null, 'failed', 'rejected'],
    [301, null, 'failed', 'redirected'],
    [302, null, 'failed', 'redirected'],
    [303, null, 'failed', 'redirected'],
    [307, null, 'failed', 'redirected'],
    [308, null, 'failed', 'redirected'],
    [400, null, 'failed', 'rejected'],
    [404, null, 'failed', 'rejected'],
    [410, null, 'gone', 'rejected'],
    [429, null, 'overloaded', 'rejected'],
    [500, null, 'failed', 'rejected'],
    [502, null, 'overloaded', 'rejected'],
    [503, null, 'overloaded', 'rejected'],
    [504, null, 'overloaded', 'rejected'],
    [200, 'response_too_large', 'failed', 'response_too_large'],
    [200, 'timeout', 'failed', 'timeout'],
    [503, 'timeout', 'overloaded', 'timeout'],
    [null, 'timeout', 'failed', 'timeout'],
    [null, 'connection_refused', 'failed', 'connection_refused'],
    [null, 'tls_invalid', 'failed', 'tls_invalid'],
    [null, 'name_not_found', 'failed', 'name_not_found'],
    [null, 'address_blocked', 'blocked', 'address_blocked'],
    [null, 'not_encrypted', 'blocked', 'not_encrypted'],
    [null, 'port_blocked', 'blocked', 'port_blocked'],
    [null, 'url_credentials', 'blocked', 'url_credentials'],
  ] as const)('%p with %p', (status, failure: SendFailure | null, verdict, reason) => {
    expect([verdictOf({ status, failure }), failureOf({ status, failure })]).toEqual([
      verdict,
      reason,
    ])
  })
})

describe('the schedule', () => {
  test('has ten attempts over at least 72 hours, whatever chance does (W7)', () => {
    const least = waits.reduce((sum, wait) => sum + wait * 0.8, 0)
    expect([waits.length + 1, least >= 72 * hourMs]).toEqual([10, true])
  })

  test('gives 10,000 deliveries that fail each its ten attempts and three days (W7)', () => {
    const random = seeded(7)
    const spans: number[] = []
    const shares: number[] = []
    for (let n = 0; n < 10_000; n++) {
      let now = T0
      let attempts = 0
      for (let next: number | null = T0; next !== null;) {
        now = next
        attempts++
        next = retryAt({ attempt: attempts, retryAfter: null, now, chance: random.next() }, waits)
        if (next !== null) shares.push((next - now) / (waits[attempts - 1] ?? 0))
      }
      if (attempts !== 10) throw new Error(`${attempts} attempts`)
      spans.push(now - T0)
    }
    expect(Math.min(...spans)).toBeGreaterThanOrEqual(72 * hourMs)
    const [least, most] = [shares, shares].map((all, at) =>
      all.reduce((a, b) => (at === 0 ? Math.min(a, b) : Math.max(a, b)), 1),
    )
    expect(least).toBeWithin(0.799, 0.81)
    expect(most).toBeWithin(1.19, 1.201)
  })

  test.each([
    [0, 4 * secondMs],
    [0.5, 5 * secondMs],
    [1, 6 * secondMs],
  ])('with chance %p waits %p after the first', (chance, wait) => {
    expect(retryAt({ ...first, chance }, waits)).toBe(T0 + wait)
  })

  test('ends after the last', () => {
    expect(retryAt({ ...first, attempt: 10 }, waits)).toBeNull()
    expect(retryAt({ ...first, attempt: 9 }, waits)).toBe(T0 + dayMs)
    expect(retryAt({ ...first, attempt: 2 }, [secondMs])).toBeNull()
  })

  const inTwoMinutes = new Date(T0 + 2 * minuteMs).toUTCString()
  test.each([
    ['120', 120 * secondMs],
    [inTwoMinutes, 120 * secondMs],
    [' 120 ', 120 * secondMs],
    // Never earlier than the schedule has it.
    ['1', 5 * secondMs],
    ['0', 5 * secondMs],
    [new Date(T0 - hourMs).toUTCString(), 5 * secondMs],
    // At most a day.
    ['86400', dayMs],
    ['86401', dayMs],
    ['99999999999999', dayMs],
    [new Date(T0 + 400 * dayMs).toUTCString(), dayMs],
    // What says nothing.
    ['soon', 5 * secondMs],
    ['-5', 5 * secondMs],
    ['1.5', 5 * secondMs],
    ['2026-05-04T09:00:00Z', 5 * secondMs],
    ['', 5 * secondMs],
  ])('after Retry-After: %s', (retryAfter, wait) => {
    expect(retryAt({ ...first, retryAfter }, waits)).toBe(T0 + wait)
  })

  test('reads nothing from no Retry-After', () => {
    expect(retryAfterMs(null, T0)).toBeNull()
  })
})

const well: Health = { isActive: true, failingSince: null, pausedUntil: null }
const after = (health: Partial<Health>, verdict: Parameters<typeof healthAfter>[1], more = {}) =>
  healthAfter({ ...well, ...health }, verdict, { ...first, ...more }, waits)

describe('the health of an endpoint', () => {
  test('is failing from its first failure on', () => {
    expect(after({}, 'failed')).toMatchObject({ failingSince: T0, disable: null })
    const earlier = T0 - hourMs
    expect(after({ failingSince: earlier }, 'failed')).toMatchObject({ failingSince: earlier })
    expect(after({}, 'blocked')).toMatchObject({ failingSince: T0, disable: null })
  })

  test('is restored by one success', () => {
    const failingSince = T0 - 4.9 * dayMs
    expect(after({ failingSince }, 'delivered')).toMatchObject({
      failingSince: null,
      disable: null,
    })
  })

  test('ends it after five days of nothing but failures, and not a moment before', () => {
    expect(after({ failingSince: T0 - 5 * dayMs }, 'failed').disable).toBe('failing')
    expect(after({ failingSince: T0 - 5 * dayMs }, 'overloaded').disable).toBe('failing')
    expect(after({ failingSince: T0 - 5 * dayMs + 1 }, 'failed').disable).toBeNull()
  })

  test('ends it at once when it is gone', () => {
    expect(after({}, 'gone').disable).toBe('gone')
    expect(after({ failingSince: T0 - 6 * dayMs }, 'gone').disable).toBe('gone')
  })

  test('ends nothing that is ended already', () => {
    const over = { isActive: false, failingSince: T0 - 6 * dayMs }
    expect(after(over, 'failed').disable).toBeNull()
    expect(after(over, 'gone').disable).toBeNull()
  })

  test('is not believed to begin later than now', () => {
    expect(after({ failingSince: T0 + hourMs }, 'failed').failingSince).toBe(T0)
  })

  test.each([
    [1, null, 5 * secondMs],
    [2, null, minuteMs],
    [3, null, 5 * minuteMs],
    [9, null, 5 * minuteMs],
    [10, null, 5 * minuteMs],
    [1, '1', 5 * secondMs],
    [1, '3600', hourMs],
    [1, '9999999', dayMs],
  ])('pauses an overloaded one: attempt %p, Retry-After %p', (attempt, retryAfter, wait) => {
    const { pausedUntil } = after({}, 'overloaded', { attempt, retryAfter })
    expect(pausedUntil).toBe(T0 + wait)
  })

  test('keeps the longer of two pauses, and through failures and successes', () => {
    const pausedUntil = T0 + hourMs
    expect(after({ pausedUntil }, 'overloaded').pausedUntil).toBe(pausedUntil)
    expect(after({ pausedUntil }, 'failed').pausedUntil).toBe(pausedUntil)
    expect(after({ pausedUntil }, 'delivered').pausedUntil).toBe(pausedUntil)
    expect(after({}, 'failed').pausedUntil).toBeNull()
  })
})
