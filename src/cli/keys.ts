import { openDesk, type OpenDesk } from '../app.ts'
import { createKey, listKeys, revokeKey, type Key, type KeyKind } from '../domain/keys.ts'
import { findAgentByEmail } from '../domain/agents.ts'
import { installedAdminId } from '../domain/staff.ts'
import { rotateSigningKeys } from '../domain/signingkeys.ts'
import { systemActor, type Tx } from '../domain/tx.ts'
import { internalScopes } from '../http/deskhive/index.ts'
import { kevaScopes } from '../http/keva/index.ts'
import { integerId, publicId, uidOf } from '../lib/ids.ts'
import { isoSecondsOrNull } from '../lib/time.ts'
import { argsOf, onlyWord, UsageError } from './args.ts'
import type { Io } from './io.ts'
import { realMachine } from './machine.ts'
import { effective, folderFlags, requireDesk } from './settings.ts'

export const keysHelp = `usage: deskbox keys create --kind keva|internal|external --name NAME
                          [--scopes A,B] [--special] [--agent EMAIL]
                          [--expires DATE]
       deskbox keys list
       deskbox keys revoke ID
       deskbox keys rotate-signing

Works beside a running server, which takes notice within a second.
rotate-signing makes the key that signs the tokens of people who sign in; tokens
of the former one stay good until they expire, a quarter of an hour later at
most.

  --kind KIND    keva, internal (DeskHive admins) or external (DeskHive agents)
  --name NAME    what the key is for
  --scopes A,B   what the key may do; a Keva key without them may do everything
  --special      an internal key that may do everything
  --agent EMAIL  the agent that an external key stands for (see deskbox staff)
  --expires DATE the moment from which the key is refused, such as 2027-01-01
  --config FILE, --data DIR   as for deskbox serve
  --json         machine-readable output`

const kinds = ['keva', 'internal', 'external'] as const

