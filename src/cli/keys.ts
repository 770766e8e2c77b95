import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { openDesk, type OpenDesk } from '../app.ts'
import {
  createKey,
  importKey,
  listKeys,
  revokeKey,
  updateKey,
  type Key,
  type KeyKind,
} from '../domain/keys.ts'
import { findAgentByEmail } from '../domain/agents.ts'
import { installedAdminId } from '../domain/staff.ts'
import { rotateSigningKeys } from '../domain/signingkeys.ts'
import { systemActor, type Tx } from '../domain/tx.ts'
import { internalScopes } from '../http/deskhive/index.ts'
import { kevaScopes } from '../http/keva/index.ts'
import { integerId, uidOf } from '../lib/ids.ts'
import { isForeignKey } from '../security/apikey.ts'
import { argsOf, onlyWord, UsageError } from './args.ts'
import type { Io } from './io.ts'
import { keyLine, shownKey } from './keylines.ts'
import { realMachine } from './machine.ts'
import { effective, folderFlags, requireDesk } from './settings.ts'

export const keysHelp = `usage: deskbox keys create --kind keva|internal|external --name NAME
                           [--scopes A,B] [--special] [--agent EMAIL]
                           [--expires DATE]
       deskbox keys import --name NAME --key-file FILE [--scopes A,B]
                           [--expires DATE]
       deskbox keys list
       deskbox keys change ID [--name NAME] [--expires DATE|never]
       deskbox keys revoke ID
       deskbox keys rotate-signing

Works beside a running server, which takes notice within a second.
rotate-signing makes the key that signs the tokens of people who sign in; tokens
of the former one stay good until they expire, a quarter of an hour later at
most. import takes a Keva key that was made elsewhere (keva_live_sk_…), so that
its clients go on working.

  --kind KIND    keva, internal (DeskHive admins) or external (DeskHive agents)
  --name NAME    what the key is for
  --scopes A,B   what the key may do; a Keva key without them may do everything
  --special      an internal key that may do everything
  --agent EMAIL  the agent that an external key stands for (see deskbox staff)
  --expires DATE the moment from which the key is refused, such as 2027-01-01
  --key-file F   a file with the key, which others cannot read
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
  'key-file': { type: 'string' },
  json: { type: 'boolean', default: false },
} as const

type Flags = ReturnType<typeof argsOf<typeof flags>>['values']

/** `deskbox keys create|import|list|change|revoke|rotate-signing`. Answers the exit code. */
export async function keys(args: string[], io: Io): Promise<number> {
  const { values, positionals } = argsOf(args, flags)
  const [verb, ...words] = positionals
  const prepare = verb !== undefined && Object.hasOwn(verbs, verb) ? verbs[verb] : undefined
  if (!prepare) throw new UsageError(`keys needs one of: ${Object.keys(verbs).join(', ')}`)
  const run = prepare(values, words, io)
  const { directory } = effective(io, values)
  if (needDesk.has(verb ?? '')) requireDesk(directory)
  using opened = await openDesk(directory, 'share', realMachine(io))
  return await run(opened)
}

/** The others make a desk that is not there. */
const needDesk: ReadonlySet<string> = new Set(['list', 'change', 'revoke', 'rotate-signing'])

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
      if (values.json) io.out(JSON.stringify({ ...shownKey(key, Date.now()), key: raw }))
      else io.out(`${raw}\n${keyLine(key, Date.now())}\nThe key is shown only now.`)
      return 0
    }
  },

  import(values, words, io) {
    refuseWords(words)
    const wanted = wantedKey({ ...values, kind: values.kind ?? 'keva' })
    if (wanted.kind !== 'keva') throw new UsageError('keys import takes keys of the kind keva')
    const raw = foreignKeyIn(values, io)
    return async ({ desk }) => {
      const key = await desk.write<Key | undefined>(systemActor, (tx) =>
        importKey(tx, { ...wanted, ownerId: installedAdminId(tx) ?? null, agentId: null }, raw),
      )
      if (!key) throw new Error('There is a key of that value already')
      tell(io, values, key, 'Imported: ')
      return 0
    }
  },

  list(values, words, io) {
    refuseWords(words)
    return ({ desk }) => {
      const all = desk.read(systemActor, listKeys)
      if (values.json) io.out(JSON.stringify(all.map((key) => shownKey(key, Date.now()))))
      else for (const key of all) io.out(keyLine(key, Date.now()))
      return 0
    }
  },

  change(values, words, io) {
    const word = onlyWord(words)
    if (word === undefined) throw new UsageError('keys change needs the ID of a key')
    const { name, expires } = values
    if (name === '') throw new UsageError('--name must say what the key is for')
    const isOther = values.scopes !== undefined || values.agent !== undefined || values.special
    if (isOther || (name === undefined && expires === undefined)) {
      throw new UsageError('keys change takes --name and --expires')
    }
    const expiresAt = expires === 'never' ? null : (expiryOf(expires) ?? undefined)
    return async ({ desk }) => {
      const id = keyIdOf(desk, word)
      const key = await desk.write(systemActor, (tx) => updateKey(tx, id, { name, expiresAt }))
      tell(io, values, key, 'Changed: ')
      return 0
    }
  },

  revoke(values, words, io) {
    const word = onlyWord(words)
    if (word === undefined) throw new UsageError('keys revoke needs the ID of a key')
    return async ({ desk }) => {
      const id = keyIdOf(desk, word)
      const key = await desk.write(systemActor, (tx) => revokeKey(tx, id))
      tell(io, values, key, 'Revoked: ')
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

/** The key of that number or public id. */
function keyIdOf(desk: OpenDesk['desk'], word: string): number {
  const id = desk.read<number | undefined>(systemActor, (reader) => {
    const uid = uidOf('key', word)
    return listKeys(reader).find((key) => key.uid === uid || key.id === integerId(word))?.id
  })
  if (id === undefined) throw new Error(`There is no key ${word}`)
  return id
}

function tell(io: Io, { json }: Flags, key: Key, done: string): void {
  io.out(json ? JSON.stringify(shownKey(key, Date.now())) : `${done}${keyLine(key, Date.now())}`)
}

/** From a file, since whatever is on the command line is seen by other users of the machine. */
function foreignKeyIn({ 'key-file': file }: Flags, io: Io): string {
  if (file === undefined) throw new UsageError('keys import needs --key-file')
  const raw = readFileSync(resolve(io.cwd, file), 'utf8').trim()
  if (isForeignKey(raw)) return raw
  throw new UsageError(`${file} must hold keva_live_ and 20 to 200 characters more`)
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
