import { dayMs, minuteMs, secondMs, type Millis } from '../lib/time.ts'
import type { Outcome, SendFailure } from '../security/outbound.ts'

// What an attempt means, and when the next one comes. Pure, so that tables of tests can hold them.

/** What came of an attempt, as far as anything depends on it. */
export type Verdict =
  | 'delivered'
  /** The receiver wants no more, ever (410). */
  | 'gone'
  /** The address is one that must not be called. */
  | 'blocked'
  /** The receiver has too much to do, or is not there behind its proxy (429, 502, 503, 504). */
  | 'overloaded'
  | 'failed'

const overloaded = new Set([429, 502, 503, 504])

export function verdictOf({ failure, status }: Pick<Outcome, 'failure' | 'status'>): Verdict {
  if (failure !== null && isBlockedFor(failure)) return 'blocked'
  if (status === 410) return 'gone'
  if (status !== null && overloaded.has(status)) return 'overloaded'
  const isSuccess = failure === null && status !== null && status >= 200 && status < 300
  return isSuccess ? 'delivered' : 'failed'
}

const forGood: { readonly [F in SendFailure]: boolean } = {
  url_invalid: true,
  url_scheme: true,
  url_credentials: true,
  port_blocked: true,
  address_blocked: true,
  not_encrypted: true,
  // A name server that is out for an hour must not cost a delivery.
  name_not_found: false,
  timeout: false,
  connection_refused: false,
  connection_reset: false,
  tls_invalid: false,
  response_invalid: false,
  response_too_large: false,
}

function isBlockedFor(failure: SendFailure): boolean {
  return forGood[failure]
}

/** Why an attempt failed, in a word; an answer with another status than a success has its own. */
export type AttemptFailure = SendFailure | 'redirected' | 'rejected'

export function failureOf({
  failure,
  status,
}: Pick<Outcome, 'failure' | 'status'>): AttemptFailure | null {
  if (failure !== null) return failure
  if (status === null || status < 200 || status > 399) return 'rejected'
  return status < 300 ? null : 'redirected'
}

/** The waits before the second attempt, the third and so on. */
export type Waits = readonly Millis[]

const retryAfterMost = dayMs
const jitter = 0.2

export type Failed = {
  /** Which attempt it was, from 1. */
  readonly attempt: number
  readonly retryAfter: string | null
  readonly now: Millis
  /** From 0 to 1, by chance. */
  readonly chance: number
}

/**
 * When to try again, or null when that was the last attempt. The wait of the schedule gets a fifth more or
 * less, so that receivers which failed together are not called together; what the receiver asks for makes it
 * longer, up to a day, and never shorter.
 */
export function retryAt({ attempt, retryAfter, now, chance }: Failed, waits: Waits): Millis | null {
  const wait = waits[attempt - 1]
  if (wait === undefined) return null
  const step = Math.round(wait * (1 - jitter + 2 * jitter * chance))
  return now + Math.max(step, retryAfterMs(retryAfter, now) ?? 0)
}

/** What a `Retry-After` asks for, in seconds or as a date, up to a day; null when it says nothing. */
export function retryAfterMs(header: string | null, now: Millis): Millis | null {
  const text = header?.trim() ?? ''
  const asked = /^\d+$/.test(text) ? Number(text) * secondMs : httpDate(text) - now
  return Number.isNaN(asked) ? null : Math.min(Math.max(asked, 0), retryAfterMost)
}

const httpDatePattern =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/

function httpDate(text: string): Millis {
  return httpDatePattern.test(text) ? Date.parse(text) : Number.NaN
}

/** What is known of how an endpoint fares. */
export type Health = {
  readonly isActive: boolean
  /** Since when every attempt failed. */
  readonly failingSince: Millis | null
  readonly pausedUntil: Millis | null
}

export type HealthAfter = Pick<Health, 'failingSince' | 'pausedUntil'> & {
  /** Why it has to be switched off now. */
  readonly disable: 'gone' | 'failing' | null
}

const failingMost = 5 * dayMs
const pauseMost = 5 * minuteMs

/**
 * How an endpoint stands after an attempt. One that is overloaded is left alone as a whole, for as long as
 * it asks for, or as the schedule has it, up to five minutes; five days of nothing but failures end it.
 */
export function healthAfter(
  before: Health,
  verdict: Verdict,
  { attempt, retryAfter, now }: Omit<Failed, 'chance'>,
  waits: Waits,
): HealthAfter {
  if (verdict === 'delivered') return { ...before, failingSince: null, disable: null }
  const failingSince = Math.min(before.failingSince ?? now, now)
  const isOver = verdict === 'gone' || now - failingSince >= failingMost
  const reason = verdict === 'gone' ? 'gone' : 'failing'
  const disable = before.isActive && isOver ? reason : null
  if (verdict !== 'overloaded') return { ...before, failingSince, disable }
  const wait = Math.min(waits[attempt - 1] ?? pauseMost, pauseMost)
  const until = now + Math.max(wait, retryAfterMs(retryAfter, now) ?? 0)
  return { failingSince, pausedUntil: Math.max(until, before.pausedUntil ?? 0), disable }
}
