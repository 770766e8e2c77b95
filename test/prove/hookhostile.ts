import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Networks } from '../../src/security/networks.ts'
import { outboundClient } from '../../src/security/outbound.ts'
import { misbehave, misbehaviours } from '../support/hostile.ts'
import type { CheckResult } from './checks.ts'
import { addEndpoint, openTickets, startHooked, until } from './hooks.ts'
import { inspect } from './inspect.ts'
import { workFolder } from './shim.ts'

const redirects = [301, 302, 303, 307, 308]
/** What may stay once all is over. */
const keptMostMb = 20
/** What may be held amid floods, two of each receiver at once: the HTTP client reads ahead of what is asked of it. */
const heldMostMb = 80
const calmMs = 5000
const slackMs = 1000
const textBytesMost = 16 * 1024
const lookEveryMs = 250

type Attempt = {
  readonly url: string
  readonly failure: string | null
  readonly response_status: number | null
  readonly response_text: string | null
  readonly duration_ms: number
}

/**
 * Receivers that do what a receiver must not, and some that point elsewhere, each called so many times: every
 * attempt ends in time, with its reason, in bounded memory, and nobody is followed (W1, W4).
 */
export async function proveHostile(options: {
  readonly binary: string
  readonly times: number
  readonly timeoutSeconds: number
}): Promise<CheckResult> {
  const { binary, times, timeoutSeconds } = options
  const folder = workFolder('hostile')
  const data = join(folder, 'data')
  using field = receivers()
  try {
    using server = await startHooked(
      { binary, data },
      { timeoutSeconds, scheduleSeconds: [600000] },
    )
    for (const { url } of field.receivers) await addEndpoint(server, url)
    const kinds = field.receivers.length
    const patienceMs = (times * (timeoutSeconds + 1) * 1000) / 2 + 30_000
    const areDone = (count: number) =>
      until(() => attemptsIn(data).length >= count * kinds, patienceMs, lookEveryMs)
    // Once around, so that what a first call costs is not taken for growth.
    await openTickets(server, 1)
    await areDone(1)
    const before = residentMb(server.pid)
    let peak = before
    const watch = setInterval(() => {
      peak = Math.max(peak, residentMb(server.pid))
    }, 50)
    await openTickets(server, times - 1, 1)
    const isDone = await areDone(times)
    clearInterval(watch)
    const growth = () => Math.max(0, Math.round(residentMb(server.pid) - before))
    await until(() => growth() <= keptMostMb, calmMs)
    const kept = growth()
    const held = Math.max(0, Math.round(peak - before))
    const attempts = attemptsIn(data)
    const code = await server.end('SIGTERM')
    const problems = [
      ...(isDone ? [] : [`${attempts.length} of ${times * kinds} attempts`]),
      ...(code === 0 ? [] : [`ended with ${code}`]),
      ...field.receivers.flatMap(({ what, url }) =>
        problemsOf(
          what,
          attempts.filter((one) => one.url === url),
          timeoutSeconds * 1000,
        ),
      ),
      ...(kept <= keptMostMb ? [] : [`${kept} MB of memory stay`]),
      ...(held <= heldMostMb ? [] : [`memory grew by ${held} MB`]),
      ...(field.followed() === 0 ? [] : [`${field.followed()} redirects were followed`]),
    ]
    const slowest = Math.max(...attempts.map((one) => one.duration_ms))
    const grown = `memory +${held} MB amid them, +${kept} MB after`
    return {
      figure: `${attempts.length} attempts, ${kinds} kinds, slowest ${slowest} ms, ${grown}`,
      problems,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function problemsOf(what: string, attempts: readonly Attempt[], timeoutMs: number): string[] {
  const problems: string[] = []
  const late = attempts.filter(({ duration_ms: ms }) => ms > timeoutMs + slackMs)
  if (late.length > 0) problems.push(`${what}: ${late.length} took too long`)
  const silent = attempts.filter(({ failure }) => failure === null)
  if (silent.length > 0) problems.push(`${what}: ${silent.length} count as received`)
  const large = attempts.filter(({ response_text: text }) => (text?.length ?? 0) > textBytesMost)
  if (large.length > 0) problems.push(`${what}: ${large.length} answers kept whole`)
  const [, asked] = /^answers (\d+)/.exec(what) ?? []
  const isOther = ({ failure, response_status: status }: Attempt) =>
    failure !== 'redirected' || status !== Number(asked)
  if (asked && attempts.some(isOther)) problems.push(`${what}: not recorded as such`)
  return problems
}

function receivers() {
  const stack = new DisposableStack()
  let followed = 0
  const canary = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch() {
      followed++
      return new Response(null)
    },
  })
  stack.defer(() => void canary.stop(true))
  const found = Object.entries(misbehaviours).map(([what, how]) => {
    const { port } = stack.use(misbehave(how))
    return { what, url: `http://127.0.0.1:${port}/` }
  })
  const elsewhere = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch(request) {
      const { origin, pathname } = new URL(request.url)
      const [, status = '', where = ''] = pathname.split('/')
      if (where === 'next') followed++
      const places: { readonly [name: string]: string } = {
        here: `http://127.0.0.1:${canary.port}/`,
        public: 'https://93.184.215.14/',
        metadata: 'http://169.254.169.254/latest/meta-data/',
        chain: `${origin}/${status}/next`,
      }
      const Location = places[where] ?? '/'
      return new Response(null, { status: Number(status), headers: { Location } })
    },
  })
  stack.defer(() => void elsewhere.stop(true))
  const pointing = redirects.flatMap((status) =>
    ['here', 'public', 'metadata', 'chain'].map((where) => ({
      what: `answers ${status}, ${where}`,
      url: `http://127.0.0.1:${elsewhere.port}/${status}/${where}`,
    })),
  )
  const closed = misbehave(() => {})
  const absent = { what: 'is not there', url: `http://127.0.0.1:${closed.port}/` }
  closed.stop(true)
  return {
    receivers: [...found, ...pointing, absent],
    followed: () => followed,
    [Symbol.dispose]: () => stack.dispose(),
  }
}

