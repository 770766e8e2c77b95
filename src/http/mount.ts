import { Elysia } from 'elysia'
import { Fault } from '../domain/errors.ts'
import type { Reader } from '../domain/tx.ts'
import { failed, newVisit, refused, respond, respondStream, type House } from './answers.ts'
import { hopsHeader, hopsIn, hopsMost } from '../security/hops.ts'
import { readBody } from './body.ts'
import { entityTag, isKnown, refuseStale } from './conditions.ts'
import type { Dialect, Surface } from './dialect.ts'
import {
  isStream,
  type Call,
  type Endpoint,
  type ReadEndpoint,
  type StreamEndpoint,
  type WriteEndpoint,
} from './endpoint.ts'
import type { Visit } from './gate.ts'
import { isOwnHost } from './hosts.ts'
import { isRepeat, once, repeatOf, type Repeat } from './idempotency.ts'
import { methodsAt, pathOf, surfaceOf } from './paths.ts'
import { operationsResponse } from './operations.ts'
import { referenceResponse } from './reference.ts'

type Params = { readonly [name: string]: string }

/**
 * Puts every row of every surface behind Elysia's router. This is the only reader of a request: it
 * takes the body, has the dialect admit the caller, opens one transaction, runs the row, and has a
 * thrown Fault worded. Elysia routes and answers; it neither parses nor validates.
 */
export function mount(house: House, surfaces: readonly Surface[]) {
  const app = new Elysia()
  for (const { prefix, dialect, endpoints } of surfaces) {
    for (const endpoint of endpoints) {
      const serve = server(house, dialect, endpoint)
      const path = `${prefix}${endpoint.path}`
      const handle = ({ request, params }: { request: Request; params: Params }) =>
        serve(request, params)
      app.route(endpoint.method, path, handle, { parse: 'none' })
      if (endpoint.method === 'GET') app.route('HEAD', path, handle, { parse: 'none' })
    }
  }
  app.all('/*', ({ request }) => refuseUnrouted(house, surfaces, request), { parse: 'none' })
  app.all('/', ({ request }) => refuseUnrouted(house, surfaces, request), { parse: 'none' })
  return app.onError(({ error, request }) => {
    const { dialect } = surfaceOf(surfaces, pathOf(request.url))
    return failed(house, dialect, newVisit(house, request), error)
  })
}

/**
 * Refuses what the router must not see: a Host that is absent, repeated, malformed or none of ours (a
 * page elsewhere may have pointed its own name here). Elysia looks for the path from the eleventh
 * character of the URL, so a host must fill the space before it.
 */
export function refuseHost(
  house: House,
  surfaces: readonly Surface[],
  request: Request,
): Response | undefined {
  const host = request.headers.get('host') ?? ''
  const isOurs = isOwnHost(host, house.hosts())
  if (isOurs && host.length >= routedHostMin && hasOwnUrl(request, host)) return undefined
  const path = request.url.startsWith('/') ? request.url : pathOf(request.url)
  const { dialect } = surfaceOf(surfaces, path)
  return refused(house, dialect, newVisit(house, request), new Fault('malformed', 'host'))
}

const routedHostMin = 4

/** False for an absolute-form target whose authority is not the Host that was sent. */
function hasOwnUrl(request: Request, host: string): boolean {
  const { url } = request
  const start = url.indexOf('//') + 2
  return url.slice(start, start + host.length).toLowerCase() === host.toLowerCase()
}

type Serve = (request: Request, params: Params) => Response | Promise<Response>

function server(house: House, dialect: Dialect, endpoint: Endpoint): Serve {
  return (request, params) => {
    const visit = newVisit(house, request)
    const serve = () => {
      if (isStream(endpoint)) return serveStream(house, { dialect, visit, endpoint, params })
      if (endpoint.method === 'GET') return serveRead(house, { dialect, visit, endpoint, params })
      return serveWrite(house, { dialect, visit, endpoint, params })
    }
    const fail = (err: unknown) => failed(house, dialect, visit, err)
    try {
      const admission = admit(house, dialect, visit, endpoint)
      return admission ? admission.then(serve).catch(fail) : serve()
    } catch (err) {
      return fail(err)
    }
  }
}

/** A promise only where a token must be checked: a key is admitted in this turn. */
function admit(
  house: House,
  dialect: Dialect,
  visit: Visit,
  endpoint: Endpoint,
): Promise<void> | undefined {
  if (endpoint.access !== 'public') return dialect.admit(house.gate, visit, endpoint)
  house.gate.spendOpen(visit)
  return undefined
}

type Served<E> = { dialect: Dialect; visit: Visit; endpoint: E; params: Params }

