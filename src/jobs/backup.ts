import { isBackupDue, planBackup, settleBackup } from '../domain/backupplan.ts'
import { backupFile, discardPartial, pruneBackups, type BackupOutcome } from '../domain/backups.ts'
import { jobActor, type Desk, type Tx } from '../domain/tx.ts'
import type { Log } from '../lib/log.ts'
import type { Millis } from '../lib/time.ts'
import type { Job } from './heartbeat.ts'

/** When to make backups, and where. */
export type BackupPlan = {
  /** A cron pattern; empty for never. */
  readonly schedule: string
  readonly keep: number
  /** Absolute. */
  readonly directory: string
}

/** Makes a backup into a file, in a process of its own, so that nobody waits for it. */
export type BackupMaker = (file: string) => {
  readonly outcome: Promise<BackupOutcome>
  stop(): void
}

export type ScheduledBackup = Job & {
  /** Settles once the backup that is being made, if any, has been taken down. */
  settled(): Promise<void>
  stop(): Promise<void>
}

type Parts = { readonly plan: () => BackupPlan; readonly make: BackupMaker }

/** Makes backups when they are due. A step only begins one: other jobs go on meanwhile. */
export function backUpOnSchedule(
  desk: Desk,
  { zone, log }: { readonly zone: string; readonly log: Log },
  { plan, make }: Parts,
): ScheduledBackup {
  let running: ReturnType<typeof begin> | undefined
  let planned: { readonly pattern: string; readonly at: Millis } | undefined
  return {
    name: 'back up',
    async step(now) {
      const { schedule: pattern, keep, directory } = plan()
      if (running?.isOver() === false || pattern === '') return false
      const isPlanned = planned?.pattern === pattern && now >= planned.at
      if (!isPlanned) await desk.write(jobActor, (tx) => planBackup(tx, { pattern, zone }))
      planned = { pattern, at: now }
      if (!desk.read(jobActor, isBackupDue)) return false
      const file = backupFile(directory, now)
      const making = make(file)
      const outcome = making.outcome.finally(() => discardPartial(file))
      const made = { outcome, stop: () => making.stop() }
      running = begin(desk, log, made, (tx, found) => {
        settleBackup(tx, found, { pattern, zone })
        return () => pruneBackups(directory, keep, now)
      })
      return false
    },
    async settled() {
      await running?.settled
    },
    async stop() {
      running?.stop()
      await running?.settled
    },
  }
}

type Settle = (tx: Tx, outcome: BackupOutcome) => () => void

/** One that is stopped is settled by nobody, so that it is due at the next start. */
function begin(desk: Desk, log: Log, made: ReturnType<BackupMaker>, settle: Settle) {
  let isStopped = false
  let isOver = false
  const take = async (outcome: BackupOutcome) => {
    if (isStopped) return
    const { file } = outcome
    if ('reason' in outcome) log.error('backup failed', new Error(outcome.reason), { file })
    else log.info('backup made', { ...outcome })
    const tidy = await desk.write(jobActor, (tx) => settle(tx, outcome))
    tidy()
  }
  return {
    isOver: () => isOver,
    settled: made.outcome
      .then(take)
      .catch((err: unknown) => log.error('backup cannot be settled', err))
      .finally(() => {
        isOver = true
      }),
    stop() {
      isStopped = true
      made.stop()
    },
  }
}
