import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { install } from '../../src/domain/installation.ts'
import { Desk, systemActor, type Tx } from '../../src/domain/tx.ts'
import { Store } from '../../src/store/db.ts'
import { clientOf } from '../store/fixtures.ts'
import { addWorkflow, line, type NewWorkflow } from '../support/workflows.ts'
import { seeded } from './random.ts'
import { start, type Server } from './server.ts'
import { workFolder } from './shim.ts'

/** Loopback may be called, so that a receiver of the prover hears what workflows send. */
export const openLoopback = { DESKBOX_WEBHOOKS_ALLOW_PRIVATE_NETWORKS: '127.0.0.0/8' }

/** A data folder with workflows and keys, before any server has run on it. */
export type Prepared = Disposable & {
  readonly data: string
  /** Asks the database, which no server may have open. */
  rows<Row>(sql: string): Row[]
  write<T>(job: (tx: Tx) => T): Promise<T>
}

function onFault(fault: Error): void {
  throw fault
}

function random(bytes: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(bytes))
}

export async function prepare(name: string, workflows: readonly NewWorkflow[]): Promise<Prepared> {
  const folder = workFolder(name)
  const data = join(folder, 'data')
  const within = async <T>(job: (store: Store, desk: Desk) => T | Promise<T>): Promise<T> => {
    using store = Store.open({ directory: data, access: 'own', now: Date.now(), onFault })
    return await job(store, new Desk({ store, clock: Date.now, random }))
  }
  await within((_, desk) =>
    desk.write(systemActor, (tx) => {
      install(tx)
      for (const workflow of workflows) addWorkflow(tx, workflow)
    }),
  )
  return {
    data,
    rows: <Row>(sql: string) => {
      using store = Store.open({ directory: data, access: 'own', now: Date.now(), onFault })
      return clientOf(store).prepare<[], Row>(sql).all()
    },
    write: (job) => within((_, desk) => desk.write(systemActor, job as never)),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** Opens a ticket over HTTP; false when the server died before it answered. */
export async function post(server: Server, subject: string): Promise<boolean> {
  try {
    const answer = await fetch(`${server.url}/api/v1/tickets`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${server.keys.keva}`,
        'Content-Type': 'application/json',
        'Idempotency-Key': subject.replaceAll(' ', '-'),
      },
      body: JSON.stringify({ subject, customerEmail: 'mara@example.com', body: 'x' }),
    })
    return answer.status === 201
  } catch {
    return false
  }
}

/** A receiver on this machine that counts calls by their id. */
export function receiver(answer: () => Response | Promise<Response>) {
  const calls = new Map<string, number>()
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch(request) {
      const id = request.headers.get('idempotency-key') ?? 'none'
      calls.set(id, (calls.get(id) ?? 0) + 1)
      return answer()
    },
  })
  const url = `http://127.0.0.1:${server.port}/hook`
  return { calls, url, [Symbol.dispose]: () => void server.stop(true) }
}

export type Killed = {
  readonly rounds: number
  readonly runs: number
  readonly calls: number
  readonly repeated: number
  readonly problems: string[]
}

const finishMs = 90_000
const notesPerRun = 4

const note = (n: number) => ({
  action: 'add_internal_note',
  config: { content: `{{ticket.reference}} step ${n}` },
})

/**
 * J1: kills a server again and again while workflows of many steps run, and looks at what is left: every run that
 * was accepted has finished, each of its steps was done once, and calls were repeated under one id alone.
 */
export async function killRuns(options: {
  binary: string
  rounds: number
  runsPerRound: number
  seed: number
  report: (round: number) => void
}): Promise<Killed> {
  const random = seeded(options.seed)
  using hook = receiver(() => new Response('ok'))
  const call = { action: 'send_webhook', config: { url: hook.url, body: '{{ticket.id}}' } }
  const graph = line(note(1), { delay: 1, unit: 'seconds' }, note(2), call, note(3), note(4))
  using desk = await prepare('runs', [{ graph }])
  const launch = { binary: options.binary, data: desk.data, env: openLoopback }
  let accepted = 0
  for (let round = 1; round <= options.rounds; round++) {
    using server = await start(launch)
    const opened = Array.from({ length: options.runsPerRound }, (_, n) =>
      post(server, `round ${round} ticket ${n}`),
    )
    await Bun.sleep(random.between(20, 1500))
    await server.end('SIGKILL')
    accepted += (await Promise.all(opened)).filter(Boolean).length
    options.report(round)
  }
  const unfinished = "SELECT count(*) AS n FROM workflow_runs WHERE status <> 'completed'"
  const deadline = performance.now() + finishMs
  let left = Infinity
  while (left > 0 && performance.now() < deadline) {
    const server = await start(launch)
    await Bun.sleep(4000)
    await server.end('SIGTERM')
    left = desk.rows<{ n: number }>(unfinished)[0]?.n ?? 0
  }
  return { rounds: options.rounds, ...leftBehind(desk, { accepted, calls: hook.calls, left }) }
}

function leftBehind(
  desk: Prepared,
  seen: { accepted: number; calls: ReadonlyMap<string, number>; left: number },
) {
  const runs = desk.rows<{ n: number }>('SELECT count(*) AS n FROM workflow_runs')[0]?.n ?? 0
  const tickets = desk.rows<{ n: number }>('SELECT count(*) AS n FROM tickets')[0]?.n ?? 0
  const notes = desk.rows<{ body: string; n: number }>(
    'SELECT body, count(*) AS n FROM messages WHERE is_internal = 1 GROUP BY body',
  )
  const ids = new Set(
    desk
      .rows<{ uid: string }>("SELECT uid FROM workflow_steps WHERE detail LIKE '%send_webhook%'")
      .map(({ uid }) => uid),
  )
  const twice = notes.filter(({ n }) => n !== 1)
  const strangers = [...seen.calls.keys()].filter((id) => !ids.has(id))
  const uncalled = [...ids].filter((id) => !seen.calls.has(id))
  const problems = [
    ...(seen.left > 0 ? [`${seen.left} runs did not finish`] : []),
    ...(seen.accepted > 0 ? [] : ['no ticket was accepted']),
    ...(runs === tickets ? [] : [`${tickets} tickets have ${runs} runs`]),
    ...(runs >= seen.accepted ? [] : [`${seen.accepted} accepted, ${runs} runs`]),
    ...(notes.length === runs * notesPerRun ? [] : [`${notes.length} notes of ${runs} runs`]),
    ...twice.map(({ body, n }) => `"${body}" was written ${n} times`),
    ...strangers.map((id) => `a call came under the unknown id ${id}`),
    ...uncalled.map((id) => `the call ${id} was never made`),
  ]
  const repeated = [...seen.calls.values()].filter((times) => times > 1).length
  return { runs, calls: seen.calls.size, repeated, problems }
}
