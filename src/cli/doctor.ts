import { descriptorsMax, examine } from '../domain/doctor.ts'
import { SettingsError, SettingsErrors, SourceError, type Settings } from '../config/effective.ts'
import { argsOf, onlyWord, UsageError } from './args.ts'
import {
  broken,
  findingsOf,
  machineFindings,
  ok,
  type Finding,
  type PortState,
} from './findings.ts'
import { fileFindings } from './filefindings.ts'
import type { Io } from './io.ts'
import { realMachine } from './machine.ts'
import { effective, folderFlags, requireDesk, type Effective } from './settings.ts'

export const doctorHelp = `usage: deskbox doctor

Looks at the desk, also while the server runs, and changes nothing: disk space,
permissions, clock, file descriptors, every page of the database, schema,
settings, port, backups, work that is late, webhooks that fail. Says what to do
about each finding. The exit code is 1 when there is a problem; notes and
warnings alone are 0.

  --config FILE, --data DIR, --set NAME=VALUE   as for deskbox serve
  --json    machine-readable output`

const flags = { ...folderFlags, json: { type: 'boolean', default: false } } as const

/** `deskbox doctor`. Answers the exit code. */
export function doctor(args: string[], io: Io): number {
  const { values, positionals } = argsOf(args, flags)
  if (onlyWord(positionals) !== undefined) throw new UsageError('doctor takes no arguments')
  const found = usable(() => effective(io, values))
  if (Array.isArray(found)) return tellAll(null, found, values.json, io)
  const { directory, settings } = found
  requireDesk(directory)
  const { clock, zone } = realMachine(io)
  const now = clock()
  const examination = examine(directory, now)
  const findings = [
    ok('settings', 'can be used'),
    ...fileFindings(settings, io.cwd, now),
    ...findingsOf({ directory, settings, now, zone, examination }),
    ...machineFindings(descriptorsMax(), portState(settings, examination.isOwned), settings),
  ]
  return tellAll(directory, findings, values.json, io)
}

/** The settings, or what is wrong with the file: where the desk is cannot be known then. */
function usable(read: () => Effective): Effective | Finding[] {
  try {
    return read()
  } catch (err) {
    const problems = err instanceof SettingsErrors ? err.problems : [err]
    return problems.map((problem) => {
      if (!(problem instanceof SettingsError || problem instanceof SourceError)) throw err
      return broken(problem.message)
    })
  }
}

function tellAll(
  directory: string | null,
  findings: readonly Finding[],
  isForPrograms: boolean,
  io: Io,
): number {
  if (isForPrograms) io.out(JSON.stringify({ directory, findings }))
  else for (const finding of findings) tell(finding, io)
  return findings.some(({ level }) => level === 'problem') ? 1 : 0
}

/** Whether the server could listen: tried, and let go at once. */
function portState({ server }: Settings, isRunning: boolean): PortState {
  try {
    const { host: hostname, port } = server
    Bun.listen({ hostname, port, socket: { data() {} } }).stop(true)
    return { state: 'free' }
  } catch (err) {
    if (isRunning) return { state: 'ours' }
    return { state: 'not to be had', why: err instanceof Error ? err.message : String(err) }
  }
}

const width = 12

function tell({ check, level, what, remedy }: Finding, io: Io): void {
  io.out(`${level.padEnd(8)} ${check.padEnd(width)} ${what}`)
  if (remedy !== null) io.out(`${' '.repeat(8)} ${' '.repeat(width)} → ${remedy}`)
}
