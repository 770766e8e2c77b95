// What comes over a raw socket: requests that no client library would send.
//
// Some never reach the app: Bun's parser answers them alone, with a bare status and no body, or closes
// the connection. Those are marked `bare` here, so that a new version of Bun that does otherwise is seen.

import { afterAll, beforeAll, describe, expect, spyOn, test } from 'bun:test'
import { noServices } from '../src/jobs/workflowhouse.ts'
import { listen, openDesk, type Listening, type OpenDesk } from '../src/app.ts'
import { firstKeys } from '../src/domain/installation.ts'
import { Fault } from '../src/domain/errors.ts'
import type { FirstKeys } from '../src/domain/installation.ts'
import { Networks } from '../src/security/networks.ts'
import { T0, randomBytes, tempFolder } from './store/fixtures.ts'
import { exchange, hangUp, head, type Exchange, type RawAnswer } from './support/raw.ts'

let folder: ReturnType<typeof tempFolder>
let opened: OpenDesk
let server: Listening
let keys: FirstKeys
let port: number
const logged: string[] = []
const requests: object[] = []

function makeBackup(): never {
  throw new Error('No backup is due')
}

beforeAll(async () => {
  folder = tempFolder('wire')
  const machine = {
    clock: () => T0,
    zone: 'UTC',
    monotonic: () => performance.now(),
    random: randomBytes(11),
    passwordCost: { memoryKiB: 8, passes: 1 },
    resolve: () => Promise.reject(new Error('no names here')),
    log: {
      info: (what: string, facts: object = {}) => {
        if (what === 'request') requests.push(facts)
      },
      error: (what: string, err: unknown) => void logged.push(what + String(err)),
    },
  }
  opened = await openDesk(folder.path, 'own', machine)
  const made = await firstKeys(opened.desk, () => {})
  if (!made) throw new Error('The folder has keys already')
  keys = made
  const most = 1_000_000
  const backup = { schedule: '', keep: 1, directory: folder.path }
  const rates = { kevaPerMinute: most, supportDeskPerMinute: most, unauthenticatedPerMinute: most }
  const rules = {
    rates,
    hosts: ['desk.test'],
    trustedProxies: new Networks(['127.0.0.1']),
    privateNetworks: new Networks([]),
    workflows: noServices,
    eventsDays: 90,
    closedTicketsDays: 0,
    deliveries: { waits: [], timeoutMs: 1000, kept: { deliveredMs: 0, deadMs: 0 } },
    backup,
  }
  server = listen(opened, { machine, rules, host: '127.0.0.1', port: 0, makeBackup })
  port = Number(new URL(server.url).port)
})
afterAll(async () => {
  await server.stop(1000)
  folder[Symbol.dispose]()
})

const host = () => `Host: 127.0.0.1:${port}`
const bearer = () => `Authorization: Bearer ${keys.keva}`
const apiKey = () => `X-API-KEY: ${keys.internal}`
const close = 'Connection: close'
const json = 'Content-Type: application/json'

const get = (path: string, ...headers: string[]) => head(`GET ${path} HTTP/1.1`, ...headers, close)

const one = (...parts: (string | Uint8Array)[]) => exchange(port, parts)

/** The only answer. */
function only({ answers, text }: Exchange): RawAnswer {
  const [answer] = answers
  if (!answer || answers.length > 1) throw new Error(`Not one answer: ${text}`)
  return answer
}

/** One of the app's own answers, in words that a contract has, with its headers. */
function expectOurs(answer: RawAnswer, status: number, text: string, dialect = 'keva'): void {
  const body = dialect === 'keva' ? { error: text } : { message: text }
  expect([answer.status, JSON.parse(answer.body)]).toEqual([status, body])
  expect(answer.headers.get('content-type')).toStartWith('application/json')
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(Number(answer.headers.get('x-ratelimit-limit'))).toBe(1_000_000)
  expect(Number(answer.headers.get('x-ratelimit-remaining'))).toBeGreaterThan(0)
}

