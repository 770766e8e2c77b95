import { expect, test } from 'bun:test'
import { Desk, systemActor } from '../../src/domain/tx.ts'
import { Store } from '../../src/store/db.ts'
import { randomBytes, T0 } from '../store/fixtures.ts'

test.each([
  ['goes on', [0, 10, 20], [0, 10, 20]],
  ['stands through jitter', [0, -1, -5000, 5], [0, 0, 0, 5]],
  ['follows a clock that was set back', [0, 3_600_000, 0, 1], [0, 3_600_000, 0, 1]],
])('the instant of a transaction %s', (_name, shown, instants) => {
  using store = Store.inMemory(T0)
  let at = 0
  const desk = new Desk({ store, clock: () => T0 + at, random: randomBytes(1) })
  const seen = shown.map((ms) => {
    at = ms
    return desk.read(systemActor, ({ now }) => now) - T0
  })
  expect(seen).toEqual(instants)
})
