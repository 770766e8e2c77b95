import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A server under test, started from the executable as a user starts it. */
export type Server = Disposable & {
  readonly url: string
  readonly keys: Keys
  readonly pid: number
  /** All that it has printed so far, both streams. */
  readonly output: () => string
  readonly isRunning: () => boolean
  /** Sends the signal and waits for the end; gives the exit code. */
  readonly end: (signal: 'SIGKILL' | 'SIGTERM') => Promise<number>
}

export type Keys = { readonly keva: string; readonly internal: string }

/** A start that ended before it served; `tookMs` is from spawn to exit. */
export type Ended = { readonly code: number; readonly output: string; readonly tookMs: number }

export type Launch = {
  readonly binary: string
  readonly data: string
  readonly env?: Record<string, string>
  /** A command that starts the rest of its arguments, such as under another user. */
  readonly through?: readonly string[]
  /** More of the settings file. */
  readonly settings?: string
}

const patienceMs = 20_000
const limits = `[limits]
keva_per_minute = 1000000
support_desk_per_minute = 1000000
`

/** Starts a server and waits until it serves or has ended. Limits are out of the way. */
export async function launch(options: Launch): Promise<Server | Ended> {
  const { binary, data, env = {}, through = [] } = options
  const config = `${data}.toml`
  await Bun.write(config, `${limits}${options.settings ?? ''}`)
  const began = performance.now()
  const args = ['serve', '--data', data, '--port', '0', '--config', config]
  const child = Bun.spawn([...through, binary, ...args], {
    env: { ...process.env, ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const printed: string[] = []
  const drained = Promise.all([collect(child.stdout, printed), collect(child.stderr, printed)])
  const output = () => printed.join('')
  const end = async (signal: 'SIGKILL' | 'SIGTERM') => {
    child.kill(signal)
    return await child.exited
  }
  const isRunning = () => child.exitCode === null && child.signalCode === null
  const url = await addressIn(output, isRunning)
  const dispose = { [Symbol.dispose]: () => child.kill('SIGKILL') }
  const { pid } = child
  if (url) return { url, keys: keysIn(data), pid, output, isRunning, end, ...dispose }
  if (isRunning()) await end('SIGKILL')
  await drained
  return { code: await child.exited, output: output(), tookMs: performance.now() - began }
}

/** Starts a server that has to come up. */
export async function start(options: Launch): Promise<Server> {
  const started = await launch(options)
  if ('url' in started) return started
  throw new Error(`the server ended with ${started.code}: ${started.output.slice(-400)}`)
}

async function addressIn(
  output: () => string,
  isRunning: () => boolean,
): Promise<string | undefined> {
  const deadline = performance.now() + patienceMs
  while (performance.now() < deadline) {
    const found = /http:\/\/127\.0\.0\.1:\d+/.exec(output())
    if (found) return found[0]
    if (!isRunning()) return undefined
    await Bun.sleep(2)
  }
  return undefined
}

async function collect(stream: ReadableStream<Uint8Array>, into: string[]): Promise<void> {
  const decoder = new TextDecoder()
  for await (const chunk of stream) into.push(decoder.decode(chunk, { stream: true }))
}

function keysIn(data: string): Keys {
  const file = join(data, 'first-keys.txt')
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const key = (kind: string) => new RegExp(`^${kind} (\\S+)`, 'm').exec(text)?.[1] ?? ''
  return { keva: key('keva'), internal: key('internal') }
}