const flags = {
  ...folderFlags,
  kind: { type: 'string' },
  name: { type: 'string' },
  scopes: { type: 'string' },
  special: { type: 'boolean', default: false },
  agent: { type: 'string' },
  expires: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const

type Flags = ReturnType<typeof argsOf<typeof flags>>['values']

/** `deskbox keys create|list|revoke|rotate-signing`. Answers the exit code. */
export async function keys(args: string[], io: Io): Promise<number> {
  const { values, positionals } = argsOf(args, flags)
  const [verb, ...words] = positionals
  const prepare = verb !== undefined && Object.hasOwn(verbs, verb) ? verbs[verb] : undefined
  if (!prepare) throw new UsageError(`keys needs one of: ${Object.keys(verbs).join(', ')}`)
  const run = prepare(values, words, io)
  const { directory } = effective(io, values)
  if (verb !== 'create') requireDesk(directory)
  using opened = await openDesk(directory, 'share', realMachine(io))
  return await run(opened)
}

/** Checks the call, and gives what to do with the desk: a wrong call opens none. */
type Verb = (values: Flags, words: readonly string[], io: Io) => Run

type Run = (opened: OpenDesk) => number | Promise<number>

const verbs: { readonly [verb: string]: Verb } = {
  create(values, words, io) {
    refuseWords(words)
    const wanted = wantedKey(values)
    return async ({ desk }) => {
      const { key, raw } = await desk.write(systemActor, (tx) =>
        createKey(tx, {
          ...wanted,
          ownerId: installedAdminId(tx) ?? null,
          agentId: agentIdOf(tx, values.agent),
        }),
      )
      if (values.json) io.out(JSON.stringify({ ...shown(key), key: raw }))
      else io.out(`${raw}\n${line(key)}\nThe key is shown only now.`)
      return 0
    }
  },

  list(values, words, io) {
    refuseWords(words)
    return ({ desk }) => {
      const all = desk.read(systemActor, listKeys)
      if (values.json) io.out(JSON.stringify(all.map(shown)))
      else for (const key of all) io.out(line(key))
      return 0
    }
  },

  revoke(values, words, io) {
    const word = onlyWord(words)
    if (word === undefined) throw new UsageError('keys revoke needs the ID of a key')
    return async ({ desk }) => {
      const id = desk.read<number | undefined>(systemActor, (reader) => {
        const uid = uidOf('key', word)
        return listKeys(reader).find((key) => key.uid === uid || key.id === integerId(word))?.id
      })
      if (id === undefined) throw new Error(`There is no key ${word}`)
      const key = await desk.write(systemActor, (tx) => revokeKey(tx, id))
      io.out(values.json ? JSON.stringify(shown(key)) : `Revoked: ${line(key)}`)
      return 0
    }
  },

  'rotate-signing'(values, words, io) {
    refuseWords(words)
    return async ({ desk, signing }) => {
      const kid = await desk.write(systemActor, (tx) => rotateSigningKeys(tx, signing))
      io.out(
        values.json ? JSON.stringify({ kid }) : `Tokens are signed by the key ${kid} from now on.`,
      )
      return 0
    }
  },
}

function refuseWords(words: readonly string[]): void {
  const [word] = words
  if (word !== undefined) throw new UsageError(`Unexpected argument '${word}'`)
}

function wantedKey(values: Flags) {
  const { name, special: isSpecial } = values
  const kind = kinds.find((one) => one === values.kind)
  if (!kind) throw new UsageError(`--kind must be one of: ${kinds.join(', ')}`)
  if (!name) throw new UsageError('--name must say what the key is for')
  if (isSpecial && kind !== 'internal') throw new UsageError('--special goes with --kind internal')
  if (values.agent !== undefined && kind !== 'external') {
    throw new UsageError('--agent goes with --kind external')
  }
  return {
    kind,
    name,
    isSpecial,
    scopes: scopesOf(kind, values.scopes),
    expiresAt: expiryOf(values.expires),
  }
}

const knownScopes: { readonly [K in KeyKind]: () => ReadonlySet<string> } = {
  keva: () => kevaScopes,
  internal: internalScopes,
  external: () => new Set(),
}

function scopesOf(kind: KeyKind, text: string | undefined): string[] | null {
  if (text === undefined) return null
  const scopes = text.split(',').map((scope) => scope.trim())
  const known = knownScopes[kind]()
  const unknown = scopes.find((scope) => !known.has(scope))
  if (unknown !== undefined) {
    throw new UsageError(`'${unknown}' is no scope of ${kind} keys: ${[...known].join(', ')}`)
  }
  return scopes
}

function expiryOf(text: string | undefined): number | null {
  if (text === undefined) return null
  const at = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : NaN
  if (Number.isNaN(at)) throw new UsageError(`--expires must be a date, not '${text}'`)
  if (at <= Date.now()) throw new UsageError(`--expires must be in the future, not '${text}'`)
  return at
}

function agentIdOf(tx: Tx, email: string | undefined): number | null {
  if (email === undefined) return null
  const agent = findAgentByEmail(tx, email)
  if (agent) return agent.id
  throw new UsageError(`There is no agent ${email}; deskbox staff create makes one`)
}

function stateOf(key: Key): string {
  return key.revokedAt === null ? 'active' : 'revoked'
}

function shown(key: Key) {
  return {
    id: key.id,
    uid: publicId('key', key.uid),
    kind: key.kind,
    name: key.name,
    last4: key.last4,
    scopes: key.scopes,
    special: key.isSpecial,
    agent: key.agentName,
    state: stateOf(key),
    expiresAt: isoSecondsOrNull(key.expiresAt),
    lastUsedAt: isoSecondsOrNull(key.lastUsedAt),
    createdAt: isoSecondsOrNull(key.createdAt),
  }
}

function line(key: Key): string {
  const scopes = key.isSpecial ? 'special' : (key.scopes?.join(',') ?? 'no scope list')
  const used = isoSecondsOrNull(key.lastUsedAt) ?? 'never used'
  const { id, kind, last4, name } = key
  return [String(id), kind, `…${last4}`, stateOf(key), scopes, used, name].join('  ')
}
