// Proves that the one file runs alone: in an empty folder, with no home, with a temp directory that
// is of no use, and in a folder whose files try to run code inside it.

import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Server, startServer } from '../test/support/binary.ts'

const stopMsMax = 10_000

if (import.meta.main) await main()

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { binary: { type: 'string' } } })
  const name = process.platform === 'win32' ? 'deskbox.exe' : 'deskbox'
  await smoke(values.binary ?? resolve(import.meta.dir, '..', 'dist', name))
}

type Place = { what: string; temp: string }

/** Boots the binary once per kind of useless temp directory, and walks one ticket each way. */
export async function smoke(binary: string): Promise<void> {
  const base = mkdtempSync(join(tmpdir(), 'smoke-'))
  const mounted: string[] = []
  try {
    for (const place of places(base, mounted)) {
      const began = performance.now()
      const cwd = mkdtempSync(join(base, 'folder-'))
      await runAlone(binary, cwd, place.temp)
      console.log(`ok: ${place.what} (${Math.round(performance.now() - began)} ms)`)
    }
  } finally {
    for (const path of mounted) Bun.spawnSync(['umount', path])
    rmSync(base, { recursive: true, force: true })
  }
}

function places(base: string, mounted: string[]): Place[] {
  const found = [{ what: 'a temp directory that does not exist', temp: join(base, 'missing') }]
  for (const option of ['ro', 'noexec']) {
    const temp = join(base, option)
    mkdirSync(temp)
    const what = `a temp directory that is mounted ${option}`
    if (mount(temp, option)) {
      mounted.push(temp)
      found.push({ what, temp })
    } else {
      console.log(`skipped: ${what}, because mounting is not permitted here`)
    }
  }
  return found
}

function mount(path: string, option: string): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  return Bun.spawnSync(['mount', '-t', 'tmpfs', '-o', option, 'tmpfs', path]).success
}

async function runAlone(binary: string, cwd: string, temp: string): Promise<void> {
  const trace = plantHostileFiles(cwd)
  const env = process.platform === 'win32' ? { ...process.env, TEMP: temp, TMP: temp } : {}
  const server = await startServer({ binary, cwd, env: { ...env, TMPDIR: temp } })
  try {
    await fromKevaToDeskHive(server)
    await fromDeskHiveToKeva(server)
  } catch (err) {
    await server.kill()
    throw new Error(`${String(err)}\n${server.stdout()}\n${server.stderr()}`, { cause: err })
  }
  await expectCleanStop(server)
  expectThat(!existsSync(trace), 'a file of the working folder ran code inside the server')
}

/** Files that the runtime reads by default; the script leaves a trace if it ever runs. */
function plantHostileFiles(cwd: string): string {
  const trace = join(cwd, 'planted-code-ran')
  const preload = join(cwd, 'preload.js')
  writeFileSync(preload, `require('node:fs').writeFileSync(${JSON.stringify(trace)}, '')`)
  writeFileSync(join(cwd, 'bunfig.toml'), `preload = [${JSON.stringify(preload)}]\n`)
  writeFileSync(join(cwd, '.env'), `BUN_OPTIONS=--preload ${preload}\nTZ=Asia/Tokyo\n`)
  return trace
}

async function expectCleanStop(server: Server): Promise<void> {
  const began = performance.now()
  const code = await server.stop()
  const ms = Math.round(performance.now() - began)
  const clean = process.platform === 'win32' || code === 0 // Windows knows no SIGTERM
  expectThat(clean && ms <= stopMsMax, `the server stopped with ${code} after ${ms} ms`)
}

async function fromKevaToDeskHive(server: Server): Promise<void> {
  const { keva, deskhive } = clients(server)
  const asked = { subject: 'No display', customerEmail: 'ada@example.com', body: 'It stays dark.' }
  const id = String(pick(await keva('POST', '/tickets', 201, asked), 'data', 'id'))
  expectThat(id.startsWith('tkt_'), `Keva calls the ticket ${id}`)
  const seen = pick(await deskhive('GET', '/tickets', 200), 'data', 0)
  expectThat(pick(seen, 'title') === asked.subject, 'DeskHive does not list what Keva opened')
  const path = `/tickets/${Number(pick(seen, 'id'))}`
  await deskhive('POST', `${path}/messages`, 201, { content: 'Hold the dial for ten seconds.' })
  await deskhive('PUT', path, 200, { status: 'closed' })
  const messages = JSON.stringify(await keva('GET', `/tickets/${id}/messages`, 200))
  expectThat(messages.includes('Hold the dial'), 'Keva does not see the answer')
  const status = pick(await keva('GET', `/tickets/${id}`, 200), 'data', 'status')
  expectThat(status === 'closed', `Keva sees the closed ticket as ${String(status)}`)
}

async function fromDeskHiveToKeva(server: Server): Promise<void> {
  const { keva, deskhive } = clients(server)
  const customer = pick(await deskhive('GET', '/customers', 200), 'data', 0, 'id')
  const asked = { customer_id: customer, title: 'Dial is stuck', content: 'It does not turn.' }
  await deskhive('POST', '/tickets', 201, asked)
  const subjects = JSON.stringify(await keva('GET', '/tickets', 200))
  expectThat(subjects.includes(asked.title), 'Keva does not list what DeskHive opened')
}

type Client = (method: string, path: string, status: number, body?: object) => Promise<unknown>

function clients({ url, keys }: Server): { keva: Client; deskhive: Client } {
  return {
    keva: client(`${url}/api/v1`, { authorization: `Bearer ${keys.keva}` }),
    deskhive: client(`${url}/api/v1/internal`, { 'x-api-key': keys.internal }),
  }
}

function client(base: string, headers: Record<string, string>): Client {
  return async (method, path, status, body) => {
    const sent = body && { body: JSON.stringify(body) }
    const type = body && { 'content-type': 'application/json' }
    const response = await fetch(base + path, { method, headers: { ...headers, ...type }, ...sent })
    const text = await response.text()
    expectThat(response.status === status, `${method} ${path}: ${response.status} ${text}`)
    return JSON.parse(text)
  }
}

/** The value at a path of keys, or undefined where the path ends early. */
function pick(value: unknown, ...keys: (string | number)[]): unknown {
  return keys.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined),
    value,
  )
}

function expectThat(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise)
}
