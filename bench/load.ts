// The load generator: asked for a plan, answers with what came of it.

import { converse, type Exchange } from './connection.ts'
import { answerParent } from './helpers.ts'
import { quantile } from './stats.ts'
import { ticketText } from './tickets.ts'

export type Plan = {
  readonly url: string
  readonly connections: number
  readonly warmupSeconds: number
  readonly seconds: number
  /** Whole GET requests, sent in turn. */
  readonly reads: readonly string[]
  readonly creations?: Creations | undefined
}

export type Creations = {
  readonly path: string
  readonly keys: readonly string[]
  readonly isIdempotent: boolean
  /** How many reads come between two creations. */
  readonly readsBetween: number
}

export type Outcome = {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Every answer, those of the warm-up included. */
  readonly answers: number
  /** Answers with another status than a success, by status. */
  readonly wrong: { readonly [status: string]: number }
  /** How much of a core the generator itself took. */
  readonly coreShare: number
}

let ticketsMade = 0

answerParent(async (plan: Plan): Promise<Outcome> => {
  const run = new Run(plan)
  const cpu = process.cpuUsage()
  const began = performance.now()
  await Promise.all(Array.from({ length: plan.connections }, () => converse(plan.url, run)))
  const { user, system } = process.cpuUsage(cpu)
  return run.outcome((user + system) / 1000 / (performance.now() - began))
})

class Run implements Exchange {
  readonly #plan: Plan
  readonly #from: number
  readonly #until: number
  readonly #latencies: number[] = []
  readonly #wrong: { [status: string]: number } = {}
  readonly #bodies: string[]
  readonly #stamp = Date.now().toString(36)
  #sent = 0
  #answers = 0

  constructor(plan: Plan) {
    this.#plan = plan
    this.#bodies = plan.creations ? manyBodies() : []
    this.#from = performance.now() + plan.warmupSeconds * 1000
    this.#until = this.#from + plan.seconds * 1000
  }

  next(): string | undefined {
    if (performance.now() >= this.#until) return undefined
    const { reads, creations } = this.#plan
    const n = this.#sent++
    return creations && n % (creations.readsBetween + 1) === 0
      ? this.#creation(creations, n)
      : reads[n % reads.length]
  }

  answered(status: number, ms: number): void {
    this.#answers++
    if (status !== 200 && status !== 201) this.#wrong[status] = (this.#wrong[status] ?? 0) + 1
    const now = performance.now()
    if (now >= this.#from && now <= this.#until) this.#latencies.push(ms)
  }

  outcome(coreShare: number): Outcome {
    const sorted = Float64Array.from(this.#latencies).sort()
    return {
      perSecond: sorted.length / this.#plan.seconds,
      p50Ms: quantile(sorted, 0.5),
      p99Ms: quantile(sorted, 0.99),
      answers: this.#answers,
      wrong: this.#wrong,
      coreShare,
    }
  }

  #creation({ path, keys, isIdempotent }: Creations, n: number): string {
    const body = this.#bodies[n % this.#bodies.length] ?? ''
    const once = isIdempotent ? `Idempotency-Key: ${this.#stamp}-${n}\r\n` : ''
    return (
      `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n` +
      `Authorization: Bearer ${keys[n % keys.length]}\r\n` +
      `Content-Type: application/json\r\n${once}Content-Length: ${body.length}\r\n\r\n${body}`
    )
  }
}

const bodiesMost = 16_384

/** Made before the clock starts; each run goes on where the last one ended. */
function manyBodies(): string[] {
  const from = ticketsMade
  ticketsMade += bodiesMost
  return Array.from({ length: bodiesMost }, (_, at) => JSON.stringify(ticketText(from + at)))
}
