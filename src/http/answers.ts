import { Fault } from '../domain/errors.ts'
import type { Desk } from '../domain/tx.ts'
import type { Log } from '../lib/log.ts'
import type { Dialect } from './dialect.ts'
import type { Services } from './endpoint.ts'
import type { Gate, Visit } from './gate.ts'
import type { Sent } from './idempotency.ts'
import type { Observer } from './observe.ts'
import type { Operations } from './operations.ts'
import { pathOf } from './paths.ts'

/** Everything that answering needs. */
export type House = {
  readonly desk: Desk
  readonly gate: Gate
  readonly log: Log
  readonly services: Services
  readonly observer: Observer
  readonly operations: Operations
  /** The names that callers may use, beside localhost and addresses. */
  readonly hosts: () => readonly string[]
}

/** The answer to what was thrown: a fault in the dialect's words, anything else as a fault of ours. */
export function failed(house: House, dialect: Dialect, visit: Visit, err: unknown): Response {
  if (err instanceof Fault) return refused(house, dialect, visit, err)
  house.log.error('request failed', err, {
    id: visit.observed.id,
    method: visit.request.method,
    path: pathOf(visit.request.url),
  })
  if (!visit.standing) house.gate.lookAtStranger(visit)
  const { status, body } = dialect.crash
  return respond(house, dialect, visit, { status, text: JSON.stringify(body), isReplay: false })
}

export function refused(house: House, dialect: Dialect, visit: Visit, fault: Fault): Response {
  if (!visit.standing) house.gate.lookAtStranger(visit)
  const { status, body } = dialect.word(fault)
  return respond(house, dialect, visit, { status, text: JSON.stringify(body), isReplay: false })
}

export function respond(house: House, dialect: Dialect, visit: Visit, sent: Sent): Response {
  const { standing } = visit
  const { status, text, isReplay, tag } = sent
  const rate = standing
    ? dialect.rateHeaders(standing, house.gate.fullAtSeconds(standing), status === 429)
    : undefined
  house.observer.end(visit.observed, status)
  const headers = {
    ...jsonHeaders,
    'X-Request-Id': visit.observed.id,
    ...rate,
    ...(isReplay && replayHeaders),
    ...(tag !== undefined && { ETag: tag, 'Cache-Control': 'private, no-cache' }),
  }
  return new Response(bodiless.has(status) ? null : text, { status, headers })
}

const jsonHeaders = {
  'Content-Type': 'application/json',
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
}

const bodiless = new Set([204, 304])

const replayHeaders = { 'Idempotency-Replayed': 'true' }

const noQuery = new URLSearchParams()

export function newVisit({ observer }: House, request: Request): Visit {
  const at = request.url.indexOf('?')
  const query = at < 0 ? noQuery : new URLSearchParams(request.url.slice(at + 1))
  const observed = observer.begin(request)
  return { request, observed, query, standing: null, caller: null, secret: '', staffId: null }
}
