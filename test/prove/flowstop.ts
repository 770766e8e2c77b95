import { exchange, head } from '../support/raw.ts'
import { line } from '../support/workflows.ts'
import type { CheckResult } from './checks.ts'
import { until } from './hooks.ts'
import { openLoopback, post, prepare, receiver, type Prepared } from './runs.ts'
import { start, type Server } from './server.ts'
import { hangingReceiver, stopInTime } from './stopping.ts'

const patienceMs = 20_000
const settleMs = 100

/**
 * Told to stop amid requests whose bodies are half sent, and amid runs whose calls hang, the server answers the
 * requests and ends in time; the next one goes on with every run, and makes every call that was under way again
 * under the same id (J11).
 */
export async function proveFlowStop(options: {
  readonly binary: string
  readonly requests: number
  readonly runs: number
}): Promise<CheckResult> {
  const { binary, requests, runs } = options
  using sink = hangingReceiver()
  using hook = receiver(() => new Response('ok'))
  const call = { action: 'send_webhook', config: { url: `${sink.url}/call` } }
  const note = { action: 'add_internal_note', config: { content: '{{ticket.reference}} done' } }
  using desk = await prepare('stop', [{ graph: line(call, note) }])
  const launch = { binary, data: desk.data, env: openLoopback }
  using first = await start(launch)
  const opened = Array.from({ length: runs }, (_, n) => post(first, `before ${n}`))
  const accepted = (await Promise.all(opened)).filter(Boolean).length
  const isUnderWay = await until(() => sink.underWay() > 0, patienceMs)
  const { stopped, answered } = await stopAmid(first, requests)
  const inCalls = sink.underWay()
  await pointTo(desk, hook.url)
  const left = await finish(launch, desk)
  const tickets = countOf(desk, 'SELECT count(*) AS n FROM tickets')
  const notes = countOf(desk, 'SELECT count(*) AS n FROM messages WHERE is_internal = 1')
  const problems = [
    ...(isUnderWay ? [] : ['no call was under way']),
    ...(accepted === runs ? [] : [`${accepted} of ${runs} tickets`]),
    ...stopped.problems,
    ...(answered === requests ? [] : [`${answered} of ${requests} requests were answered`]),
    ...(left === 0 ? [] : [`${left} runs did not finish`]),
    ...(tickets === runs + requests ? [] : [`${tickets} tickets are stored`]),
    ...(notes === tickets ? [] : [`${notes} notes of ${tickets} runs`]),
    ...(hook.calls.size === tickets ? [] : [`${hook.calls.size} calls of ${tickets} runs`]),
  ]
  const figure = `${requests} requests, ${runs} runs, ${inCalls} calls, ended in ${Math.round(stopped.tookMs)} ms`
  return { figure, problems }
}

/** Stops a server once all requests have come to it by half; how many were answered whole all the same. */
async function stopAmid(server: Server, requests: number) {
  const halves = Promise.withResolvers<void>()
  const all = Array.from({ length: requests }, (_, n) => openSlowly(server, n, halves.promise))
  await Bun.sleep(settleMs)
  const stopping = stopInTime(server)
  await Bun.sleep(settleMs)
  halves.resolve()
  const answered = (await Promise.all(all)).filter(Boolean).length
  return { stopped: await stopping, answered }
}

/** Opens a ticket, the second half of the request once `rest` allows it. True when it was answered well. */
async function openSlowly(server: Server, n: number, rest: Promise<void>): Promise<boolean> {
  const body = JSON.stringify({
    subject: `amid ${n}`,
    customerEmail: 'mara@example.com',
    body: 'x'.repeat(200),
  })
  const { port } = new URL(server.url)
  const start = head(
    'POST /api/v1/tickets HTTP/1.1',
    'Host: 127.0.0.1',
    `Authorization: Bearer ${server.keys.keva}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  )
  const parts = [`${start}${body.slice(0, 100)}`, rest.then(() => body.slice(100))]
  const { answers } = await exchange(Number(port), parts).catch(() => ({ answers: [] }))
  return answers[0]?.status === 201
}

/** The next server finds a receiver that answers. */
async function pointTo(desk: Prepared, url: string): Promise<void> {
  await desk.write((tx) => {
    tx.q.prepared({}, ({ client }) => {
      const change = "json_set(detail, '$.config.url', ?)"
      client
        .prepare(`UPDATE workflow_steps SET detail = ${change} WHERE status = 'calling'`)
        .run(url)
      const nodes = "json_set(graph, '$.nodes[1].data.config.url', ?)"
      client.prepare(`UPDATE workflow_versions SET graph = ${nodes}`).run(url)
    })
  })
}

/** Runs a server until nothing is left to do, and says how many runs are all the same. */
async function finish(launch: Parameters<typeof start>[0], desk: Prepared): Promise<number> {
  const unfinished = "SELECT count(*) AS n FROM workflow_runs WHERE status <> 'completed'"
  const deadline = performance.now() + patienceMs
  let left = Infinity
  while (left > 0 && performance.now() < deadline) {
    const server = await start(launch)
    await Bun.sleep(1500)
    await server.end('SIGTERM')
    left = countOf(desk, unfinished)
  }
  return left
}

function countOf(desk: Prepared, sql: string): number {
  return desk.rows<{ n: number }>(sql)[0]?.n ?? 0
}
