import { makeUid, publicId, uidOf, uidRandomBytes } from '../lib/ids.ts'
import { signToken, verifyToken } from '../security/session.ts'
import { liveSession, type Audience, type Session } from './sessions.ts'
import type { SigningKeys } from './signingkeys.ts'
import { systemActor, type Clock, type Desk, type Random } from './tx.ts'

export { accessTokenSeconds } from '../security/session.ts'

// An access token says which session it is of; the session says whether it still counts. Every use looks
// there, so signing out, and whatever changes of the person, takes effect with the next request.

const audiences: { readonly [A in Audience]: string } = {
  internal: 'deskbox-internal',
  external: 'deskbox-external',
}

/** Makes access tokens, and tells whose they are. Signing and checking happen outside transactions. */
export class AccessTokens {
  readonly #desk: Desk
  readonly #keys: SigningKeys
  readonly #issuer: string
  readonly #clock: Clock
  readonly #random: Random

  constructor(parts: {
    desk: Desk
    keys: SigningKeys
    workspaceUid: string
    clock: Clock
    random: Random
  }) {
    this.#desk = parts.desk
    this.#keys = parts.keys
    this.#issuer = publicId('workspace', parts.workspaceUid)
    this.#clock = parts.clock
    this.#random = parts.random
  }

  /** A fresh uid, for a session that is about to be opened. */
  uid(): string {
    return makeUid(this.#clock(), this.#random(uidRandomBytes))
  }

  issue(session: Pick<Session, 'uid' | 'staffUid' | 'audience'>): Promise<string> {
    const facts = {
      issuer: this.#issuer,
      audience: audiences[session.audience],
      subject: publicId('staff', session.staffUid),
      session: session.uid,
    }
    return signToken(this.#keys.current, facts, { nowMs: this.#clock(), id: this.uid() })
  }

  /** The live session of the group that a token stands for; undefined for any other token. */
  async recognise(token: string, audience: Audience): Promise<Session | undefined> {
    const nowMs = this.#clock()
    const wanted = { issuer: this.#issuer, audience: audiences[audience] }
    const keyOf = (kid: string) => this.#keys.publicKey(kid, nowMs)
    const facts = await verifyToken(token, wanted, { keyOf, nowMs })
    if (!facts) return undefined
    const session = this.#desk.read<Session | undefined>(systemActor, (reader) =>
      liveSession(reader, audience, facts.session),
    )
    return session?.staffUid === uidOf('staff', facts.subject) ? session : undefined
  }

  /** What seals an answer that is kept for a person. */
  get sealing(): string {
    return this.#keys.sealing
  }
}
