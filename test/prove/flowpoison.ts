import { misbehave, misbehaviours } from '../support/hostile.ts'
import { line, type NewWorkflow, type Short } from '../support/workflows.ts'
import type { CheckResult } from './checks.ts'
import { until } from './hooks.ts'
import { inspect } from './inspect.ts'
import { openLoopback, post, prepare, receiver, type Prepared } from './runs.ts'
import { start, type Launch, type Server } from './server.ts'

// What a workflow can do worst: patterns, texts, receivers, answers of a model and graphs of the greatest size.

const startMostMs = 1000
const attemptsMost = 6
const lookEveryMs = 200
const modelTimeoutSeconds = 5
/** So many calls to the same receiver that never answers, more than one workflow may have under way. */
const hangingCalls = 12
const hanging = 'never answers'

/** A receiver of these keeps a call until its deadline. */
const slow: ReadonlySet<string> = new Set([
  hanging,
  'drips headers',
  'drips a body',
  'sends headers without end',
  'sends a header without end',
  'sends early hints without end',
])

type Poison = { readonly what: string; readonly nodes: readonly Short[] }

/**
 * Starts the worst workflows there can be, and meanwhile an ordinary one again and again: the server stays up, the
 * ordinary one begins within a second, and what fails is given up after its last attempt (J8).
 */
export async function provePoison(options: {
  readonly binary: string
  /** Also receivers that keep each call until its deadline. */
  readonly isPatient: boolean
}): Promise<CheckResult> {
  const { binary, isPatient } = options
  using field = receivers(isPatient)
  using model = hugeModel()
  using hook = receiver(() => new Response('ok'))
  const poisons = [...field.poisons, ...worst]
  const manual = poisons.map(({ what, nodes }): NewWorkflow => ({
    name: what,
    triggerKind: 'manual',
    graph: line(...nodes),
  }))
  const call = { action: 'send_webhook', config: { url: hook.url } }
  const note = { action: 'add_internal_note', config: { content: 'ordinary' } }
  const ordinary = { name: 'ordinary', graph: line(call, note) }
  using desk = await prepare('poison', [...manual, ordinary])
  const env = {
    ...openLoopback,
    DESKBOX_AI_BASE_URL: model.url,
    DESKBOX_AI_MODEL: 'huge',
    DESKBOX_AI_TIMEOUT: String(modelTimeoutSeconds),
  }
  const launch = { binary, data: desk.data, env }
  const problems = await swallow(launch, desk)
  for (let round = 1; round < attemptsMost && unsettled(desk) > 0; round++) {
    // Rather than wait for more than an hour until the last attempt is due.
    await desk.write((tx) => {
      tx.q.prepared({}, ({ client }) =>
        client.exec("UPDATE workflow_steps SET due_at = 0 WHERE status = 'calling'"),
      )
    })
    problems.push(...(await attempt(launch)))
  }
  const left = unsettled(desk)
  if (left > 0) problems.push(`${left} runs neither ended nor were given up`)
  const tried = desk.rows<{ n: number }>('SELECT max(attempts) AS n FROM workflow_steps')[0]?.n ?? 0
  if (tried !== attemptsMost) problems.push(`given up after ${tried} attempts`)
  const slowest = slowestOrdinary(desk)
  if (slowest > startMostMs) problems.push(`an ordinary run began after ${slowest} ms`)
  return { figure: `${poisons.length} kinds, ordinary run within ${slowest} ms`, problems }
}

/** Starts every poison once, and ordinary runs beside them. */
async function swallow(launch: Launch, desk: Prepared): Promise<string[]> {
  const ids = desk
    .rows<{ uid: string; name: string }>(
      "SELECT uid, name FROM workflows WHERE trigger_kind = 'manual'",
    )
    .flatMap(({ uid, name }) =>
      Array.from({ length: name === hanging ? hangingCalls : 1 }, () => `wf_${uid}`),
    )
  using server = await start(launch)
  let isOver = false
  const watch = ordinaryRuns(server, () => isOver)
  const started = await Promise.all(ids.map((id) => trigger(server, id)))
  await settle(desk.data)
  isOver = true
  const opened = await watch
  const isUp = server.isRunning()
  const code = await server.end('SIGTERM')
  const begun = started.filter((status) => status === 200).length
  return [
    ...(begun === ids.length ? [] : [`${begun} of ${ids.length} poisons were taken`]),
    ...(opened > 0 ? [] : ['no ordinary run was begun']),
    ...(isUp && code === 0 ? [] : [`the server ended with ${code}`]),
  ]
}

