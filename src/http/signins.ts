import type { AccessTokens } from '../domain/accesstokens.ts'
import { Fault } from '../domain/errors.ts'
import { findAccount, sessionOfToken, type Account, type Audience } from '../domain/sessions.ts'
import type { Reader } from '../domain/tx.ts'
import { emailKey } from '../lib/text.ts'
import type { Log } from '../lib/log.ts'
import { clientNetwork } from '../security/address.ts'
import type { Attempts } from '../security/attempts.ts'
import type { Passwords } from '../security/password.ts'
import type { Visit } from './gate.ts'

/** A password that was right, and what the session to open will be known by. */
export type SignedIn = {
  readonly account: Account
  readonly uid: string
  readonly accessToken: string
  readonly userAgent: string | null
}

/** The slow and guarded part of signing in, which happens outside transactions. */
export class SignIns {
  readonly #passwords: Passwords
  readonly #attempts: Attempts
  readonly #tokens: AccessTokens
  readonly #addressOf: (request: Request) => string
  readonly #log: Log

  constructor(parts: {
    passwords: Passwords
    attempts: Attempts
    tokens: AccessTokens
    addressOf: (request: Request) => string
    log: Log
  }) {
    this.#passwords = parts.passwords
    this.#attempts = parts.attempts
    this.#tokens = parts.tokens
    this.#addressOf = parts.addressOf
    this.#log = parts.log
  }

  /**
   * Counts a try and gives the work of checking it, which settles with null when the password is not the
   * account's, and takes the same time when there is no such account. Throws `limited` after too many
   * failures, before anything is looked at, and `unavailable` when too many wait.
   */
  check(
    reader: Reader,
    visit: Visit,
    sent: { readonly audience: Audience; readonly email: string; readonly password: string },
  ): () => Promise<SignedIn | null> {
    const { audience, email, password } = sent
    const address = this.#addressOf(visit.request)
    const folded = emailKey(email)
    const facts = { account: folded, group: audience, address }
    const name = `${audience} ${folded}`
    if (this.#passwords.isBusy) throw new Fault('unavailable', 'busy')
    const standing = this.#attempts.begin(name, clientNetwork(address))
    if (!standing.allowed) {
      visit.standing = standing
      this.#log.info('sign-in refused', facts)
      throw new Fault('limited', 'rate')
    }
    const account = findAccount(reader, audience, email)
    return async () => {
      const isRight = await this.#passwords.verify(password, account?.passwordHash ?? null)
      if (!isRight || !account) {
        this.#log.info('sign-in failed', facts)
        return null
      }
      this.#attempts.succeeded(name, clientNetwork(address))
      visit.staffId = account.staffId
      return this.#signedIn(visit, audience, account)
    }
  }

  /** The work of making an access token for the session that a refresh token keeps going, if it is any. */
  renew(reader: Reader, audience: Audience, raw: string): () => Promise<string | null> {
    const session = sessionOfToken(reader, audience, raw)
    return () => (session ? this.#tokens.issue(session) : Promise.resolve(null))
  }

  async #signedIn(visit: Visit, audience: Audience, account: Account): Promise<SignedIn> {
    const uid = this.#tokens.uid()
    const accessToken = await this.#tokens.issue({ uid, audience, staffUid: account.staffUid })
    return { account, uid, accessToken, userAgent: visit.request.headers.get('user-agent') }
  }
}
