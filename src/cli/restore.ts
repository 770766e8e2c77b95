import { join, resolve } from 'node:path'
import { restoreBackup, type Restored } from '../domain/backups.ts'
import { argsOf, onlyWord, UsageError } from './args.ts'
import type { Io } from './io.ts'
import { realMachine } from './machine.ts'
import { effective, folderFlags } from './settings.ts'

export const restoreHelp = `usage: deskbox restore FILE

Puts what a backup holds in the place of what the data folder holds. The server
must be stopped. The backup is checked first; a damaged one, or one of a newer
version, changes nothing. What is replaced is kept, in a folder of its own
within the data folder. Webhook deliveries that were waiting when the backup was
made are sent again once the server runs.

  FILE      a file that deskbox backup made, or a database alone, such as a
            before-….db of an upgrade
  --config FILE, --data DIR, --set NAME=VALUE   as for deskbox serve
  --json    machine-readable output`

const flags = { ...folderFlags, json: { type: 'boolean', default: false } } as const

/** `deskbox restore FILE`. Answers the exit code. */
export function restore(args: string[], io: Io): number {
  const { values, positionals } = argsOf(args, flags)
  const word = onlyWord(positionals)
  if (word === undefined) throw new UsageError('restore needs the file of a backup')
  const { directory } = effective(io, values)
  const file = resolve(io.cwd, word)
  const restored = restoreBackup(file, directory, realMachine(io).clock())
  if (values.json) io.out(JSON.stringify(shown(restored, directory)))
  else tell(restored, directory, io)
  return 0
}

function shown({ facts, madeBy, replaced }: Restored, directory: string) {
  return {
    directory,
    replaced: replaced && join(directory, replaced),
    version: madeBy?.version ?? null,
    createdAt: madeBy?.createdAt ?? null,
    schema: facts.steps.at(-1) ?? null,
    lastEvent: facts.lastEvent,
    counts: facts.counts,
  }
}

function tell({ facts, madeBy, replaced }: Restored, directory: string, io: Io): void {
  const made = madeBy ? `, made ${madeBy.createdAt} by Deskbox ${madeBy.version}` : ''
  io.out(`Restored into ${directory} and checked${made}.`)
  for (const [table, count] of Object.entries(facts.counts)) {
    if (count > 0) io.out(`  ${String(count).padStart(9)}  ${table}`)
  }
  io.out(`Up to event ${facts.lastEvent?.sequence ?? 0}.`)
  if (replaced) io.out(`What was there before is in ${join(directory, replaced)}`)
  io.out('Next: deskbox serve')
}
