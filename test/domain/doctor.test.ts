import { expect, test } from 'bun:test'
import { isBackupOverdue } from '../../src/domain/doctor.ts'

const weekdays = { pattern: '0 3 * * 1-5', zone: 'UTC' }
const friday = Date.parse('2026-05-08T03:01:00Z')

test.each([
  ['2026-05-10T04:00:00Z', false],
  ['2026-05-11T04:00:00Z', false],
  ['2026-05-12T02:59:00Z', false],
  ['2026-05-12T03:01:00Z', true],
])('a backup of Friday for weekdays is overdue at %s: %p', (now, isOverdue) => {
  const state = { madeAt: friday, failure: null }
  expect(isBackupOverdue(state, weekdays, Date.parse(now))).toBe(isOverdue)
})

test('none is overdue before there was one, or without a turn to come', () => {
  const never = { pattern: '0 0 31 2 *', zone: 'UTC' }
  expect(isBackupOverdue({ madeAt: null, failure: null }, weekdays, friday)).toBe(false)
  expect(isBackupOverdue({ madeAt: friday, failure: null }, never, friday)).toBe(false)
})
