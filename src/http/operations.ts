import type { Finding } from '../domain/health.ts'
import { isLoopbackAddress } from '../security/address.ts'
import type { Gate } from './gate.ts'
import type { Metrics } from './metrics.ts'

export type Operations = {
  readonly metrics: Metrics
  readonly gate: Gate
  readonly addressOf: (request: Request) => string
  /** What must be well for calls to be answered. */
  readonly findings: () => readonly Finding[]
}

/** What a key must hold to read the figures from elsewhere. */
export const metricsScope = 'metrics:read'

/**
 * What an operator asks: whether the process lives, whether it can do its work, and its figures. Undefined for
 * every other path. The figures are for this machine, or for a key that has `metrics:read`.
 */
export function operationsResponse(
  operations: Operations,
  request: Request,
  path: string,
): Response | Promise<Response> | undefined {
  switch (path) {
    case '/health/live':
      return Response.json({ status: 'live' }, { headers })
    case '/health/ready':
      return readiness(operations)
    case '/metrics':
      return mayRead(operations, request) ? figures(operations) : refusal()
    default:
      return undefined
  }
}

const headers = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' }

function readiness({ findings }: Operations): Response {
  const checks = findings()
  const isReady = checks.every(({ isWell, isMinor }) => isWell || isMinor)
  const body = {
    status: isReady ? 'ready' : 'not ready',
    checks: Object.fromEntries(
      checks.map(({ name, isWell, detail }) => [name, { ok: isWell, detail }]),
    ),
  }
  return Response.json(body, { status: isReady ? 200 : 503, headers })
}

async function figures({ metrics }: Operations): Promise<Response> {
  const text = await metrics.text()
  return new Response(text, { headers: { ...headers, 'Content-Type': metrics.contentType } })
}

function refusal(): Response {
  const error = 'The figures are for this machine, or for a key that has metrics:read'
  return Response.json({ error }, { status: 403, headers })
}

/** Whether a proxy handed the call on: it is not from this machine then, whether or not the settings name the proxy. */
function isHandedOn({ headers: sent }: Request): boolean {
  return ['x-forwarded-for', 'forwarded', 'x-real-ip'].some((name) => sent.has(name))
}

function mayRead({ gate, addressOf }: Operations, request: Request): boolean {
  if (isLoopbackAddress(addressOf(request)) && !isHandedOn(request)) return true
  const bearer = /^Bearer (\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1]
  const raw = request.headers.get('x-api-key') ?? bearer
  return raw !== undefined && gate.isKeyWith(raw, metricsScope)
}
