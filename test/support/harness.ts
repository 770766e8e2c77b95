// A whole app on a database in memory, with the clocks, the addresses and every random byte in the
// hands of the test. The database is made once per test file and copied for each test.

import { makeApp, type App } from '../../src/app.ts'
import { installed } from '../../src/domain/installation.ts'
import { createKey, revokeKey, type NewKey } from '../../src/domain/keys.ts'
import { createStaff, updateStaff } from '../../src/domain/staff.ts'
import { Outbox } from '../../src/domain/outbox.ts'
import { Desk, systemActor, type Random, type Reader, type Tx } from '../../src/domain/tx.ts'
import { internalScopes } from '../../src/http/deskhive/index.ts'
import type { Rates } from '../../src/http/gate.ts'
import type { Facts, Log } from '../../src/lib/log.ts'
import { payloadOf } from '../../src/http/payloads.ts'
import { ensureSigningKeys } from '../../src/domain/signingkeys.ts'
import type { Connection } from '../../src/store/connection.ts'
import { Networks } from '../../src/security/networks.ts'
import type { PasswordCost } from '../../src/security/password.ts'
import { Store } from '../../src/store/db.ts'
import { eventsAfter } from '../../src/store/events.ts'
import type { Sync } from '../../src/store/queries.ts'
import type { EventRow } from '../../src/store/schema.ts'
import type { SecretText } from '../../src/store/secretfile.ts'

/** When every test begins. */
export const T0 = Date.parse('2026-05-04T08:15:00Z')

/** The rates of the contracts, and of strangers. */
export const standardRates: Rates = {
  kevaPerMinute: 100,
  supportDeskPerMinute: 600,
  unauthenticatedPerMinute: 60,
}

/** The people that every test finds: the installed user, and three agents. */
export const staff = { admin: 1, tomas: 2, ida: 3, noor: 4 } as const

type KeyFields = Pick<NewKey, 'kind' | 'scopes'> & Partial<NewKey>

/** The keys that every test finds, in the order of their ids from 1. */
const standardKeys = {
  keva: { kind: 'keva', scopes: null },
  kevaReader: { kind: 'keva', scopes: ['tickets:read'] },
  kevaWriter: { kind: 'keva', scopes: ['tickets:write'] },
  kevaRevoked: { kind: 'keva', scopes: null },
  kevaExpired: { kind: 'keva', scopes: null, expiresAt: T0 },
  special: { kind: 'internal', scopes: null, isSpecial: true },
  plain: { kind: 'internal', scopes: null },
  scoped: { kind: 'internal', scopes: [...internalScopes()] },
  internalRevoked: { kind: 'internal', scopes: null, isSpecial: true },
  internalExpired: { kind: 'internal', scopes: null, isSpecial: true, expiresAt: T0 },
  agent: { kind: 'external', scopes: null, agentId: staff.tomas },
  otherAgent: { kind: 'external', scopes: null, agentId: staff.noor },
  agentless: { kind: 'external', scopes: null },
  inactiveAgent: { kind: 'external', scopes: null, agentId: staff.ida },
} as const satisfies { readonly [name: string]: KeyFields }

export type KeyName = keyof typeof standardKeys

export const keyNames = Object.keys(standardKeys) as KeyName[]

/** The id of a standard key. */
export function keyId(name: KeyName): number {
  return keyNames.indexOf(name) + 1
}

type Template = { readonly bytes: Buffer; readonly raw: ReadonlyMap<string, string> }

let template: Promise<Template> | undefined

async function makeTemplate(): Promise<Template> {
  using store = Store.inMemory(T0)
  const desk = new Desk({ store, clock: () => T0, random: seededRandom(1) })
  await installed(desk)
  const raw = await desk.write(systemActor, (tx) => {
    const tomas = { name: 'Tomas Berg', email: 'tomas@northwind.test' }
    const ida = { name: 'Ida Falk', email: 'ida@northwind.test' }
    const noor = { name: 'Noor Haddad', email: 'noor@northwind.test' }
    for (const one of [tomas, ida, noor]) createStaff(tx, { role: 'agent', ...one })
    updateStaff(tx, staff.ida, { isActive: false })
    return new Map(keyNames.map((name) => [name, mint(tx, name)]))
  })
  return { bytes: store.snapshot(), raw }
}

function mint(tx: Tx, name: KeyName): string {
  const common = { isSpecial: false, ownerId: staff.admin, agentId: null, expiresAt: null }
  const { key, raw } = createKey(tx, { ...common, name, ...standardKeys[name] })
  if (name.endsWith('Revoked')) revokeKey(tx, key.id)
  return raw
}

/** Bytes that look random and are the same in every run (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) & 0xff
  }
  return (count) => Uint8Array.from({ length: count }, next)
}

/** A secret text in memory, in place of a file. */
export function memorySecret(): SecretText {
  const versions: string[] = []
  return {
    read: () => versions.at(-1),
    stamp: () => String(versions.length),
    write: (text) => void versions.push(text),
  }
}

/** One entry of the log. */
export type Logged = {
  readonly level: 'info' | 'error'
  readonly what: string
  readonly err?: unknown
  readonly facts?: object | undefined
}

