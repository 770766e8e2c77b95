// The executable, alone: what an administrator does with it, and what becomes of it.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { modeOf, tempFolder } from './store/fixtures.ts'
import { openSqlite } from '../src/store/sqlite.ts'
import { dist, ensureBuilt, startServer, type Server } from './support/binary.ts'

const posix = process.platform !== 'win32'

let home: ReturnType<typeof tempFolder>
/** A copy, so that nothing beside the built one can help it. */
let binary: string

beforeAll(() => {
  ensureBuilt()
  home = tempFolder('binary')
  binary = join(home.path, 'bin', posix ? 'deskbox' : 'deskbox.exe')
  mkdirSync(join(home.path, 'bin'))
  copyFileSync(dist, binary)
}, 60_000)
afterAll(() => home[Symbol.dispose]())

let places = 0

function emptyFolder(): string {
  const path = join(home.path, `place-${(places += 1)}`)
  mkdirSync(path)
  return path
}

/** No home, no path, no variable that a runtime could read. */
const bare = posix ? {} : process.env

const start = (cwd: string, ...args: string[]) =>
  startServer({ binary, cwd, env: bare, args: ['serve', '--port', '0', ...args] })

type Sent = { readonly status: number; readonly body: Json }
type Json = { readonly [name: string]: unknown; readonly data?: Json & readonly Json[] }

