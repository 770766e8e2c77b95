import { beforeAll, expect, test } from 'bun:test'
import { killRounds } from './prove/kill.ts'
import { dist, ensureBuilt } from './support/binary.ts'

beforeAll(ensureBuilt, 60_000)

test('killed ten times while clients write, it loses nothing and repeats nothing (S1)', async () => {
  const seed = 20_260_504
  const result = await killRounds({ binary: dist, rounds: 10, clients: 4, seed })
  expect(result.problems).toEqual([])
  expect(result.rounds).toBe(10)
  // A run in which nothing was written, or nothing was cut off, would prove nothing.
  expect(result.acknowledged).toBeGreaterThan(100)
  expect(result.cutOff).toBeGreaterThan(0)
}, 60_000)
