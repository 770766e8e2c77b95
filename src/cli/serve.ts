import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { listen, openDesk, type Listening, type OpenDesk, type Rules } from '../app.ts'
import { defaultOf } from '../config/describe.ts'
import { changesBetween, type Settings } from '../config/effective.ts'
import { firstKeys, type FirstKeys } from '../domain/installation.ts'
import type { Log } from '../lib/log.ts'
import { dayMs, secondMs } from '../lib/time.ts'
import { Networks } from '../security/networks.ts'
import { argsOf, onlyWord, UsageError } from './args.ts'
import { backupFolder } from './backup.ts'
import { backupProcess } from './backupprocess.ts'
import { certificateFiles } from './certificate.ts'
import type { Io } from './io.ts'
import { logSink } from './logsink.ts'
import { realLog, realMachine } from './machine.ts'
import { notifyManager } from './notify.ts'
import { servicesOf } from './services.ts'
import { effective, folderFlags, type Effective } from './settings.ts'
import { welcome } from './welcome.ts'

export const serveHelp = `usage: deskbox serve [--config FILE] [--data DIR] [--host H] [--port P]
                     [--set NAME=VALUE]

Starts the server and keeps it running until SIGTERM or SIGINT. SIGHUP reads the
settings again.

  --config FILE     settings file (default ./deskbox.toml, if it is there)
  --data DIR        data folder, made when absent (default ${defaultOf('data.directory')})
  --host H          address to listen on (default ${defaultOf('server.host')})
  --port P          port, 0 for any free one (default ${defaultOf('server.port')})
  --set NAME=VALUE  any setting, such as limits.keva_per_minute=200
  --json            say where everything is in one line of JSON

Flags win over environment variables (DESKBOX_SERVER_PORT), which win over the
file. deskbox help settings names them all, deskbox check shows what holds.`

// Within the ten seconds that service managers give before they kill.
const graceMs = 8000
const endMostMs = 1000
const keysFile = 'first-keys.txt'

/** `deskbox serve`: runs until it is told to stop or a fault was caught by nobody, and answers the exit code. */
export async function serve(args: string[], io: Io): Promise<number> {
  const { values, positionals } = argsOf(args, {
    ...folderFlags,
    host: { type: 'string' },
    port: { type: 'string' },
    json: { type: 'boolean', default: false },
  })
  if (onlyWord(positionals) !== undefined) throw new UsageError('serve takes no arguments')
  const read = () =>
    effective(io, values, {
      'server.host': { flag: '--host', text: values.host },
      'server.port': { flag: '--port', text: values.port },
    })
  const found = read()
  const { server } = found.settings
  const rules = (settings: Settings) => rulesOf(settings, found.directory, io.cwd)
  let { level } = found.settings.log
  const sink = logSink(destinationOf(found.settings, io))
  const log = realLog(io, found.settings.log.format, { write: sink.write, level: () => level })
  const machine = realMachine(io, log)
  // Read before anything is made, so that a file which is not there leaves nothing behind.
  const certificate = certificateOf(server, io.cwd)
  certificate?.read()
  const first = rules(found.settings)
  const opened = await openDesk(found.directory, 'own', machine)
  machine.log.info('database opened', { ...opened.store.check })
  tellOpened(machine.log, found.settings)
  let listening: Listening
  try {
    listening = listen(opened, {
      machine,
      rules: first,
      host: server.host,
      port: server.port,
      certificate,
      makeBackup: backupProcess(found.directory),
    })
  } catch (err) {
    opened[Symbol.dispose]()
    throw err
  }
  // Before anybody is told the address: from there on a signal must find its answer.
  const ended = nextEnd()
  const keysPath = join(found.directory, keysFile)
  const keys = await firstKeysOf(opened, io, keysPath).catch(async (err: unknown) => {
    await listening.stop(0)
    throw err
  })
  welcome(io, { found, url: listening.url, keys, keysPath, isForPrograms: values.json })
  const take = (settings: Settings) => {
    // First of all, since a secret file that cannot be read must change nothing.
    const next = rules(settings)
    sink.reopen(destinationOf(settings, io))
    level = settings.log.level
    listening.apply(next)
    tellOpened(machine.log, settings)
  }
  using _ = onHangUp(reloader(found.settings, { read, take, log }))
  notifyManager(io.env, 'READY=1')
  const end = await ended
  notifyManager(io.env, 'STOPPING=1')
  if ('signal' in end) machine.log.info('stopping', end)
  else machine.log.error('stopping after a fault that nobody caught', end.fault)
  await listening.stop(graceMs)
  machine.log.info('stopped')
  const code = 'signal' in end ? 0 : 1
  endSoon(code)
  return code
}

