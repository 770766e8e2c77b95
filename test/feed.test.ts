// Streams of events over sockets: readers that are slow, that leave without a word, and a server that
// stops; the last with the executable.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { noServices } from '../src/jobs/workflowhouse.ts'
import { connect, type Socket } from 'node:net'
import { listen, openDesk, type Listening, type OpenDesk } from '../src/app.ts'
import { firstKeys } from '../src/domain/installation.ts'
import { upsertCustomer } from '../src/domain/customers.ts'
import { postMessage } from '../src/domain/messages.ts'
import { createTicket } from '../src/domain/tickets.ts'
import { systemActor } from '../src/domain/tx.ts'
import { Networks } from '../src/security/networks.ts'
import { tempFolder } from './store/fixtures.ts'
import { dist, ensureBuilt, startServer, type Server } from './support/binary.ts'
import { MessageParser, type Message } from './support/stream.ts'

type Client = {
  readonly socket: Socket
  readonly parser: MessageParser
  readonly messages: Message[]
  isEnded: boolean
  /** Waits until it has seen enough. */
  until(isEnough: () => boolean): Promise<void>
}

/** Follows the events of a server; the body is read through its chunks. */
function follow(url: string, key: string): Client {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port) }, () =>
    socket.write(
      `GET /api/v1/events/stream HTTP/1.1\r\nHost: ${hostname}:${port}\r\n` +
        `Authorization: Bearer ${key}\r\n\r\n`,
    ),
  )
  const waiting: (() => void)[] = []
  const chunks = new Chunks()
  const decoder = new TextDecoder()
  const client: Client = {
    socket,
    parser: new MessageParser(),
    messages: [],
    isEnded: false,
    async until(isEnough) {
      while (!isEnough()) {
        if (client.isEnded) throw new Error('The stream has ended')
        await new Promise<void>((resolve) => void waiting.push(resolve))
      }
    },
  }
  const look = () => {
    for (const resolve of waiting.splice(0)) resolve()
  }
  socket.on('data', (data: Buffer) => {
    for (const chunk of chunks.read(data)) {
      client.messages.push(...client.parser.read(decoder.decode(chunk, { stream: true })))
    }
    client.isEnded = chunks.isEnded
    look()
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    client.isEnded = true
    look()
  })
  return client
}

/** The chunks of one response (RFC 9112, section 7.1), however the bytes are cut. */
class Chunks {
  isEnded = false
  #rest = Buffer.alloc(0)
  #isInBody = false

