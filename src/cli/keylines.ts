import type { Key } from '../domain/keys.ts'
import { publicId } from '../lib/ids.ts'
import { isoSeconds, isoSecondsOrNull, type Millis } from '../lib/time.ts'

/** A key for machines. Its value is nowhere. */
export function shownKey(key: Key, now: Millis) {
  return {
    id: key.id,
    uid: publicId('key', key.uid),
    kind: key.kind,
    name: key.name,
    last4: key.last4,
    scopes: key.scopes,
    special: key.isSpecial,
    agent: key.agentName,
    state: stateOf(key, now),
    expiresAt: isoSecondsOrNull(key.expiresAt),
    lastUsedAt: isoSecondsOrNull(key.lastUsedAt),
    createdAt: isoSeconds(key.createdAt),
    createdBy: key.ownerName,
  }
}

/** A key for people, on one line (keva.md 2.2). */
export function keyLine(key: Key, now: Millis): string {
  const { id, kind, last4, name, ownerName, expiresAt } = key
  const scopes = key.isSpecial ? 'special' : (key.scopes?.join(',') ?? 'no scope list')
  const made = `made ${isoSeconds(key.createdAt)}${ownerName === null ? '' : ` by ${ownerName}`}`
  const used = key.lastUsedAt === null ? 'never used' : `used ${isoSeconds(key.lastUsedAt)}`
  const until = expiresAt === null ? [] : [`until ${isoSeconds(expiresAt)}`]
  const state = stateOf(key, now)
  return [String(id), kind, `…${last4}`, state, scopes, made, used, ...until, name].join('  ')
}

function stateOf({ revokedAt, expiresAt }: Key, now: Millis): 'active' | 'revoked' | 'expired' {
  if (revokedAt !== null) return 'revoked'
  return expiresAt !== null && expiresAt <= now ? 'expired' : 'active'
}
