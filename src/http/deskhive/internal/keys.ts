import { z } from 'zod'
import type { Caller } from '../../../domain/callers.ts'
import { Fault } from '../../../domain/errors.ts'
import {
  createKey,
  getDeskHiveKey,
  listDeskHiveKeys,
  revokeKey,
  updateKey,
  type Key,
} from '../../../domain/keys.ts'
import { agentExists } from '../../../domain/agents.ts'
import { installedAdminId } from '../../../domain/staff.ts'
import type { Tx } from '../../../domain/tx.ts'
import { integerId } from '../../../lib/ids.ts'
import { isoSeconds, isoSecondsOrNull } from '../../../lib/time.ts'
import type { Call, Endpoint } from '../../endpoint.ts'
import { partial, read } from '../../fields.ts'
import {
  created,
  deleted,
  list,
  listed,
  pagingOf,
  pagingQuery,
  single,
  told,
  updated,
} from '../envelope.ts'
import { flag, momentAfterNow, nullableReference, oneOf, text, words } from '../fields.ts'
import { date } from '../shapes.ts'

const perPage = 15
const kinds = ['internal', 'external'] as const

const keyKeys = {
  id: z.int(),
  name: z.string(),
  type: z.enum(kinds),
  scopes: z.array(z.string()).nullable(),
  special: z.boolean(),
  agent_id: z.int().nullable(),
  agent: z.strictObject({ id: z.int(), name: z.string() }).nullable(),
  expires_at: date.nullable(),
  last_used_at: date.nullable(),
  revoked: z.boolean(),
  created_at: date,
  updated_at: date,
}

const shape = z.strictObject(keyKeys).meta({ id: 'ApiKey' })
const shapeOnce = z.strictObject({ ...keyKeys, key: z.string() }).meta({ id: 'NewApiKey' })

function present(key: Key) {
  return {
    id: key.id,
    name: key.name,
    type: key.kind,
    scopes: key.scopes,
    special: key.isSpecial,
    agent_id: key.agentId,
    agent: agentOf(key),
    expires_at: isoSecondsOrNull(key.expiresAt),
    last_used_at: isoSecondsOrNull(key.lastUsedAt),
    revoked: key.revokedAt !== null,
    created_at: isoSeconds(key.createdAt),
    updated_at: isoSeconds(key.updatedAt),
  }
}

/** Null also for a person who is an agent no more. */
function agentOf({ agentId, agentName }: Key) {
  return agentId === null || agentName === null ? null : { id: agentId, name: agentName }
}

/** deskhive.md section 18. `isScope` knows every scope that there is. */
export function apiKeys(isScope: (scope: string) => boolean): readonly Endpoint[] {
  const fields = z.object({
    name: text(250),
    type: oneOf(kinds),
    scopes: words(isScope),
    agent_id: nullableReference(agentExists),
    expires_at: momentAfterNow(),
    special: flag(),
  })
  const changes = partial(fields)
  const endpoint = { tag: 'API keys', answer: { status: 200, shape: told(shape, updated) } }
  return [
    {
      method: 'GET',
      path: '/api-keys',
      scope: 'api-keys:list',
      tag: 'API keys',
      summary: 'List API keys, newest first, revoked ones included',
      query: z.object(pagingQuery(perPage)),
      answer: { status: 200, shape: list(shape) },
      run({ tx, query }) {
        const paging = pagingOf(query, perPage)
        return { status: 200, body: listed(paging, listDeskHiveKeys(tx, paging.range), present) }
      },
    },
    {
      method: 'POST',
      path: '/api-keys',
      scope: 'api-keys:create',
      tag: 'API keys',
      summary: 'Make an API key; its value is in this answer alone',
      body: fields,
      isSecret: true,
      answer: { status: 201, shape: told(shapeOnce, created) },
      run: (call) => make(call, read(call.tx, fields, call.body)),
    },
    {
      method: 'GET',
      path: '/api-keys/:id',
      scope: 'api-keys:read',
      tag: 'API keys',
      summary: 'Read an API key',
      answer: { status: 200, shape: single(shape) },
      run({ tx, params }) {
        const key = getDeskHiveKey(tx, integerId(params['id'] ?? ''))
        return { status: 200, body: { data: present(key) } }
      },
    },
    {
      ...endpoint,
      method: 'PUT',
      path: '/api-keys/:id',
      scope: 'api-keys:update',
      summary: 'Change an API key; name and type must be given',
      body: fields,
      run: (call) => change(call, fields),
    },
    {
      ...endpoint,
      method: 'PATCH',
      path: '/api-keys/:id',
      scope: 'api-keys:update',
      summary: 'Change an API key; what is left out stays',
      body: changes,
      run: (call) => change(call, changes),
    },
    {
      method: 'DELETE',
      path: '/api-keys/:id',
      scope: 'api-keys:delete',
      tag: 'API keys',
      summary: 'Revoke an API key; its record stays',
      answer: { status: 200, shape: told(z.null(), deleted) },
      run({ tx, params }) {
        revokeKey(tx, getDeskHiveKey(tx, integerId(params['id'] ?? '')).id)
        return { status: 200, body: { data: null, message: deleted } }
      },
    },
  ]
}

type Fields = {
  readonly name?: string | undefined
  readonly type?: (typeof kinds)[number] | undefined
  readonly scopes?: string[] | null | undefined
  readonly agent_id?: number | null | undefined
  readonly expires_at?: number | null | undefined
  readonly special?: boolean | undefined
}

function make({ tx, caller }: Call<Tx>, fields: Fields & { name: string; type: Key['kind'] }) {
  refuseUnheldScopes(caller, fields.scopes)
  const { key, raw } = createKey(tx, {
    kind: fields.type,
    name: fields.name,
    scopes: fields.scopes ?? null,
    isSpecial: isSpecialAsked(caller, fields) ?? false,
    ownerId: caller?.staffId ?? installedAdminId(tx) ?? null,
    agentId: fields.agent_id ?? null,
    expiresAt: fields.expires_at ?? null,
  })
  return { status: 201, body: { data: { ...present(key), key: raw }, message: created } }
}

function change(call: Call<Tx>, table: z.ZodType & Parameters<typeof read>[1]) {
  const { tx, params, body, caller } = call
  const { id } = getDeskHiveKey(tx, integerId(params['id'] ?? ''))
  const fields: Fields = read(tx, table, body, id)
  refuseUnheldScopes(caller, fields.scopes)
  const key = updateKey(tx, id, {
    name: fields.name,
    kind: fields.type,
    scopes: fields.scopes,
    isSpecial: isSpecialAsked(caller, fields),
    agentId: fields.agent_id,
    expiresAt: fields.expires_at,
  })
  return { status: 200, body: { data: present(key), message: updated } }
}

/** A caller grants only what it holds (2.5). */
function refuseUnheldScopes(caller: Caller | null, scopes: readonly string[] | null | undefined) {
  if (!scopes || caller?.isSpecial) return
  if (scopes.some((scope) => !caller?.scopes?.includes(scope)))
    throw new Fault('forbidden', 'scope')
}

/** Only a special caller makes a special one; from others the field is unknown (2.5). */
function isSpecialAsked(caller: Caller | null, { special }: Fields): boolean | undefined {
  return caller?.isSpecial ? special : undefined
}
