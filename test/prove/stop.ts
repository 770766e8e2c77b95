import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { CheckResult } from './checks.ts'
import { addEndpoint, openTickets, startHooked, until } from './hooks.ts'
import { inspect } from './inspect.ts'
import type { Server } from './server.ts'
import { workFolder } from './shim.ts'
import { hangingReceiver, stopInTime } from './stopping.ts'

export type StopOptions = {
  readonly binary: string
  /** Calls whose bodies are still to come, and deliveries that are due, when the server is told to stop. */
  readonly requests: number
  readonly jobs: number
}

const patienceMs = 20_000
const endpoints = 50
// As many as are made at once in all, and to one receiver.
const underWayMost = 64
const atOneMost = 2

/**
 * Told to stop with calls and jobs in flight (J11), the server answers every call that it had accepted and keeps
 * what they say, gives back the jobs, and ends with 0 within ten seconds.
 */
export async function proveBusyStop({ binary, requests, jobs }: StopOptions): Promise<CheckResult> {
  const folder = workFolder('busy')
  const data = join(folder, 'data')
  using sink = hangingReceiver()
  try {
    const hooks = { timeoutSeconds: 60, scheduleSeconds: [600] }
    using server = await startHooked({ binary, data }, hooks)
    const receivers = Math.min(endpoints, jobs)
    for (let n = 0; n < receivers; n++) await addEndpoint(server, `${sink.url}/${n}`)
    await openTickets(server, Math.ceil(jobs / receivers))
    const most = Math.min(underWayMost, atOneMost * receivers, jobs)
    const isBusy = await until(() => sink.underWay() >= most, patienceMs)
    const calls = Array.from({ length: requests }, (_, at) => slowCall(server, at))
    await Promise.all(calls.map(({ isSent }) => isSent))
    await accepted(server)
    const stopping = stopInTime(server)
    await until(() => server.output().includes('stopping'), patienceMs)
    for (const { finish } of calls) finish()
    const answers = await Promise.all(calls.map(({ answer }) => answer))
    const stopped = await stopping
    const underWay = sink.underWay()
    const answered = answers.filter((line) => line === 'HTTP/1.1 201 Created').length
    const problems = [
      ...(isBusy ? [] : [`${underWay} deliveries under way`]),
      ...(answered === requests ? [] : [`${answered} of ${requests} calls were answered`]),
      ...stopped.problems,
      ...leftBehind(data, { requests, jobs: Math.ceil(jobs / receivers) * receivers }),
    ]
    const took = `ended in ${Math.round(stopped.tookMs)} ms`
    return { figure: `${answered} calls answered, ${underWay} jobs under way, ${took}`, problems }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The server has read what was sent before once it has answered what was sent after. */
async function accepted({ url, keys }: Server): Promise<void> {
  for (let n = 0; n < 3; n++) {
    const headers = { Authorization: `Bearer ${keys.keva}` }
    await (await fetch(`${url}/api/v1/tickets`, { headers })).text()
  }
}

/** A new customer whose head is sent at once, and whose body ends with `finish`. */
function slowCall({ url, keys }: Server, at: number) {
  const { hostname, port } = new URL(url)
  const body = JSON.stringify({ email: `slow-${at}@example.com`, name: `Slow ${at}` })
  const head = [
    'POST /api/v1/customers HTTP/1.1',
    `Host: ${hostname}:${port}`,
    `Authorization: Bearer ${keys.keva}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    'Connection: close',
  ]
  let heard = ''
  const answered = Promise.withResolvers<string>()
  const sent = Promise.withResolvers<void>()
  const connecting = Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      open(socket) {
        socket.write(`${head.join('\r\n')}\r\n\r\n${body.slice(0, 5)}`)
        socket.flush()
        sent.resolve()
      },
      data: (_socket, chunk) => void (heard += chunk.toString()),
      close: () => answered.resolve(heard.split('\r\n')[0] ?? ''),
    },
  })
  return {
    isSent: sent.promise,
    answer: answered.promise,
    finish: () => void connecting.then((socket) => socket.write(body.slice(5))),
  }
}

type Left = { readonly requests: number; readonly jobs: number }

function leftBehind(data: string, { requests, jobs }: Left): string[] {
  return inspect(data, (db) => {
    const customers = db
      .prepare("SELECT count(*) FROM customers WHERE email LIKE 'slow-%'")
      .pluck()
      .get()
    const left = db
      .prepare<[], { n: number; leased: number; attempts: number }>(
        `SELECT count(*) AS n, count(lease) AS leased, sum(attempts) AS attempts
         FROM deliveries WHERE status = 'pending'`,
      )
      .get()
    return [
      ...(customers === requests ? [] : [`${String(customers)} of ${requests} calls are kept`]),
      ...(left?.n === jobs ? [] : [`${left?.n} of ${jobs} jobs are left`]),
      ...(left?.leased === 0 && left.attempts === 0 ? [] : ['not all jobs are given back']),
    ]
  })
}
