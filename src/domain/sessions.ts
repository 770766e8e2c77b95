import { emailKey } from '../lib/text.ts'
import { dayMs, type Millis } from '../lib/time.ts'
import { hashKey, isRefreshToken, mintKey } from '../security/apikey.ts'
import type { Audience, StaffRole } from '../store/schema.ts'
import {
  insertRefreshToken,
  insertSession,
  liveSessionsOf,
  removeEndedSessions,
  sessionByTokenHash,
  sessionByUid,
  updateRefreshToken,
  updateSession,
  type SessionView,
} from '../store/sessions.ts'
import { staffByEmail, staffById } from '../store/staff.ts'
import type { RevokeReason } from './events.ts'
import type { Reader, Tx } from './tx.ts'

export type { Audience } from '../store/schema.ts'

export type Session = SessionView

/** How long a session can be kept going, and how long each refresh token does it. */
export const sessionMs = 90 * dayMs
export const refreshTokenMs = 30 * dayMs

// Far more than one person has devices; a script that signs in at every run does not pile them up.
const liveMost = 50

const userAgentCharactersMax = 250

/** Who each group is for. */
const roles: { readonly [A in Audience]: StaffRole } = { internal: 'admin', external: 'agent' }

/** What a password is checked against. */
export type Account = {
  readonly staffId: number
  readonly staffUid: string
  readonly passwordHash: string
}

/** The account that signs in to a group by that address; undefined when nobody can. */
export function findAccount(
  reader: Reader,
  audience: Audience,
  email: string,
): Account | undefined {
  const person = staffByEmail(reader.q, roles[audience], emailKey(email))
  if (!person?.isActive || person.passwordHash === null) return undefined
  return { staffId: person.id, staffUid: person.uid, passwordHash: person.passwordHash }
}

/** A session as its person gets it. The refresh token is in this answer alone; its SHA-256 is kept. */
export type OpenSession = {
  readonly session: Session
  readonly refreshToken: string
  readonly refreshExpiresAt: Millis
}

/**
 * Opens a session for whoever proved the account's password. Undefined when the account changed
 * meanwhile. Past `liveMost` sessions of one person the oldest ends.
 */
export function openSession(
  tx: Tx,
  fields: {
    readonly uid: string
    readonly audience: Audience
    readonly account: Account
    readonly userAgent: string | null
  },
): OpenSession | undefined {
  const { uid, audience, account, userAgent } = fields
  const { staffId } = account
  if (!isUnchanged(tx, audience, account)) return undefined
  const live = liveSessionsOf(tx.q, staffId, tx.now)
  for (const one of live.slice(0, Math.max(0, live.length - liveMost + 1))) {
    revokeSession(tx, one, 'too_many')
  }
  const sessionId = insertSession(tx.q, {
    uid,
    staffId,
    audience,
    ipAddress: tx.actor.ipAddress,
    userAgent: userAgent?.slice(0, userAgentCharactersMax).toWellFormed() ?? null,
    expiresAt: tx.now + sessionMs,
    createdAt: tx.now,
  })
  tx.emit('session.created', null, { uid, staffId, audience })
  const session = sessionByUid(tx.q, uid)
  if (session?.id !== sessionId) throw new Error('A row that was just inserted is missing')
  return withRefreshToken(tx, session)
}

function isUnchanged(tx: Tx, audience: Audience, { staffId, passwordHash }: Account): boolean {
  const person = staffById(tx.q, staffId)
  return (
    person !== undefined &&
    person.isActive &&
    person.role === roles[audience] &&
    person.passwordHash === passwordHash
  )
}

/**
 * Swaps a refresh token for the next one. Undefined for a token that does not keep a live session of the
 * group going. One that was used before is in two hands, so the session ends for both.
 */
export function refreshSession(tx: Tx, audience: Audience, raw: string): OpenSession | undefined {
  const session = sessionOfToken(tx, audience, raw)
  if (!session || !isLive(session, tx.now) || session.tokenExpiresAt <= tx.now) return undefined
  if (session.tokenUsedAt !== null) {
    revokeSession(tx, session, 'reuse')
    return undefined
  }
  updateRefreshToken(tx.q, session.tokenId, { usedAt: tx.now })
  return withRefreshToken(tx, session)
}

/** The session of the group that a refresh token belongs to, in whatever state. */
export function sessionOfToken(reader: Reader, audience: Audience, raw: string) {
  const session = isRefreshToken(raw) ? sessionByTokenHash(reader.q, hashKey(raw)) : undefined
  return session?.audience === audience ? session : undefined
}

/** The session of that uid, if it is one of the group and its person may act. */
export function liveSession(reader: Reader, audience: Audience, uid: string): Session | undefined {
  const session = sessionByUid(reader.q, uid)
  if (session?.audience !== audience || !isLive(session, reader.now)) return undefined
  return session
}

function isLive({ expiresAt, revokedAt, isActive, role, audience }: Session, now: Millis): boolean {
  return expiresAt > now && revokedAt === null && isActive && role === roles[audience]
}

function withRefreshToken(tx: Tx, session: Session): OpenSession {
  const { raw: refreshToken } = mintKey('refresh', tx.random)
  const refreshExpiresAt = Math.min(tx.now + refreshTokenMs, session.expiresAt)
  insertRefreshToken(tx.q, {
    sessionId: session.id,
    hash: hashKey(refreshToken),
    expiresAt: refreshExpiresAt,
    createdAt: tx.now,
  })
  return { session, refreshToken, refreshExpiresAt }
}

type Revocable = Pick<Session, 'id' | 'uid' | 'staffId' | 'audience'>

/** Ends a session that has not ended: no token of it opens anything any more. */
export function revokeSession(tx: Tx, session: Revocable, reason: RevokeReason): void {
  const { id, uid, staffId, audience } = session
  updateSession(tx.q, id, { revokedAt: tx.now, expiresAt: tx.now })
  tx.emit('session.revoked', null, { uid, staffId, audience, reason })
}

/**
 * Signs a person out everywhere. For whoever changes a person: with the password, the role, or the leave
 * to act at all.
 */
export function revokeSessionsOf(tx: Tx, staffId: number): void {
  for (const session of liveSessionsOf(tx.q, staffId, tx.now)) {
    revokeSession(tx, session, 'account_changed')
  }
}

/** Forgets sessions and refresh tokens that have ended, a batch at a time; returns how many at most. */
export function forgetEndedSessions(tx: Tx, most: number): number {
  return removeEndedSessions(tx.q, tx.now, most)
}
