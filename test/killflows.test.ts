import { beforeAll, describe, expect, test } from 'bun:test'
import { provePoison } from './prove/flowpoison.ts'
import { proveFlowStop } from './prove/flowstop.ts'
import { proveDowntime, provePlanned } from './prove/flowtimes.ts'
import { proveUnique } from './prove/flowunique.ts'
import { killRuns } from './prove/runs.ts'
import { patterns, proveSchedules } from './prove/schedules.ts'
import { dist, ensureBuilt } from './support/binary.ts'

// The bars of workflows, scaled down; bun run prove workflows has them at full size.

const seed = 20_260_504
const report = () => {}

beforeAll(ensureBuilt, 60_000)

describe('workflows', () => {
  test('killed amid their steps, do each of them once (J1)', async () => {
    const size = { rounds: 3, runsPerRound: 12 }
    const result = await killRuns({ binary: dist, seed, report, ...size })
    expect(result.problems).toEqual([])
    expect(result.runs).toBeGreaterThan(0)
  }, 120_000)

  test('run each planned time once, however often the server starts around it (J4)', async () => {
    const { problems } = await provePlanned({ binary: dist, restarts: 10, seed, report })
    expect(problems).toEqual([])
  }, 60_000)

  test('make up for the times that passed without a server as they are told to (J5)', async () => {
    expect((await proveDowntime(dist)).problems).toEqual([])
  }, 60_000)

  test('keep to the calendar when clocks change (J7)', () => {
    const zones = ['America/New_York', 'Africa/Cairo', 'Australia/Lord_Howe']
    const table = { zones, years: [2026], patterns, momentsMost: 100 }
    expect(proveSchedules(table).problems).toEqual([])
  }, 60_000)

  test('at their worst hold nobody up, and are given up in the end (J8)', async () => {
    expect((await provePoison({ binary: dist, isPatient: false })).problems).toEqual([])
  }, 90_000)

  test('are given back when the server is told to stop, and requests are answered (J11)', async () => {
    const size = { requests: 20, runs: 20 }
    expect((await proveFlowStop({ binary: dist, ...size })).problems).toEqual([])
  }, 60_000)

  test('start once for one key, whoever dies in between (J12)', async () => {
    const size = { rounds: 2, startsPerRound: 200 }
    expect((await proveUnique({ binary: dist, seed, report, ...size })).problems).toEqual([])
  }, 60_000)
})