/** Bun's parser refused it alone: a status without a body, and the end of the connection. */
function expectBare(met: Exchange, status: number): void {
  const answer = only(met)
  expect([answer.status, answer.body, answer.headers.get('connection')]).toEqual([
    status,
    '',
    'close',
  ])
}

const ticketCount = () =>
  opened.store.read((q) =>
    q.prepared({}, ({ client }) => client.prepare('SELECT count(*) FROM tickets').pluck().get()),
  )

describe('the Host header', () => {
  test('that names us opens the door, in whatever case', async () => {
    const plain = only(await one(get('/api/v1/tickets', host(), bearer())))
    const named = only(await one(get('/api/v1/tickets', 'hOST: LocalHost', bearer())))
    expect([plain.status, named.status]).toEqual([200, 200])
  })

  test('that is absent is refused by Bun, and by us in HTTP/1.0', async () => {
    expectBare(await one(get('/api/v1/tickets', bearer())), 400)
    const old = head('GET /api/v1/tickets HTTP/1.0', bearer())
    expectOurs(only(await one(old)), 400, 'Invalid Host header')
  })

  test.each([
    ['too short for the router', 'Host: x'],
    ['empty', 'Host:'],
    ['with userinfo', 'Host: root@127.0.0.1'],
    ['with a path', 'Host: 127.0.0.1/api/v1/tickets'],
    ['with a query', 'Host: 127.0.0.1?x='],
    ['with a fragment', 'Host: 127.0.0.1#'],
    ['with a space', 'Host: 127.0.0.1 evil'],
    ['with a port that is none', 'Host: 127.0.0.1:http'],
    ['with a backslash', 'Host: 127.0.0.1\\evil'],
    ['with a percent sign', 'Host: 127.0.0.1%2Fapi'],
    ['sent twice', 'Host: 127.0.0.1\r\nHost: 127.0.0.1'],
    ['sent twice with two names', 'Host: 127.0.0.1\r\nHost: evil.example'],
  ])('%s is refused', async (_, line) => {
    const answer = only(await one(get('/api/v1/tickets', line, bearer())))
    expectOurs(answer, 400, 'Invalid Host header')
  })

  test.each(['x', 'ab', 'a.b', '127.0.0.1', 'localhost', 'a-name-that-is-rather-long.example'])(
    '%p does not move where the path begins',
    async (name) => {
      for (const path of [
        '/zzz/api/v1/tickets',
        '/api/v1/internal/../tickets/zzz',
        '/z/v1/tickets',
      ]) {
        const answer = only(await one(get(path, `Host: ${name}`, bearer())))
        expect([400, 404]).toContain(answer.status)
      }
    },
  )

  test('is not outvoted by the authority of an absolute-form target', async () => {
    for (const authority of [
      'evil.example',
      `user:pass@127.0.0.1:${port}`,
      'x',
      `127.0.0.1:${port}`,
    ]) {
      const known = only(await one(get(`http://${authority}/api/v1/tickets`, host(), bearer())))
      const other = only(await one(get(`http://${authority}/zzz/api/v1/tickets`, host(), bearer())))
      expect([authority, known.status, other.status]).toEqual([authority, 200, 404])
    }
  })
})

describe('a key that is sent twice', () => {
  test.each([
    ['the same', bearer],
    ['another', () => 'Authorization: Bearer keva_live_0'],
    ['another scheme', () => 'Authorization: Basic YTpi'],
  ])('as Authorization, %s, opens nothing', async (_, second) => {
    const answer = only(await one(get('/api/v1/tickets', host(), bearer(), second())))
    expectOurs(answer, 401, 'Invalid API key')
  })

  test('as X-API-KEY opens nothing', async () => {
    const path = '/api/v1/internal/tickets'
    for (const second of [apiKey(), 'X-API-KEY: x', 'X-API-KEY:']) {
      const answer = only(await one(get(path, host(), apiKey(), second)))
      expect(answer.status).toBe(401)
      expect(answer.body).not.toContain(keys.internal)
    }
  })

  test('in the address is no key', async () => {
    const path = `/api/v1/tickets?access_token=${keys.keva}&api_key=${keys.keva}`
    expect(only(await one(get(path, host()))).status).toBe(401)
  })
})

