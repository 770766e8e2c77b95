import { nextRun } from '../lib/cron.ts'
import type { Millis } from '../lib/time.ts'
import { getMeta, setMeta } from '../store/meta.ts'
import { recordBackup, type BackupOutcome } from './backups.ts'
import type { Reader, Tx } from './tx.ts'

/** When backups are made: a cron pattern, and whose clocks it goes by. */
export type BackupTimes = { readonly pattern: string; readonly zone: string }

const dueMeta = 'backup_due_at'

/** Sees to it that the next backup is due when the pattern says, unless one is due already. */
export function planBackup(tx: Tx, { pattern, zone }: BackupTimes): void {
  const next = nextRun(pattern, zone, tx.now)
  const due = dueAt(tx)
  // A later time is of another pattern, or of a clock that was set back since.
  if (next !== null && (due === undefined || due > next)) setMeta(tx.q, dueMeta, String(next))
}

/** Whether a backup is due; for any number of times that have passed there is one. */
export function isBackupDue(reader: Reader): boolean {
  const due = dueAt(reader)
  return due !== undefined && due <= reader.now
}

/**
 * Takes down what came of a backup that was due. Not before: one that was cut off is due again at the next
 * start.
 */
export function settleBackup(tx: Tx, outcome: BackupOutcome, { pattern, zone }: BackupTimes): void {
  const next = nextRun(pattern, zone, tx.now)
  setMeta(tx.q, dueMeta, next === null ? '' : String(next))
  recordBackup(tx, outcome)
}

function dueAt({ q }: Reader): Millis | undefined {
  const text = getMeta(q, dueMeta) ?? ''
  return text === '' ? undefined : Number(text)
}
