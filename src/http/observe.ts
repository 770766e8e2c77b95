import type { Log } from '../lib/log.ts'
import type { Callers } from './callers.ts'
import type { Audience, Metrics } from './metrics.ts'
import { pathOf, shownPath } from './paths.ts'

export type ObserverParts = {
  readonly log: Log
  readonly metrics: Metrics
  readonly monotonic: () => number
  readonly random: (bytes: number) => Uint8Array
} & Callers

/** A call under way: its id, which its answer carries as `X-Request-Id`, and when it began. */
export type Observed = { readonly request: Request; readonly id: string; readonly begunAt: number }

const runBytes = 6

/** Names calls, and counts and logs their answers. */
export class Observer {
  readonly metrics: Metrics
  readonly #parts: ObserverParts
  /** Random for each run of the server and then counted: a random one for each call would cost more. */
  readonly #run: string
  #count = 0

  constructor(parts: ObserverParts) {
    this.metrics = parts.metrics
    this.#parts = parts
    this.#run = Buffer.from(parts.random(runBytes)).toString('hex')
  }

  begin(request: Request): Observed {
    const id = givenId(request) ?? `${this.#run}-${(++this.#count).toString(36)}`
    return { request, id, begunAt: this.#parts.monotonic() }
  }

  /** Notes what a call was answered with. */
  end({ request, id, begunAt }: Observed, status: number): void {
    const { log, metrics, monotonic, addressOf, schemeOf } = this.#parts
    const durationMs = monotonic() - begunAt
    const path = pathOf(request.url)
    metrics.answered(audienceOf(path), status, durationMs / 1000)
    if (log.isShown?.() === false) return
    const scheme = schemeOf?.(request)
    // Without the query, which may hold an address or a search.
    log.info('request', {
      id,
      method: request.method,
      path: shownPath(request.url),
      status,
      ms: Math.round(durationMs * 1000) / 1000,
      address: addressOf(request),
      // A key that came to the proxy by plain HTTP could be read on the way.
      ...(scheme && { scheme }),
    })
  }
}

// What a log line and a header can carry without being taken for more.
const idPattern = /^[\w.:-]{1,100}$/

/** The id that a proxy or the caller gave. */
function givenId(request: Request): string | undefined {
  const id = request.headers.get('x-request-id')
  return id !== null && idPattern.test(id) ? id : undefined
}

function audienceOf(path: string): Audience {
  if (path.startsWith('/api/v1/internal/')) return 'internal'
  if (path.startsWith('/api/v1/external/')) return 'external'
  if (path.startsWith('/api/') || path.startsWith('/v1/')) return 'keva'
  return path.startsWith('/health/') || path === '/metrics' ? 'operator' : 'other'
}
