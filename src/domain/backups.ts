import type { Millis } from '../lib/time.ts'
import { makeBackup, type Backup } from '../store/backup.ts'
import { getMeta, setMeta } from '../store/meta.ts'
import type { Reader, Tx } from './tx.ts'

export {
  backupFile,
  backupsIn,
  discardPartial,
  pruneBackups,
  type Backup,
} from '../store/backup.ts'
export { restoreBackup, type Restored } from '../store/restore.ts'

export { makeBackup }

/** What came of a backup. Files are named without the folder that they are in. */
export type BackupOutcome =
  | { readonly file: string; readonly bytes: number; readonly lastSequence: number }
  | { readonly file: string; readonly reason: string }

/** How backups stand. */
export type BackupState = {
  /** When the last good one was made. */
  readonly madeAt: Millis | null
  /** Why the last one failed, if none has been good since. */
  readonly failure: { readonly at: Millis; readonly reason: string } | null
}

const madeMeta = 'backup_made_at'
const failureMeta = 'backup_failure'

/** What is worth knowing of a backup that was made. */
export function outcomeOf({ bytes, manifest }: Backup, file: string): BackupOutcome {
  return { file, bytes, lastSequence: manifest.lastEvent?.sequence ?? 0 }
}

/** Takes down what came of a backup, and announces it. */
export function recordBackup(tx: Tx, outcome: BackupOutcome): void {
  if ('reason' in outcome) {
    setMeta(tx.q, failureMeta, JSON.stringify({ at: tx.now, reason: outcome.reason }))
    tx.emit('backup.failed', null, outcome)
    return
  }
  setMeta(tx.q, madeMeta, String(tx.now))
  setMeta(tx.q, failureMeta, '')
  tx.emit('backup.completed', null, outcome)
}

export function backupState({ q }: Reader): BackupState {
  return backupStateOf((name) => getMeta(q, name))
}

/** As `backupState`, from facts of a folder that were read otherwise. */
export function backupStateOf(fact: (name: string) => string | undefined): BackupState {
  const madeAt = fact(madeMeta)
  const failure = fact(failureMeta) ?? ''
  return {
    madeAt: madeAt === undefined ? null : Number(madeAt),
    failure: failure === '' ? null : (JSON.parse(failure) as BackupState['failure']),
  }
}
