import { describe, expect, test } from 'bun:test'
import { isField, usualHours } from '../../src/domain/conditionfields.ts'
import { judge, operatorNames, type Condition } from '../../src/domain/conditions.ts'
import type { Facts } from '../../src/domain/facts.ts'
import { facts, monday } from './facts.ts'

const nobody = { ...facts, ticket: { ...facts.ticket, assignedTo: null, tags: [] } }

function holds(field: string, operator: string, value?: unknown, on: Facts = facts): boolean {
  return judge(on, [{ field, operator, value }]).held
}

function at(text: string, timezone = 'UTC'): boolean {
  return holds('working_hours', 'equals', true, { ...facts, now: Date.parse(text), timezone })
}

describe('a condition', () => {
  test.each<[field: string, operator: string, value: unknown, held: boolean]>([
    // Every field, in both spellings.
    ['ticket.status', 'equals', 'open', true],
    ['ticket.status', 'equals', 'pending', false],
    ['ticket.priority', 'in_list', ['high', 'urgent'], true],
    ['ticket.priority', 'in_list', 'high, urgent', true],
    ['ticket.priority', 'not_in_list', ['low'], true],
    ['ticket.priority', 'not_in_list', ['high'], false],
    ['ticket.source', 'not_equals', 'email', true],
    ['ticket.source', 'not_equals', 'API', false],
    ['ticket.subject', 'starts_with', 'printer', true],
    ['ticket.subject', 'starts_with', 'fire', false],
    ['ticket.subject', 'ends_with', 'FIRE', true],
    ['ticket.body', 'contains', 'help', true],
    ['ticket.body', 'contains', 'refund', false],
    ['ticket.body', 'contains', '', false],
    ['ticket.body', 'not_contains', 'refund', true],
    ['ticket.assigned_to', 'equals', 'user_7', true],
    ['ticket.assignedTo', 'equals', 'user_7', true],
    ['ticket.assigned_to', 'equals', 'unassigned', false],
    ['ticket.assigned_to', 'in_list', ['ai', 'user_7'], true],
    ['ticket.customer_email', 'equals', 'mara@example.com', true],
    ['ticket.customerEmail', 'ends_with', '@example.com', true],
    ['ticket.tags', 'contains', 'hot', true],
    ['ticket.tags', 'contains', 'ho', false],
    ['ticket.tags', 'not_contains', 'cold', true],
    ['ticket.tags', 'equals', ['billing', 'hot'], true],
    ['ticket.tags', 'equals', 'hot', false],
    ['ticket.tags', 'in_list', ['cold', 'hot'], true],
    ['ticket.tags', 'not_in_list', ['cold'], true],
    ['ticket.tags', 'starts_with', 'bill', true],
    ['ticket.tags', 'is_empty', null, false],
    ['customer.ticket_count', 'greater_than', 10, true],
    ['customer.ticketCount', 'greater_than', '12', false],
    ['customer.ticket_count', 'greater_than_or_equal', '12', true],
    ['customer.ticket_count', 'less_than', 12, false],
    ['customer.ticket_count', 'less_than_or_equal', 12, true],
    ['customer.is_vip', 'equals', true, true],
    ['customer.isVip', 'equals', 'true', true],
    ['customer.is_vip', 'not_equals', true, false],
    ['customer.sentiment', 'equals', 'Negative', true],
    ['message.has_attachment', 'equals', false, true],
    ['message.hasAttachment', 'equals', true, false],
    ['has_attachment', 'equals', false, true],
    ['language', 'is_empty', undefined, true],
    ['message.language', 'is_empty', null, true],
    ['message.language', 'equals', 'en', false],
    ['time_since_created', 'greater_than_or_equal', 1440, true],
    ['timeSinceCreated', 'greater_than', 1440, false],
    ['time_since_updated', 'equals', 30, true],
    ['working_hours', 'equals', false, true],
    ['custom_field.Order Number', 'equals', 1042, true],
    ['customFields.order_number', 'equals', '1042', true],
    ['custom_field.due', 'less_than', '2026-06-02', true],
    ['custom_field.due', 'greater_than', '2026-06-01T00:00:00Z', false],
    ['custom_field.due', 'less_than', '2026-06-02T01:00:00+02:00', true],
    ['custom_field.due', 'greater_than', '2026-05-31 10:00', true],
    ['custom_field.colour', 'is_empty', null, true],
    ['variables.triage.category', 'equals', 'billing', true],
    ['variables.triage.score', 'greater_than', 0.5, true],
    ['trigger.data.previous.status', 'equals', 'open', true],
    ['trigger.data.list.1', 'equals', 2, true],
    // Presence, patterns, and what is nowhere.
    ['ticket.subject', 'is_empty', null, false],
    ['ticket.subject', 'is_not_empty', null, true],
    ['ticket.subject', 'matches_regex', '^Printer\\b.*fire$', true],
    ['ticket.subject', 'matches_regex', '^printer', false],
    ['ticket.subject', 'matches_regex', '(?i)^printer', true],
    ['ticket.subject', 'matches_regex', '(', false],
    ['ticket.subject', 'matches_regex', '(?=P)', false],
    ['ticket.subject', 'matches_regex', 5, false],
    ['ticket.tags', 'matches_regex', '^bil', true],
    ['ticket.subject', 'greater_than', 5, false],
    ['ticket.colour', 'equals', 'red', false],
    ['ticket.colour', 'greater_than', 0, false],
    ['ticket.subject', 'resembles', 'Printer', false],
    ['__proto__', 'is_not_empty', null, false],
    ['ticket.subject', 'toString', 'x', false],
    ['variables.__proto__.x', 'is_not_empty', null, false],
  ])('%s %s %p: %p', (field, operator, value, held) => {
    expect(holds(field, operator, value)).toBe(held)
  })

  test('of nobody and nothing', () => {
    expect(holds('ticket.assigned_to', 'equals', 'unassigned', nobody)).toBe(true)
    expect(holds('ticket.assigned_to', 'in_list', ['ai', 'unassigned'], nobody)).toBe(true)
    expect(holds('ticket.assigned_to', 'not_equals', 'unassigned', nobody)).toBe(false)
    expect(holds('ticket.tags', 'is_empty', undefined, nobody)).toBe(true)
    const bare = { ...facts, ticket: null, customer: null, message: null }
    for (const field of ['ticket.status', 'customer.is_vip', 'time_since_created']) {
      expect(holds(field, 'is_empty', undefined, bare)).toBe(true)
      expect(holds(field, 'less_than', 5, bare)).toBe(false)
    }
  })

  test('working hours are those of the zone, the end not included', () => {
    expect(at('2026-05-04T09:00:00Z')).toBe(true)
    expect(at('2026-05-04T08:59:59Z')).toBe(false)
    expect(at('2026-05-04T17:00:00Z')).toBe(false)
    expect(at('2026-05-09T12:00:00Z')).toBe(false)
    expect(at('2026-05-04T07:30:00Z', 'Europe/Berlin')).toBe(true)
    expect(at('2026-05-04T09:00:00Z', 'Nowhere/At_All')).toBe(true)
    const hours = { ...usualHours, days: [7], fromMinute: 0, timezone: 'Asia/Tokyo' }
    const sunday = { ...facts, now: monday - 20 * 3_600_000 }
    const condition = { field: 'working_hours', operator: 'equals', value: true }
    expect(judge(sunday, [condition], 'all', hours).held).toBe(false)
    expect(judge({ ...facts, now: monday - 86_400_000 }, [condition], 'all', hours).held).toBe(
      false,
    )
    expect(judge({ ...facts, now: monday - 104_400_000 }, [condition], 'all', hours).held).toBe(
      true,
    )
  })

  test('working hours may go over midnight, by the day on which they begin', () => {
    const hours = { ...usualHours, days: [5], fromMinute: 22 * 60, toMinute: 6 * 60 }
    const condition = { field: 'working_hours', operator: 'equals', value: true }
    const held = (moment: string) =>
      judge({ ...facts, now: Date.parse(moment) }, [condition], 'all', hours).held
    expect(held('2026-05-08T23:00:00Z')).toBe(true)
    expect(held('2026-05-09T05:59:00Z')).toBe(true)
    expect(held('2026-05-09T06:00:00Z')).toBe(false)
    expect(held('2026-05-08T05:00:00Z')).toBe(false)
    expect(held('2026-05-09T23:00:00Z')).toBe(false)
  })

  test('every operator of the contract is known, and the fields that are not are told', () => {
    expect(operatorNames.length).toBe(15)
    expect(['ticket.tags', 'customFields.x', 'variables.x', 'trigger.data.x'].map(isField)).toEqual(
      [true, true, true, true],
    )
    expect(['ticket.colour', 'x', 'variables'].map(isField)).toEqual([false, false, false])
  })
})