function serveRead(house: House, served: Served<ReadEndpoint>): Response {
  const { dialect, visit, endpoint, params } = served
  const { caller, query, request } = visit
  const { status, body, version } = house.desk.read(house.gate.actorOf(visit), (tx) =>
    endpoint.run({ tx, params, query, body: {}, caller }),
  )
  const text = JSON.stringify(body)
  if (version === undefined)
    return respond(house, dialect, visit, { status, text, isReplay: false })
  const tag = entityTag(version, text)
  const sent = isKnown(request.headers, tag) ? { status: 304, text: '' } : { status, text }
  return respond(house, dialect, visit, { ...sent, isReplay: false, tag })
}

/** Admits the caller again and again as long as the stream goes on. */
function serveStream(house: House, served: Served<StreamEndpoint>): Response {
  const { dialect, visit, endpoint, params } = served
  const { caller, query, request } = visit
  const lastEventId = request.headers.get('last-event-id')
  const followed = house.desk.read(house.gate.actorOf(visit), (tx) =>
    endpoint.follow({ tx, params, query, body: {}, caller }, lastEventId),
  )
  if (request.method === 'HEAD') return respondStream(house, dialect, visit, null)
  const body = house.streams.open(caller?.name ?? '', followed, (gate) =>
    dialect.admit(gate, { ...visit, standing: null, caller: null }, endpoint),
  )
  house.keepOpen(request)
  return respondStream(house, dialect, visit, body)
}

async function serveWrite(house: House, served: Served<WriteEndpoint>): Promise<Response> {
  const { dialect, visit, endpoint, params } = served
  const { caller, query, request } = visit
  try {
    const { takesAnyJson = false, cutsLoops = false } = endpoint
    const isLoop = hopsIn(request.headers.get(hopsHeader)) >= hopsMost
    if (isLoop && !cutsLoops) throw new Fault('refused', 'loop')
    const { acceptsForms } = dialect
    const { value: body, bytes } = await readBody(request, { acceptsForms, takesAnyJson })
    visit.bytes = bytes
    const repeat = repeatOf(request, bytes, endpoint.takesSecret ? visit.secret : null)
    const given = { params, query, body, caller }
    const prepared = endpoint.prepare && (await prepare(house, served, { given, repeat }))
    const sent = await house.desk.write(house.gate.actorOf(visit), (tx) =>
      once(tx, visit, repeat, {
        isSecret: endpoint.isSecret ?? false,
        run() {
          refuseStale(request.headers, () => endpoint.version?.({ tx, ...given }))
          return endpoint.run({ tx, ...given }, prepared)
        },
      }),
    )
    if (sent instanceof Fault) return refused(house, dialect, visit, sent)
    return respond(house, dialect, visit, sent)
  } catch (err) {
    return failed(house, dialect, visit, err)
  }
}

/** Does a row's slow work, unless the request is one that has its answer already. */
async function prepare(
  house: House,
  { visit, endpoint }: Served<WriteEndpoint>,
  sent: { given: Omit<Call<Reader>, 'tx'>; repeat: Repeat | null },
): Promise<unknown> {
  const { given, repeat } = sent
  const work = house.desk.read<(() => Promise<unknown>) | undefined>(
    house.gate.actorOf(visit),
    (tx) =>
      isRepeat(tx, visit, repeat)
        ? undefined
        : endpoint.prepare?.({ tx, ...given }, house.services, visit),
  )
  return work?.()
}

/** What no row serves: the reference page, another method of a known path, or nothing. */
function refuseUnrouted(
  house: House,
  surfaces: readonly Surface[],
  request: Request,
): Response | Promise<Response> {
  const path = pathOf(request.url)
  const visit = newVisit(house, request)
  const page = pageAt(house, request, path)
  if (page)
    return page instanceof Promise
      ? page.then((one) => observe(house, visit, one))
      : observe(house, visit, page)
  const { dialect } = surfaceOf(surfaces, path)
  house.gate.lookAtStranger(visit)
  const allowed = methodsAt(surfaces, path)
  if (allowed.length === 0) return refused(house, dialect, visit, new Fault('not_found', 'path'))
  const response = refused(house, dialect, visit, new Fault('method', 'method'))
  response.headers.set('Allow', allowed.join(', '))
  return response
}

/** What is not of a contract: the reference page, and what an operator asks. */
function pageAt(
  house: House,
  request: Request,
  path: string,
): Response | Promise<Response> | undefined {
  if (request.method !== 'GET') return undefined
  if (path === '/') return toReference()
  return (
    operationsResponse(house.operations, request, path) ?? referenceResponse(path, request.headers)
  )
}

function observe(house: House, { observed }: Visit, response: Response): Response {
  house.observer.end(observed, response.status)
  response.headers.set('X-Request-Id', observed.id)
  return response
}

/** A person who opens the bare address is shown what there is. */
function toReference(): Response {
  return new Response(null, { status: 302, headers: { Location: '/docs' } })
}
