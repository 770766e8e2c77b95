import { line } from '../support/workflows.ts'
import type { CheckResult } from './checks.ts'
import { prepare } from './runs.ts'
import { seeded } from './random.ts'
import { start, type Server } from './server.ts'

/** The two ways to start a workflow once: a call that is repeated, and a delivery that comes again. */
type Way = 'call' | 'delivery'

type Round = { readonly way: Way; readonly workflow: string; readonly key: string }

/**
 * Starts a workflow many times at once under one key, kills the server in the middle, and starts it as often again
 * under the same key: there is one run, and whoever was answered got its id (J12).
 */
export async function proveUnique(options: {
  readonly binary: string
  readonly rounds: number
  readonly startsPerRound: number
  readonly seed: number
  readonly report: (round: number) => void
}): Promise<CheckResult> {
  const { binary, rounds, startsPerRound, seed, report } = options
  const random = seeded(seed)
  const graph = line({ delay: 1, unit: 'days' })
  using desk = await prepare('unique', [
    { triggerKind: 'manual', graph },
    { triggerKind: 'webhook', graph },
  ])
  const [manual = '', webhook = ''] = desk
    .rows<{ uid: string }>('SELECT uid FROM workflows ORDER BY id')
    .map(({ uid }) => `wf_${uid}`)
  const launch = { binary, data: desk.data }
  const problems: string[] = []
  let [answered, cutOff] = [0, 0]
  for (let round = 1; round <= rounds; round++) {
    const way: Way = round % 2 === 0 ? 'delivery' : 'call'
    const what = { way, workflow: way === 'call' ? manual : webhook, key: `round-${round}` }
    using first = await start(launch)
    const before = startMany(first, what, startsPerRound)
    await Bun.sleep(random.between(5, 60))
    await first.end('SIGKILL')
    using second = await start(launch)
    const after = await Promise.all(startMany(second, what, startsPerRound))
    const ids = [...(await Promise.all(before)), ...after].filter((id) => id !== null)
    await second.end('SIGTERM')
    const unanswered = after.filter((id) => id === null).length
    if (unanswered > 0) problems.push(`round ${round}: ${unanswered} starts were refused`)
    const different = new Set(ids).size
    if (different !== 1) problems.push(`round ${round}: ${different} ids for one key`)
    answered += ids.length
    cutOff += 2 * startsPerRound - ids.length
    report(round)
  }
  const runs = desk.rows<{ n: number }>('SELECT count(*) AS n FROM workflow_runs')[0]?.n
  if (runs !== rounds) problems.push(`${runs} runs of ${rounds} keys`)
  return { figure: `${rounds} keys, ${answered} answers, ${cutOff} cut off`, problems }
}

function startMany(server: Server, round: Round, count: number): Promise<string | null>[] {
  return Array.from({ length: count }, () => startOnce(server, round))
}

/** The id of the run, or null when nobody answered. */
async function startOnce(server: Server, { way, workflow, key }: Round): Promise<string | null> {
  const isCall = way === 'call'
  const path = isCall ? `/api/workflows/${workflow}/trigger` : `/api/webhooks/workflow/${workflow}`
  try {
    const answer = await fetch(`${server.url}${path}`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        ...(isCall
          ? { Authorization: `Bearer ${server.keys.keva}`, 'Idempotency-Key': key }
          : { 'Webhook-Id': key }),
      },
      body: '{}',
    })
    if (answer.status !== 200) return `answered ${answer.status}`
    return ((await answer.json()) as { executionId: string }).executionId
  } catch {
    return null
  }
}
