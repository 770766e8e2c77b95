import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { backupState, type BackupOutcome } from '../../src/domain/backups.ts'
import { systemActor } from '../../src/domain/tx.ts'
import { backUpOnSchedule, type BackupPlan } from '../../src/jobs/backup.ts'
import { backupFile } from '../../src/store/backup.ts'
import { clientOf, T0, tempFolder, testDesk, type TestDesk } from '../store/fixtures.ts'

let folder: ReturnType<typeof tempFolder>
let house: TestDesk
let plan: BackupPlan
let asked: string[]
let stopped: number
let answer: (outcome: BackupOutcome) => void

// 08:15 UTC is 10:15 in Berlin.
const zone = 'Europe/Berlin'
const three = Date.parse('2026-05-05T01:00:00Z')
const dayMs = 86_400_000

beforeEach(async () => {
  folder = tempFolder('scheduled')
  house = await testDesk()
  plan = { schedule: '0 3 * * *', keep: 2, directory: folder.path }
  asked = []
  stopped = 0
})
afterEach(() => {
  house[Symbol.dispose]()
  folder[Symbol.dispose]()
})

const logged: string[] = []
const log = {
  info: () => {},
  error: (what: string, err: unknown) => void logged.push(`${what}: ${String(err)}`),
}

/** The job as it is after a start. */
function started() {
  return backUpOnSchedule(house.desk, { zone, log }, { plan: () => plan, make })
}

function make(file: string) {
  asked.push(file)
  const { promise, resolve } = Promise.withResolvers<BackupOutcome>()
  answer = resolve
  return {
    outcome: promise,
    stop: () => {
      stopped++
      resolve({ file: basename(file), reason: 'killed' })
    },
  }
}

type Job = ReturnType<typeof started>

async function step(job: Job, now: number): Promise<void> {
  house.time.now = now
  expect(await job.step(now)).toBe(false)
}

/** Lets the backup that was asked for last be good. */
async function good(job: Job): Promise<void> {
  const file = asked.at(-1) ?? ''
  writeFileSync(file, '')
  answer({ file: basename(file), bytes: 1, lastSequence: 1 })
  await job.settled()
}

const state = () => house.desk.read(systemActor, backupState)

function told(): unknown[] {
  const sql = "SELECT type FROM events WHERE type LIKE 'backup.%' ORDER BY sequence"
  return clientOf(house.store).prepare(sql).pluck().all()
}

describe('a scheduled backup', () => {
  test('is made at its time by the clocks of the place, once, and told of', async () => {
    const job = started()
    await step(job, T0)
    await step(job, three - 1)
    expect(asked).toEqual([])
    await step(job, three)
    await step(job, three + 1000)
    expect(asked).toEqual([backupFile(folder.path, three)])
    await good(job)
    await step(job, three + 2000)
    expect(asked).toHaveLength(1)
    expect([told(), state()]).toEqual([
      ['backup.completed'],
      { madeAt: three + 1000, failure: null },
    ])
    await step(job, three + dayMs)
    expect(asked).toHaveLength(2)
  })

  test('that failed is logged, told of and kept in mind until one is good', async () => {
    const job = started()
    await step(job, T0)
    await step(job, three)
    answer({ file: 'a.tar', reason: 'no room' })
    await job.settled()
    await step(job, three + 1000)
    expect(logged.at(-1)).toBe('backup failed: Error: no room')
    expect([told(), state()]).toEqual([
      ['backup.failed'],
      { madeAt: null, failure: { at: three, reason: 'no room' } },
    ])
    expect(asked).toHaveLength(1)
    await step(job, three + dayMs)
    await good(job)
    expect(state().failure).toBeNull()
  })

  test('is made once for all the times that passed while nothing ran', async () => {
    await step(started(), T0)
    const job = started()
    await step(job, three + 5 * dayMs)
    expect(asked).toHaveLength(1)
    await good(job)
    await step(job, three + 5 * dayMs + 1000)
    expect(asked).toHaveLength(1)
  })

  test('that a stop cut off is nobody’s failure, and is made after the next start', async () => {
    const job = started()
    await step(job, T0)
    await step(job, three)
    await job.stop()
    expect([stopped, told(), state().failure]).toEqual([1, [], null])
    await step(started(), three + 10_000)
    expect(asked).toHaveLength(2)
  })

  test.each(['stopped', 'killed'])('whose process was %s leaves nothing', async (how) => {
    const job = started()
    await step(job, T0)
    await step(job, three)
    const file = asked.at(-1) ?? ''
    mkdirSync(`${file}.partial`)
    writeFileSync(`${file}.partial/deskbox.db`, 'half of it')
    if (how === 'stopped') await job.stop()
    else answer({ file: basename(file), reason: 'The backup ended with 137' })
    await job.settled()
    expect(readdirSync(folder.path)).toEqual([])
  })

  test('follows a schedule that was changed, and an empty one is never', async () => {
    const job = started()
    await step(job, T0)
    plan = { ...plan, schedule: '30 10 * * *' }
    await step(job, T0 + 1000)
    await step(job, Date.parse('2026-05-04T08:30:00Z'))
    expect(asked).toHaveLength(1)
    await good(job)
    plan = { ...plan, schedule: '' }
    await step(job, three + 30 * dayMs)
    expect(asked).toHaveLength(1)
  })

  test('comes in time again when the clock is set back', async () => {
    const job = started()
    await step(job, T0 + 400 * dayMs)
    await step(job, T0)
    await step(job, three)
    expect(asked).toHaveLength(1)
  })

  test('keeps the newest', async () => {
    const job = started()
    await step(job, T0)
    for (let day = 0; day < 4; day++) {
      await step(job, three + day * dayMs)
      await good(job)
    }
    expect(readdirSync(folder.path).toSorted()).toEqual(
      [2, 3].map((day) => basename(backupFile('', three + day * dayMs))),
    )
  })
})
