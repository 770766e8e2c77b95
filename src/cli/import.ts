import { resolve } from 'node:path'
import { importDesk } from '../domain/portable.ts'
import { argsOf, onlyWord, UsageError } from './args.ts'
import type { Io } from './io.ts'
import { realMachine } from './machine.ts'
import { effective, folderFlags } from './settings.ts'

export const importHelp = `usage: deskbox import FILE

Makes a desk of the lines that deskbox export wrote, in a data folder that holds
none. They are checked whole; what is damaged or cut short makes no desk.

  --config FILE, --data DIR, --set NAME=VALUE   as for deskbox serve
  --json    machine-readable output`

const flags = { ...folderFlags, json: { type: 'boolean', default: false } } as const

/** `deskbox import FILE`. Answers the exit code. */
export function importLines(args: string[], io: Io): number {
  const { values, positionals } = argsOf(args, flags)
  const word = onlyWord(positionals)
  if (word === undefined) throw new UsageError('import needs the file of an export')
  const { directory } = effective(io, values)
  const { counts } = importDesk(resolve(io.cwd, word), directory, realMachine(io).clock())
  if (values.json) {
    io.out(JSON.stringify({ directory, counts }))
    return 0
  }
  io.out(`Made the desk in ${directory}.`)
  for (const [table, count] of Object.entries(counts)) {
    if (count > 0) io.out(`  ${String(count).padStart(9)}  ${table}`)
  }
  io.out('Next: deskbox serve')
  return 0
}
