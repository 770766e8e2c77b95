import { beforeAll, expect, test } from 'bun:test'
import { proveDisk } from './prove/disk.ts'
import { killRounds } from './prove/kill.ts'
import { proveOrder } from './prove/order.ts'
import { compileShim } from './prove/shim.ts'
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

const shim = compileShim()

test.if(!('skipped' in shim))(
  'no answer leaves before its commit is synced, and none is given for one that failed (S2, S4)',
  async () => {
    if ('skipped' in shim) return
    using built = shim
    const common = { binary: dist, shim: built, seed: 1 }
    const order = await proveOrder({ ...common, writes: 100, clients: 4 })
    expect(order.problems).toEqual([])
    expect(order.acknowledged).toBeGreaterThanOrEqual(100)
    const disk = await proveDisk({ ...common, faults: 4 })
    expect([disk.problems, disk.fired]).toEqual([[], 4])
  },
  60_000,
)