/** Lets a server make every attempt that is due. */
async function attempt(launch: Launch): Promise<string[]> {
  using server = await start(launch)
  await settle(launch.data)
  const isUp = server.isRunning()
  const code = await server.end('SIGTERM')
  return isUp && code === 0 ? [] : [`the server ended with ${code}`]
}

const settleMostMs = 60_000

/** Waits until no run can go on before the next attempt of its call is due. */
async function settle(data: string): Promise<void> {
  const atWork = `SELECT
    (SELECT count(*) FROM workflow_runs WHERE status = 'running' AND (waits_for IS NULL OR waits_for = 'call')) +
    (SELECT count(*) FROM workflow_steps WHERE status = 'calling' AND (lease IS NOT NULL OR due_at < ?)) AS n`
  const isQuiet = () =>
    inspect(data, (db) => db.prepare<[number], { n: number }>(atWork).get(Date.now())?.n === 0)
  await until(isQuiet, settleMostMs, lookEveryMs)
}

async function ordinaryRuns(server: Server, isOver: () => boolean): Promise<number> {
  let opened = 0
  for (let n = 0; !isOver(); n++) {
    if (await post(server, `ordinary ${n}`)) opened++
    await Bun.sleep(lookEveryMs)
  }
  return opened
}

function slowestOrdinary(desk: Prepared): number {
  const [row] = desk.rows<{ ms: number | null }>(
    `SELECT max(coalesce(r.completed_at, 1e15) - r.started_at) AS ms FROM workflow_runs r
     JOIN workflows w ON w.id = r.workflow_id WHERE w.name = 'ordinary'`,
  )
  return row?.ms ?? Infinity
}

function unsettled(desk: Prepared): number {
  const [row] = desk.rows<{ n: number }>(
    "SELECT count(*) AS n FROM workflow_runs WHERE status NOT IN ('completed', 'failed')",
  )
  return row?.n ?? 0
}

async function largeTicket(server: Server): Promise<string> {
  const body = Array.from({ length: 30_000 }, (_, n) => (n % 3 === 0 ? 'b' : 'a')).join('')
  const answer = await send(server, '/api/v1/tickets', {
    subject: 'large',
    customerEmail: 'mara@example.com',
    body,
  })
  return ((await answer.json()) as { data: { id: string } }).data.id
}

/** For a ticket of its own, for runs of one go one after another. */
async function trigger(server: Server, id: string): Promise<number> {
  const ticketId = await largeTicket(server)
  const data = { text: 'x'.repeat(90_000) }
  return (await send(server, `/api/v1/workflows/${id}/trigger`, { ticketId, data })).status
}

function send(server: Server, path: string, body: object): Promise<Response> {
  return fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${server.keys.keva}`,
      'Content-Type': 'application/json',
    },
    body: JSON.stringify(body),
  })
}

const catastrophic = ['(a+)+$', '(a|aa)+$', '[ab]*a[ab]{900}$', '\\b(a|b)*a(a|b){400}\\b$']

const worst: readonly Poison[] = [
  {
    what: 'patterns',
    nodes: [
      {
        condition: Array.from({ length: 20 }, (_, n) => ({
          field: 'ticket.body',
          operator: 'matches_regex',
          value: catastrophic[n % catastrophic.length] ?? '',
        })),
        mode: 'any',
      },
    ],
  },
  {
    what: 'a text that grows',
    nodes: [
      { action: 'add_internal_note', config: { content: '{{trigger.data.text}}'.repeat(5000) } },
    ],
  },
  {
    what: 'an answer of a model of 10 MB',
    nodes: [{ action: 'generate_ai_response', config: { promptTemplate: 'Answer' } }],
  },
  {
    what: 'a graph of 200 nodes',
    nodes: Array.from({ length: 198 }, (_, n) => ({
      action: 'set_priority',
      config: { priority: n % 2 === 0 ? 'low' : 'high' },
    })),
  },
]

function receivers(isPatient: boolean) {
  const stack = new DisposableStack()
  const poisons = Object.entries(misbehaviours)
    .filter(([what]) => isPatient || !slow.has(what))
    .map(([what, how]): Poison => {
      const { port } = stack.use(misbehave(how))
      const config = { url: `http://127.0.0.1:${port}/` }
      return { what, nodes: [{ action: 'send_webhook', config }] }
    })
  return { poisons, [Symbol.dispose]: () => stack.dispose() }
}

function hugeModel(): Disposable & { readonly url: string } {
  const content = 'x'.repeat(10_000_000)
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: () => Response.json({ choices: [{ message: { role: 'assistant', content } }] }),
  })
  const url = `http://127.0.0.1:${server.port}/v1`
  return { url, [Symbol.dispose]: () => void server.stop(true) }
}