const post = (...headers: string[]) =>
  head('POST /api/v1/tickets HTTP/1.1', host(), bearer(), json, ...headers)

describe('framing', () => {
  test.each([
    ['two lengths that differ', ['Content-Length: 2', 'Content-Length: 3'], '{}'],
    ['a list of lengths', ['Content-Length: 2, 3'], '{}'],
    ['a length and chunks', ['Content-Length: 2', 'Transfer-Encoding: chunked'], '0\r\n\r\n'],
    ['chunks and a length', ['Transfer-Encoding: chunked', 'Content-Length: 2'], '0\r\n\r\n'],
    ['a negative length', ['Content-Length: -1'], '{}'],
    ['a length with a sign', ['Content-Length: +2'], '{}'],
    ['a length in hex', ['Content-Length: 0x2'], '{}'],
    ['a space before the colon', ['Content-Length : 2'], '{}'],
    ['a NUL in a header', ['X-A: a\0b'], '{}'],
    ['a folded header', ['X-A: a', ' b'], '{}'],
  ])('with %s is refused and smuggles nothing', async (_, headers, body) => {
    const before = ticketCount()
    const met = await exchange(port, [post(...headers), body, get('/docs', host())], 3)
    expect(met.isClosed).toBe(true)
    expectBare(met, 400)
    expect(ticketCount()).toBe(before)
  })

  test.each([
    ['a chunk size that is none', 'xyz\r\n{}\r\n0\r\n\r\n'],
    ['bytes after a chunk', '2\r\n{}XX\r\n0\r\n\r\n'],
  ])('with %s writes nothing', async (_, body) => {
    const before = ticketCount()
    const met = await exchange(port, [post('Transfer-Encoding: chunked', close), body], 2)
    expect(met.answers.filter(({ status }) => status < 400)).toEqual([])
    expect(ticketCount()).toBe(before)
  })

  test.each([
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    ['a method with a sign in it', 'G@T / HTTP/1.1\r\nHost: localhost\r\n\r\n', 400],
    ['the start of TLS', '\x16\x03\x01\x00\x05\x01\x02\x03\x04\x05', 400],
    ['HTTP/3', `GET / HTTP/3.0\r\nHost: localhost\r\n\r\n`, 505],
    ['lines without CR', 'GET / HTTP/1.1\nHost: localhost\n\n', 505],
  ])('%s gets a bare refusal', async (_, text, status) => {
    expectBare(await one(text), status)
  })
})

describe('a method', () => {
  test.each(['TRACE', 'CONNECT', 'OPTIONS', 'PATCH', 'DELETE', 'PUT'])(
    '%s on a path that has others is 405 with them, and echoes nothing',
    async (method) => {
      const request = head(
        `${method} /api/v1/tickets HTTP/1.1`,
        host(),
        bearer(),
        'X-Mine: secret',
        close,
      )
      const met = await one(request)
      const answer = only(met)
      expectOurs(answer, 405, 'Method not allowed')
      expect(answer.headers.get('allow')).toBe('GET, HEAD, POST')
      expect(met.text).not.toContain('secret')
    },
  )

  test.each(['get', 'Get', 'BREW', 'A'.repeat(300)])(
    '%p, which is none, is no way in',
    async (method) => {
      const met = await one(head(`${method} /api/v1/tickets HTTP/1.1`, host(), bearer(), close))
      // Bun closes without a word.
      expect([met.text, met.isClosed]).toEqual(['', true])
    },
  )

  test('CONNECT to elsewhere and OPTIONS * are refused', async () => {
    const connect = head('CONNECT evil.example:443 HTTP/1.1', host(), bearer(), close)
    expectOurs(only(await one(connect)), 400, 'Invalid Host header')
    expectBare(await one(head('OPTIONS * HTTP/1.1', host(), close)), 400)
  })
})

