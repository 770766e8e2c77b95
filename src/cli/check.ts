import { shownSettings } from '../config/describe.ts'
import { argsOf, onlyWord, UsageError } from './args.ts'
import type { Io } from './io.ts'
import { effective, folderFlags } from './settings.ts'

export const checkHelp = `usage: deskbox check [--config FILE] [--set NAME=VALUE]

Reads the settings as deskbox serve would, and shows each value with where it
came from: the defaults, the settings file, the environment, or a flag. Nothing
is started.

  --config FILE     settings file (default ./deskbox.toml, if it is there)
  --set NAME=VALUE  a setting for this call, such as server.port=8080
  --json            machine-readable output`

/** `deskbox check`. Answers the exit code: 0, or 2 when the settings cannot be used. */
export function check(args: string[], io: Io): number {
  const { values, positionals } = argsOf(args, {
    ...folderFlags,
    json: { type: 'boolean', default: false },
  })
  if (onlyWord(positionals) !== undefined) throw new UsageError('check takes no arguments')
  const found = effective(io, values)
  const rows = shownSettings(found)
  if (values.json) {
    const settings = rows.map(({ name, value, origin, variable }) => ({
      name,
      value,
      origin,
      variable,
    }))
    io.out(JSON.stringify({ file: found.file, directory: found.directory, settings }))
    return 0
  }
  const width = Math.max(...rows.map(({ name }) => name.length))
  const wide = Math.max(...rows.map(({ text }) => text.length))
  for (const { name, text, origin } of rows) {
    io.out(`${name.padEnd(width)}  ${text.padEnd(wide)}  ${origin}`)
  }
  io.out('')
  io.out(`Settings file: ${found.file ?? 'none'}`)
  io.out(`Data folder:   ${found.directory}`)
  return 0
}
