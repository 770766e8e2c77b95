import { Fault } from '../domain/errors.ts'
import { keepAnswer, keptAnswer, peekAnswer } from '../domain/idempotency.ts'
import type { Reader, Tx } from '../domain/tx.ts'
import { seal, sealNonceBytes, unseal } from '../security/seal.ts'
import { versionTag } from './conditions.ts'
import type { Answer } from './endpoint.ts'
import type { Visit } from './gate.ts'

/** What is sent back, and whether it was sent before. */
export type Sent = {
  readonly status: number
  readonly text: string
  readonly isReplay: boolean
  readonly tag?: string | undefined
}

/** What a write came to, before it is sent. */
type Written = { readonly status: number; readonly text: string; readonly version: number | null }

/** How a repeated request is known again. */
export type Repeat = { readonly key: string; readonly fingerprint: string }

/**
 * The request's `Idempotency-Key` and what must be the same when it comes again; null without one. `secret`
 * is mixed into the fingerprint, so that a password in the body cannot be guessed from what is stored.
 */
export function repeatOf(
  request: Request,
  bytes: Uint8Array,
  secret: string | null,
): Repeat | null {
  const key = request.headers.get('idempotency-key')
  if (key === null) return null
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) throw new Fault('malformed', 'idempotencyKey')
  const hasher = new Bun.CryptoHasher('sha256', secret ?? undefined)
  const path = request.url.slice(request.url.indexOf('/', 8))
  hasher.update(`${request.method} ${path}\n`).update(bytes)
  return { key, fingerprint: hasher.digest('hex') }
}

/**
 * Runs a write once for its key: the first answer is kept in the transaction of the change, and given
 * again for the same request. Two at once need no more: the second runs after the first, in the same
 * queue. Who has not said who they are, to sign in, has none. Only what succeeded is kept, so a refusal can be tried again.
 */
export function once(
  tx: Tx,
  visit: Visit,
  repeat: Repeat | null,
  write: { readonly isSecret: boolean; run(): Answer | Fault },
): Sent | Fault {
  const { caller, secret } = visit
  const run = () => writtenBy(write.run())
  if (!repeat || !caller) return sentOf(run(), false)
  const known = keptAnswer(tx, caller.name, repeat)
  if (known) {
    const { status, body, isSealed, version } = known
    return sentOf({ status, text: isSealed ? unseal(body, secret) : body, version }, true)
  }
  const written = run()
  if (written instanceof Fault) return written
  const { status, text, version } = written
  const body = write.isSecret ? seal(text, secret, tx.random(sealNonceBytes)) : text
  keepAnswer(tx, caller.name, repeat, { status, body, isSealed: write.isSecret, version })
  return sentOf(written, false)
}

/** Whether a request is one that was answered before, so that nothing need be prepared for it. */
export function isRepeat(reader: Reader, { caller }: Visit, repeat: Repeat | null): boolean {
  return repeat !== null && caller !== null && peekAnswer(reader, caller.name, repeat)
}

function writtenBy(answer: Answer | Fault): Written | Fault {
  if (answer instanceof Fault) return answer
  const { status, body, version = null } = answer
  return { status, text: body === null ? '' : JSON.stringify(body), version }
}

function sentOf(written: Written | Fault, isReplay: boolean): Sent | Fault {
  if (written instanceof Fault) return written
  const { status, text, version } = written
  return { status, text, isReplay, tag: version === null ? undefined : versionTag(version) }
}
