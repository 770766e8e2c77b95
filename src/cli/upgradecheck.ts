import { examine, type SchemaState } from '../domain/doctor.ts'
import { megabytes } from '../lib/text.ts'
import { version } from '../lib/version.ts'
import { argsOf, onlyWord, UsageError } from './args.ts'
import type { Io } from './io.ts'
import { realMachine } from './machine.ts'
import { effective, folderFlags, requireDesk } from './settings.ts'

export const upgradeCheckHelp = `usage: deskbox upgrade-check

Says what the next start of this version would do to the data folder: which
steps of the schema it takes, where the snapshot of before goes and how large it
is, and whether there is room. Changes nothing. The exit code is 1 when the
start would be refused.

  --config FILE, --data DIR, --set NAME=VALUE   as for deskbox serve
  --json    machine-readable output`

const flags = { ...folderFlags, json: { type: 'boolean', default: false } } as const

/** `deskbox upgrade-check`. Answers the exit code. */
export function upgradeCheck(args: string[], io: Io): number {
  const { values, positionals } = argsOf(args, flags)
  if (onlyWord(positionals) !== undefined) throw new UsageError('upgrade-check takes no arguments')
  const { directory } = effective(io, values)
  requireDesk(directory)
  const found = examine(directory, realMachine(io).clock())
  const { freeBytes, databaseBytes: snapshotBytes, damage } = found
  const state = found.contents?.schema ?? null
  const needed = state?.pending.length ? 3 * snapshotBytes : 0
  const refusals = [
    ...damage,
    ...(state?.unknown ? [`It has the step ${state.unknown}, which is not known here.`] : []),
    ...(freeBytes < needed ? [`There is no room: ${megabytes(needed)} are needed.`] : []),
  ]
  const sizes = { freeBytes, snapshotBytes }
  const isRefused = refusals.length > 0
  if (values.json) io.out(JSON.stringify({ version, isRefused, ...state, ...sizes, refusals }))
  else for (const line of [...(state ? lines(state, sizes) : []), ...refusals]) io.out(line)
  return isRefused ? 1 : 0
}

type Sizes = { readonly freeBytes: number; readonly snapshotBytes: number }

function lines(state: SchemaState, { freeBytes, snapshotBytes }: Sizes): string[] {
  const { steps, pending, snapshot, wayBack } = state
  const now = `The data has the schema ${steps.at(-1) ?? 'of an empty folder'}.`
  if (state.unknown !== null) {
    return [
      now,
      ...(wayBack === null ? [] : [`The snapshot ${wayBack} is one that this version can use.`]),
    ]
  }
  if (pending.length === 0) return [now, `Deskbox ${version} starts on it as it is.`]
  return [
    now,
    `Deskbox ${version} takes ${pending.length} steps: ${pending.join(', ')}.`,
    `Before them it writes ${snapshot}, about ${megabytes(snapshotBytes)}.`,
    `${megabytes(freeBytes)} are free.`,
  ]
}
