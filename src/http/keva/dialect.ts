import { Fault } from '../../domain/errors.ts'
import type { Key } from '../../domain/keys.ts'
import { publicId } from '../../lib/ids.ts'
import type { Dialect } from '../dialect.ts'
import { scopesOf, type Endpoint } from '../endpoint.ts'
import type { Gate, Visit } from '../gate.ts'
import { crash, word } from './words.ts'

const keyPrefix = 'keva_live_'

/** Keva: Bearer keys, and the checks in the order of keva.md 2.5. */
export const keva: Dialect = {
  acceptsForms: false,
  word,
  crash,
  admit(gate, visit, endpoint) {
    const key = keyOrStranger(gate, visit)
    gate.spendKey(visit, key)
    if (!mayUse(key, endpoint)) throw new Fault('forbidden', 'scope')
    checkWorkspace(gate, visit)
    return undefined
  },
  rateHeaders(standing, fullAtSeconds, isRefused) {
    return {
      'X-RateLimit-Limit': String(standing.limit),
      'X-RateLimit-Remaining': String(standing.remaining),
      'X-RateLimit-Reset': String(fullAtSeconds),
      ...(isRefused && { 'Retry-After': String(Math.ceil(standing.retryInMs / 1000)) }),
    }
  },
}

/** The good key, or the fault; who has none shares a bucket with everybody at that address. */
function keyOrStranger(gate: Gate, visit: Visit): Key {
  try {
    return keyOf(gate, visit)
  } catch (err) {
    gate.spendStranger(visit)
    throw err
  }
}

function keyOf(gate: Gate, visit: Visit): Key {
  const header = visit.request.headers.get('authorization')
  const raw = /^Bearer +(\S.*)$/i.exec(header ?? '')?.[1]
  if (raw === undefined) throw new Fault('unauthenticated', 'header')
  if (!raw.startsWith(keyPrefix)) throw new Fault('unauthenticated', 'format')
  const key = gate.recognise(visit, raw)
  if (!key || key.kind !== 'keva') throw new Fault('unauthenticated', 'unknown')
  if (key.revokedAt !== null) throw new Fault('unauthenticated', 'revoked')
  if (gate.isExpired(key)) throw new Fault('unauthenticated', 'expired')
  return key
}

/** A key without a list of scopes may do everything (keva.md 2.3). */
function mayUse({ scopes }: Key, endpoint: Endpoint): boolean {
  const sufficient = scopesOf(endpoint)
  return !scopes || sufficient.length === 0 || sufficient.some((scope) => scopes.includes(scope))
}

/** Either query name beats the header (R4); with none, the one workspace that there is. */
function checkWorkspace(gate: Gate, { query, request }: Visit): void {
  // All that are named, so that a second one cannot pass unseen behind the first.
  const named = [...query.getAll('workspace_id'), ...query.getAll('workspaceId')]
  const header = request.headers.get('x-workspace-id')
  const asked = named.length > 0 || header === null ? named : [header]
  const own = publicId('workspace', gate.workspaceUid)
  if (asked.some((one) => one !== own)) throw new Fault('not_found', 'workspace')
}
