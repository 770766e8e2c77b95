import { afterEach, describe, expect, test } from 'bun:test'
import { connect, type TLSSocket } from 'node:tls'
import { Listener } from '../../src/http/listener.ts'
import { renewCertificate } from '../../src/jobs/certificate.ts'
import { certificate, certificateKey, otherCertificate, otherKey } from '../support/certificate.ts'

const first = { cert: certificate, key: certificateKey }
const second = { cert: otherCertificate, key: otherKey }
const fail = () => new Response(null, { status: 500 })

let listener: Listener
afterEach(() => listener.close())

function open(port: number): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>()
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
    resolve(socket)
  })
  socket.once('error', reject)
  return promise
}

async function nameServed(port: number): Promise<unknown> {
  const socket = await open(port)
  const { subject } = socket.getPeerCertificate()
  socket.destroy()
  return subject.CN
}

describe('HTTPS', () => {
  test('is TLS 1.2 or newer', async () => {
    listener = new Listener(
      { host: '127.0.0.1', port: 0, tls: first },
      { handle: () => new Response('ok'), fail },
    )
    expect(listener.url).toBe(`https://127.0.0.1:${listener.port}`)
    const socket = await open(listener.port)
    expect(['TLSv1.2', 'TLSv1.3']).toContain(String(socket.getProtocol()))
    socket.destroy()
  })

  test('takes a renewed certificate, and answers what is in flight', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
    listener = new Listener(
      { host: '127.0.0.1', port: 0, tls: first },
      {
        fail,
        async handle() {
          begin()
          await released
          return new Response('late')
        },
      },
    )
    const { port } = listener
    const answered = fetch(`${listener.url}/`, { tls: { rejectUnauthorized: false } })
    await begun
    expect(await nameServed(port)).toBe('hook.test')
    listener.renew(second)
    expect(listener.port).toBe(port)
    for (let n = 0; n < 5; n++) expect(await nameServed(port)).toBe('other.test')
    expect(listener.pendingRequests).toBe(1)
    release()
    expect(await (await answered).text()).toBe('late')
  })

  test('does not share a port that is taken', () => {
    listener = new Listener(
      { host: '127.0.0.1', port: 0, tls: first },
      { handle: () => new Response('ok'), fail },
    )
    // Another program's port, which has not been offered for sharing.
    const taken = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
    const binding = { host: '127.0.0.1', port: taken.port, tls: first }
    expect(() => new Listener(binding, { handle: () => new Response('ok'), fail })).toThrow()
    taken.stop(true)
  })
})

describe('the renewal job', () => {
  const renewed: unknown[] = []
  const logged: string[] = []
  const log = {
    info: (what: string) => logged.push(what),
    error: (what: string) => logged.push(what),
  }
  const files = { mark: 'one' as string | undefined, tls: first as typeof first | undefined }
  const job = renewCertificate(
    {
      read() {
        if (!files.tls) throw new Error('no pair')
        return files.tls
      },
      mark: () => files.mark,
    },
    { renew: (tls) => renewed.push(tls) },
    log,
  )

  test('looks every ten seconds, and renews once for each change', async () => {
    await job.step(0)
    files.mark = 'two'
    files.tls = second
    await job.step(9_999)
    expect(renewed).toEqual([])
    await job.step(10_000)
    await job.step(20_000)
    expect([renewed, logged]).toEqual([[second], ['certificate renewed']])
  })

  test('keeps what it has while a file is missing, and tells of a pair that does not fit', async () => {
    files.mark = undefined
    await job.step(30_000)
    files.mark = 'three'
    files.tls = undefined
    await job.step(40_000)
    await job.step(50_000)
    expect(renewed).toEqual([second])
    expect(logged.slice(1)).toEqual(['certificate cannot be renewed'])
  })
})

test('plain HTTP says so', async () => {
  listener = new Listener(
    { host: '127.0.0.1', port: 0, tls: null },
    { handle: (request) => new Response(listener.peerOf(request)), fail },
  )
  expect(listener.url).toStartWith('http://127.0.0.1:')
  expect(await (await fetch(listener.url)).text()).toBe('127.0.0.1')
})
