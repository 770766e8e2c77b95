import type SQLite from 'better-sqlite3'
import { drizzle, type BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { openSqlite, type StatementListener } from './sqlite.ts'

export type Drizzle = BetterSQLite3Database

/** What a connection says of itself once the first read has been made. */
export type SelfCheck = {
  readonly sqlite: string
  readonly journalMode: string
  readonly synchronous: number
  readonly foreignKeys: number
  readonly busyTimeoutMs: number
  readonly trustedSchema: number
  readonly cellSizeCheck: number
  readonly secureDelete: number
}

export const busyTimeoutMs = 5000
const cacheKiB = 32 * 1024
const sqliteOldest = [3, 53, 0] as const
const compiledWith = ['ENABLE_FTS5', 'THREADSAFE'] as const

/**
 * One connection to the database and the statements prepared on it. A statement is prepared at its
 * first use and kept for the connection's life, so no request pays for SQL text twice.
 */
export class Connection implements Disposable {
  readonly client: SQLite.Database
  readonly drizzle: Drizzle
  readonly check: SelfCheck
  readonly verbs: TransactionVerbs
  readonly #statements = new Map<object, unknown>()

  /** `source` is a file, ':memory:', or the bytes of a database that then lives in memory. */
  constructor(
    source: string | Buffer,
    nativeBinding: object | undefined,
    onStatement?: StatementListener,
  ) {
    this.client = openSqlite(source, busyTimeoutMs, nativeBinding, onStatement)
    try {
      this.check = configure(this.client)
    } catch (err) {
      this.client.close()
      throw err
    }
    this.drizzle = drizzle(this.client, { casing: 'snake_case' })
    this.verbs = prepareVerbs(this.client)
  }

  /** What `make` made for `key` on this connection, made at its first use. */
  prepared<T>(key: object, make: (connection: Connection) => T): T {
    const known = this.#statements.get(key)
    if (known !== undefined) return known as T
    const made = make(this)
    this.#statements.set(key, made)
    return made
  }

  [Symbol.dispose](): void {
    this.client.close()
  }
}

type TransactionVerbs = ReturnType<typeof prepareVerbs>

function prepareVerbs(client: SQLite.Database) {
  return {
    begin: client.prepare('BEGIN'),
    beginImmediate: client.prepare('BEGIN IMMEDIATE'),
    commit: client.prepare('COMMIT'),
    rollback: client.prepare('ROLLBACK'),
    savepoint: client.prepare('SAVEPOINT job'),
    release: client.prepare('RELEASE job'),
    rollbackTo: client.prepare('ROLLBACK TO job'),
  }
}

function configure(client: SQLite.Database): SelfCheck {
  const inMemory = client.memory
  if (!inMemory) client.pragma('journal_mode = WAL')
  // The addon's own default for WAL is NORMAL, which forgets the last commits at a power loss.
  client.pragma('synchronous = FULL')
  client.pragma('foreign_keys = ON')
  client.pragma('trusted_schema = OFF')
  client.pragma('cell_size_check = ON')
  // What is removed is overwritten, so that who was erased is out of the file.
  client.pragma('secure_delete = ON')
  client.pragma('temp_store = MEMORY')
  client.pragma(`cache_size = -${cacheKiB}`)
  client.pragma('journal_size_limit = 67108864')
  // SQLite settles the level only when it first reads the file.
  client.prepare('SELECT count(*) FROM sqlite_schema').get()
  const check = readBack(client)
  const faults = faultsOf(check, inMemory, client)
  if (faults.length > 0) throw new Error(`The database refused its settings: ${faults.join(', ')}`)
  return check
}

function readBack(client: SQLite.Database): SelfCheck {
  const number = (name: string) => Number(client.pragma(name, { simple: true }))
  return {
    sqlite: String(client.prepare('SELECT sqlite_version()').pluck().get()),
    journalMode: String(client.pragma('journal_mode', { simple: true })),
    synchronous: number('synchronous'),
    foreignKeys: number('foreign_keys'),
    busyTimeoutMs: number('busy_timeout'),
    trustedSchema: number('trusted_schema'),
    cellSizeCheck: number('cell_size_check'),
    secureDelete: number('secure_delete'),
  }
}

function faultsOf(check: SelfCheck, inMemory: boolean, client: SQLite.Database): string[] {
  const options = new Set(client.prepare('PRAGMA compile_options').pluck().all().map(String))
  const has = (option: string) => [...options].some((one) => one.split('=')[0] === option)
  const wanted: [string, boolean][] = [
    ['journal_mode is WAL', inMemory || check.journalMode === 'wal'],
    ['synchronous is FULL', check.synchronous === 2],
    ['foreign_keys is on', check.foreignKeys === 1],
    ['busy_timeout is set', check.busyTimeoutMs === busyTimeoutMs],
    ['trusted_schema is off', check.trustedSchema === 0],
    ['cell_size_check is on', check.cellSizeCheck === 1],
    ['secure_delete is on', check.secureDelete === 1],
    [`SQLite is ${sqliteOldest.join('.')} or newer`, isRecent(check.sqlite)],
    ...compiledWith.map((option): [string, boolean] => [`compiled with ${option}`, has(option)]),
  ]
  return wanted.filter(([, holds]) => !holds).map(([what]) => `expected that ${what}`)
}

function isRecent(version: string): boolean {
  const parts = version.split('.').map(Number)
  for (const [at, oldest] of sqliteOldest.entries()) {
    const part = parts[at] ?? 0
    if (part !== oldest) return part > oldest
  }
  return true
}
