import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { firstKeys, listen, openDesk, type Listening, type OpenDesk } from '../app.ts'
import type { FirstKeys } from '../domain/installation.ts'
import { version } from '../lib/version.ts'
import { argsOf, onlyWord, UsageError } from './args.ts'
import type { Io } from './io.ts'
import { realMachine } from './machine.ts'
import { effective, folderFlags, type Effective } from './settings.ts'

export const serveHelp = `usage: deskbox serve [--config FILE] [--data DIR] [--host H] [--port P]

Starts the server and keeps it running until SIGTERM or SIGINT.

  --config FILE  settings file (default ./deskbox.toml, if it is there)
  --data DIR     data folder, made when absent (default ./data)
  --host H       address to listen on (default 127.0.0.1)
  --port P       port, 0 for any free one (default 7300)`

// Within the ten seconds that service managers give before they kill.
const graceMs = 8000
const keysFile = 'first-keys.txt'

/** `deskbox serve`: runs until it is told to stop, and answers the exit code. */
export async function serve(args: string[], io: Io): Promise<number> {
  const { values, positionals } = argsOf(args, {
    ...folderFlags,
    host: { type: 'string' },
    port: { type: 'string' },
  })
  if (onlyWord(positionals) !== undefined) throw new UsageError('serve takes no arguments')
  const found = effective(io.cwd, values)
  const { server, limits: rates } = found.settings
  const port = values.port === undefined ? server.port : portOf(values.port)
  const machine = realMachine(io)
  const opened = await openDesk(found.directory, 'own', machine)
  machine.log.info('database opened', { ...opened.store.check })
  let listening: Listening
  try {
    listening = listen(opened, { machine, rates, host: values.host ?? server.host, port })
  } catch (err) {
    opened[Symbol.dispose]()
    throw err
  }
  // Before anybody is told the address: from there on a signal must find its answer.
  const signalled = nextSignal()
  const keysPath = join(found.directory, keysFile)
  const keys = await firstKeysOf(opened, io, keysPath).catch(async (err: unknown) => {
    await listening.stop(0)
    throw err
  })
  welcome(io, { found, url: listening.url, keys, keysPath })
  const signal = await signalled
  machine.log.info('stopping', { signal })
  await listening.stop(graceMs)
  machine.log.info('stopped')
  return 0
}

function portOf(text: string): number {
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port > 65535) {
    throw new UsageError(`--port must be a number from 0 to 65535, not '${text}'`)
  }
  return port
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

function nextSignal(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal))
  return promise
}

type Started = {
  readonly found: Effective
  readonly url: string
  readonly keys: FirstKeys | undefined
  readonly keysPath: string
}

function welcome(io: Io, { found, url, keys, keysPath }: Started): void {
  io.out(`Deskbox ${version}`)
  io.out(`  Address    ${url}`)
  io.out(`  Data       ${found.directory}`)
  io.out(`  Settings   ${found.file ?? 'defaults (deskbox init writes a file to change them)'}`)
  io.out(`  Reference  ${url}/docs`)
  io.out('')
  if (!keys) {
    io.out('Next: deskbox keys create makes another API key, deskbox keys list shows them.')
  } else if (io.isTerminal) {
    showKeys(io, url, keys)
  } else {
    io.out(`The first API keys are in ${keysPath}`)
    io.out('Next: read them there, then delete that file.')
  }
}

function showKeys(io: Io, url: string, { keva, internal }: FirstKeys): void {
  io.out('The first API keys, shown only now:')
  io.out(`  Keva       ${keva}`)
  io.out(`  DeskHive   ${internal}`)
  io.out('')
  io.out('Next, open a ticket the Keva way, and see it the DeskHive way:')
  io.out('')
  io.out(`curl -s ${url}/api/v1/tickets -H 'Authorization: Bearer ${keva}' \\`)
  io.out(`  -H 'Content-Type: application/json' \\`)
  io.out(`  -d '{"subject":"Printer on fire","customerEmail":"mara@example.com","body":"Help!"}'`)
  io.out('')
  io.out(`curl -s ${url}/api/v1/internal/tickets -H 'X-API-KEY: ${internal}'`)
  io.out('')
}