export type TestApp = {
  readonly app: App
  readonly desk: Desk
  readonly store: Store
  /** The signing keys. */
  readonly signing: SecretText
  readonly logged: Logged[]
  /** The line of each call. */
  readonly calls: Facts[]
  /** The calls that may be quiet. */
  readonly keptOpen: Request[]
  /** Ids that a test gave a name, for `{name}` in later paths. */
  readonly named: Map<string, string>
  /** The addresses of the names that can be looked up. */
  readonly addresses: Map<string, readonly string[]>
  /** The raw value of a standard key. */
  raw(name: KeyName): string
  /** Lets time pass on both clocks. */
  advance(ms: number): void
  /** Sets the wall clock forward or back; the monotonic clock does not see it. */
  shiftWallClock(ms: number): void
  /** The address that callers have from now on. */
  callFrom(address: string): void
  write<T>(job: (tx: Tx) => Sync<T>): Promise<T>
  read<T>(job: (reader: Reader) => Sync<T>): T
  /** How many statements the database has run. */
  statements(): number
  /** The events past a sequence. */
  eventsAfter(sequence: number): EventRow[]
  lastSequence(): number
  /** Every row of every table, to see whether anything changed. */
  dump(): Map<string, string>
  /** The tables that differ from an earlier dump. */
  changedSince(rows: ReadonlyMap<string, string>): string[]
  /** Runs SQL behind the app's back. */
  sql(text: string): void
} & Disposable

const autonomy = () => ({ level: 2, sensitive: [] })

/** Opens an app at T0 with the standard people and keys. */
export async function openTestApp(
  options: {
    readonly rates?: Rates
    readonly passwordCost?: PasswordCost
    readonly countsStatements?: boolean
    readonly privateNetworks?: readonly string[]
  } = {},
): Promise<TestApp> {
  template ??= makeTemplate()
  const { bytes, raw } = await template
  const state = { wall: T0, monotonic: 0, address: '192.0.2.7', statements: 0 }
  const logged: Logged[] = []
  const calls: Facts[] = []
  const keptOpen: Request[] = []
  const addresses = new Map(publicAddresses)
  const clock = () => state.wall
  const random = seededRandom(2)
  const counting = options.countsStatements ? () => void state.statements++ : undefined
  const store = Store.inMemory(T0, Buffer.from(bytes), counting)
  const { rates = standardRates, passwordCost = { memoryKiB: 8, passes: 1 } } = options
  const desk = new Desk({ store, clock, random, outbox: new Outbox(payloadOf) })
  const machine = {
    clock,
    zone: 'UTC',
    monotonic: () => state.monotonic,
    random,
    passwordCost,
    log: collector(logged, calls),
    resolve: (host: string) => lookUp(addresses, host),
  }
  const signing = memorySecret()
  ensureSigningKeys(signing, seededRandom(3))
  const addressOf = () => state.address
  const keepOpen = (request: Request) => void keptOpen.push(request)
  const allowed = new Networks(options.privateNetworks ?? [])
  const targets = () => ({ resolve: machine.resolve, allowed, ownPort: 7300 })
  const parts = { machine, rates, hosts, addressOf, targets, keepOpen, autonomy }
  const app = makeApp({ desk, store, signing }, parts)
  return {
    app,
    desk,
    store,
    signing,
    logged,
    calls,
    keptOpen,
    named: new Map(),
    addresses,
    raw: (name) => raw.get(name) ?? '',
    advance(ms) {
      state.wall += ms
      state.monotonic += ms
    },
    shiftWallClock(ms) {
      state.wall += ms
    },
    callFrom(address) {
      state.address = address
    },
    statements: () => state.statements,
    ...windowOn(desk),
    [Symbol.dispose]: () => store[Symbol.dispose](),
  }
}

const hosts = () => ['desk.test']

const publicAddresses: readonly (readonly [string, readonly string[]])[] = [
  ['hooks.test', ['93.184.216.34']],
  ['other.test', ['93.184.216.35', '2606:2800:220:1::1']],
]

function lookUp(
  addresses: ReadonlyMap<string, readonly string[]>,
  host: string,
): Promise<readonly string[]> {
  const found = addresses.get(host)
  return found ? Promise.resolve(found) : Promise.reject(new Error('no such name'))
}

function collector(logged: Logged[], calls: Facts[]): Log {
  return {
    // Every call has a line of its own, which few tests look at.
    info: (what, facts = {}) =>
      what === 'request' ? calls.push(facts) : logged.push({ level: 'info', what, facts }),
    error: (what, err, facts) => logged.push({ level: 'error', what, err, facts }),
  }
}

function client(reader: Reader): Connection['client'] {
  return reader.q.prepared(client, (connection) => connection.client)
}

/** What a test may see and do without asking the app. */
function windowOn(desk: Desk) {
  const read: TestApp['read'] = (job) => desk.read(systemActor, job)
  const dump = () => read((reader) => rowsOf(client(reader)))
  return {
    read,
    write: <T>(job: (tx: Tx) => Sync<T>) => desk.write(systemActor, job),
    eventsAfter: (sequence: number) => read(({ q }) => eventsAfter(q, sequence, 1000)),
    lastSequence: () =>
      read((reader) =>
        Number(client(reader).prepare('SELECT max(sequence) FROM events').pluck().get()),
      ),
    dump,
    changedSince: (rows: ReadonlyMap<string, string>) =>
      [...dump()].flatMap(([name, now]) => (rows.get(name) === now ? [] : [name])),
    sql: (text: string) => read((reader) => client(reader)).exec(text),
  }
}

function rowsOf(client: Connection['client']): Map<string, string> {
  const tables = client
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '%search%'")
    .pluck()
    .all()
    .map(String)
  return new Map(
    tables.map((name) => [name, JSON.stringify(client.prepare(`SELECT * FROM "${name}"`).all())]),
  )
}