describe('what is too large', () => {
  const large = Buffer.alloc(1024 * 1024 + 1, 'x')
  const chunks = () => [`${large.length.toString(16)}\r\n`, large, '\r\n0\r\n\r\n']

  test.each([
    ['keva', '/api/v1/tickets', bearer, 400, 'Request body too large'],
    ['deskhive', '/api/v1/internal/tickets', apiKey, 413, 'Payload too large'],
  ])('%s: a body over 1 MiB, in chunks, with a length, or only announced', async (...row) => {
    const [dialect, path, key, status, text] = row
    const start = (framing: string) =>
      head(`POST ${path} HTTP/1.1`, host(), key(), json, framing, close)
    const sent = [
      [start('Transfer-Encoding: chunked'), ...chunks()],
      [start(`Content-Length: ${large.length}`), large],
      [start(`Content-Length: ${large.length}`)],
    ]
    for (const parts of sent) {
      const answer = only(await one(...parts))
      expectOurs(answer, status, text, dialect)
    }
  })

  test('a body of exactly 1 MiB is read', async () => {
    const filler = ' '.repeat(1024 * 1024 - 2)
    const length = `Content-Length: ${1024 * 1024}`
    const request = head('POST /api/v1/tickets HTTP/1.1', host(), bearer(), json, length, close)
    expect(only(await one(request, `{${filler}}`)).status).toBe(422)
  })

  test('a length over 64 MiB gets Bun’s bare 413, before the app hears of it', async () => {
    const length = `Content-Length: ${64 * 1024 * 1024 + 1}`
    expectBare(await one(head('POST /api/v1/tickets HTTP/1.1', host(), bearer(), length)), 413)
  })

  test('a header or a path of 100 KB gets Bun’s bare 431', async () => {
    const long = 'x'.repeat(100_000)
    expectBare(await one(get('/api/v1/tickets', host(), bearer(), `X-Long: ${long}`)), 431)
    expectBare(await one(get(`/api/v1/tickets/${long}`, host(), bearer())), 431)
  })
})

const printer = JSON.stringify({
  subject: 'Printer on fire',
  customerEmail: 'mara@example.com',
  body: 'Help!',
})

/** A whole request that opens a ticket. */
function open(...headers: string[]): string {
  const length = `Content-Length: ${printer.length}`
  return head('POST /api/v1/tickets HTTP/1.1', host(), bearer(), json, length, ...headers) + printer
}

describe('one connection', () => {
  test('answers pipelined reads in their order', async () => {
    const requests = [
      head('GET /api/v1/health-check HTTP/1.1', host()),
      head('GET /api/v1/tickets HTTP/1.1', host(), bearer()),
      get('/nothing', host()),
    ]
    const { answers } = await exchange(port, [requests.join('')], 3)
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 404])
    expect(answers[0]?.body).toContain('Health check successful')
  })

  // Bun closes when a request comes while the one before is still being answered, and the client
  // hears of neither (oven-sh/bun#38128); the key says afterwards what became of them.
  test('keeps pipelined writes whole: with their keys, each is there once', async () => {
    const before = Number(ticketCount())
    const both = open('Idempotency-Key: pipe-1') + open('Idempotency-Key: pipe-2', close)
    const met = await exchange(port, [both], 2)
    expect(met.answers.filter(({ status }) => status !== 201)).toEqual([])
    for (const key of ['pipe-1', 'pipe-2']) {
      expect(only(await one(open(`Idempotency-Key: ${key}`, close))).status).toBe(201)
    }
    expect(ticketCount()).toBe(before + 2)
  })

  test('that waits to be told to go on is told so', async () => {
    const [start = '', body = ''] = open('Expect: 100-continue', close).split(/(?<=\r\n\r\n)/)
    const met = await one(start, body)
    expect(met.text).toStartWith('HTTP/1.1 100 Continue\r\n\r\n')
    expect(only(met).status).toBe(201)
  })

  test('that breaks off leaves nothing behind', async () => {
    const before = ticketCount()
    const whole = open()
    for (const at of [5, 60, whole.length - printer.length, whole.length - 1]) {
      await hangUp(port, [whole.slice(0, at)])
    }
    expect(only(await one(get('/api/v1/tickets', host(), bearer()))).status).toBe(200)
    expect(ticketCount()).toBe(before)
  })
})

