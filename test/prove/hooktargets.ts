import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { openSqlite } from '../../src/store/sqlite.ts'
import type { CheckResult } from './checks.ts'
import { openTickets, until } from './hooks.ts'
import { inspect } from './inspect.ts'
import { start, type Server } from './server.ts'
import { workFolder } from './shim.ts'

// Every spelling of what must not be called: by its host, with the port of a canary, and in other ways.

const hosts = [
  '127.0.0.1',
  '127.0.0.1.',
  '127.1',
  '2130706433',
  '0x7f000001',
  '0x7f.0.0.1',
  '0177.0.0.1',
  '017700000001',
  '１２７.０.０.１',
  '①②⑦.0.0.1',
  '127。0。0。1',
  '%31%32%37.0.0.1',
  '127.0.0.2',
  'localhost',
  'LOCALHOST',
  'localhost.',
  '0',
  '0.0.0.0',
  '[::]',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[::127.0.0.1]',
  '[64:ff9b::127.0.0.1]',
  '[64:ff9b:1::127.0.0.1]',
  '[2002:7f00:1::]',
  '[2001:0:7f00:1::]',
  '[fd00:ec2::254]',
  '[fc00::1]',
  '[fe80::1]',
  '[fe80::1%25eth0]',
  '[ff02::1]',
  '169.254.169.254',
  '100.64.0.1',
  '10.0.0.7',
  '172.16.0.1',
  '192.168.1.1',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  'user@127.0.0.1',
  'user:secret@127.0.0.1',
  '93.184.215.14@127.0.0.1',
]

const others = [
  'file:///etc/passwd',
  'file://127.0.0.1/etc/passwd',
  'data:text/plain,x',
  'blob:https://93.184.215.14/x',
  's3://bucket/key',
  'ftp://93.184.215.14/',
  'gopher://93.184.215.14/',
  'ws://93.184.215.14/',
  'unix:/var/run/docker.sock',
  'https://93.184.215.14:22/',
  'https://93.184.215.14:25/',
  'https://93.184.215.14:587/',
  'http://93.184.215.14/',
  'https://user@93.184.215.14/',
  'https://',
  '//127.0.0.1/',
]

const fine = 'https://93.184.215.14/'
const patienceMs = 60_000

/** Opens ports on every address of this machine, and counts who comes. */
function canaries() {
  const stack = new DisposableStack()
  let hits = 0
  const listen = (hostname: string, port: number) =>
    Bun.listen({ hostname, port, socket: { open: () => void hits++, data() {}, error() {} } })
  const first = listen('0.0.0.0', 0)
  stack.defer(() => first.stop(true))
  try {
    const second = listen('::1', first.port)
    stack.defer(() => second.stop(true))
  } catch {
    // A machine without IPv6 has nothing there to be called.
  }
  return { port: first.port, hits: () => hits, [Symbol.dispose]: () => stack.dispose() }
}

/**
 * Targets that must not be called: refused when an endpoint is made or changed, and again at every attempt,
 * should one be there none the less; nobody is connected to. A network that the settings open can be called,
 * and the log says that it is open (W2).
 */
export async function proveTargets(binary: string): Promise<CheckResult> {
  const folder = workFolder('targets')
  const data = join(folder, 'data')
  using canary = canaries()
  const problems: string[] = []
  try {
    const targets = await refusedAtTheDoor({ binary, data }, canary.port, problems)
    plant(data, targets)
    using again = await start({ binary, data })
    await openTickets(again, 1)
    const areDead = () => outcomes(data).length === targets.length
    if (!(await until(areDead, patienceMs, 100))) problems.push(`${outcomes(data).length} are dead`)
    const wrong = outcomes(data).filter(({ dead_reason: why }) => why !== 'blocked')
    problems.push(...wrong.map(({ url, failure }) => `${url} was tried: ${failure}`))
    await again.end('SIGTERM')
    if (canary.hits() > 0) problems.push(`${canary.hits()} connections`)
    await opens({ binary, data: join(folder, 'open') }, canary.port, problems)
    return {
      figure: `${targets.length} targets, ${canary.hits()} connections`,
      problems,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

type Where = { readonly binary: string; readonly data: string }

/** Asks for an endpoint at each target, and has one moved there; gives the targets. */
async function refusedAtTheDoor(where: Where, port: number, problems: string[]) {
  using server = await start(where)
  const targets = [
    ...hosts.flatMap((host) => [`http://${host}:${port}/`, `https://${host}:${port}/`]),
    ...others,
    `${server.url}/api/v1/tickets`,
  ]
  const made = await ask(server, 'POST', '/webhooks', fine)
  if (made.status !== 201) problems.push(`${fine}: ${made.status}`)
  for (const url of targets) {
    const created = await ask(server, 'POST', '/webhooks', url)
    const moved = await ask(server, 'PATCH', `/webhooks/${made.id}`, url)
    if (created.status !== 422) problems.push(`${url} is made: ${created.status}`)
    if (moved.status !== 422) problems.push(`${url} is moved to: ${moved.status}`)
  }
  for (let n = 1; n < targets.length; n++) await ask(server, 'POST', '/webhooks', fine)
  await server.end('SIGTERM')
  return targets
}

async function ask(server: Server, method: string, path: string, url: string) {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: {
      Authorization: `Bearer ${server.keys.keva}`,
      'Content-Type': 'application/json',
    },
    body: JSON.stringify({ url, events: ['ticket.created'] }),
  })
  const { data } = (await response.json()) as { data?: { id: string } }
  return { status: response.status, id: data?.id ?? '' }
}

/** Writes a target into each endpoint, past the door. */
function plant(data: string, targets: readonly string[]): void {
  const db = openSqlite(join(data, 'deskbox.db'), 1000, undefined)
  const set = db.prepare('UPDATE webhook_endpoints SET url = ? WHERE id = ?')
  for (const [at, url] of targets.entries()) set.run(url, at + 1)
  db.close()
}

type Row = {
  readonly url: string
  readonly dead_reason: string | null
  readonly failure: string | null
}

function outcomes(data: string): Row[] {
  return inspect(data, (db) =>
    db
      .prepare<[], Row>(
        `SELECT e.url, d.dead_reason, a.failure FROM deliveries d
         JOIN webhook_endpoints e ON e.id = d.endpoint_id
         JOIN delivery_attempts a ON a.delivery_id = d.id WHERE d.status = 'dead'`,
      )
      .all(),
  )
}

async function opens(where: Where, port: number, problems: string[]): Promise<void> {
  const env = { DESKBOX_WEBHOOKS_ALLOW_PRIVATE_NETWORKS: '127.0.0.0/30' }
  using server = await start({ ...where, env })
  const status = async (url: string) => (await ask(server, 'POST', '/webhooks', url)).status
  if ((await status(`http://127.0.0.1:${port}/`)) !== 201) problems.push('what is open is refused')
  if ((await status(`http://127.0.0.4:${port}/`)) !== 422) problems.push('more than that is open')
  if ((await status(`${server.url}/`)) !== 422) problems.push('its own address is open')
  await server.end('SIGTERM')
  if (!server.output().includes('127.0.0.0/30')) problems.push('the log does not say what is open')
}
