import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { argsOf, UsageError } from './args.ts'
import type { Io } from './io.ts'
import { requireReach, serviceFiles, serviceHome } from './servicefiles.ts'
import { effective } from './settings.ts'
import { systemdUnit, type UnitOptions } from './systemd.ts'

export const serviceHelp = `usage: deskbox service install [--print] [--user NAME] [--config FILE]
       deskbox service status
       deskbox service uninstall

Runs Deskbox as a service of systemd: started with the machine, restarted when
it fails, and kept from everything but its own data. Uninstalling leaves the
data where it is.

  --print        show the unit and change nothing
  --user NAME    run as this user (default: one that systemd makes for it)
  --config FILE  settings file (default /etc/deskbox/deskbox.toml, if there)
  --json         machine-readable output`

const unitName = 'deskbox.service'
const unitFile = `/etc/systemd/system/${unitName}`
const defaultConfig = '/etc/deskbox/deskbox.toml'

const flags = {
  print: { type: 'boolean', default: false },
  user: { type: 'string' },
  config: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const

type Flags = ReturnType<typeof argsOf<typeof flags>>['values']

/** `deskbox service install|status|uninstall`. Answers the exit code. */
export function service(args: string[], io: Io): number {
  const { values, positionals } = argsOf(args, flags)
  const [verb, unexpected] = positionals
  if (unexpected !== undefined) throw new UsageError(`Unexpected argument '${unexpected}'`)
  const run = verb !== undefined && Object.hasOwn(verbs, verb) ? verbs[verb] : undefined
  if (!run) throw new UsageError(`service needs one of: ${Object.keys(verbs).join(', ')}`)
  return run(values, io)
}

const verbs: { readonly [verb: string]: (values: Flags, io: Io) => number } = {
  install(values, io) {
    const options = unitOptions(values, io)
    const { settings } = effective({ cwd: serviceHome, env: {} }, configFlag(options))
    const files = serviceFiles(options.config, settings)
    const unit = systemdUnit({ ...options, written: files.written })
    if (values.print) {
      io.out(values.json ? JSON.stringify({ file: unitFile, unit }) : unit.trimEnd())
      return 0
    }
    requireReach(files, options.user)
    requireSystemd()
    requireReachable(process.execPath)
    mkdirSync(dirname(unitFile), { recursive: true })
    writeFileSync(unitFile, unit, { mode: 0o644 })
    systemctl('daemon-reload')
    systemctl('enable', unitName)
    // One that runs already goes on by the new unit.
    systemctl('restart', unitName)
    tell(io, values, { installed: unitFile }, [
      `Installed ${unitFile}, and started it.`,
      'Next: deskbox service status, and journalctl -u deskbox for its log.',
      'The first API keys are in /var/lib/deskbox/first-keys.txt',
    ])
    return 0
  },

  status(values, io) {
    requireSystemd()
    const { stdout } = spawnSync('systemctl', ['is-active', unitName], { encoding: 'utf8' })
    const state = stdout.trim()
    tell(io, values, { state, installed: existsSync(unitFile) }, [
      existsSync(unitFile) ? `${unitName} is ${state}` : `${unitName} is not installed`,
    ])
    return state === 'active' ? 0 : 1
  },

  uninstall(values, io) {
    requireSystemd()
    if (existsSync(unitFile)) {
      systemctl('disable', '--now', unitName)
      rmSync(unitFile)
      systemctl('daemon-reload')
    }
    tell(io, values, { removed: unitFile }, [
      `Removed ${unitFile}. The data stays in /var/lib/deskbox.`,
    ])
    return 0
  },
}

/** The file that the service is given, and no other. */
function configFlag({ config }: Pick<UnitOptions, 'config'>) {
  return config === undefined ? {} : { config }
}

function unitOptions({ user, config }: Flags, io: Io): Omit<UnitOptions, 'written'> {
  if (user !== undefined && !/^[a-z_][a-z0-9_-]{0,31}$/.test(user)) {
    throw new UsageError(`--user must be the name of a user, not '${user}'`)
  }
  const file = config === undefined ? defaultConfig : resolve(io.cwd, config)
  if (config !== undefined && !existsSync(file)) {
    throw new UsageError(`There is no settings file ${config}`)
  }
  return { executable: process.execPath, user, config: existsSync(file) ? file : undefined }
}

function requireSystemd(): void {
  if (process.platform === 'linux' && existsSync('/run/systemd/system')) return
  throw new Error('systemd does not run here; deskbox service install --print shows the unit')
}

/** The service sees no home folder, so what it runs must not lie in one. */
function requireReachable(executable: string): void {
  if (!/^\/(?:home|root|run\/user)\//.test(executable)) return
  throw new Error(`A service cannot run ${executable}; put it into /usr/local/bin first`)
}

function systemctl(...args: string[]): void {
  const { status, stderr } = spawnSync('systemctl', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`systemctl ${args.join(' ')}: ${stderr.trim()}`)
}

function tell(io: Io, { json }: Flags, facts: object, lines: string[]): void {
  if (json) io.out(JSON.stringify(facts))
  else for (const line of lines) io.out(line)
}
