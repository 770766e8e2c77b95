import { basename, join, resolve } from 'node:path'
import { openDesk } from '../app.ts'
import type { Settings } from '../config/effective.ts'
import {
  backupFile,
  makeBackup,
  outcomeOf,
  recordBackup,
  type Backup,
  type BackupOutcome,
} from '../domain/backups.ts'
import { systemActor } from '../domain/tx.ts'
import { megabytes } from '../lib/text.ts'
import type { Millis } from '../lib/time.ts'
import { argsOf, onlyWord } from './args.ts'
import type { Io } from './io.ts'
import { realMachine } from './machine.ts'
import { effective, folderFlags, requireDesk, type FolderFlags } from './settings.ts'

export const backupHelp = `usage: deskbox backup [FILE]

Makes a backup, beside a running server or without one: one file that restores
everything (deskbox restore FILE). It holds the database and the keys that sign
and seal, so keep it as safe as the data folder. It is a tar archive;
manifest.json in it says what it is of. The backup is unpacked again and checked
before it is called good.

  FILE          the file to make (default: by its time, in backup.directory)
  --unrecorded  tell nobody of it: no event, no entry in the activity log
  --config FILE, --data DIR, --set NAME=VALUE   as for deskbox serve
  --json        machine-readable output`

const flags = {
  ...folderFlags,
  unrecorded: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const

/** `deskbox backup`. Answers the exit code. */
export async function backup(args: string[], io: Io): Promise<number> {
  const { values, positionals } = argsOf(args, flags)
  const word = onlyWord(positionals)
  const now = realMachine(io).clock()
  const { directory, file } = placesOf(word, values, now, io)
  requireDesk(directory)
  const record = values.unrecorded ? () => {} : recorder(directory, io)
  let made: Backup
  try {
    made = await makeBackup({ directory, file, now })
  } catch (err) {
    const reason = err instanceof Error ? err.message : String(err)
    await record({ file: basename(file), reason })
    throw err
  }
  await record(outcomeOf(made, basename(file)))
  if (values.json) io.out(JSON.stringify(shown(made)))
  else tell(made, io)
  return 0
}

/** Where the data is and where the backup goes. When both are said, no settings are needed. */
function placesOf(word: string | undefined, values: FolderFlags, now: Millis, io: Io) {
  if (word !== undefined && values.data !== undefined) {
    return { directory: resolve(io.cwd, values.data), file: resolve(io.cwd, word) }
  }
  const { directory, settings } = effective(io, values)
  const usual = () => backupFile(backupFolder(settings, directory, io.cwd), now)
  return { directory, file: word === undefined ? usual() : resolve(io.cwd, word) }
}

/** The folder of the backups that are not told where to go. */
export function backupFolder(
  { backup: { directory: given } }: Pick<Settings, 'backup'>,
  directory: string,
  cwd: string,
): string {
  return given === '' ? join(directory, 'backups') : resolve(cwd, given)
}

/** Takes down the outcome. The backup is what it is, whether or not that can be told of. */
function recorder(directory: string, io: Io): (outcome: BackupOutcome) => Promise<void> {
  return async (outcome) => {
    try {
      using opened = await openDesk(directory, 'share', realMachine(io))
      await opened.desk.write(systemActor, (tx) => recordBackup(tx, outcome))
    } catch (err) {
      io.err(`The activity log does not tell of it: ${err instanceof Error ? err.message : ''}`)
    }
  }
}

function shown({ file, bytes, manifest }: Backup) {
  const { version, schema, createdAt, lastEvent, counts, files } = manifest
  return { file, bytes, version, schema, createdAt, lastEvent, counts, files }
}

function tell({ file, bytes, manifest }: Backup, io: Io): void {
  const { counts, schema, lastEvent } = manifest
  io.out(`Made ${file} (${megabytes(bytes)}), unpacked it and found it whole.`)
  io.out(`Schema ${schema}, up to event ${lastEvent?.sequence ?? 0}.`)
  io.out(
    `${counts['tickets'] ?? 0} tickets, ${counts['messages'] ?? 0} messages, ${counts['customers'] ?? 0} customers.`,
  )
  io.out(`To restore it: deskbox restore ${file}`)
}
