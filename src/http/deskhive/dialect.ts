import { holds } from '../../domain/callers.ts'
import { Fault } from '../../domain/errors.ts'
import type { Key } from '../../domain/keys.ts'
import type { Audience } from '../../domain/sessions.ts'
import type { Dialect } from '../dialect.ts'
import type { Gate, Visit } from '../gate.ts'
import { crash, word } from './words.ts'

// The checks in the order of deskhive.md 2.1: limit, header, key, then agent or scope. A person who has
// signed in shows a token instead of a key; whoever sends a key is held to the key.

const rateHeaders: Dialect['rateHeaders'] = (standing, fullAtSeconds, isRefused) => ({
  'X-RateLimit-Limit': String(standing.limit),
  'X-RateLimit-Remaining': String(standing.remaining),
  ...(isRefused && {
    'Retry-After': String(Math.ceil(standing.retryInMs / 1000)),
    'X-RateLimit-Reset': String(fullAtSeconds),
  }),
})

const common = { acceptsForms: true, word, crash, rateHeaders }

/** For admins: scopes, or the special flag, open the endpoints. */
export const internal: Dialect = {
  ...common,
  admit(gate, visit, endpoint) {
    const token = tokenOf(visit)
    if (token !== undefined) return admitPerson(gate, visit, { token, audience: 'internal' })
    admitKey(gate, visit, 'internal')
    if (endpoint.access === 'person') throw new Fault('unauthenticated', 'session')
    if (!visit.caller || !holds(visit.caller, endpoint.scope)) throw new Fault('forbidden', 'scope')
    return undefined
  },
}

/** For agents: the key's agent, who must be there and active, stands behind every call. */
export const external: Dialect = {
  ...common,
  admit(gate, visit, endpoint) {
    const token = tokenOf(visit)
    if (token !== undefined) return admitPerson(gate, visit, { token, audience: 'external' })
    const key = admitKey(gate, visit, 'external')
    if (key.agentId === null || key.isAgentActive !== true) {
      throw new Fault('unauthenticated', 'agent')
    }
    if (endpoint.access === 'person') throw new Fault('unauthenticated', 'session')
    return undefined
  },
}

function admitKey(gate: Gate, visit: Visit, kind: Audience): Key {
  const raw = keyOf(visit)
  const key = raw === '' ? undefined : gate.recognise(visit, raw)
  const isGood = key?.kind === kind && key.revokedAt === null && !gate.isExpired(key)
  if (!key || !isGood) {
    gate.spendStranger(visit)
    throw new Fault('unauthenticated', raw === '' ? 'header' : 'unknown')
  }
  gate.spendKey(visit, key)
  return key
}

function keyOf({ request }: Visit): string {
  return request.headers.get('x-api-key') ?? ''
}

const bearer = /^Bearer(?: +(.*))?$/i

/** What a call without a key says after `Bearer`; undefined when it has no such header. */
function tokenOf(visit: Visit): string | undefined {
  if (keyOf(visit) !== '') return undefined
  const found = bearer.exec(visit.request.headers.get('authorization') ?? '')
  return found ? (found[1] ?? '') : undefined
}

/** A person holds every scope of the group, or is the agent. */
async function admitPerson(
  gate: Gate,
  visit: Visit,
  { token, audience }: { readonly token: string; readonly audience: Audience },
): Promise<void> {
  const caller = await gate.recognisePerson(visit, token, audience)
  if (!caller) {
    gate.spendStranger(visit)
    throw new Fault('unauthenticated', 'session')
  }
  gate.spendPerson(visit, caller)
}