/** What integrations may be sent to beside the public internet is on record. */
function tellOpened(log: Log, { webhooks: { allowPrivateNetworks: networks } }: Settings): void {
  if (networks.length > 0) {
    log.info('private networks may be called', { networks: networks.join(', ') })
  }
}

function rulesOf(settings: Settings, directory: string, cwd: string): Rules {
  const { limits, server, webhooks, retention, backup } = settings
  return {
    rates: limits,
    hosts: hostsOf(server),
    trustedProxies: new Networks(server.trustedProxies),
    privateNetworks: new Networks(webhooks.allowPrivateNetworks),
    workflows: servicesOf(settings, cwd),
    eventsDays: retention.eventsDays,
    closedTicketsDays: retention.closedTicketsDays,
    deliveries: {
      waits: webhooks.scheduleSeconds.map((seconds) => seconds * secondMs),
      timeoutMs: webhooks.timeoutSeconds * secondMs,
      kept: {
        deliveredMs: retention.deliveriesDays * dayMs,
        deadMs: retention.failedDeliveriesDays * dayMs,
      },
    },
    backup: { ...backup, directory: backupFolder(settings, directory, cwd) },
  }
}

/** The name in the public address is the server's own. */
function hostsOf({ hosts, publicUrl }: Settings['server']): readonly string[] {
  return publicUrl === '' ? hosts : [...hosts, new URL(publicUrl).hostname]
}

function certificateOf({ tlsCertificateFile, tlsKeyFile }: Settings['server'], cwd: string) {
  if (tlsCertificateFile === '') return null
  return certificateFiles(resolve(cwd, tlsCertificateFile), resolve(cwd, tlsKeyFile))
}

/** Reads the settings again and applies what a running server takes; a broken file changes nothing. */
function reloader(
  started: Settings,
  parts: { read: () => Effective; take: (settings: Settings) => void; log: Log },
): () => void {
  const { read, take, log } = parts
  let current = started
  return () => {
    try {
      const { settings } = read()
      const { applied } = changesBetween(current, settings)
      const { afterRestart } = changesBetween(started, settings)
      take(settings)
      current = settings
      const told = { applied: applied.join(', '), after_restart: afterRestart.join(', ') }
      log.info('settings read again', told)
    } catch (err) {
      log.error('settings stay as they were', err)
    }
  }
}

/** The stream, or the file seen from where the server starts. */
function destinationOf({ log: { destination } }: Settings, { cwd }: Io): string {
  return destination === 'stderr' || destination === 'stdout'
    ? destination
    : resolve(cwd, destination)
}

function onHangUp(react: () => void): Disposable {
  process.on('SIGHUP', react)
  return { [Symbol.dispose]: () => void process.off('SIGHUP', react) }
}

/** Made only once the server listens: a start that fails must not leave keys that nobody was shown. */
function firstKeysOf(opened: OpenDesk, io: Io, path: string): Promise<FirstKeys | undefined> {
  return firstKeys(opened.desk, (made) => {
    // On disk before the keys count, so that a crash cannot leave keys that nobody has seen.
    if (!io.isTerminal) writeKeys(path, made)
  })
}

function writeKeys(path: string, { keva, internal }: FirstKeys): void {
  const lines = ['# The first API keys. Keep them safe, then delete this file.']
  const fd = openSync(path, 'w', 0o600)
  writeSync(fd, [...lines, `keva ${keva}`, `internal ${internal}`, ''].join('\n'))
  fsyncSync(fd)
  closeSync(fd)
}

// A mail server that hangs would hold up the end until its own deadline; what it was told comes due again.
function endSoon(code: number): void {
  setTimeout(() => process.exit(code), endMostMs).unref()
}

type End = { readonly signal: string } | { readonly fault: unknown }

/**
 * What the server ends by. After a fault that nobody caught nothing in memory can be relied on: what is under way is
 * answered, and the service manager starts it anew.
 */
function nextEnd(): Promise<End> {
  const { promise, resolve } = Promise.withResolvers<End>()
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => resolve({ signal }))
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (fault: unknown) => resolve({ fault }))
  }
  return promise
}