  read(data: Uint8Array): Uint8Array[] {
    this.#rest = Buffer.concat([this.#rest, data])
    if (!this.#isInBody) this.#takeHead()
    const chunks: Uint8Array[] = []
    for (let chunk = this.#take(); chunk; chunk = this.#take()) chunks.push(chunk)
    return chunks
  }

  #takeHead(): void {
    const end = this.#rest.indexOf('\r\n\r\n')
    if (end < 0) return
    expect(this.#rest.subarray(0, end).toString()).toStartWith('HTTP/1.1 200 OK')
    this.#rest = this.#rest.subarray(end + 4)
    this.#isInBody = true
  }

  #take(): Uint8Array | undefined {
    const at = this.#isInBody ? this.#rest.indexOf('\r\n') : -1
    if (at < 0) return undefined
    const size = Number.parseInt(this.#rest.subarray(0, at).toString(), 16)
    const from = at + 2
    if (this.#rest.length < from + size + 2) return undefined
    const chunk = this.#rest.subarray(from, from + size)
    this.#rest = this.#rest.subarray(from + size + 2)
    if (size > 0) return chunk
    this.isEnded = true
    return undefined
  }
}

function makeBackup(): never {
  throw new Error('No backup is due')
}

const isOpen = (client: Client) => client.until(() => client.parser.lastEventId !== '')

describe('over a socket', () => {
  let folder: ReturnType<typeof tempFolder>
  let opened: OpenDesk
  let server: Listening
  let key: string

  beforeAll(async () => {
    folder = tempFolder('feed')
    const machine = {
      clock: Date.now,
      zone: 'UTC',
      monotonic: () => performance.now(),
      random: (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes)),
      passwordCost: { memoryKiB: 8, passes: 1 },
      log: { info() {}, error() {} },
      resolve: () => Promise.resolve([]),
    }
    opened = await openDesk(folder.path, 'own', machine)
    const keys = await firstKeys(opened.desk, () => {})
    key = keys?.keva ?? ''
    const rates = { kevaPerMinute: 0, supportDeskPerMinute: 0, unauthenticatedPerMinute: 0 }
    const none = new Networks([])
    const deliveries = { waits: [], timeoutMs: 1000, kept: { deliveredMs: 0, deadMs: 0 } }
    const networks = { trustedProxies: none, privateNetworks: none }
    const backup = { schedule: '', keep: 1, directory: folder.path }
    const kept = { eventsDays: 90, closedTicketsDays: 0 }
    const parts = { deliveries, backup, workflows: noServices }
    const rules = { rates, hosts: [], ...networks, ...kept, ...parts }
    server = listen(opened, { machine, rules, host: '127.0.0.1', port: 0, makeBackup })
  })
  afterAll(async () => {
    await server.stop(1000)
    folder[Symbol.dispose]()
  })

  test('who stops reading is not read for, and then sees every event once, in order', async () => {
    const client = follow(server.url, key)
    await isOpen(client)
    client.socket.pause()
    const start = Number(client.parser.lastEventId)
    const id = await opened.desk.write(systemActor, (tx) => {
      const customer = upsertCustomer(tx, 'mara@shop.test', undefined)
      return createTicket(tx, { customer, subject: 'x', body: 'y', source: 'api' })
    })
    const body = 'z'.repeat(8000)
    for (let round = 0; round < 50; round++) {
      await opened.desk.write(systemActor, (tx) => {
        for (let n = 0; n < 100; n++)
          postMessage(tx, id, { body, isInternal: false, direction: 'outbound' })
      })
    }
    const told = 5003
    client.socket.resume()
    await client.until(() => client.messages.length >= told)
    expect(client.messages.map((message) => Number(message.id))).toEqual(
      Array.from({ length: told }, (_, n) => start + 1 + n),
    )
    client.socket.destroy()
  })

  test('who leaves without a word is forgotten: a thousand, ten at a time', async () => {
    for (let round = 0; round < 100; round++) {
      // A key may have ten: one that was kept from before would be one too many.
      const leaving = await Promise.all(Array.from({ length: 10 }, () => admitted(server.url, key)))
      for (const controller of leaving) controller.abort()
    }
  })
})

/** Opens a stream as soon as there is room for it, which its abort leaves. */
async function admitted(url: string, key: string): Promise<AbortController> {
  const controller = new AbortController()
  const headers = { authorization: `Bearer ${key}` }
  await eventually(async () => {
    const { signal } = controller
    const response = await fetch(`${url}/api/v1/events/stream`, { headers, signal })
    if (response.status !== 200) await response.text()
    return response.status === 200
  })
  return controller
}

describe('of the executable', () => {
  let home: ReturnType<typeof tempFolder>
  let server: Server

  beforeAll(async () => {
    ensureBuilt()
    home = tempFolder('feed-binary')
    server = await startServer({ binary: dist, cwd: home.path })
  }, 60_000)
  afterAll(() => home[Symbol.dispose]())

  const post = (path: string, body: object) =>
    fetch(`${server.url}${path}`, {
      method: 'POST',
      headers: { 'x-api-key': server.keys.internal, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })

  test('tells of what is done over the API, and of what the command line does', async () => {
    const client = follow(server.url, server.keys.keva)
    await isOpen(client)
    const { status } = await post('/api/v1/internal/labels', { name: 'Late', color: '#abc' })
    expect(status).toBe(201)
    await client.until(() => client.messages.length >= 1)
    const staff = ['staff', 'create', '--role', 'agent', '--name', 'Ada', '--email', 'ada@x.test']
    const { exitCode, stderr } = Bun.spawnSync([dist, ...staff], { cwd: home.path })
    expect([exitCode, stderr.toString()]).toEqual([0, ''])
    await client.until(() => client.messages.length >= 2)
    expect(client.messages.map(({ event }) => event)).toEqual(['label.created', 'staff.created'])
    client.socket.destroy()
  })

  test('ends for a key that the command line revokes', async () => {
    const create = ['keys', 'create', '--kind', 'keva', '--name', 'feed', '--json']
    const { stdout } = Bun.spawnSync([dist, ...create], { cwd: home.path })
    const made = JSON.parse(stdout.toString()) as { id: number; key: string }
    const headers = { authorization: `Bearer ${made.key}` }
    await eventually(async () => (await fetch(`${server.url}/api/v1/events`, { headers })).ok)
    const client = follow(server.url, made.key)
    await isOpen(client)
    Bun.spawnSync([dist, 'keys', 'revoke', String(made.id)], { cwd: home.path })
    await client.until(() => client.isEnded).catch(() => {})
    expect(client.parser.comments).toEqual(['access has ended'])
  })

  test('ends cleanly when the server stops, which does not wait for it', async () => {
    const clients = [1, 2, 3].map(() => follow(server.url, server.keys.keva))
    await Promise.all(clients.map(isOpen))
    // One of them does not read, and has more to read than there is room for.
    clients[2]?.socket.pause()
    const content = 'z'.repeat(60_000)
    const ticket = { title: 'x', content, customer_id: 1 }
    await post('/api/v1/internal/customers', { name: 'Bo', email: 'bo@x.test' })
    for (let n = 0; n < 120; n++)
      expect((await post('/api/v1/internal/tickets', ticket)).ok).toBe(true)
    const readers = clients.slice(0, 2)
    for (const reader of readers) await reader.until(() => reader.messages.length >= 241)
    const began = performance.now()
    const code = await server.stop()
    expect([code, performance.now() - began < 4000]).toEqual([0, true])
    for (const reader of readers) {
      await reader.until(() => reader.isEnded).catch(() => {})
      expect(reader.parser.comments).toEqual(['the server is stopping'])
      expect(reader.messages).toHaveLength(241)
    }
    clients[2]?.socket.destroy()
  })
})

async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 5000
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('It never came to hold')
    await Bun.sleep(5)
  }
}