/** The answers of both dialects to a read and a write that carry a secret of their own. */
async function faulty(fault: () => Error): Promise<RawAnswer[]> {
  using read = spyOn(opened.desk, 'read').mockImplementation(() => {
    throw fault()
  })
  using write = spyOn(opened.desk, 'write').mockImplementation(() => Promise.reject(fault()))
  const body = JSON.stringify({ subject: 'hunter2' })
  const send = (path: string, key: string) =>
    head(`POST ${path} HTTP/1.1`, host(), key, json, `Content-Length: ${body.length}`, close) + body
  const answers = [
    only(await one(send('/api/v1/tickets', bearer()))),
    only(await one(send('/api/v1/internal/tickets', apiKey()))),
    only(await one(get('/api/v1/tickets/tkt_hunter2', host(), bearer()))),
    only(await one(get('/api/v1/internal/tickets/77', host(), apiKey()))),
  ]
  expect([read.mock.calls.length > 0, write.mock.calls.length]).toEqual([true, 2])
  return answers
}

describe('a fault of ours', () => {
  const secret = 'SELECT hash FROM api_keys -- /var/lib/desk/deskbox.db'

  test('says nothing of itself, nor of what was sent', async () => {
    // The keys are known before the desk breaks.
    await one(get('/api/v1/tickets', host(), bearer()))
    logged.length = 0
    const answers = await faulty(() => new Error(secret, { cause: new Error('inner') }))
    expect(answers.map(({ status, body }) => [status, body])).toEqual([
      [500, '{"error":"Internal server error"}'],
      [500, '{"message":"Server Error"}'],
      [500, '{"error":"Internal server error"}'],
      [500, '{"message":"Server Error"}'],
    ])
    for (const { headers, body } of answers) {
      const all = [...headers].join('\n') + body
      for (const word of [
        'SELECT',
        '/var',
        'inner',
        'hunter2',
        '.ts',
        'node_modules',
        'Bun',
        keys.keva,
      ]) {
        expect(all).not.toContain(word)
      }
    }
    expect(logged).toHaveLength(4)
    expect(logged[0]).toContain(secret)
    expect(logged.join()).not.toContain('hunter2')
  })

  test('of the disk is 503 in both dialects, and not logged again for each caller', async () => {
    logged.length = 0
    const answers = await faulty(() => new Fault('unavailable', 'storage'))
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503, 503])
    expect(logged).toEqual([])
  })
})

test('a call that a proxy of ours handed on is logged as the caller made it', async () => {
  requests.length = 0
  const handedOn = ['X-Forwarded-For: 198.51.100.7', 'X-Forwarded-Proto: http']
  await one(get('/health/live', host(), ...handedOn))
  await one(get('/health/live', host()))
  expect(requests).toMatchObject([
    { address: '198.51.100.7', scheme: 'http' },
    { address: '127.0.0.1' },
  ])
  expect(requests[1]).not.toHaveProperty('scheme')
})

test('after all of it the server answers, and logged no fault of its own', async () => {
  logged.length = 0
  const answer = only(await one(open(close)))
  expect(answer.status).toBe(201)
  expect(answer.headers.get('x-ratelimit-limit')).toBe('1000000')
  expect(logged).toEqual([])
})
