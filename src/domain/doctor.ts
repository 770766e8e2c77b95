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

/** Whether the second turn after the last good backup has come without another; turns may be days apart, or not. */
export function isBackupOverdue(
  { madeAt }: BackupState,
  times: { readonly pattern: string; readonly zone: string },
  now: Millis,
): boolean {
  const { pattern, zone } = times
  const first = madeAt === null ? null : nextRun(pattern, zone, madeAt)
  const second = first === null ? null : nextRun(pattern, zone, first)
  return second !== null && now > second
}