describe('several conditions', () => {
  const yes: Condition = { field: 'ticket.status', operator: 'equals', value: 'open' }
  const no: Condition = { field: 'ticket.status', operator: 'equals', value: 'closed' }

  test.each<[Condition[], 'all' | 'any' | undefined, boolean]>([
    [[yes, no], undefined, false],
    [[yes, no], 'all', false],
    [[yes, no], 'any', true],
    [[no, no], 'any', false],
    [[yes, yes], 'all', true],
    [[], 'all', true],
    [[], 'any', true],
  ])('%j %s: %p', (conditions, mode, held) => {
    expect(judge(facts, conditions, mode).held).toBe(held)
  })

  test('each is explained, long values cut short', () => {
    const long = { ...facts, ticket: { ...facts.ticket, body: 'x'.repeat(1000) } }
    const body: Condition = { field: 'ticket.body', operator: 'contains', value: 'y' }
    expect(judge(long, [yes, body]).comparisons).toEqual([
      { field: 'ticket.status', operator: 'equals', expected: 'open', actual: 'open', held: true },
      {
        field: 'ticket.body',
        operator: 'contains',
        expected: 'y',
        actual: `${'x'.repeat(200)}…`,
        held: false,
      },
    ])
  })
})

describe('a pattern that would stall a backtracking matcher', () => {
  const text = `${'a'.repeat(100_000)}!`
  const random = Array.from({ length: 100_000 }, (_, n) => ((n * 2654435761) >>> 16) & 1)
  const mixed = `${random.map((bit) => (bit ? 'a' : 'b')).join('')}!`

  test.each<[pattern: string, text: string, isCut?: boolean]>([
    ['(a+)+$', text],
    ['(a|aa)+$', text],
    ['(.*)*x\\d', text],
    ['(a?){300}b$', text],
    ['(\\w+\\s?)+$', text],
    ['(a|b)*a(a|b){30}$', mixed],
    // Too large for the whole text: it ends where the looking does.
    ['(a|b)*a(a|b){500}$', mixed, true],
    ['((a{1,30}){1,30})+b$', text],
  ])('%s ends in time on 100 KB', (pattern, body, isCut = false) => {
    const on = { ...facts, ticket: { ...facts.ticket, body } }
    // The first run compiles the matcher itself.
    holds('ticket.body', 'matches_regex', pattern, on)
    const begun = performance.now()
    expect(holds('ticket.body', 'matches_regex', pattern, on)).toBe(isCut)
    expect(performance.now() - begun).toBeLessThan(pattern === '(a+)+$' ? 100 : 250)
  })

  test('one that is too large is none', () => {
    expect(holds('ticket.subject', 'matches_regex', '(P?){999}')).toBe(false)
    expect(holds('ticket.subject', 'matches_regex', 'P'.repeat(1001))).toBe(false)
    expect(holds('ticket.subject', 'matches_regex', '(P?){99}')).toBe(true)
  })
})
