import { Fault } from '../../domain/errors.ts'
import type { Key, KeyKind } from '../../domain/keys.ts'
import type { Dialect } from '../dialect.ts'
import type { Endpoint } from '../endpoint.ts'
import type { Gate, Visit } from '../gate.ts'
import { crash, word } from './words.ts'

// The checks in the order of deskhive.md 2.1: limit, header, key, then agent or scope.

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
    const key = admitKey(gate, visit, 'internal')
    if (!holdsScope(key, endpoint)) throw new Fault('forbidden', 'scope')
  },
}

/** For agents: the key's agent, who must be there and active, stands behind every call. */
export const external: Dialect = {
  ...common,
  admit(gate, visit) {
    const key = admitKey(gate, visit, 'external')
    if (key.agentId === null || key.isAgentActive !== true) {
      throw new Fault('unauthenticated', 'agent')
    }
  },
}

function admitKey(gate: Gate, visit: Visit, kind: KeyKind): Key {
  const raw = visit.request.headers.get('x-api-key') ?? ''
  const key = raw === '' ? undefined : gate.recognise(visit, raw)
  const isGood = key?.kind === kind && key.revokedAt === null && !gate.isExpired(key)
  if (!key || !isGood) {
    gate.spendStranger(visit)
    throw new Fault('unauthenticated', raw === '' ? 'header' : 'unknown')
  }
  gate.spendKey(visit, key)
  return key
}

function holdsScope(key: Key, { scope }: Endpoint): boolean {
  return scope === null || key.isSpecial || (key.scopes?.includes(scope) ?? false)
}