async function call(server: Server, what: string, body?: object): Promise<Sent> {
  const [method = 'GET', path = ''] = what.split(' ')
  const isDeskHive = path.startsWith('/api/v1/internal')
  const response = await fetch(server.url + path, {
    method,
    headers: {
      ...(isDeskHive
        ? { 'x-api-key': server.keys.internal }
        : { authorization: `Bearer ${server.keys.keva}` }),
      'content-type': 'application/json',
    },
    ...(body && { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Json }
}

const printer = { subject: 'Printer on fire', customerEmail: 'mara@example.com', body: 'Help!' }

describe('in an empty folder', () => {
  test('starts, and says where everything is', async () => {
    const cwd = emptyFolder()
    const server = await start(cwd)
    const data = join(cwd, 'data')
    expect(await server.stop()).toBe(0)
    expect(server.stdout()).toContain(`Address    ${server.url}`)
    expect(server.stdout()).toContain(`Data       ${data}`)
    expect(server.stdout()).toContain(`The first API keys are in ${join(data, 'first-keys.txt')}`)
    expect(server.stdout() + server.stderr()).not.toContain(server.keys.keva.slice(-40))
    expect(server.stdout() + server.stderr()).not.toContain(server.keys.internal.slice(-30))
    expect(readdirSync(cwd)).toEqual(['data'])
    if (posix) {
      expect(modeOf(data)).toBe(0o700)
      for (const name of readdirSync(data))
        expect([name, modeOf(join(data, name))]).toEqual([name, 0o600])
    }
  })

  test('does the main job in both dialects, and keeps it over a restart', async () => {
    const cwd = emptyFolder()
    const first = await start(cwd)
    const opened = await call(first, 'POST /api/v1/tickets', printer)
    expect(opened.status).toBe(201)
    const uid = String(opened.body.data?.['id'])
    const seen = await call(first, 'GET /api/v1/internal/tickets')
    const [row] = seen.body.data ?? []
    expect(row).toMatchObject({ id: 1, title: printer.subject })
    const answer = { content: 'Pull the plug.' }
    const answered = await call(first, 'POST /api/v1/internal/tickets/1/messages', answer)
    const closed = await call(first, 'PUT /api/v1/internal/tickets/1', { status: 'closed' })
    expect([answered.status, closed.status]).toEqual([201, 200])
    const look = async (server: Server) => [
      (await call(server, `GET /api/v1/tickets/${uid}`)).body.data,
      (await call(server, `GET /api/v1/tickets/${uid}/messages`)).body.data,
      (await call(server, 'GET /api/v1/internal/tickets/1')).body.data,
    ]
    const before = await look(first)
    expect(before[0]).toMatchObject({ id: uid, status: 'closed' })
    expect(JSON.stringify(before[1])).toContain('Pull the plug.')
    expect(await first.stop()).toBe(0)
    const second = await start(cwd)
    expect(await look(second)).toEqual(before)
    expect(second.stdout()).not.toContain('first API keys')
    expect(await second.stop()).toBe(0)
  })

  test('a second one on the same data is refused at once, and the first goes on', async () => {
    const cwd = emptyFolder()
    const first = await start(cwd)
    const began = performance.now()
    const second = Bun.spawn([binary, 'serve', '--port', '0'], { cwd, env: bare, stderr: 'pipe' })
    expect(await second.exited).toBe(1)
    expect(performance.now() - began).toBeLessThan(1000)
    expect(await new Response(second.stderr).text()).toContain('is in use by another process')
    expect((await call(first, 'POST /api/v1/tickets', printer)).status).toBe(201)
    expect(await first.stop()).toBe(0)
  })

  test('its verbs work beside the server, and without it', async () => {
    const cwd = emptyFolder()
    const server = await start(cwd)
    const make = ['keys', 'create', '--kind', 'keva', '--name', 'cli', '--json']
    const ran = Bun.spawnSync([binary, ...make], { cwd, env: bare })
    expect([ran.exitCode, ran.stderr.toString()]).toEqual([0, ''])
    const { key } = JSON.parse(ran.stdout.toString()) as { key: string }
    const headers = { authorization: `Bearer ${key}` }
    await eventually(async () => (await fetch(`${server.url}/api/v1/tickets`, { headers })).ok)
    const ada = ['staff', 'create', '--role', 'agent', '--name', 'Ada', '--email', 'ada@x.test']
    const words = [...ada, '--password-file', '-']
    const typed = Bun.spawn([binary, ...words], { cwd, env: bare, stdin: 'pipe', stdout: 'pipe' })
    // The line is enough: a person at a terminal does not end the input.
    void typed.stdin.write('correct horse\n')
    await typed.stdin.flush()
    expect(await typed.exited).toBe(0)
    const { body } = await call(server, 'GET /api/v1/internal/agents/2')
    expect(body.data).toMatchObject({ name: 'Ada', email: 'ada@x.test' })
    const none = Bun.spawnSync([binary, ...words], { cwd, env: bare, stdin: null })
    expect([none.exitCode, none.stderr.toString()]).toMatchObject([
      2,
      expect.stringContaining('is blank'),
    ])
    expect(await server.stop()).toBe(0)
    const listed = Bun.spawnSync([binary, 'keys', 'list'], { cwd, env: bare })
    expect(listed.stdout.toString().trim().split('\n')).toHaveLength(3)
    const version = Bun.spawnSync([binary, 'version'], { cwd, env: bare })
    expect(version.stdout.toString()).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})

describe('a signal', () => {
  test.if(posix).each(['SIGTERM', 'SIGINT'] as const)(
    '%s: what is in flight is answered, and kept; then 0, within ten seconds',
    async (signal) => {
      const cwd = emptyFolder()
      const server = await start(cwd)
      // Each has its body still to come, so that it is certainly in flight.
      const requests = Array.from({ length: 8 }, (_, at) => slowPost(server, at))
      await Promise.all(requests.map(({ isBegun }) => isBegun))
      const began = performance.now()
      process.kill(server.pid, signal)
      await eventually(() => Promise.resolve(server.stderr().includes('stopping')))
      for (const { finish } of requests) finish()
      const answers = await Promise.all(requests.map(({ answer }) => answer))
      expect(answers).toEqual(requests.map(() => 'HTTP/1.1 201 Created'))
      expect(await server.exited).toBe(0)
      expect(performance.now() - began).toBeLessThan(10_000)
      const again = await start(cwd)
      const listed = await call(again, 'GET /api/v1/internal/tickets')
      expect(listed.body.data).toHaveLength(8)
      expect(await again.stop()).toBe(0)
    },
    20_000,
  )

  test.if(posix)('idle clients do not keep it', async () => {
    const server = await start(emptyFolder())
    const { hostname, port } = new URL(server.url)
    const idle = await Bun.connect({ hostname, port: Number(port), socket: { data() {} } })
    const began = performance.now()
    expect(await server.stop()).toBe(0)
    expect(performance.now() - began).toBeLessThan(3000)
    idle.end()
  })
})

/** A POST whose head is sent at once and whose body is sent by `finish`. */
function slowPost(server: Server, at: number) {
  const { hostname, port } = new URL(server.url)
  const body = JSON.stringify({ ...printer, subject: `Ticket ${at}` })
  const head = [
    'POST /api/v1/tickets HTTP/1.1',
    `Host: ${hostname}:${port}`,
    `Authorization: Bearer ${server.keys.keva}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    'Connection: close',
  ]
  let heard = ''
  const answered = Promise.withResolvers<string>()
  const begun = Promise.withResolvers<void>()
  const connecting = Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      open: (socket) => {
        socket.write(`${head.join('\r\n')}\r\n\r\n${body.slice(0, 5)}`)
        // The server has read it once it has answered a later request of somebody else.
        void call(server, 'GET /api/v1/health-check').then(() => begun.resolve())
      },
      data: (_socket, chunk) => void (heard += chunk.toString()),
      close: () => answered.resolve(heard.split('\r\n')[0] ?? ''),
    },
  })
  return {
    isBegun: begun.promise,
    answer: answered.promise,
    finish: () => void connecting.then((socket) => socket.write(body.slice(5))),
  }
}

describe('on a terminal', () => {
  test.if(posix)('shows the first keys, once, with commands that work as they stand', async () => {
    const cwd = emptyFolder()
    await using first = onTerminal(cwd)
    await eventually(() => Promise.resolve(/internal\/tickets -H .*\n/.test(first.text())))
    const shown = first.text()
    expect(shown).toContain('The first API keys, shown only now:')
    expect(existsSync(join(cwd, 'data', 'first-keys.txt'))).toBe(false)
    const keva = /Keva +(keva_live_[0-9a-f]{64})$/m.exec(shown)?.[1] ?? ''
    expect(keva).not.toBe('')
    // The log goes on below them.
    const commands = /^curl [^]*\/internal\/tickets -H .*$/m.exec(shown)?.[0] ?? ''
    expect(commands.match(/^curl /gm)).toHaveLength(2)
    const ran = Bun.spawnSync(['sh', '-c', `set -e\n${commands.replaceAll('curl -s', 'curl -sf')}`])
    expect([ran.exitCode, ran.stderr.toString()]).toEqual([0, ''])
    const answers = ran.stdout.toString()
    expect(answers.match(/Printer on fire/g)).toHaveLength(2)
    first.interrupt()
    expect(await first.exited).toBe(0)
    await using second = onTerminal(cwd)
    await eventually(() => Promise.resolve(second.text().includes('Next: ')))
    expect(second.text()).not.toContain(keva)
    second.interrupt()
    expect(await second.exited).toBe(0)
  })
})

/** A server on a pseudo terminal, which Ctrl-C interrupts. */
function onTerminal(cwd: string) {
  let text = ''
  const decoder = new TextDecoder()
  const child = Bun.spawn([binary, 'serve', '--port', '0'], {
    cwd,
    env: bare,
    terminal: {
      cols: 200,
      rows: 50,
      data: (_terminal, chunk) => {
        text += decoder.decode(chunk, { stream: true })
      },
    },
  })
  return {
    // A terminal ends its lines with both characters.
    text: () => text.replaceAll('\r\n', '\n'),
    interrupt: () => void child.terminal?.write('\x03'),
    exited: child.exited,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await child.exited
      child.terminal?.close()
    },
  }
}

test('the executable is one file, and is given to nobody to write', () => {
  const folder = resolve(dist, '..')
  expect(statSync(dist).isFile()).toBe(true)
  if (posix) expect(modeOf(dist) & 0o022).toBe(0)
  expect(readdirSync(folder).filter((name) => name.endsWith('.map'))).toEqual([])
})

/** Asks again until it holds; fails after five seconds. */
async function eventually(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 5000
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('It did not come to hold')
    await Bun.sleep(5)
  }
}

describe.if(posix)('on SIGHUP', () => {
  test('takes new limits, says what waits for a restart, and keeps its settings if the new are broken', async () => {
    const cwd = emptyFolder()
    const file = join(cwd, 'deskbox.toml')
    writeFileSync(file, '[limits]\nkeva_per_minute = 50')
    const server = await start(cwd)
    const limit = async () => {
      const headers = { authorization: `Bearer ${server.keys.keva}` }
      const response = await fetch(`${server.url}/api/v1/tickets`, { headers })
      return response.headers.get('x-ratelimit-limit')
    }
    const hangUp = async (text: string, logged: string) => {
      writeFileSync(file, text)
      process.kill(server.pid, 'SIGHUP')
      await server.heard(logged)
    }
    expect(await limit()).toBe('50')
    await hangUp('[limits]\nkeva_per_minute = 70\n[data]\ndirectory = "x"', 'settings read again')
    expect(await limit()).toBe('70')
    expect(server.stderr()).toContain('"applied":"limits.keva_per_minute"')
    expect(server.stderr()).toContain('"after_restart":"data.directory"')
    await hangUp('[limits]\nkeva_per_minut = 90\n[x]', 'settings stay as they were')
    expect(await limit()).toBe('70')
    expect(server.stderr()).toContain('did you mean limits.keva_per_minute?')
    expect(server.stderr()).toContain('deskbox.toml:3:2: x is not a section')
    const named = async () => {
      const headers = { host: 'desk.example.com' }
      return (await fetch(`${server.url}/health/live`, { headers })).status
    }
    expect(await named()).toBe(400)
    await hangUp(
      '[server]\npublic_url = "https://desk.example.com"',
      '"applied":"server.public_url',
    )
    expect(await named()).toBe(200)
    expect(await server.stop()).toBe(0)
  })
})

describe('the queue of approvals (keva.md section 5)', () => {
  let server: Server

  beforeAll(async () => {
    server = await start(emptyFolder())
  })
  afterAll(() => server.stop())

  /** A new ticket with a proposed answer; the public ids of both. */
  async function proposed(): Promise<{ readonly ticket: string; readonly approval: string }> {
    const opened = await call(server, 'POST /api/v1/tickets', printer)
    const ticket = String(opened.body.data?.['id'])
    const draft = { actionType: 'send_reply', ticketId: ticket, draft: 'Pull the plug.' }
    const { status, body } = await call(server, 'POST /api/v1/approvals', draft)
    expect([status, body.data?.['status']]).toEqual([201, 'pending'])
    return { ticket, approval: String(body.data?.['id']) }
  }

  async function pending(): Promise<unknown[]> {
    const { body } = await call(server, 'GET /api/approvals')
    return (body as unknown as Json[]).map((one) => one['id'])
  }

  async function messagesOf(ticket: string): Promise<unknown[]> {
    const { body } = await call(server, `GET /api/v1/tickets/${ticket}/messages`)
    return (body.data ?? []).map((one) => [one['direction'], one['body']])
  }

  test('what is proposed waits; edited and approved, it is sent once', async () => {
    const { ticket, approval } = await proposed()
    expect(await pending()).toEqual([approval])
    expect(await messagesOf(ticket)).toEqual([['inbound', 'Help!']])
    const line = `PATCH /api/approvals/${approval}`
    const editedDraft = 'Pull the plug, and stand back.'
    const approved = await call(server, line, { decision: 'approved', editedDraft })
    expect(approved).toMatchObject({ status: 200, body: { status: 'approved', editedDraft } })
    const sent = [
      ['inbound', 'Help!'],
      ['outbound', editedDraft],
    ]
    expect(await messagesOf(ticket)).toEqual(sent)
    const again = await call(server, line, { decision: 'approved' })
    expect(again).toEqual({ status: 400, body: { error: 'Approval has already been decided' } })
    expect(await messagesOf(ticket)).toEqual(sent)
    expect(await pending()).toEqual([])
  })

  test('once the customer has written, what was proposed before is not sent', async () => {
    const { ticket, approval } = await proposed()
    const more = { body: 'It is out again.', direction: 'inbound' }
    await call(server, `POST /api/v1/tickets/${ticket}/messages`, more)
    const line = `PATCH /api/v1/approvals/${approval}`
    expect(await call(server, line, { decision: 'approved' })).toEqual({
      status: 400,
      body: { error: 'Ticket has a new customer message since the proposal' },
    })
    expect(await messagesOf(ticket)).toEqual([
      ['inbound', 'Help!'],
      ['inbound', 'It is out again.'],
    ])
    expect(await pending()).toEqual([approval])
    const rejected = await call(server, line, { decision: 'rejected', feedback: 'It is out.' })
    expect(rejected).toMatchObject({ status: 200, body: { data: { status: 'rejected' } } })
    expect(await messagesOf(ticket)).toHaveLength(2)
  })
})

describe('the smoke list of deskhive.md 29', () => {
  let server: Server
  let special: string
  let agentKey: string

  beforeAll(async () => {
    server = await start(emptyFolder())
    special = server.keys.internal
    await made('POST /internal/customers', { name: 'Amara', email: 'amara@x.test' })
    const tomas = { name: 'Tomas', email: 'tomas@x.test', password: 'correct horse' }
    const { id: agentId } = await made('POST /internal/agents', tomas)
    const external = { name: 'Phone', type: 'external', agent_id: agentId }
    agentKey = String((await made('POST /internal/api-keys', external))['key'])
  })
  afterAll(() => server.stop())

  async function send(what: string, key: string | null, body?: object): Promise<Sent> {
    const [method = 'GET', path = ''] = what.split(' ')
    const response = await fetch(`${server.url}/api/v1${path}`, {
      method,
      headers: { ...(key !== null && { 'x-api-key': key }), 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })
    return { status: response.status, body: (await response.json()) as Json }
  }

  async function made(what: string, body: object): Promise<Json> {
    const sent = await send(what, special, body)
    expect([what, sent.status]).toEqual([what, 201])
    return sent.body.data ?? {}
  }

  /** A ticket of the agent. */
  async function ticketOfTomas(): Promise<number> {
    const fields = { customer_id: 1, title: 'E-07', content: 'The display stays on E-07.' }
    const { id } = await made('POST /internal/tickets', fields)
    await send(`PUT /internal/tickets/${Number(id)}`, special, { assigned_to: 2 })
    return Number(id)
  }

  const invalidKey = { status: 401, body: { message: 'Invalid API key' } }

  test('1: the health check needs no key', async () => {
    expect(await send('GET /health-check', null)).toEqual({
      status: 200,
      body: { message: 'Health check successful' },
    })
  })

  test('2: any other known endpoint does', async () => {
    const missing = { status: 400, body: { message: 'Missing header: X-API-KEY' } }
    expect(await send('GET /internal/settings', null)).toEqual(missing)
    expect(await send('GET /external/dashboard', null)).toEqual(missing)
  })

  test('3: a wrong, an expired and a revoked key are refused', async () => {
    expect(await send('GET /internal/tickets', 'wrong')).toEqual(invalidKey)
    const inAMoment = new Date(Date.now() + 1500).toISOString()
    const short = {
      name: 'Short',
      type: 'internal',
      scopes: ['tickets:list'],
      expires_at: inAMoment,
    }
    const key = String((await made('POST /internal/api-keys', short))['key'])
    expect((await send('GET /internal/tickets', key)).status).toBe(200)
    await eventually(async () => (await send('GET /internal/tickets', key)).status === 401)
    expect(await send('GET /internal/tickets', key)).toEqual(invalidKey)
  })

  test('4 and 5: a scope is needed, and the special flag is every scope', async () => {
    const narrow = { name: 'Narrow', type: 'internal', scopes: ['labels:list'] }
    const key = String((await made('POST /internal/api-keys', narrow))['key'])
    const forbidden = { status: 403, body: { message: 'Forbidden scope' } }
    expect(await send('GET /internal/tickets', key)).toEqual(forbidden)
    expect((await send('GET /internal/labels', key)).status).toBe(200)
    expect((await send('GET /internal/tickets', special)).status).toBe(200)
  })

  test('6: an unknown id is not found', async () => {
    const notFound = { status: 404, body: { message: 'Not found' } }
    expect(await send('GET /internal/tickets/999', special)).toEqual(notFound)
  })

  test('7: an empty ticket is told all that it lacks', async () => {
    const { status, body } = await send('POST /internal/tickets', special, {})
    expect([status, body['message']]).toEqual([
      422,
      'The customer id field is required. (and 2 more errors)',
    ])
    expect(Object.keys(body['errors'] as object)).toEqual(['customer_id', 'title', 'content'])
  })

  test('8: a list of 72 has five pages', async () => {
    for (let n = 1; n <= 72; n++) {
      await made('POST /internal/labels', { name: `Label ${n}`, color: '#b03a2e' })
    }
    const { body } = await send('GET /internal/labels', special)
    expect(body['meta']).toEqual({ current_page: 1, last_page: 5, per_page: 15, total: 72 })
  })

  test('9 and 10: a key is shown once, and once deleted opens nothing and still reads', async () => {
    const shop = { name: 'Shop', type: 'internal', scopes: ['tickets:list'] }
    const { id, key } = await made('POST /internal/api-keys', shop)
    const raw = String(key)
    const line = `/internal/api-keys/${Number(id)}`
    expect((await send(`GET ${line}`, special)).body.data).not.toHaveProperty('key')
    expect((await send('GET /internal/tickets', raw)).status).toBe(200)
    expect((await send(`DELETE ${line}`, special)).status).toBe(200)
    expect(await send('GET /internal/tickets', raw)).toEqual(invalidKey)
    const { status, body } = await send(`GET ${line}`, special)
    expect([status, body.data?.['revoked']]).toEqual([200, true])
  })

  test('11: the key of an inactive agent opens nothing', async () => {
    expect((await send('GET /external/tickets', agentKey)).status).toBe(200)
    await send('PATCH /internal/agents/2', special, { is_active: false })
    expect(await send('GET /external/tickets', agentKey)).toEqual({
      status: 401,
      body: { message: 'Unauthorized' },
    })
    await send('PATCH /internal/agents/2', special, { is_active: true })
    expect((await send('GET /external/tickets', agentKey)).status).toBe(200)
  })

  test('12: a locked ticket takes no answer from an agent', async () => {
    const id = await ticketOfTomas()
    await send(`PUT /internal/tickets/${id}`, special, { is_locked: true })
    const reply = { content: 'Hold the dial.' }
    expect(await send(`POST /external/tickets/${id}/messages`, agentKey, reply)).toEqual({
      status: 403,
      body: { message: 'Ticket is locked' },
    })
  })

  test('13: a second like takes the first back', async () => {
    const id = await ticketOfTomas()
    const reply = await send(`POST /external/tickets/${id}/messages`, agentKey, { content: 'Hi' })
    expect(reply.status).toBe(201)
    const line = `POST /external/tickets/${id}/messages/${Number(reply.body.data?.['id'])}/like`
    const likes = [await send(line, agentKey), await send(line, agentKey)]
    expect(JSON.stringify(likes.map(({ body }) => body.data))).toBe(
      '[{"liked":true,"count":1},{"liked":false,"count":0}]',
    )
  })

  test('14: a search needs two characters', async () => {
    const { status, body } = await send('GET /external/knowledge-base/search?q=k', agentKey)
    expect([status, Object.keys(body['errors'] as object)]).toEqual([422, ['q']])
  })

  test('15: a second default department takes the flag from the first', async () => {
    const one = await made('POST /internal/departments', { name: 'One', is_default: true })
    await made('POST /internal/departments', { name: 'Two', is_default: true })
    const { body } = await send(`GET /internal/departments/${Number(one['id'])}`, special)
    expect(body.data?.['is_default']).toBe(false)
  })
})

describe('a backup that is due', () => {
  test('is made beside the server, checked, told of, and opens a new folder elsewhere', async () => {
    const cwd = emptyFolder()
    const first = await start(cwd)
    await first.stop()
    const client = openSqlite(join(cwd, 'data', 'deskbox.db'), 0, undefined)
    client.exec("INSERT INTO meta VALUES ('backup_due_at', '1')")
    client.close()
    const server = await start(cwd)
    await server.heard('"backup made"')
    const ready = await fetch(`${server.url}/health/ready`)
    const { checks } = (await ready.json()) as { checks: Json }
    expect(checks['backups']).toEqual({ ok: true, detail: expect.stringMatching(/^last made 2/) })
    const [made = ''] = readdirSync(join(cwd, 'data', 'backups'))
    expect(modeOf(join(cwd, 'data', 'backups', made))).toBe(0o600)
    expect(await server.stop()).toBe(0)
    const file = join(cwd, 'data', 'backups', made)
    const restored = Bun.spawnSync([binary, 'restore', file, '--data', 'copy'], { cwd, env: bare })
    expect(restored.stderr.toString()).toBe('')
    const copy = await start(cwd, '--data', 'copy')
    const keys = { ...copy, keys: first.keys }
    expect((await call(keys, 'GET /api/v1/tickets')).status).toBe(200)
    await copy.stop()
  })
})
