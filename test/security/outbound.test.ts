import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Networks } from '../../src/security/networks.ts'
import {
  forgetNetworkEnvironment,
  outboundClient,
  type OutboundOptions,
  type Outgoing,
} from '../../src/security/outbound.ts'
import { certificate, certificateKey } from '../support/certificate.ts'
import { misbehave, misbehaviours } from '../support/hostile.ts'

const timeoutMs = 250

const loopback: OutboundOptions = {
  timeoutMs,
  bodyBytesMax: 16 * 1024,
  monotonic: () => performance.now(),
  resolve: () => Promise.resolve(['127.0.0.1']),
  allowed: new Networks(['127.0.0.0/8']),
  ownPort: 1,
}

function post(url: string, more: Partial<Outgoing> = {}): Outgoing {
  return {
    method: 'POST',
    url,
    headers: { 'Content-Type': 'application/json' },
    body: '{}',
    ...more,
  }
}

/** What each of them comes to (reliability.md, bar W1). */
const ends: { readonly [W in keyof typeof misbehaviours]: object } = {
  'resets the connection': { failure: 'connection_reset', status: null },
  'never answers': { failure: 'timeout', status: null },
  'closes without an answer': { failure: 'connection_reset', status: null },
  'drips headers': { failure: 'timeout', status: null },
  'drips a body': { failure: 'timeout', status: 200 },
  'sends chunks without end': { failure: 'response_too_large', status: 200 },
  'sends a body of 100 GB': { failure: 'response_too_large', status: 200 },
  'sends a gzip bomb': { failure: 'response_too_large', status: 200 },
  'sends headers without end': { failure: 'timeout', status: null },
  'sends a header without end': { failure: 'response_invalid', status: null },
  'sends early hints without end': { failure: 'timeout', status: null },
  'sends garbage': { failure: 'connection_reset', status: null },
  'breaks off its body': { failure: 'connection_reset', status: 200 },
}

describe('a receiver that', () => {
  for (const [what, how] of Object.entries(misbehaviours)) {
    test(`${what} ends in time, with its reason, in bounded memory`, async () => {
      using server = misbehave(how)
      const send = outboundClient(loopback)
      const outgoing = post(`http://hook.test:${server.port}/in`)
      const outcomes = await Promise.all([send(outgoing), send(outgoing)])
      for (const { durationMs, text, ...outcome } of outcomes) {
        expect(outcome).toMatchObject(ends[what as keyof typeof ends])
        expect(durationMs).toBeLessThan(timeoutMs + 1000)
        expect(text.length).toBeLessThanOrEqual(loopback.bodyBytesMax)
      }
    })
  }

  test('is not there is refused', async () => {
    const server = misbehave(() => {})
    const { port } = server
    server.stop(true)
    const outcome = await outboundClient(loopback)(post(`http://hook.test:${port}/`))
    expect(outcome).toMatchObject({ failure: 'connection_refused', status: null })
  })
})

