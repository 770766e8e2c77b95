import { existsSync, statfsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Millis } from '../lib/time.ts'
import { CommitQueue } from './commit.ts'
import { Connection, type SelfCheck } from './connection.ts'
import { claimFolder, databaseName, hasDatabase, requireRoom } from './folder.ts'
import { lockFolder, type FolderLock } from './lock.ts'
import { migrate, pendingMigrations } from './migrate.ts'
import { nativeBinding } from './native.ts'
import { setMeta } from './meta.ts'
import { prepareDatabase } from './opening.ts'
import { Queries, refusePromise, type Sync } from './queries.ts'
import { withRemedy } from './remedies.ts'
import { noteClosed, noteRunning, noteStopping } from './soundness.ts'
import type { StatementListener } from './sqlite.ts'
import type { Upgrade } from './upgrade.ts'

export { StoreUnavailable } from './commit.ts'

// A command beside no server has the lock for a few milliseconds.
const ownerWaitMs = 300
const roomLeastBytes = 1024 * 1024

export type OpenOptions = {
  /** The data folder; made with mode 0700 when absent. */
  readonly directory: string
  readonly now: Millis
  /** 'own' refuses a folder that another process owns; 'share' works beside its owner. */
  readonly access: 'own' | 'share'
  /** Told once when the disk or the file fails; writes are refused until `reopen` succeeds. */
  readonly onFault: (fault: Error) => void
}

/** What an open had to do to the folder. */
export type Opening = {
  /** What others could read or write, and no more. */
  readonly closed: readonly string[]
  readonly upgrade: Upgrade | undefined
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
  readonly #directory: string | undefined
  /** What this open had to do to the folder. */
  readonly opening: Opening

  private constructor(parts: {
    open: () => Connection
    onFault: OnFault
    lock?: FolderLock | undefined
    directory?: string
    opening?: Opening
  }) {
    this.#open = parts.open
    this.#lock = parts.lock
    this.#directory = parts.directory
    this.opening = parts.opening ?? { closed: [], upgrade: undefined }
    this.#connection = parts.open()
    this.#queue = new CommitQueue(this.#connection, parts.onFault)
  }

  /** Opens a data folder, bringing its schema up to date when this process owns it. */
  static open(options: OpenOptions): Store {
    try {
      return Store.#openFolder(options)
    } catch (err) {
      throw withRemedy(err, options.directory)
    }
  }

  static #openFolder({ directory, access, now, onFault }: OpenOptions): Store {
    const closed = claimFolder(directory)
    const isOwner = access === 'own'
    const binding = nativeBinding(directory)
    const lock = lockFolder(directory, isOwner ? ownerWaitMs : 0, binding)
    if (!lock && isOwner) {
      throw new Error(`The data folder ${directory} is in use by another process`)
    }
    const file = join(directory, databaseName)
    const hadLog = existsSync(`${file}-wal`)
    try {
      const open = () => new Connection(file, binding)
      const upgrade = lock && prepareDatabase({ directory, now, open }, binding)
      if (!hasDatabase(directory)) throw new Error(`There is no desk in ${directory}`)
      const opening = { closed, upgrade }
      const store = new Store({ open, lock, directory, opening, onFault })
      store.#bringUpToDate(now, lock !== undefined)
      if (lock) store.#ownUntilClosed(directory)
      return store
    } catch (err) {
      // What was opened before the fault has been closed in order, and the log may be in the file by now.
      if (lock && hadLog) noteClosed(directory)
      lock?.[Symbol.dispose]()
      throw err
    }
  }

  /** A database in memory, migrated; or a copy of one, given the bytes of `snapshot()`. */
  static inMemory(now: Millis, bytes?: Buffer, onStatement?: StatementListener): Store {
    const open = () => new Connection(bytes ?? ':memory:', undefined, onStatement)
    const store = new Store({ open, onFault: () => {} })
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
    // Asked first, since the check of the whole file holds up readers, and is asked for again and again.
    if (this.#directory !== undefined) requireRoom(this.#directory, roomLeastBytes, 'writes')
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

  /** Puts the whole log into the file and empties it. False when another process reads it just now. */
  emptyLog(): boolean {
    const [result] = this.#connection.client.pragma('wal_checkpoint(TRUNCATE)') as {
      busy: number
    }[]
    return result?.busy === 0
  }

  /** The whole database as bytes. */
  snapshot(): Buffer {
    return this.#connection.client.serialize()
  }

  [Symbol.dispose](): void {
    if (!this.#queue.fault) this.#queue.flush()
    this.#close()
  }

  /** A process that ends by a fault of its own closes the database in order, and the note goes with the log. */
  #ownUntilClosed(directory: string): void {
    noteRunning(directory)
    process.once('exit', this.#close)
  }

  readonly #close = (): void => {
    process.off('exit', this.#close)
    const directory = this.#directory ?? ''
    if (this.#lock) noteStopping(directory)
    this.#connection[Symbol.dispose]()
    if (directory !== '' && !this.#lock) noteClosed(directory)
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
