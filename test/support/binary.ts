// Starts a Deskbox process, compiled or from source, and talks to it only as an administrator could.

import { existsSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** A running server. */
export type Server = {
  readonly url: string
  /** The first keys; empty where the data folder holds no file of them. */
  readonly keys: { readonly keva: string; readonly internal: string }
  readonly pid: number
  /** The exit code, once it has ended by whatever cause. */
  readonly exited: Promise<number>
  /** Sends SIGTERM and gives the exit code. */
  stop(): Promise<number>
  /** Sends SIGKILL and waits for the end. */
  kill(): Promise<void>
  /** Waits until the log says so. */
  heard(text: string): Promise<void>
  stdout(): string
  stderr(): string
}

export type ServerOptions = {
  readonly binary: string
  readonly cwd: string
  /** The whole argument list; `serve --port 0` unless given. */
  readonly args?: readonly string[]
  /** The whole environment; that of this process unless given. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly startMsMax?: number
}

const root = resolve(import.meta.dir, '../..')

/** The executable that the build makes for this machine. */
export const dist = join(root, 'dist', process.platform === 'win32' ? 'deskbox.exe' : 'deskbox')

/** Builds the executable when there is none, or when a source is newer than it. */
export function ensureBuilt(): void {
  const builtAt = existsSync(dist) ? statSync(dist).mtimeMs : 0
  const sources = new Bun.Glob('{src,migrations,build}/**/*.{ts,sql}').scanSync({ cwd: root })
  const isFresh = [...sources, 'package.json', 'bun.lock'].every(
    (file) => statSync(join(root, file)).mtimeMs <= builtAt,
  )
  if (isFresh) return
  const { success, stderr } = Bun.spawnSync([process.execPath, 'build/build.ts'], { cwd: root })
  if (!success) throw new Error(`The build failed:\n${stderr.toString()}`)
}

const addressLine = /http:\/\/127\.0\.0\.1:\d+/
const stopMsMax = 15_000

/** Starts a server and waits for its address line; a fault carries all that it printed. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { binary, cwd, args = ['serve', '--port', '0'], env = process.env } = options
  const child = Bun.spawn([binary, ...args], { cwd, env, stdout: 'pipe', stderr: 'pipe' })
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  const fault = (what: string) => {
    child.kill('SIGKILL')
    return new Error(`${what}\n--- stdout\n${stdout.text()}\n--- stderr\n${stderr.text()}`)
  }
  const ended = Promise.all([child.exited, stdout.ended, stderr.ended])
  const url = await Promise.race([
    stdout.find(addressLine),
    ended.then(([code]) => ({ failure: `The server ended with ${code} before it listened` })),
    after(options.startMsMax ?? 10_000, { failure: 'The server printed no address in time' }),
  ])
  if (typeof url !== 'string') throw fault(url.failure)
  return {
    url,
    keys: readKeys(dataFolder(cwd, args)),
    pid: child.pid,
    exited: child.exited,
    stop: async () => {
      child.kill('SIGTERM')
      const code = await Promise.race([child.exited, after(stopMsMax, undefined)])
      if (code === undefined) throw fault('The server did not stop in time')
      return code
    },
    kill: async () => {
      child.kill('SIGKILL')
      await child.exited
    },
    heard: async (text) => void (await stderr.find(new RegExp(RegExp.escape(text)))),
    stdout: stdout.text,
    stderr: stderr.text,
  }
}

function dataFolder(cwd: string, args: readonly string[]): string {
  const flag = args.indexOf('--data')
  return resolve(cwd, (flag === -1 ? undefined : args[flag + 1]) ?? 'data')
}

function readKeys(folder: string): Server['keys'] {
  const file = join(folder, 'first-keys.txt')
  const found = new Map<string, string>()
  for (const line of existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []) {
    const [kind, key] = line.trim().split(/\s+/)
    if (kind && key && !kind.startsWith('#')) found.set(kind, key)
  }
  return { keva: found.get('keva') ?? '', internal: found.get('internal') ?? '' }
}

type Collected = {
  readonly text: () => string
  readonly find: (pattern: RegExp) => Promise<string>
  readonly ended: Promise<void>
}

/** Reads a stream to its end, so that the child never waits on a full pipe. */
function collect(stream: ReadableStream<Uint8Array>): Collected {
  let text = ''
  const watchers = new Set<() => void>()
  const decoder = new TextDecoder()
  const read = async () => {
    for await (const chunk of stream) {
      text += decoder.decode(chunk, { stream: true })
      for (const watch of watchers) watch()
    }
  }
  const find = (pattern: RegExp) =>
    new Promise<string>((found) => {
      const watch = () => {
        // A line that is still being written may hold half an address.
        const whole = text.slice(0, text.lastIndexOf('\n') + 1)
        const match = pattern.exec(whole)?.[0]
        if (match === undefined) return
        watchers.delete(watch)
        found(match)
      }
      watchers.add(watch)
      watch()
    })
  return { text: () => text, find, ended: read() }
}

function after<T>(ms: number, value: T): Promise<T> {
  return new Promise((done) => setTimeout(() => done(value), ms).unref())
}
