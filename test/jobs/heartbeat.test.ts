import { afterEach, beforeEach, describe, expect, spyOn, test, type Mock } from 'bun:test'
import { beat, startHeartbeat, type Job } from '../../src/jobs/heartbeat.ts'
import type { Log } from '../../src/lib/log.ts'
import { T0 } from '../store/fixtures.ts'

let failures: unknown[][]
const log: Log = { info: () => {}, error: (...args) => void failures.push(args) }

beforeEach(() => {
  failures = []
})

/** A job that has so many steps to do, and notes when each was taken. */
function counting(name: string, due: number): Job & { readonly steps: number[] } {
  const steps: number[] = []
  return {
    name,
    steps,
    step(now) {
      if (steps.length < due) steps.push(now)
      return Promise.resolve(steps.length < due)
    },
  }
}

function failing(name: string, error: Error): Job {
  return { name, step: () => Promise.reject(error) }
}

describe('one beat', () => {
  test('works through what is due, job by job, at one instant', async () => {
    const jobs = [counting('a', 3), counting('b', 1)]
    await beat(jobs, T0, log)
    expect(jobs.map(({ steps }) => steps)).toEqual([[T0, T0, T0], [T0]])
    expect(failures).toEqual([])
  })

  test('goes on after a job that fails, now or later, and logs which it was', async () => {
    const error = new Error('no')
    const thrower: Job = {
      name: 'at once',
      step: () => {
        throw error
      },
    }
    const last = counting('last', 1)
    await beat([failing('later', error), thrower, last], T0, log)
    expect(last.steps).toEqual([T0])
    expect(failures).toEqual([
      ['job failed', error, { job: 'later' }],
      ['job failed', error, { job: 'at once' }],
    ])
  })

  test('does not let one job have all the time', async () => {
    const greedy = counting('greedy', 100_000)
    const next = counting('next', 1)
    await beat([greedy, next], T0, log)
    expect([greedy.steps.length, next.steps.length]).toEqual([100, 1])
  })
})

describe('the heartbeat', () => {
  let timer: Mock<typeof setInterval>
  let cleared: Mock<typeof clearInterval>
  const handle = {} as ReturnType<typeof setInterval>

  beforeEach(() => {
    timer = spyOn(globalThis, 'setInterval')
    timer.mockImplementation((() => handle) as typeof setInterval)
    cleared = spyOn(globalThis, 'clearInterval').mockImplementation(() => {})
  })
  afterEach(() => {
    timer.mockRestore()
    cleared.mockRestore()
  })

  const tick = () => {
    const [first] = timer.mock.calls
    if (!first) throw new Error('There is no timer')
    const callback = first[0] as () => void
    callback()
  }

  test('beats once a second, never a second time before the first has ended', async () => {
    const began: number[] = []
    let running = 0
    let most = 0
    const gates = [Promise.withResolvers<boolean>(), Promise.withResolvers<boolean>()]
    const slow: Job = {
      name: 'slow',
      async step(now) {
        began.push(now)
        running += 1
        most = Math.max(most, running)
        await gates[began.length - 1]?.promise
        running -= 1
        return false
      },
    }
    let now = T0
    const heartbeat = startHeartbeat([slow], () => now, log)
    expect(timer.mock.calls[0]?.[1]).toBe(1000)
    tick()
    now += 1000
    tick()
    tick()
    expect(began).toEqual([T0])
    gates[0]?.resolve(false)
    await Bun.sleep(0)
    tick()
    expect([began, most]).toEqual([[T0, T0 + 1000], 1])
    gates[1]?.resolve(false)
    await heartbeat.stop()
  })

  test('goes on after a beat that failed', async () => {
    let tries = 0
    const job: Job = {
      name: 'bad',
      step: () => {
        tries += 1
        return Promise.reject(new Error('no'))
      },
    }
    const heartbeat = startHeartbeat([job], () => T0, log)
    tick()
    await Bun.sleep(0)
    tick()
    await heartbeat.stop()
    expect([tries, failures.length]).toEqual([2, 2])
  })

  test('stop ends the timer and waits for the beat that is on its way', async () => {
    const gate = Promise.withResolvers<boolean>()
    const job: Job = { name: 'slow', step: () => gate.promise }
    const heartbeat = startHeartbeat([job], () => T0, log)
    tick()
    let isStopped = false
    const stopped = heartbeat.stop().finally(() => {
      isStopped = true
    })
    await Bun.sleep(0)
    expect([isStopped, cleared.mock.calls[0]?.[0]]).toEqual([false, handle])
    gate.resolve(false)
    await stopped
    expect(isStopped).toBe(true)
  })
})
