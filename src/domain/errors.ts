import type { Blocked } from '../security/target.ts'
import type { GraphFault } from './workflowgraph.ts'

export type { Blocked } from '../security/target.ts'

/** What a field can do wrong. Dialects word these; a new rule fails to compile until both have words. */
export type Issue = { readonly field: string } & Finding

export type Finding =
  | { readonly rule: 'required' }
  | { readonly rule: 'string' }
  | { readonly rule: 'integer' }
  | { readonly rule: 'boolean' }
  | { readonly rule: 'array' }
  | { readonly rule: 'object' }
  | { readonly rule: 'email' }
  | { readonly rule: 'date' }
  | { readonly rule: 'exists' }
  | { readonly rule: 'unique' }
  | { readonly rule: 'oneOf'; readonly allowed: readonly string[] }
  | { readonly rule: 'max'; readonly max: number }
  | { readonly rule: 'minLength'; readonly min: number }
  | { readonly rule: 'min'; readonly min: number }
  | { readonly rule: 'between'; readonly min: number; readonly max: number }
  | { readonly rule: 'number' }
  | { readonly rule: 'hexColor' }
  | { readonly rule: 'alphaDash' }
  | { readonly rule: 'url' }
  | { readonly rule: 'subscription' }
  | { readonly rule: 'header' }
  | { readonly rule: 'target'; readonly blocked: Blocked }
  | { readonly rule: 'graph'; readonly fault: GraphFault }
  | { readonly rule: 'afterNow' }
  | { readonly rule: 'afterOrEqual'; readonly other: string }
  | { readonly rule: 'most'; readonly most: number }

export type Rule = Finding['rule']

/** Every way to be refused; `about` says what it concerns, and the pair has its words per dialect. */
export type FaultAbout = {
  unauthenticated:
    | 'header'
    | 'format'
    | 'unknown'
    | 'revoked'
    | 'expired'
    | 'agent'
    | 'credentials'
    | 'session'
    | 'signature'
  forbidden: 'scope'
  limited: 'rate' | 'streams'
  not_found:
    | 'path'
    | 'workspace'
    | 'ticket'
    | 'message'
    | 'customer'
    | 'article'
    | 'approval'
    | 'workflow'
    | 'execution'
    | 'key'
    | 'webhook'
    | 'delivery'
    | 'record'
  /** Was there, and is no longer kept. */
  gone: 'events'
  method: 'method'
  malformed: 'host' | 'json' | 'form' | 'contentType' | 'idempotencyKey' | 'cursor'
  too_large: 'body'
  invalid: 'body' | 'query' | 'graph'
  refused:
    | 'locked'
    | 'lastAdmin'
    | 'approvalDecided'
    | 'approvalExpired'
    | 'ticketClosed'
    | 'newCustomerMessage'
    | 'noDraft'
    | 'assigneeGone'
    | 'inactiveWebhook'
    | 'loop'
    | 'inactiveWorkflow'
  conflict: 'idempotency'
  stale: 'version'
  unavailable: 'storage' | 'busy'
}

export type FaultKind = keyof FaultAbout

/** A refusal, thrown once by whoever finds it and worded by the dialect of the caller. */
export class Fault<K extends FaultKind = FaultKind> extends Error {
  override name = 'Fault' // a field, because a minified build renames classes
  readonly kind: K
  readonly about: FaultAbout[K]
  readonly issues: readonly Issue[]

  constructor(kind: K, about: FaultAbout[K], issues: readonly Issue[] = []) {
    super(`${kind}: ${about}`)
    this.kind = kind
    this.about = about
    this.issues = issues
  }
}

/** The record, or the fault that it is not there. */
export function found<T>(record: T | undefined, about: FaultAbout['not_found']): T {
  if (record === undefined) throw new Fault('not_found', about)
  return record
}
