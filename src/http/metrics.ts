import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** Whom a call is for: a contract, the operator, or nobody. */
export type Audience = 'keva' | 'internal' | 'external' | 'operator' | 'other'

/** One gauge: its help, what its label is called if it has one, and how it is read. */
export type GaugeSpec = {
  readonly name: string
  readonly help: string
  readonly label?: string
  readonly read: () => number | ReadonlyMap<string, number>
}

const latencyBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]
const commitBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1]
const groupBuckets = [1, 2, 4, 8, 16, 32, 64, 128, 256]

/** The figures of one server, in the text format of Prometheus. */
export class Metrics {
  readonly #registry = new Registry()
  readonly #requests = new Counter({
    name: 'deskbox_http_requests_total',
    help: 'Answers by whom they were for and their status',
    labelNames: ['audience', 'status'] as const,
    registers: [this.#registry],
  })
  readonly #latency = new Histogram({
    name: 'deskbox_http_request_seconds',
    help: 'Time from a request to its answer',
    labelNames: ['audience'] as const,
    buckets: latencyBuckets,
    registers: [this.#registry],
  })
  readonly #refusals = new Counter({
    name: 'deskbox_limiter_refusals_total',
    help: 'Calls refused for their rate',
    labelNames: ['audience'] as const,
    registers: [this.#registry],
  })
  readonly #groups = new Histogram({
    name: 'deskbox_commit_group_size',
    help: 'Writes that shared a commit',
    buckets: groupBuckets,
    registers: [this.#registry],
  })
  readonly #commits = new Histogram({
    name: 'deskbox_commit_seconds',
    help: 'Time of a group of writes and its commit, fsync included',
    buckets: commitBuckets,
    registers: [this.#registry],
  })

  answered(audience: Audience, status: number, seconds: number): void {
    this.#requests.inc({ audience, status: String(status) })
    this.#latency.observe({ audience }, seconds)
    if (status === 429) this.#refusals.inc({ audience })
  }

  committed(size: number, seconds: number): void {
    this.#groups.observe(size)
    this.#commits.observe(seconds)
  }

  /** A figure that is read when it is asked for. */
  gauge({ name, help, label, read }: GaugeSpec): void {
    const gauge = new Gauge({
      name,
      help,
      labelNames: label === undefined ? [] : [label],
      registers: [this.#registry],
      collect() {
        const found = read()
        if (typeof found === 'number') {
          gauge.set(found)
          return
        }
        gauge.reset()
        for (const [value, figure] of found) gauge.set({ [label ?? 'name']: value }, figure)
      },
    })
  }

  /** All figures. */
  text(): Promise<string> {
    return this.#registry.metrics()
  }

  get contentType(): string {
    return this.#registry.contentType
  }
}
