import type { Connection } from './connection.ts'
import { Queries, refusePromise, type GroupWork, type Sync } from './queries.ts'

// Group commit. What holds:
// - closures run in arrival order, each in its own savepoint, many in one BEGIN IMMEDIATE … COMMIT;
// - a closure that throws, or returns a promise, leaves nothing behind and the others go on;
// - a promise settles only after the commit, so nobody is told of what is not yet on disk;
// - a fault of the disk or of the file fails the whole batch, and then every write until `heal`.

type Job = {
  readonly run: (q: Queries) => unknown
  readonly resolve: (value: unknown) => void
  readonly reject: (reason: unknown) => void
}

type Outcome = { job: Job; value: unknown } | { job: Job; error: unknown }

/** Thrown to every writer while the database cannot be written to. The cause is for the log only. */
export class StoreUnavailable extends Error {
  override name = 'StoreUnavailable'
}

const jobsPerCommitMax = 256

/** The one way to write: a queue of synchronous closures before one connection. */
export class CommitQueue {
  #connection: Connection
  #waiting: Job[] = []
  #isScheduled = false
  #fault: Error | undefined
  readonly #onFault: (fault: Error) => void
  /** Told when a group begins; what it returns is told when the group is on disk. */
  watch: ((writes: number) => () => void) | undefined

  constructor(connection: Connection, onFault: (fault: Error) => void) {
    this.#connection = connection
    this.#onFault = onFault
  }

  /** Why nothing can be written now, or undefined. */
  get fault(): Error | undefined {
    return this.#fault
  }

  /** How many writes wait for the next group. */
  get depth(): number {
    return this.#waiting.length
  }

  /** Runs `job` in the next group. Rejects with what it throws, or with StoreUnavailable. */
  write<T>(job: (q: Queries) => Sync<T>): Promise<T> {
    if (this.#fault) return Promise.reject(unavailable(this.#fault))
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    this.#waiting.push({ run: job, resolve: resolve as (value: unknown) => void, reject })
    if (!this.#isScheduled) this.#schedule()
    return promise
  }

  /** Goes on with a connection that has been found sound. */
  heal(connection: Connection): void {
    this.#connection = connection
    this.#fault = undefined
  }

  /** Commits what waits, now. */
  flush(): void {
    while (this.#waiting.length > 0) this.#commitGroup()
  }

  #schedule(): void {
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#commitGroup()
      if (this.#waiting.length > 0 && !this.#isScheduled) this.#schedule()
    })
  }

  #commitGroup(): void {
    const group = this.#waiting.splice(0, jobsPerCommitMax)
    if (group.length === 0) return
    const done = this.watch?.(group.length)
    let outcomes: Outcome[]
    try {
      outcomes = commitTogether(this.#connection, group)
    } catch (err) {
      this.#fail(group, err instanceof Error ? err : new Error(String(err)))
      return
    }
    done?.()
    for (const outcome of outcomes) {
      if ('error' in outcome) outcome.job.reject(outcome.error)
      else outcome.job.resolve(outcome.value)
    }
  }

  #fail(group: Job[], fault: Error): void {
    const { client, verbs } = this.#connection
    try {
      if (client.inTransaction) verbs.rollback.run()
    } catch {
      // The connection is replaced before anything is written again.
    }
    const lost = isDiskFault(fault) ? [...group, ...this.#waiting.splice(0)] : group
    for (const job of lost) job.reject(unavailable(fault))
    if (!isDiskFault(fault)) return
    this.#fault = fault
    this.#onFault(fault)
  }
}

/** Runs the group in one transaction. Throws when the transaction as a whole is lost. */
function commitTogether(connection: Connection, group: Job[]): Outcome[] {
  connection.verbs.beginImmediate.run()
  const left: Queries[] = []
  const outcomes = group.map((job) => runInSavepoint(connection, job, left))
  finishGroup(connection, left)
  connection.verbs.commit.run()
  return outcomes
}

/** Does what the transactions that succeeded have left to the end, each kind of work once. */
function finishGroup(connection: Connection, left: readonly Queries[]): void {
  const idsByWork = new Map<GroupWork, number[]>()
  for (const { groupWork } of left) {
    for (const [work, ids] of groupWork) {
      const all = idsByWork.get(work)
      if (all) all.push(...ids)
      else idsByWork.set(work, [...ids])
    }
  }
  const q = new Queries(connection)
  for (const [work, ids] of idsByWork) work(q, ids)
  q.end()
}

function runInSavepoint(connection: Connection, job: Job, left: Queries[]): Outcome {
  const { client, verbs } = connection
  const q = new Queries(connection)
  verbs.savepoint.run()
  try {
    const value = job.run(q)
    refusePromise(value)
    verbs.release.run()
    if (q.groupWork.size > 0) left.push(q)
    return { job, value }
  } catch (error) {
    // A full disk, an I/O error or RAISE(ROLLBACK) has ended the transaction of the whole group.
    if (isDiskFault(error) || !client.inTransaction) throw error
    verbs.rollbackTo.run()
    verbs.release.run()
    return { job, error }
  } finally {
    q.end()
  }
}

/** True for the SQLite results after which this connection must not write again. */
export function isDiskFault(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (!('code' in error) || typeof error.code !== 'string') return isDiskFault(error.cause)
  return diskFaults.test(error.code)
}

const diskFaults = /^SQLITE_(FULL|IOERR|CORRUPT|NOTADB|CANTOPEN|READONLY|NOMEM|PROTOCOL)/

function unavailable(fault: Error): StoreUnavailable {
  return new StoreUnavailable('The database cannot be written to', { cause: fault })
}
