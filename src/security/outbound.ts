import { rootCertificates } from 'node:tls'
import type { Millis } from '../lib/time.ts'
import { isBlocked, vetTarget, type Blocked, type Target, type TargetRules } from './target.ts'

/*
 * The only code that leaves the machine. What it guarantees for every call:
 *
 * - every address of the name was vetted at this attempt, and the vetted address is the one dialled, with
 *   the name in the Host header and in the TLS handshake;
 * - no redirect is followed, no proxy or TLS setting of the environment is obeyed, no connection is kept;
 * - one deadline covers the look-up, the connection, the headers and the body;
 * - at most `bodyBytesMax` of an answer are read, and nothing is decompressed.
 */

export type Outgoing = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly url: string
  readonly headers: { readonly [name: string]: string }
  readonly body?: string | undefined
}

/** Why a call failed, whatever the status says. */
export type SendFailure =
  | Blocked
  | 'timeout'
  | 'connection_refused'
  | 'connection_reset'
  | 'tls_invalid'
  | 'response_invalid'
  | 'response_too_large'

/** What came of one call. */
export type Outcome = {
  /** Null when there was none, or none that counts. */
  readonly failure: SendFailure | null
  /** Null when no answer began. */
  readonly status: number | null
  /** The `Retry-After` header as it came, or null. */
  readonly retryAfter: string | null
  /** The beginning of the body. */
  readonly text: string
  readonly durationMs: Millis
}

export type OutboundOptions = TargetRules & {
  readonly timeoutMs: Millis
  /** Certificates (PEM) that are trusted beside the ones that the runtime knows. */
  readonly trusted?: readonly string[]
  readonly bodyBytesMax: number
  /** Milliseconds that never go back. */
  readonly monotonic: () => number
  /** Ends every call that is under way, as if its time were over. */
  readonly ended?: AbortSignal
}

export type Send = (outgoing: Outgoing) => Promise<Outcome>

/** A client for calls to addresses that integrations chose. It never throws. */
export function outboundClient(options: OutboundOptions): Send {
  return async (outgoing) => {
    const begun = options.monotonic()
    using deadline = deadlineOf(options)
    const outcome = await attempt(outgoing, options, deadline.signal)
    return { ...outcome, durationMs: Math.round(options.monotonic() - begun) }
  }
}

/** A timer that goes with its call: of those of AbortSignal.timeout all of a deadline's time would lie about. */
function deadlineOf({ timeoutMs, ended }: OutboundOptions): Disposable & { signal: AbortSignal } {
  const controller = new AbortController()
  const abort = () => controller.abort()
  const timer = setTimeout(abort, timeoutMs)
  if (ended?.aborted) abort()
  ended?.addEventListener('abort', abort)
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      clearTimeout(timer)
      ended?.removeEventListener('abort', abort)
    },
  }
}

type Attempted = Omit<Outcome, 'durationMs'>

async function attempt(
  outgoing: Outgoing,
  options: OutboundOptions,
  deadline: AbortSignal,
): Promise<Attempted> {
  try {
    const target = await orAbort(vetTarget(outgoing.url, options), deadline)
    if (isBlocked(target)) return failed(target)
    const { url, init } = dialled(target, outgoing, options, deadline)
    const response = await fetch(url, init)
    return await answerOf(response, options.bodyBytesMax, deadline)
  } catch (err) {
    return failed(deadline.aborted ? 'timeout' : reasonOf(err))
  }
}

function failed(failure: SendFailure): Attempted {
  return { failure, status: null, retryAfter: null, text: '' }
}

/** The request to the vetted address, in the name of the URL's host. */
function dialled(
  { url, address }: Target,
  { method, headers, body }: Outgoing,
  { trusted = [] }: OutboundOptions,
  signal: AbortSignal,
): { url: string; init: BunFetchRequestInit } {
  const at = new URL(url)
  at.hostname = address.includes(':') ? `[${address}]` : address
  const serverName = url.hostname.replace(/^\[|\]$/g, '')
  return {
    url: at.href,
    init: {
      method,
      headers: { ...headers, Host: url.host },
      ...(body !== undefined && { body }),
      redirect: 'manual',
      keepalive: false,
      decompress: false,
      signal,
      tls: {
        serverName,
        rejectUnauthorized: true,
        ...(trusted.length > 0 && { ca: [...rootCertificates, ...trusted] }),
      },
    },
  }
}

/** The answer and the beginning of its body; an answer that breaks off keeps its status. */
async function answerOf(
  response: Response,
  bytesMax: number,
  deadline: AbortSignal,
): Promise<Attempted> {
  const { status, headers } = response
  const answer = { status, retryAfter: headers.get('retry-after') }
  try {
    const { text, isWhole } = await beginningOf(response, bytesMax)
    return { ...answer, text, failure: isWhole ? null : 'response_too_large' }
  } catch (err) {
    return { ...answer, text: '', failure: deadline.aborted ? 'timeout' : reasonOf(err) }
  }
}

async function beginningOf(
  { body }: Response,
  bytesMax: number,
): Promise<{ text: string; isWhole: boolean }> {
  if (!body) return { text: '', isWhole: true }
  const chunks: Uint8Array[] = []
  let size = 0
  const reader = body.getReader()
  try {
    while (size <= bytesMax) {
      const { done, value } = await reader.read()
      if (done) break
      chunks.push(value)
      size += value.length
    }
  } finally {
    await reader.cancel().catch(() => {})
  }
  const bytes = Buffer.concat(chunks).subarray(0, bytesMax)
  return { text: new TextDecoder().decode(bytes), isWhole: size <= bytesMax }
}

async function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

function reasonOf(err: unknown): SendFailure {
  const code = err instanceof Error && 'code' in err ? String(err.code) : ''
  if (/^(?:ConnectionRefused|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH)$/.test(code)) {
    return 'connection_refused'
  }
  if (/^(?:ConnectionClosed|ECONNRESET|EPIPE|ERR_SOCKET_CLOSED)$/.test(code))
    return 'connection_reset'
  return /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO/i.test(code) ? 'tls_invalid' : 'response_invalid'
}

/** What the environment could change about outgoing calls is taken out of it, once, at the start. */
export function forgetNetworkEnvironment(environment: {
  [name: string]: string | undefined
}): void {
  const names = /^(?:https?|all|no)_proxy$|^NODE_TLS_REJECT_UNAUTHORIZED$|^NODE_EXTRA_CA_CERTS$/i
  for (const name of Object.keys(environment)) if (names.test(name)) delete environment[name]
}
