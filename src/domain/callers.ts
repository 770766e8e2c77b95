import type { Key } from './keys.ts'
import type { Session } from './sessions.ts'

/** Whoever calls: an API key, or a person who has signed in. */
export type Caller = {
  readonly kind: 'key' | 'session'
  /** Whose the answers are that are kept for repeated requests: `key:12`, `staff:3`. */
  readonly name: string
  readonly keyId: number | null
  readonly session: Session | null
  /** The user or agent that the caller stands for. */
  readonly staffId: number | null
  /** The agent whose tickets the caller reaches. */
  readonly agentId: number | null
  /** Holds every scope of the internal group, and may give it away. */
  readonly isSpecial: boolean
  readonly scopes: readonly string[] | null
}

export function callerOfKey(key: Key): Caller {
  return {
    kind: 'key',
    name: `key:${key.id}`,
    keyId: key.id,
    session: null,
    staffId: key.kind === 'external' ? key.agentId : key.ownerId,
    agentId: key.agentId,
    isSpecial: key.isSpecial,
    scopes: key.scopes,
  }
}

/** An admin may do everything; an agent is that agent. */
export function callerOfSession(session: Session): Caller {
  const { staffId, audience } = session
  return {
    kind: 'session',
    name: `staff:${staffId}`,
    keyId: null,
    session,
    staffId,
    agentId: audience === 'external' ? staffId : null,
    isSpecial: audience === 'internal',
    scopes: null,
  }
}

/** Whether the caller holds a scope, or none is asked for. */
export function holds({ isSpecial, scopes }: Caller, scope: string | null): boolean {
  return scope === null || isSpecial || (scopes?.includes(scope) ?? false)
}
