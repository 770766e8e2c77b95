import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  statfsSync,
  statSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { Millis } from '../lib/time.ts'
import { CommitQueue } from './commit.ts'
import { Connection, type SelfCheck } from './connection.ts'
import { lockFolder, type FolderLock } from './lock.ts'
import { migrate, pendingMigrations } from './migrate.ts'
import { nativeBinding } from './native.ts'
import { setMeta } from './meta.ts'
import { Queries, refusePromise, type Sync } from './queries.ts'
import type { StatementListener } from './sqlite.ts'

export { StoreUnavailable } from './commit.ts'

// A command beside no server has the lock for a few milliseconds.
const ownerWaitMs = 300

export type OpenOptions = {
  /** The data folder; made with mode 0700 when absent. */
  readonly directory: string
  readonly now: Millis
  /** 'own' refuses a folder that another process owns; 'share' works beside its owner. */
  readonly access: 'own' | 'share'
  /** Told once when the disk or the file fails; writes are refused until `reopen` succeeds. */
  readonly onFault: (fault: Error) => void
}

/**
 * The store of one data folder: one connection, on which reads see only what is committed and every
 * write goes through the group commit.
 */
export class Store implements Disposable {
  #connection: Connection
  readonly #open: () => Connection
  readonly #queue: CommitQueue
  readonly #lock: FolderLock | undefined

  private constructor(open: () => Connection, lock: FolderLock | undefined, onFault: OnFault) {
    this.#open = open
    this.#lock = lock
    this.#connection = open()
    this.#queue = new CommitQueue(this.#connection, onFault)
  }

  /** Opens a data folder, bringing its schema up to date when this process owns it. */
  static open(options: OpenOptions): Store {
    const file = prepareFolder(options.directory)
    const isOwner = options.access === 'own'
    const binding = nativeBinding(options.directory)
    const lock = lockFolder(options.directory, isOwner ? ownerWaitMs : 0, binding)
    if (!lock && isOwner) {
      throw new Error(`The data folder ${options.directory} is in use by another process`)
    }
    try {
      const open = () => new Connection(file, binding)
      const store = new Store(open, lock, options.onFault)
      store.#bringUpToDate(options.now, lock !== undefined)
      return store
    } catch (err) {
      lock?.[Symbol.dispose]()
      throw err
    }
  }

  /** A database in memory, migrated; or a copy of one, given the bytes of `snapshot()`. */
  static inMemory(now: Millis, bytes?: Buffer, onStatement?: StatementListener): Store {
    const store = new Store(
      () => new Connection(bytes ?? ':memory:', undefined, onStatement),
      undefined,
      () => {},
    )
    store.#bringUpToDate(now, true)
    return store
  }

  get check(): SelfCheck {
    return this.#connection.check
  }

  /** How many writes wait for a commit. */
  get queueDepth(): number {
    return this.#queue.depth
  }

  /** Has `watch` told of each group of writes as it begins; what it returns, once it is on disk. */
  watchGroups(watch: (writes: number) => () => void): void {
    this.#queue.watch = watch
  }

  /** Bytes of the write-ahead log, and bytes that are free beside it; undefined for a memory database. */
  space(): { readonly walBytes: number; readonly freeBytes: number } | undefined {
    const { name, memory } = this.#connection.client
    if (memory) return undefined
    const wal = statSync(`${name}-wal`, { throwIfNoEntry: false })
    const { bavail, bsize } = statfsSync(dirname(name))
    return { walBytes: wal?.size ?? 0, freeBytes: bavail * bsize }
  }

  /** Why nothing can be written now, or undefined. */
  get fault(): Error | undefined {
    return this.#queue.fault
  }

  /** Runs `job` on a snapshot of what is committed. */
  read<T>(job: (q: Queries) => Sync<T>): T {
    const { client, verbs } = this.#connection
    const q = new Queries(this.#connection)
    verbs.begin.run()
    try {
      const value = job(q)
      refusePromise(value)
      return value
    } finally {
      q.end()
      // A fault of the disk has ended it already, and is what the caller must hear of.
      if (client.inTransaction) verbs.rollback.run()
    }
  }

  /** Queues `job` for the next group commit; settles once that is on disk. */
  write<T>(job: (q: Queries) => Sync<T>): Promise<T> {
    return this.#queue.write(job)
  }

  /** Commits what waits, now, in this turn. */
  flush(): void {
    this.#queue.flush()
  }

  /**
   * After a fault: opens the file again, checks it whole, writes to it once, and only then lets writes
   * through. Throws while it cannot; reads go on meanwhile on the connection that there is.
   */
  reopen(now: Millis): void {
    const fresh = this.#open()
    try {
      const verdict = fresh.client.pragma('integrity_check', { simple: true })
      if (verdict !== 'ok') throw new Error(`integrity_check: ${String(verdict)}`)
      const q = new Queries(fresh)
      fresh.client.transaction(() => setMeta(q, 'reopened_at', String(now))).immediate()
    } catch (err) {
      fresh[Symbol.dispose]()
      throw err
    }
    const stale = this.#connection
    this.#connection = fresh
    this.#queue.heal(fresh)
    stale[Symbol.dispose]()
  }

  /** The whole database as bytes. */
  snapshot(): Buffer {
    return this.#connection.client.serialize()
  }

  [Symbol.dispose](): void {
    if (!this.#queue.fault) this.#queue.flush()
    this.#connection[Symbol.dispose]()
    this.#lock?.[Symbol.dispose]()
  }

  #bringUpToDate(now: Millis, isOwner: boolean): void {
    const { client } = this.#connection
    try {
      if (pendingMigrations(client).length === 0) return
      if (!isOwner) throw new Error('The running server has an older schema; restart it first')
      migrate(client, now)
    } catch (err) {
      this.#connection[Symbol.dispose]()
      throw err
    }
  }
}

type OnFault = OpenOptions['onFault']

function prepareFolder(directory: string): string {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  chmodSync(directory, 0o700)
  const file = join(directory, 'deskbox.db')
  closeSync(openSync(file, 'a', 0o600))
  // SQLite gives a file that it makes the mode of the database; one that was there keeps its own.
  const beside = [`${file}-wal`, `${file}-shm`, join(directory, 'deskbox.lock')]
  for (const path of [file, ...beside.filter(existsSync)]) chmodSync(path, 0o600)
  return file
}