function attemptsIn(data: string): Attempt[] {
  return inspect(data, (db) =>
    db
      .prepare<[], Attempt>(
        `SELECT e.url, a.failure, a.response_status, a.response_text, a.duration_ms
         FROM delivery_attempts a JOIN deliveries d ON d.id = a.delivery_id
         JOIN webhook_endpoints e ON e.id = d.endpoint_id`,
      )
      .all(),
  )
}

/** What a process holds; nothing is known of it where there is no /proc. */
function residentMb(pid: number): number {
  if (process.platform !== 'linux') return 0
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1] ?? 0)
  return (pages * 4096) / 1e6
}

/** A name server that says something else each time: nobody but the vetted address is called (W3). */
export async function proveRebinding(tries: number): Promise<CheckResult> {
  const hits = { allowed: 0, canary: 0 }
  const serve = (hostname: string, port: number, name: keyof typeof hits) =>
    Bun.serve({
      hostname,
      port,
      fetch() {
        hits[name]++
        return new Response(null, { status: 204 })
      },
    })
  // The same port at two addresses: one that may be called and one that may not.
  const allowed = serve('127.0.0.1', 0, 'allowed')
  const canary = serve('127.0.0.2', allowed.port ?? 0, 'canary')
  const answers = [
    ['127.0.0.1'],
    ['127.0.0.2'],
    ['127.0.0.1', '127.0.0.2'],
    ['127.0.0.2', '127.0.0.1'],
    ['127.0.0.1', '::1'],
  ]
  let asked = 0
  const send = outboundClient({
    timeoutMs: 2000,
    bodyBytesMax: 1024,
    monotonic: () => performance.now(),
    resolve: () => Promise.resolve(answers[asked++ % answers.length] ?? []),
    allowed: new Networks(['127.0.0.1/32']),
    ownPort: 1,
  })
  const url = `http://rebind.test:${allowed.port}/`
  const failures: (string | null)[] = []
  for (let n = 0; n < tries; n++) {
    const outgoing = { method: 'POST', url, headers: {}, body: '{}' } as const
    failures.push((await send(outgoing)).failure)
  }
  void allowed.stop(true)
  void canary.stop(true)
  const blocked = failures.filter((failure) => failure === 'address_blocked').length
  const passed = failures.filter((failure) => failure === null).length
  const wanted = Array.from({ length: tries }, (_, n) => n).filter((n) => n % answers.length === 0)
  const problems = [
    ...(hits.canary === 0 ? [] : [`${hits.canary} calls of the canary`]),
    ...(asked === tries ? [] : [`${asked} look-ups for ${tries} calls`]),
    ...(passed === wanted.length && hits.allowed === passed
      ? []
      : [`${passed} calls came through`]),
    ...(blocked === tries - wanted.length ? [] : [`${blocked} were blocked`]),
  ]
  return { figure: `${tries} tries, ${blocked} blocked, ${hits.canary} hits`, problems }
}
