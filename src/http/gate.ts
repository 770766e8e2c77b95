import type { AccessTokens } from '../domain/accesstokens.ts'
import { callerOfKey, callerOfSession, type Caller } from '../domain/callers.ts'
import { Fault } from '../domain/errors.ts'
import type { Key } from '../domain/keys.ts'
import type { KeyRing } from '../domain/keyring.ts'
import type { Audience } from '../domain/sessions.ts'
import type { Actor, Clock } from '../domain/tx.ts'
import type { Observed } from './observe.ts'
import { clientNetwork } from '../security/address.ts'
import { Limiter, type Standing } from '../security/bucket.ts'
import { hopsHeader, hopsIn } from '../security/hops.ts'

/** Calls per minute, 0 for no limit. */
export type Rates = {
  readonly kevaPerMinute: number
  readonly supportDeskPerMinute: number
  readonly unauthenticatedPerMinute: number
}

/** For those who are only looked at. */
export const noLimits: Rates = {
  kevaPerMinute: 0,
  supportDeskPerMinute: 0,
  unauthenticatedPerMinute: 0,
}

/** One request on its way through a dialect's checks. */
export type Visit = {
  readonly request: Request
  readonly observed: Observed
  readonly query: URLSearchParams
  /** The body as it came, once it is read. */
  bytes: Uint8Array
  /** Where the caller stands with the limiter that applied; null when there is none. */
  standing: Standing | null
  /** Whoever calls, once a dialect has found out. */
  caller: Caller | null
  /** What seals the answers that are kept for the caller and hold a secret. */
  secret: string
  /** Who has just proved to be this person, and has no session yet. */
  staffId: number | null
}

// Issued keys are far fewer; what is forgotten first is what was used longest ago.
const keysMost = 100_000
const addressesMost = 5_000

/** The steps of admission. Each dialect lists them in its contract's order. */
export class Gate {
  readonly workspaceUid: string
  readonly #ring: KeyRing
  readonly #tokens: AccessTokens
  readonly #clock: Clock
  readonly #addressOf: (request: Request) => string
  readonly #limiters: { keva: Limiter; deskhive: Limiter; stranger: Limiter; open: Limiter }

  constructor(parts: {
    ring: KeyRing
    tokens: AccessTokens
    rates: Rates
    clock: Clock
    monotonic: () => number
    workspaceUid: string
    addressOf: (request: Request) => string
  }) {
    const { rates, monotonic } = parts
    const limiter = (perMinute: number, most: number) => new Limiter({ perMinute, most, monotonic })
    this.#ring = parts.ring
    this.#tokens = parts.tokens
    this.#clock = parts.clock
    this.#addressOf = parts.addressOf
    this.workspaceUid = parts.workspaceUid
    this.#limiters = {
      keva: limiter(rates.kevaPerMinute, keysMost),
      deskhive: limiter(rates.supportDeskPerMinute, keysMost),
      stranger: limiter(rates.unauthenticatedPerMinute, addressesMost),
      open: limiter(rates.supportDeskPerMinute, addressesMost),
    }
  }

  /** From now on these hold; what is in a bucket stays, up to the new limit. */
  setRates(rates: Rates): void {
    const { keva, deskhive, stranger, open } = this.#limiters
    keva.setRate(rates.kevaPerMinute)
    deskhive.setRate(rates.supportDeskPerMinute)
    stranger.setRate(rates.unauthenticatedPerMinute)
    open.setRate(rates.supportDeskPerMinute)
  }

  /** The key of that raw value, in whatever state. */
  recognise(visit: Visit, rawKey: string): Key | undefined {
    const key = this.#ring.recognise(rawKey)
    visit.secret = rawKey
    visit.caller = key ? callerOfKey(key) : null
    return key
  }

  /** The person whose live session of the group an access token stands for. */
  async recognisePerson(
    visit: Visit,
    token: string,
    audience: Audience,
  ): Promise<Caller | undefined> {
    const session = await this.#tokens.recognise(token, audience)
    if (!session) return undefined
    visit.caller = callerOfSession(session)
    visit.secret = `${this.#tokens.sealing} ${visit.caller.name}`
    return visit.caller
  }

  /** Whether a raw value is a good key, of an integration or an admin, that holds a scope. */
  isKeyWith(rawKey: string, scope: string): boolean {
    const key = this.#ring.recognise(rawKey)
    if (!key || key.kind === 'external' || key.revokedAt !== null || this.isExpired(key))
      return false
    // Without a list a Keva key may do everything, and an internal one nothing (keva.md 2.3).
    return key.scopes?.includes(scope) ?? (key.isSpecial || key.kind === 'keva')
  }

  isExpired(key: Key): boolean {
    return key.expiresAt !== null && key.expiresAt <= this.#clock()
  }

  /** Takes a call from the key's bucket, and notes that the key was used. Throws `limited`. */
  spendKey(visit: Visit, key: Key): void {
    const limiter = key.kind === 'keva' ? this.#limiters.keva : this.#limiters.deskhive
    this.#settle(visit, limiter.spend(key.id))
    this.#ring.used(key.id, this.#clock())
  }

  /** Takes a call from the bucket of a person, whatever the session. Throws `limited`. */
  spendPerson(visit: Visit, caller: Caller): void {
    this.#settle(visit, this.#limiters.deskhive.spend(caller.name))
  }

  /** Takes a call from the bucket of callers from this address without a good key. Throws `limited`. */
  spendStranger(visit: Visit): void {
    this.#settle(visit, this.#limiters.stranger.spend(this.#network(visit.request)))
  }

  /** Takes a call from this address's bucket for what needs no key. Throws `limited`. */
  spendOpen(visit: Visit): void {
    this.#settle(visit, this.#limiters.open.spend(this.#network(visit.request)))
  }

  /** Where an address stands, for an answer that costs nothing. */
  lookAtStranger(visit: Visit): void {
    visit.standing = this.#limiters.stranger.peek(this.#network(visit.request))
  }

  /** Whoever acts; the address is looked up only for what is written down. */
  actorOf(visit: Visit): Actor {
    const { caller, request } = visit
    const staffId = caller?.staffId ?? visit.staffId
    const isReading = request.method === 'GET' || request.method === 'HEAD'
    return {
      kind: caller?.kind === 'key' ? 'key' : staffId === null ? 'system' : 'staff',
      keyId: caller?.keyId ?? null,
      staffId,
      ipAddress: isReading ? null : this.#addressOf(request),
      hops: isReading ? 0 : hopsIn(request.headers.get(hopsHeader)),
    }
  }

  /** When a bucket is full again, in Unix seconds, by the wall clock that callers have. */
  fullAtSeconds(standing: Standing): number {
    return Math.ceil((this.#clock() + standing.fullInMs) / 1000)
  }

  #network(request: Request): string {
    return clientNetwork(this.#addressOf(request))
  }

  #settle(visit: Visit, standing: Standing | null): void {
    visit.standing = standing
    if (standing && !standing.allowed) throw new Fault('limited', 'rate')
  }
}
