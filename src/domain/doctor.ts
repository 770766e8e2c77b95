import { nextRun } from '../lib/cron.ts'
import type { Millis } from '../lib/time.ts'
import { backupStateOf, type BackupState } from './backups.ts'

export {
  descriptorsMax,
  examine,
  type Contents,
  type Examination,
  type SchemaState,
} from '../store/examine.ts'

export { backupStateOf }

/** Whether the last good backup is older than two of its turns. */
export function isBackupOverdue(
  { madeAt }: BackupState,
  times: { readonly pattern: string; readonly zone: string },
  now: Millis,
): boolean {
  const next = nextRun(times.pattern, times.zone, now)
  const afterNext = next === null ? null : nextRun(times.pattern, times.zone, next)
  if (madeAt === null || next === null || afterNext === null) return false
  return now - madeAt > 2 * (afterNext - next)
}