describe('a receiver that answers', () => {
  let server: ReturnType<typeof Bun.serve>
  const seen: { method: string; url: string; headers: Headers; body: string }[] = []
  beforeAll(() => {
    server = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      async fetch(request) {
        const { method, url, headers } = request
        seen.push({ method, url, headers, body: await request.text() })
        const asked = Number(new URL(url).searchParams.get('status') ?? 200)
        const location = { Location: 'http://127.0.0.1:1/', 'Retry-After': '120' }
        return new Response(asked === 204 ? null : 'thanks', { status: asked, headers: location })
      },
    })
  })
  afterAll(() => server.stop(true))

  const send = outboundClient(loopback)

  test.each([200, 201, 204, 301, 302, 303, 307, 308, 400, 410, 429, 500, 503])(
    'with %p is told of, and never followed',
    async (status) => {
      seen.length = 0
      const outcome = await send(post(`http://hook.test:${server.port}/in?status=${status}`))
      expect(outcome).toEqual({
        failure: null,
        status,
        retryAfter: '120',
        text: status === 204 ? '' : 'thanks',
        durationMs: expect.any(Number),
      })
      expect(seen).toHaveLength(1)
    },
  )

  test('gets the bytes, the headers and the name that were meant', async () => {
    seen.length = 0
    const body = '{"text":"Grüße 🎉"}'
    const headers = { 'Content-Type': 'application/json', 'X-Own': 'yes', Host: 'other.test' }
    const url = `http://hook.test:${server.port}/in/deep?x=1#part`
    await send(post(url, { method: 'PUT', headers, body }))
    expect(seen.map(({ method, body: got }) => [method, got])).toEqual([['PUT', body]])
    expect(seen[0]?.url).toBe(`http://hook.test:${server.port}/in/deep?x=1`)
    const get = (name: string) => seen[0]?.headers.get(name) ?? null
    expect([get('host'), get('x-own')]).toEqual([`hook.test:${server.port}`, 'yes'])
  })

  test('is called at the address that was vetted, whatever its name says next', async () => {
    const answers = [['127.0.0.1'], ['10.0.0.1'], ['127.0.0.1', '10.0.0.1'], ['169.254.169.254']]
    let asked = 0
    const rebinding = outboundClient({
      ...loopback,
      resolve: () => Promise.resolve(answers[asked++ % answers.length] ?? []),
    })
    const outgoing = post(`http://rebind.test:${server.port}/`)
    const outcomes = []
    for (let n = 0; n < 8; n++) outcomes.push((await rebinding(outgoing)).failure)
    const round = [null, 'address_blocked', 'address_blocked', 'address_blocked']
    expect(outcomes).toEqual([...round, ...round])
    expect(asked).toBe(8)
  })

  test('is not called when its name takes too long to look up', async () => {
    seen.length = 0
    const slow = outboundClient({ ...loopback, resolve: () => new Promise(() => {}) })
    const outcome = await slow(post(`http://hook.test:${server.port}/`))
    expect([outcome.failure, seen.length]).toEqual(['timeout', 0])
  })

  test('is not waited for any more once everything is ended', async () => {
    using silent = misbehave(() => {})
    const ended = new AbortController()
    const ending = outboundClient({ ...loopback, timeoutMs: 60_000, ended: ended.signal })
    const under = ending(post(`http://hook.test:${silent.port}/`))
    ended.abort()
    const after = ending(post(`http://hook.test:${silent.port}/`))
    const outcomes = await Promise.all([under, after])
    expect(outcomes.map(({ failure }) => failure)).toEqual(['timeout', 'timeout'])
    expect(outcomes.every(({ durationMs }) => durationMs < 1000)).toBe(true)
  })

  test('is not called when it is none of ours to call', async () => {
    seen.length = 0
    const closed = outboundClient({ ...loopback, allowed: new Networks([]) })
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '2130706433']) {
      const outcome = await closed(post(`http://${host}:${server.port}/`))
      expect([host, outcome.failure]).toEqual([host, 'address_blocked'])
    }
    expect(seen).toEqual([])
  })

  test('is called directly, whatever proxy the environment names', async () => {
    const environment: { [name: string]: string | undefined } = {
      HTTP_PROXY: 'http://127.0.0.1:1',
      https_proxy: 'http://127.0.0.1:1',
      ALL_PROXY: 'x',
      no_proxy: 'x',
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
      NODE_EXTRA_CA_CERTS: '/x',
      PATH: '/bin',
    }
    forgetNetworkEnvironment(environment)
    expect(environment).toEqual({ PATH: '/bin' })
  })
})

describe('a receiver with a certificate', () => {
  let server: ReturnType<typeof Bun.serve>
  beforeAll(() => {
    server = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      tls: { cert: certificate, key: certificateKey },
      fetch: (request) => new Response(request.headers.get('host')),
    })
  })
  afterAll(() => server.stop(true))

  const trusting = outboundClient({ ...loopback, trusted: [certificate] })

  test('is known by the name of the URL, not by the address dialled', async () => {
    const outcome = await trusting(post(`https://hook.test:${server.port}/`))
    expect(outcome).toMatchObject({
      failure: null,
      status: 200,
      text: `hook.test:${server.port}`,
    })
  })

  test('of another name is refused', async () => {
    const outcome = await trusting(post(`https://other.test:${server.port}/`))
    expect(outcome).toMatchObject({ failure: 'tls_invalid', status: null })
  })

  test('that nobody vouches for is refused', async () => {
    const outcome = await outboundClient(loopback)(post(`https://hook.test:${server.port}/`))
    expect(outcome).toMatchObject({ failure: 'tls_invalid', status: null })
  })

  test('that speaks no TLS is refused', async () => {
    using plain = misbehave((peer) => peer.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'))
    const { failure } = await trusting(post(`https://hook.test:${plain.port}/`))
    expect(['tls_invalid', 'connection_reset', 'response_invalid']).toContain(String(failure))
  })
})
