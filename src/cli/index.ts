import { settingsHelp } from '../config/describe.ts'
import { SettingsError, SettingsErrors } from '../config/effective.ts'
import { Fault } from '../domain/errors.ts'
import { version } from '../lib/version.ts'
import { argsOf, UsageError, wordsOf } from './args.ts'
import { backup, backupHelp } from './backup.ts'
import { check, checkHelp } from './check.ts'
import { doctor, doctorHelp } from './doctor.ts'
import { erase, eraseHelp } from './erase.ts'
import { exportDesk, exportHelp } from './export.ts'
import { importHelp, importLines } from './import.ts'
import { init, initHelp } from './init.ts'
import type { Io } from './io.ts'
import { keys, keysHelp } from './keys.ts'
import { restore, restoreHelp } from './restore.ts'
import { serve, serveHelp } from './serve.ts'
import { service, serviceHelp } from './service.ts'
import { staff, staffHelp } from './staff.ts'
import { webhooks, webhooksHelp } from './webhooks.ts'
import { upgradeCheck, upgradeCheckHelp } from './upgradecheck.ts'
import { workflows, workflowsHelp } from './workflows.ts'

const help = `deskbox ${version}: a whole help desk API in one executable

usage: deskbox VERB [options]

  serve     start the server
  init      write a settings file to change
  check     show the settings and where each came from
  keys      make, import, list, change, revoke API keys; rotate the signing key
  staff     add, change and list the people who answer
  service   run as a service of systemd
  webhooks  list webhooks and deliveries, switch them; check a signature
  workflows list, switch and explain workflows; try them on past tickets
  backup    make a backup, also while the server runs
  restore   put back what a backup holds
  export    write the whole desk, or all that is held on a customer, as JSON
  import    make a desk of what export wrote
  erase     take a customer out of everything
  doctor    look for what is wrong, and say what to do
  upgrade-check   say what this version would do to the data
  version   show the version

deskbox VERB --help says more about one, deskbox help settings about settings.`

const versionHelp = `usage: deskbox version

Shows the version.

  --json   machine-readable output`

const settingsIntro = `The settings, by section. deskbox help settings SECTION says what each means,
deskbox check what holds. In the environment limits.keva_per_minute is
DESKBOX_LIMITS_KEVA_PER_MINUTE; as a flag, --set limits.keva_per_minute=200.
`

type Verb = (args: string[], io: Io) => number | Promise<number>

const verbs: { readonly [verb: string]: Verb } = {
  serve: withHelp(serveHelp, serve),
  init: withHelp(initHelp, init),
  check: withHelp(checkHelp, check),
  keys: withHelp(keysHelp, keys),
  staff: withHelp(staffHelp, staff),
  service: withHelp(serviceHelp, service),
  webhooks: withHelp(webhooksHelp, webhooks),
  workflows: withHelp(workflowsHelp, workflows),
  backup: withHelp(backupHelp, backup),
  restore: withHelp(restoreHelp, restore),
  export: withHelp(exportHelp, exportDesk),
  import: withHelp(importHelp, importLines),
  erase: withHelp(eraseHelp, erase),
  doctor: withHelp(doctorHelp, doctor),
  'upgrade-check': withHelp(upgradeCheckHelp, upgradeCheck),
  version: withHelp(versionHelp, showVersion),
  help: showHelp,
}

/** Runs one command line and answers its exit code: 0, 1 for a failure, 2 for wrong usage. */
export async function run(args: string[], io: Io): Promise<number> {
  const [first = 'help', ...rest] = args
  const name = aliases[first] ?? first
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined
  if (!verb) {
    io.err(`deskbox: there is no verb '${first}'; deskbox help lists them`)
    return 2
  }
  try {
    return await verb(rest, io)
  } catch (err) {
    return explain(name, err, io)
  }
}

const aliases: { readonly [word: string]: string } = {
  '--help': 'help',
  '-h': 'help',
  '--version': 'version',
  '-v': 'version',
}

function withHelp(text: string, verb: Verb): Verb {
  return (args, io) =>
    args.includes('--help') || args.includes('-h') ? say(io, text) : verb(args, io)
}

/** `deskbox help`, `help VERB`, and `help settings [SECTION]`. */
function showHelp(args: string[], io: Io): number | Promise<number> {
  const [word, section, unexpected] = args
  if (unexpected !== undefined) throw new UsageError(`Unexpected argument '${unexpected}'`)
  if (word === undefined || word === '--help' || word === '-h') return say(io, help)
  if (word === 'settings') {
    const text = settingsHelp(section)
    if (text === undefined) throw new UsageError(`There is no section '${section ?? ''}'`)
    return say(io, section === undefined ? `${settingsIntro}\n${text}` : text)
  }
  const verb = Object.hasOwn(verbs, word) && word !== 'help' ? verbs[word] : undefined
  if (!verb || section !== undefined) {
    throw new UsageError(`There is no help on '${args.join(' ')}'`)
  }
  return verb(['--help'], io)
}

function showVersion(args: string[], io: Io): number {
  const { values, positionals } = argsOf(args, { json: { type: 'boolean', default: false } })
  wordsOf('version', positionals, [])
  return say(io, values.json ? JSON.stringify({ version }) : version)
}

function say(io: Io, text: string): number {
  io.out(text)
  return 0
}

function explain(verb: string, err: unknown, io: Io): number {
  const problems = err instanceof SettingsErrors ? err.problems : [err]
  for (const problem of problems) io.err(`deskbox ${verb}: ${messageOf(problem)}`)
  if (err instanceof UsageError) {
    io.err(`deskbox ${verb} --help says how to call it`)
    return 2
  }
  return err instanceof SettingsError || err instanceof SettingsErrors ? 2 : 1
}

function messageOf(err: unknown): string {
  if (err instanceof Fault && err.kind === 'unavailable') return unwritable
  return err instanceof Error ? err.message : String(err)
}

const unwritable =
  'The disk is full or fails, so that nothing can be written: deskbox doctor says more'
