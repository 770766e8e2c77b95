import { and, eq, gt, sql } from 'drizzle-orm'
import { command, select, value, type Queries } from './queries.ts'
import { inserter, patcher } from './rows.ts'
import { refreshTokens, sessions, staff } from './schema.ts'

const view = {
  id: sessions.id,
  uid: sessions.uid,
  audience: sessions.audience,
  expiresAt: sessions.expiresAt,
  revokedAt: sessions.revokedAt,
  staffId: sessions.staffId,
  staffUid: staff.uid,
  role: staff.role,
  isActive: staff.isActive,
  name: staff.name,
  email: staff.email,
}

const byUid = select(view, (db, row) =>
  db
    .select(row)
    .from(sessions)
    .innerJoin(staff, eq(staff.id, sessions.staffId))
    .where(eq(sessions.uid, value('uid'))),
)

/** A session with the person who is signed in. */
export type SessionView = NonNullable<ReturnType<typeof sessionByUid>>

const tokenView = {
  ...view,
  tokenId: refreshTokens.id,
  tokenExpiresAt: refreshTokens.expiresAt,
  tokenUsedAt: refreshTokens.usedAt,
}

const byTokenHash = select(tokenView, (db, row) =>
  db
    .select(row)
    .from(refreshTokens)
    .innerJoin(sessions, eq(sessions.id, refreshTokens.sessionId))
    .innerJoin(staff, eq(staff.id, sessions.staffId))
    .where(eq(refreshTokens.hash, value('hash'))),
)

const liveOfStaff = select(
  { id: sessions.id, uid: sessions.uid, staffId: sessions.staffId, audience: sessions.audience },
  (db, row) =>
    db
      .select(row)
      .from(sessions)
      .where(and(eq(sessions.staffId, value('staffId')), gt(sessions.expiresAt, value('now'))))
      .orderBy(sessions.id),
)

const removeExpired = command((db) =>
  db.delete(refreshTokens).where(
    sql`${refreshTokens.id} IN (
      SELECT id FROM refresh_tokens WHERE expires_at <= ${value('now')} LIMIT ${value('limit')}
    )`,
  ),
)

const removeOfEnded = command((db) =>
  db.delete(refreshTokens).where(
    sql`${refreshTokens.id} IN (
      SELECT token.id FROM sessions AS session
        CROSS JOIN refresh_tokens AS token ON token.session_id = session.id
        WHERE session.expires_at <= ${value('now')} LIMIT ${value('limit')}
    )`,
  ),
)

// Only those without tokens, whose number a cascade would not bound.
const removeEnded = command((db) =>
  db.delete(sessions).where(
    sql`${sessions.id} IN (
      SELECT session.id FROM sessions AS session
        WHERE session.expires_at <= ${value('now')} AND NOT EXISTS (
          SELECT 1 FROM refresh_tokens WHERE session_id = session.id
        ) LIMIT ${value('limit')}
    )`,
  ),
)

export const insertSession = inserter(sessions)

export const updateSession = patcher(sessions)

export const insertRefreshToken = inserter(refreshTokens)

export const updateRefreshToken = patcher(refreshTokens)

export function sessionByUid(q: Queries, uid: string) {
  return byUid(q).get({ uid })
}

/** The session that a refresh token of this hash keeps going, and the token's own state. */
export function sessionByTokenHash(q: Queries, hash: string) {
  return byTokenHash(q).get({ hash })
}

/** The sessions of a person that have not ended, oldest first. */
export function liveSessionsOf(q: Queries, staffId: number, now: number) {
  return liveOfStaff(q).all({ staffId, now })
}

/** Removes what has ended by `now`, at most `limit` rows of each kind; returns how many at most. */
export function removeEndedSessions(q: Queries, now: number, limit: number): number {
  const tokens = [removeExpired, removeOfEnded].map(
    (remove) => remove(q).run({ now, limit }).changes,
  )
  return Math.max(...tokens, removeEnded(q).run({ now, limit }).changes)
}
