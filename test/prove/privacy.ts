import { chmodSync, chownSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { CheckResult } from './checks.ts'
import { until } from './hooks.ts'
import { launch, start } from './server.ts'
import { workFolder } from './shim.ts'
import { runVerb } from './verbs.ts'

// A process that is started with the mask 0 would make its files for everybody.
const unmasked = ['sh', '-c', 'umask 000; exec "$@"', 'sh']
const secret = 'correct horse battery staple'
const owner = 12_345
const other = 12_346
const patienceMs = 2000

/**
 * What the executable makes is for its owner alone, whatever mask it is started with; what it finds open to
 * others it closes and says so; and no secret is ever taken from the arguments (A9).
 */
export async function provePrivacy(binary: string): Promise<CheckResult> {
  const folder = workFolder('privacy')
  const data = join(folder, 'data')
  try {
    const made = await makeEverything(binary, data)
    const found = [...made, ...openTo(data)]
    const files = everything(data).length
    const problems = [...found, ...(await closesAgain(binary, data))]
    problems.push(...(await keepsSecrets(binary, data)))
    const users = await refusesOthers(binary, folder, data)
    const figure = `${files} files and folders, ${users.what}`
    return { figure, problems: [...problems, ...users.problems] }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Has every kind of file made: database, log, keys, token keys, backups, a log of its own. */
async function makeEverything(binary: string, data: string): Promise<string[]> {
  const log = `${data}.log`
  const settings = `[log]\ndestination = "${log}"\n`
  using server = await start({ binary, data, through: unmasked, settings })
  const verb = (...args: string[]) => runVerb([...unmasked, binary, ...args, '--data', data])
  const backup = await verb('backup')
  const restored = await runVerb([
    ...unmasked,
    binary,
    'restore',
    join(data, 'backups', readdirSync(join(data, 'backups'))[0] ?? ''),
    '--data',
    join(data, 'backups', 'copy'),
  ])
  // The files that are there only while it runs are looked at while it runs.
  const found = [...openTo(data), ...openTo(log)]
  const code = await server.end('SIGTERM')
  return [
    ...found,
    ...(code === 0 ? [] : [`the server ended with ${code}`]),
    ...(backup.code === 0 ? [] : [`no backup: ${backup.err}`]),
    ...(restored.code === 0 ? [] : [`no restore: ${restored.err}`]),
  ]
}

/** A path and, if it is a folder, what is in it. */
function everything(data: string): string[] {
  if (!statSync(data).isDirectory()) return [data]
  const names = readdirSync(data, { recursive: true }).map((name) => join(data, String(name)))
  return [data, ...names]
}

/** What others may do something with, or is for more than it needs. */
function openTo(data: string): string[] {
  return everything(data).flatMap((path) => {
    const found = statSync(path)
    const wanted = found.isDirectory() ? 0o700 : 0o600
    const mode = found.mode & 0o777
    return mode === wanted ? [] : [`${path} has the mode ${mode.toString(8)}`]
  })
}

/** Opens all to everybody: the next start closes it, and its log names every file. */
async function closesAgain(binary: string, data: string): Promise<string[]> {
  const names = ['deskbox.db', 'deskbox.lock', 'signing-keys.json']
  chmodSync(data, 0o755)
  for (const name of names) chmodSync(join(data, name), 0o644)
  using server = await start({ binary, data })
  const closed = [data, ...names.map((name) => join(data, name))]
  const silent = () => closed.filter((path) => !isTold(server.output(), path))
  await until(() => silent().length === 0, patienceMs)
  await server.end('SIGTERM')
  return [...openTo(data), ...silent().map((path) => `nothing tells that ${path} was open`)]
}

function isTold(output: string, path: string): boolean {
  return output
    .split('\n')
    .some((line) => line.includes('closed to others') && line.includes(`"path":"${path}"`))
}

/** A password comes from standard input; as an argument it is refused, and shown nowhere. */
async function keepsSecrets(binary: string, data: string): Promise<string[]> {
  const ada = ['--role', 'admin', '--name', 'Ada', '--email', 'ada@northwind.test', '--data', data]
  const create = [binary, 'staff', 'create', ...ada]
  const typed = await runVerb([...create, '--password-file', '-'], { input: `${secret}\n` })
  const argued = await runVerb([...create, '--password', secret])
  const printed = [typed, argued].map(({ out, err }) => out + err).join('')
  return [
    ...(typed.code === 0 ? [] : [`no password from standard input: ${typed.err}`]),
    ...(argued.code === 2 ? [] : [`a password as an argument ended with ${argued.code}`]),
    ...(printed.includes(secret) ? ['a password was printed'] : []),
  ]
}

type Users = { readonly what: string; readonly problems: string[] }

/** Another user's folder is refused by name, also when its mode would let this user in. */
async function refusesOthers(binary: string, folder: string, data: string): Promise<Users> {
  if (process.getuid?.() !== 0 || !Bun.which('setpriv')) {
    return { what: 'other users left out (it takes root)', problems: [] }
  }
  chmodSync(folder, 0o755)
  chmodSync(data, 0o777)
  chownSync(data, other, other)
  const through = ['setpriv', `--reuid=${owner}`, `--regid=${owner}`, '--clear-groups']
  const started = await launch({ binary, data, through })
  if ('url' in started) {
    await started.end('SIGKILL')
    return { what: 'other users', problems: ['it serves the folder of another user'] }
  }
  const isNamed = started.output.includes(`${data} belongs to the user ${other}`)
  return { what: 'another user refused', problems: isNamed ? [] : [started.output.slice(-300)] }
}
