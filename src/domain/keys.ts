import type { Page, Range } from '../lib/page.ts'
import type { Millis } from '../lib/time.ts'
import { hashKey, mintKey } from '../security/apikey.ts'
import {
  allKeys,
  deskHiveKeys,
  insertKey,
  keyById,
  updateKey as patchKey,
  type KeyView,
} from '../store/keys.ts'
import type { KeyKind } from '../store/schema.ts'
import { differing } from './changes.ts'
import { found } from './errors.ts'
import type { Reader, Tx } from './tx.ts'

export type { KeyKind } from '../store/schema.ts'

export type Key = KeyView

export type NewKey = {
  readonly kind: KeyKind
  readonly name: string
  /** Null: a Keva key may do everything, an internal one nothing unless it is special. */
  readonly scopes: readonly string[] | null
  readonly isSpecial: boolean
  readonly ownerId: number | null
  readonly agentId: number | null
  readonly expiresAt: Millis | null
}

/** Makes a key. The raw value is in this answer alone; only its SHA-256 is kept. */
export function createKey(tx: Tx, fields: NewKey): { readonly key: Key; readonly raw: string } {
  const { raw } = mintKey(fields.kind, tx.random)
  return { key: addKey(tx, fields, raw), raw }
}

/** Takes a Keva key that was made elsewhere (keva.md R3); undefined when there is one of that value. */
export function importKey(tx: Tx, fields: Omit<NewKey, 'kind'>, raw: string): Key | undefined {
  const hash = hashKey(raw)
  if (listKeys(tx).some((key) => key.hash === hash)) return undefined
  return addKey(tx, { ...fields, kind: 'keva' }, raw)
}

function addKey(tx: Tx, fields: NewKey, raw: string): Key {
  const id = insertKey(tx.q, {
    ...fields,
    scopes: fields.scopes && [...fields.scopes],
    uid: tx.uid(),
    hash: hashKey(raw),
    last4: raw.slice(-4),
    createdAt: tx.now,
    updatedAt: tx.now,
  })
  tx.emit('api_key.created', null, { id, name: fields.name, kind: fields.kind })
  return getKey(tx, id)
}

export type KeyPatch = {
  readonly name?: string | undefined
  readonly kind?: 'internal' | 'external' | undefined
  readonly scopes?: readonly string[] | null | undefined
  readonly isSpecial?: boolean | undefined
  readonly agentId?: number | null | undefined
  readonly expiresAt?: Millis | null | undefined
}

/** Changes what differs of a key, its value excepted; when nothing does, nothing happens. */
export function updateKey(tx: Tx, id: number, patch: KeyPatch): Key {
  const key = getKey(tx, id)
  if (differing(key, patch).length === 0) return key
  patchKey(tx.q, id, {
    ...patch,
    scopes: patch.scopes === undefined ? undefined : patch.scopes && [...patch.scopes],
    updatedAt: tx.now,
  })
  tx.emit('api_key.updated', null, { id, name: patch.name ?? key.name })
  return getKey(tx, id)
}

/** Makes a key useless from now on and keeps its record; revoking again changes nothing. */
export function revokeKey(tx: Tx, id: number): Key {
  const key = getKey(tx, id)
  if (key.revokedAt !== null) return key
  patchKey(tx.q, id, { revokedAt: tx.now, updatedAt: tx.now })
  tx.emit('api_key.revoked', null, { id, name: key.name })
  return getKey(tx, id)
}

/** Throws `not_found` when there is none. */
export function getKey(reader: Reader, id: number | undefined): Key {
  return found(id === undefined ? undefined : keyById(reader.q, id), 'key')
}

/** A key of DeskHive's kinds: Keva's are not found. */
export function getDeskHiveKey(reader: Reader, id: number | undefined): Key {
  const key = getKey(reader, id)
  return found(key.kind === 'keva' ? undefined : key, 'key')
}

/** The internal and external keys, newest first, revoked ones included. */
export function listDeskHiveKeys(reader: Reader, range: Range): Page<Key> {
  return deskHiveKeys(reader.q, range)
}

/** Every key of every kind, oldest first. */
export function listKeys(reader: Reader): Key[] {
  return allKeys(reader.q)
}
