import { z } from 'zod'
import { Fault, type Blocked, type Issue } from '../domain/errors.ts'
import type { Replay } from '../domain/replays.ts'
import { isSubscription, webhookTypes } from '../domain/subscriptions.ts'
import type { Reader } from '../domain/tx.ts'
import type { ExtraHeaders } from '../domain/webhookseals.ts'
import type { Services } from './endpoint.ts'
import { finding, isRecord, read } from './fields.ts'

// What the rows of webhooks have in common in both dialects: what may be said in their fields, and the
// vetting of a URL, which looks up its name and so happens before the transaction.

/** The types of deliveries: all that can be subscribed to, and the test. */
export const deliveryTypes = [...webhookTypes, 'webhook.test'] as const

/** Exact types, `ticket.*` for all of a noun, or `*`; at least one. */
export function subscriptions() {
  return z
    .array(z.string().refine(isSubscription, finding({ rule: 'subscription' })))
    .refine((words) => words.length > 0, finding({ rule: 'required' }))
    .meta({ examples: [['ticket.*', 'message.created']] })
}

const headersMost = 20
const headerTextMost = 2000

// What the delivery itself sets, and what would change where it goes or how it is framed.
const reserved =
  /^(?:host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|content-.*|accept-encoding|user-agent|proxy-.*|webhook-.*|x-keva-.*|x-deskbox-.*|deskbox-.*)$/i

const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/
const headerText = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/

/** Headers to send along, by name. */
export function extraHeaders() {
  return z
    .record(z.string(), z.unknown())
    .superRefine((headers, context) => {
      for (const name of strayHeaders(headers)) {
        context.addIssue({ code: 'custom', path: [name], ...finding({ rule: 'header' }) })
      }
    })
    .transform((headers) => headers as ExtraHeaders)
    .meta({ type: 'object', additionalProperties: { type: 'string' } })
}

/** The names of headers that cannot be set, that come twice, or that are too many. */
function strayHeaders(headers: { readonly [name: string]: unknown }): string[] {
  const seen = new Set<string>()
  return Object.entries(headers).flatMap(([name, text]) => {
    const isNew = !seen.has(name.toLowerCase())
    seen.add(name.toLowerCase())
    return isNew && seen.size <= headersMost && isHeader(name, text) ? [] : [name]
  })
}

function isHeader(name: string, text: unknown): boolean {
  if (typeof text !== 'string' || !headerName.test(name) || reserved.test(name)) return false
  return text.length <= headerTextMost && headerText.test(text)
}

/** What is known of a body before its transaction: why its URL is not called, and what seals secrets. */
export type Vetted = { readonly blocked: Blocked | null; readonly sealing: string }

/** Vets the URL of a body, unless it is the one that the record has already. */
export function vetting(
  body: unknown,
  { vetUrl, sealing }: Services,
  current?: string,
): () => Promise<Vetted> {
  const url = isRecord(body) && typeof body['url'] === 'string' ? body['url'].trim() : ''
  return async () => {
    const blocked = url === '' || url === current ? null : await vetUrl(url)
    return { blocked, sealing: sealing() }
  }
}

/** The values of a body whose first field is `url`; what vetting found stands among the issues. */
export function readVetted<F extends z.ZodObject>(
  reader: Reader,
  fields: F,
  body: unknown,
  { blocked }: Vetted,
): z.output<F> {
  const found: readonly Issue[] = blocked ? [{ field: 'url', rule: 'target', blocked }] : []
  try {
    const values = read(reader, fields, body)
    if (found.length === 0) return values
  } catch (err) {
    if (!(err instanceof Fault) || err.kind !== 'invalid') throw err
    const own = err.issues.some(({ field }) => field === 'url')
    throw new Fault('invalid', 'body', own ? err.issues : [...found, ...err.issues])
  }
  throw new Fault('invalid', 'body', found)
}

/** A replay must be of something: all that there ever was is asked for by a beginning. */
export function refuseBoundless({ from, types, status, after }: Replay): void {
  if (from !== null || types !== null || status !== null || after !== null) return
  throw new Fault('invalid', 'body', [{ field: 'from', rule: 'required' }])
}
