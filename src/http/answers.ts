import { Fault } from '../domain/errors.ts'
import type { Desk } from '../domain/tx.ts'
import type { Log } from '../lib/log.ts'
import type { Dialect } from './dialect.ts'
import type { Services } from './endpoint.ts'
import type { Gate, Visit } from './gate.ts'
import type { Sent } from './idempotency.ts'
import type { Observer } from './observe.ts'
import type { Operations } from './operations.ts'
import type { Streams } from './streams.ts'
import { shownPath } from './paths.ts'

/** Everything that answering needs. */
export type House = {
  readonly desk: Desk
  readonly gate: Gate
  readonly log: Log
  readonly services: Services
  readonly observer: Observer
  readonly operations: Operations
  readonly streams: Streams
  /** Keeps a call from being ended for being quiet. */
  readonly keepOpen: (request: Request) => void
  /** The names that callers may use, beside localhost and addresses. */
  readonly hosts: () => readonly string[]
}

/** The answer to what was thrown: a fault in the dialect's words, anything else as a fault of ours. */
export function failed(house: House, dialect: Dialect, visit: Visit, err: unknown): Response {
  if (err instanceof Fault) return refused(house, dialect, visit, err)
  house.log.error('request failed', err, {
    id: visit.observed.id,
    method: visit.request.method,
    path: shownPath(visit.request.url),
  })
  if (!visit.standing) house.gate.lookAtStranger(visit)
  const { status, body } = dialect.crash
  return respond(house, dialect, visit, { status, text: JSON.stringify(body), isReplay: false })
}

export function refused(house: House, dialect: Dialect, visit: Visit, fault: Fault): Response {
  if (!visit.standing) house.gate.lookAtStranger(visit)
  const { status, body, headers } = dialect.word(fault)
  const text = JSON.stringify(body)
  return respond(house, dialect, visit, { status, text, isReplay: false, headers })
}

type Headers = { readonly [name: string]: string }

export function respond(
  house: House,
  dialect: Dialect,
  visit: Visit,
  sent: Sent & { readonly headers?: Headers | undefined },
): Response {
  const { status, text, isReplay, tag } = sent
  const headers = {
    'Content-Type': 'application/json',
    ...answered(house, dialect, visit, status),
    ...(isReplay && replayHeaders),
    ...(tag !== undefined && { ETag: tag, 'Cache-Control': 'private, no-cache' }),
    ...sent.headers,
  }
  return new Response(bodiless.has(status) ? null : text, { status, headers })
}

/** An answer that goes on; null for one whose head alone is asked for. */
export function respondStream(
  house: House,
  dialect: Dialect,
  visit: Visit,
  body: ReadableStream<Uint8Array> | null,
): Response {
  const headers = {
    'Content-Type': 'text/event-stream',
    // A proxy that holds answers back until they are whole would hold this one for ever.
    'X-Accel-Buffering': 'no',
    ...answered(house, dialect, visit, 200),
  }
  return new Response(body, { headers })
}

/** Notes that a call is answered, and gives the headers that every answer has. */
function answered(
  { gate, observer }: House,
  dialect: Dialect,
  { standing, observed }: Visit,
  status: number,
): Headers {
  observer.end(observed, status)
  return {
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'X-Request-Id': observed.id,
    ...(standing && dialect.rateHeaders(standing, gate.fullAtSeconds(standing), status === 429)),
  }
}

const bodiless = new Set([204, 304])

const replayHeaders = { 'Idempotency-Replayed': 'true' }

const noQuery = new URLSearchParams()
const noBytes = new Uint8Array()

export function newVisit({ observer }: House, request: Request): Visit {
  const at = request.url.indexOf('?')
  const query = at < 0 ? noQuery : new URLSearchParams(request.url.slice(at + 1))
  const observed = observer.begin(request)
  return {
    request,
    observed,
    query,
    bytes: noBytes,
    standing: null,
    caller: null,
    secret: '',
    staffId: null,
  }
}
