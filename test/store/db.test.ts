import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { closeSync, copyFileSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import SQLite from 'better-sqlite3'
import { Store, StoreUnavailable } from '../../src/store/db.ts'
import { labelStore } from '../../src/store/catalog.ts'
import { counter, getMeta, nextNumber, setMeta } from '../../src/store/meta.ts'
import type { Queries } from '../../src/store/queries.ts'
import { clientOf, connectionOf, modeOf, openStore, T0, tempFolder } from './fixtures.ts'

let folder: ReturnType<typeof tempFolder>
let data: string

beforeEach(() => {
  folder = tempFolder('store')
  data = join(folder.path, 'data')
})
afterEach(() => folder[Symbol.dispose]())

const posix = process.platform !== 'win32'

/** What became of each promise, in words. */
async function outcomes(promises: Promise<unknown>[]): Promise<string[]> {
  const settled = await Promise.allSettled(promises)
  return settled.map((one) =>
    one.status === 'fulfilled' ? `value ${String(one.value)}` : `error ${nameAndText(one.reason)}`,
  )
}

function nameAndText(err: unknown): string {
  return err instanceof Error ? `${err.name}: ${err.message}` : String(err)
}

/** How many commits the write-ahead log holds: a frame that ends one carries the size of the file. */
function commitsInLog(): number {
  const log = readFileSync(join(data, 'deskbox.db-wal'))
  if (log.length < 32) return 0
  const frameBytes = 24 + log.readUInt32BE(8)
  let commits = 0
  for (let at = 32; at + frameBytes <= log.length; at += frameBytes) {
    const sameSalt = log.compare(log, 16, 24, at + 8, at + 16) === 0
    if (sameSalt && log.readUInt32BE(at + 4) > 0) commits += 1
  }
  return commits
}

/** Runs `use` on a connection of its own, as another process would have it. */
function aside<T>(use: (db: SQLite.Database) => T): T {
  const db = new SQLite(join(data, 'deskbox.db'), { readonly: true })
  try {
    return use(db)
  } finally {
    db.close()
  }
}

const metaAside = (name: string) =>
  aside((db) => db.prepare('SELECT value FROM meta WHERE name = ?').pluck().get(name))

describe('group commit (S9)', () => {
  test('runs closures in arrival order, in one commit', async () => {
    using opened = openStore(data)
    const { store } = opened
    const before = commitsInLog()
    const order: number[] = []
    const writes = Array.from({ length: 50 }, (_, n) =>
      store.write((q) => {
        order.push(n)
        return nextNumber(q, 'ticket')
      }),
    )
    const numbers = await Promise.all(writes)
    expect(order).toEqual(Array.from({ length: 50 }, (_, n) => n))
    expect(numbers).toEqual(Array.from({ length: 50 }, (_, n) => n + 1))
    expect(commitsInLog() - before).toBe(1)
  })

  test('cuts what is too much for one commit, and keeps the order', async () => {
    using opened = openStore(data)
    const before = commitsInLog()
    const writes = Array.from({ length: 300 }, () =>
      opened.store.write((q) => nextNumber(q, 'ticket')),
    )
    expect(await Promise.all(writes)).toEqual(Array.from({ length: 300 }, (_, n) => n + 1))
    expect(commitsInLog() - before).toBe(2)
  })

  test('shows nobody an open batch, and settles nothing before the commit', async () => {
    using opened = openStore(data)
    const { store } = opened
    const settled: string[] = []
    const seen: unknown[] = []
    const first = store.write((q) => setMeta(q, 'a', '1')).then(() => settled.push('first'))
    seen.push(store.read((q) => getMeta(q, 'a')))
    const second = store.write((q) => {
      seen.push(getMeta(q, 'a'), metaAside('a'), [...settled])
    })
    await Promise.all([first, second])
    expect(seen).toEqual([undefined, '1', undefined, []])
    expect(metaAside('a')).toBe('1')
    expect(settled).toEqual(['first'])
  })

  test('rolls back only the closure that throws', async () => {
    using store = Store.inMemory(T0)
    const writes = [
      store.write((q) => setMeta(q, 'a', '1')),
      store.write((q) => {
        setMeta(q, 'a', '2')
        nextNumber(q, 'ticket')
        throw new RangeError('no')
      }),
      store.write((q) => setMeta(q, 'b', String(getMeta(q, 'a')))),
    ]
    expect(await outcomes(writes)).toEqual([
      'value undefined',
      'error RangeError: no',
      'value undefined',
    ])
    expect(store.read((q) => [getMeta(q, 'a'), getMeta(q, 'b')])).toEqual(['1', '1'])
    expect(store.read((q) => counter(q, 'ticket'))).toBe(0)
  })

  test('refuses a constraint alone, too', async () => {
    using store = Store.inMemory(T0)
    const writes = [
      store.write((q) => setMeta(q, 'a', '1')),
      store.write((q) => {
        connectionOf(q).client.exec('INSERT INTO meta VALUES (NULL, NULL)')
      }),
      store.write((q) => setMeta(q, 'b', '2')),
    ]
    expect((await outcomes(writes))[1]).toStartWith('error SqliteError: NOT NULL')
    expect(store.read((q) => [getMeta(q, 'a'), getMeta(q, 'b')])).toEqual(['1', '2'])
    expect(store.fault).toBeUndefined()
  })

  test('goes on with writes that were queued by a write that has ended', async () => {
    using store = Store.inMemory(T0)
    const chained = await store
      .write((q) => nextNumber(q, 'ticket'))
      .then(() => store.write((q) => nextNumber(q, 'ticket')))
    expect(chained).toBe(2)
  })

  test('flush commits what waits in this turn', () => {
    using opened = openStore(data)
    void opened.store.write((q) => setMeta(q, 'a', '1'))
    opened.store.flush()
    expect(metaAside('a')).toBe('1')
  })
})

describe('a closure that returns a promise (S9)', () => {
  let unhandled: unknown[]
  const note = (reason: unknown) => void unhandled.push(reason)

  beforeEach(() => {
    unhandled = []
    process.on('unhandledRejection', note)
  })
  afterEach(() => process.off('unhandledRejection', note))

  test('does not compile', () => {
    using store = Store.inMemory(T0)
    const notCalled = () => {
      // @ts-expect-error a promise cannot be a result
      void store.write(async () => 1)
      // @ts-expect-error a promise cannot be a result
      void store.read(async () => 1)
    }
    expect(notCalled).toBeFunction()
  })

  test('is refused, writes nothing, neither before nor after its first await', async () => {
    using store = Store.inMemory(T0)
    const late = Promise.withResolvers<unknown>()
    const sneaky = async (q: Queries) => {
      setMeta(q, 'a', '1')
      await Promise.resolve()
      try {
        setMeta(q, 'b', '2')
      } catch (err) {
        late.resolve(err)
        throw err
      }
    }
    const writes = [
      store.write((q) => setMeta(q, 'before', '1')),
      // @ts-expect-error a promise cannot be a result
      store.write(sneaky),
      store.write((q) => setMeta(q, 'after', '1')),
    ]
    expect(await outcomes(writes)).toEqual([
      'value undefined',
      'error TypeError: A transaction must not return a promise',
      'value undefined',
    ])
    expect(nameAndText(await late.promise)).toBe('Error: The transaction has ended')
    await new Promise(setImmediate)
    const names = ['before', 'a', 'b', 'after']
    expect(store.read((q) => names.map((name) => getMeta(q, name)))).toEqual([
      '1',
      undefined,
      undefined,
      '1',
    ])
    expect(unhandled).toEqual([])
  })

  test('is refused in a read as well', async () => {
    using store = Store.inMemory(T0)
    const sneaky = (async (q: Queries) => {
      await Promise.resolve()
      setMeta(q, 'a', '1')
    }) as unknown as (q: Queries) => void
    expect(() => store.read(sneaky)).toThrow('A transaction must not return a promise')
    await new Promise(setImmediate)
    expect(store.read((q) => getMeta(q, 'a'))).toBeUndefined()
    expect(unhandled).toEqual([])
  })

  test('is refused whatever kind of promise it is', async () => {
    using store = Store.inMemory(T0)
    // oxlint-disable-next-line unicorn/no-thenable -- a thenable is what is tested
    const thenable = { then: () => {} } as unknown as string
    expect(await outcomes([store.write(() => thenable)])).toEqual([
      'error TypeError: A transaction must not return a promise',
    ])
    expect(await store.write(() => ({ when: 'now' }))).toEqual({ when: 'now' })
  })
})

describe('a read', () => {
  test('tells of the fault that ended it, not of the transaction that is gone', () => {
    using store = Store.inMemory(T0)
    const fails = () =>
      store.read((q) => {
        connectionOf(q).client.exec('ROLLBACK')
        throw new Error('disk I/O error')
      })
    expect(fails).toThrow('disk I/O error')
    expect(store.read(() => 1)).toBe(1)
  })

  test('that throws leaves the store as it was', () => {
    using store = Store.inMemory(T0)
    const broken = () =>
      store.read(() => {
        throw new RangeError('no')
      })
    expect(broken).toThrow(RangeError)
    expect(clientOf(store).inTransaction).toBe(false)
    expect(store.read((q) => counter(q, 'ticket'))).toBe(0)
  })

  test('that writes leaves nothing behind', async () => {
    using opened = openStore(data)
    const { store } = opened
    store.read((q) => setMeta(q, 'a', '1'))
    expect(store.read((q) => getMeta(q, 'a'))).toBeUndefined()
    await store.write((q) => setMeta(q, 'b', '1'))
    expect(metaAside('a')).toBeUndefined()
  })

  test('does not run inside a write, and fails that write alone', async () => {
    using store = Store.inMemory(T0)
    const writes = [
      store.write((q) => {
        setMeta(q, 'a', '1')
        store.read((inner) => getMeta(inner, 'a'))
      }),
      store.write((q) => setMeta(q, 'b', '1')),
    ]
    const [first, second] = await outcomes(writes)
    expect(first).toContain('within a transaction')
    expect(second).toBe('value undefined')
    expect(store.read((q) => [getMeta(q, 'a'), getMeta(q, 'b')])).toEqual([undefined, '1'])
  })

  test('sees one instant, whatever is committed beside it', async () => {
    using opened = openStore(data)
    using other = openStore(data, 'share')
    const seen = opened.store.read((q) => {
      const before = getMeta(q, 'a')
      void other.store.write((inner) => setMeta(inner, 'a', '1'))
      other.store.flush()
      return [before, getMeta(q, 'a')]
    })
    expect(seen).toEqual([undefined, undefined])
    expect(opened.store.read((q) => getMeta(q, 'a'))).toBe('1')
  })
})

describe('a lost transaction', () => {
  test('RAISE(ROLLBACK) fails its batch, and the queue goes on', async () => {
    using store = Store.inMemory(T0)
    clientOf(store).exec(`CREATE TRIGGER boom BEFORE INSERT ON meta WHEN new.name = 'boom'
      BEGIN SELECT RAISE(ROLLBACK, 'boom'); END`)
    const writes = ['a', 'boom', 'b'].map((name) => store.write((q) => setMeta(q, name, '1')))
    expect(await outcomes(writes)).toEqual(
      writes.map(() => 'error StoreUnavailable: The database cannot be written to'),
    )
    expect(store.fault).toBeUndefined()
    expect(await outcomes([store.write((q) => setMeta(q, 'c', '1'))])).toEqual(['value undefined'])
    expect(store.read((q) => ['a', 'boom', 'b', 'c'].map((name) => getMeta(q, name)))).toEqual([
      undefined,
      undefined,
      undefined,
      '1',
    ])
  })

  test('a closure cannot hide that by catching the error', async () => {
    using store = Store.inMemory(T0)
    clientOf(store).exec(`CREATE TRIGGER boom BEFORE INSERT ON meta WHEN new.name = 'boom'
      BEGIN SELECT RAISE(ROLLBACK, 'boom'); END`)
    const quiet = store.write((q) => {
      try {
        setMeta(q, 'boom', '1')
      } catch {
        // as if nothing had happened
      }
    })
    expect(
      (await outcomes([store.write((q) => setMeta(q, 'a', '1')), quiet])).join(),
    ).not.toContain('value')
    expect(store.read((q) => getMeta(q, 'a'))).toBeUndefined()
  })
})

/** Refers to nobody, which the database finds out only at the commit. */
function orphan(q: Queries): void {
  const { client } = connectionOf(q)
  client.pragma('defer_foreign_keys = ON')
  client.exec('INSERT INTO department_agents VALUES (1, 1)')
}

test('a commit that is refused fails its batch, and the queue goes on', async () => {
  using store = Store.inMemory(T0)
  const writes = [store.write((q) => setMeta(q, 'a', '1')), store.write(orphan)]
  expect(await outcomes(writes)).toEqual(
    writes.map(() => 'error StoreUnavailable: The database cannot be written to'),
  )
  expect([store.fault, clientOf(store).inTransaction]).toEqual([undefined, false])
  await store.write((q) => setMeta(q, 'b', '1'))
  expect(store.read((q) => [getMeta(q, 'a'), getMeta(q, 'b')])).toEqual([undefined, '1'])
})

/** Fills the file to the brim: the next page that it needs is a full disk. */
function fillUp(store: Store): void {
  const client = clientOf(store)
  const pages = Number(client.pragma('page_count', { simple: true }))
  client.pragma(`max_page_count = ${pages}`)
}

const large = 'x'.repeat(500_000)

describe('a fault of the disk (S4, S5)', () => {
  test('fails every job of the batch and all after it, and reads go on', async () => {
    using opened = openStore(data)
    const { store, faults } = opened
    await store.write((q) => setMeta(q, 'kept', '1'))
    fillUp(store)
    const batch = [
      store.write((q) => setMeta(q, 'small', '1')),
      store.write((q) => setMeta(q, 'large', large)),
      store.write((q) => setMeta(q, 'next', '1')),
    ]
    const settled = await Promise.allSettled(batch)
    for (const one of settled) {
      expect(one.status).toBe('rejected')
      expect('reason' in one && one.reason).toBeInstanceOf(StoreUnavailable)
    }
    expect(faults.map(nameAndText)).toEqual(['SqliteError: database or disk is full'])
    expect(store.fault).toBe(faults[0])
    const later = await outcomes([store.write((q) => setMeta(q, 'later', '1'))])
    expect(later).toEqual(['error StoreUnavailable: The database cannot be written to'])
    const names = ['kept', 'small', 'large', 'next', 'later']
    expect(store.read((q) => names.map((name) => getMeta(q, name)))).toEqual([
      '1',
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })

  test('fails what waits behind the batch, too', async () => {
    using opened = openStore(data)
    const { store, faults } = opened
    fillUp(store)
    const writes = Array.from({ length: 300 }, () => store.write((q) => setMeta(q, 'a', large)))
    const settled = await Promise.allSettled(writes)
    expect(settled.filter(({ status }) => status === 'rejected')).toHaveLength(300)
    expect(faults).toHaveLength(1)
  })

  test('is over once a reopen has succeeded', async () => {
    using opened = openStore(data)
    const { store, faults } = opened
    fillUp(store)
    await store.write((q) => setMeta(q, 'a', large)).catch(() => {})
    expect(store.fault).toBeDefined()
    store.reopen(T0 + 5)
    expect(store.fault).toBeUndefined()
    expect(await store.write((q) => nextNumber(q, 'ticket'))).toBe(1)
    expect(store.read((q) => getMeta(q, 'reopened_at'))).toBe(String(T0 + 5))
    expect([faults.length, metaAside('a')]).toEqual([1, undefined])
    expect(store.check.synchronous).toBe(2)
    expect(clientOf(store).pragma('synchronous', { simple: true })).toBe(2)
  })

  test('goes on while the file is broken, and ends when it is whole again', async () => {
    using opened = openStore(data)
    const { store } = opened
    await store.write((q) => setMeta(q, 'kept', '1'))
    clientOf(store).pragma('wal_checkpoint(TRUNCATE)')
    fillUp(store)
    await store.write((q) => setMeta(q, 'a', large)).catch(() => {})
    const whole = readFileSync(join(data, 'deskbox.db'))
    damage(join(data, 'deskbox.db'))
    expect(() => store.reopen(T0)).toThrow()
    expect(store.fault).toBeDefined()
    expect((await outcomes([store.write((q) => setMeta(q, 'b', '1'))])).join()).toStartWith('error')
    writeFileSync(join(data, 'deskbox.db'), whole)
    store.reopen(T0)
    await store.write((q) => setMeta(q, 'b', '1'))
    expect(store.read((q) => [getMeta(q, 'kept'), getMeta(q, 'b')])).toEqual(['1', '1'])
  })
})

test('a reopen looks into every page: an index that lies is refused', async () => {
  using opened = openStore(data)
  const { store } = opened
  const label = { color: '#fff', createdAt: T0, updatedAt: T0 }
  await store.write((q) => labelStore.insert(q, { name: 'needle', ...label }))
  clientOf(store).pragma('wal_checkpoint(TRUNCATE)')
  fillUp(store)
  await store.write((q) => setMeta(q, 'a', large)).catch(() => {})
  const file = join(data, 'deskbox.db')
  const bytes = readFileSync(file)
  // Once in the table and once in its index.
  expect(bytes.indexOf('needle')).not.toBe(bytes.lastIndexOf('needle'))
  bytes.write('noodle', bytes.lastIndexOf('needle'))
  writeFileSync(file, bytes)
  expect(() => store.reopen(T0)).toThrow('integrity_check: ')
  expect(store.fault).toBeDefined()
})

/** Overwrites the middle of every page but the first, which holds the schema's root. */
function damage(file: string): void {
  const bytes = readFileSync(file)
  const fd = openSync(file, 'r+')
  for (let at = 4096; at < bytes.length; at += 4096)
    writeSync(fd, Buffer.alloc(200, 0xff), 0, 200, at)
  closeSync(fd)
}

describe('the data folder', () => {
  test('has one owner: a second is refused at once and disturbs nothing (S6)', async () => {
    using opened = openStore(data)
    const began = performance.now()
    expect(() => openStore(data)).toThrow(`The data folder ${data} is in use by another process`)
    expect(performance.now() - began).toBeLessThan(1000)
    await opened.store.write((q) => setMeta(q, 'a', '1'))
    expect(metaAside('a')).toBe('1')
  })

  test('is free again once its owner has closed it', () => {
    openStore(data)[Symbol.dispose]()
    using again = openStore(data)
    expect(again.store.read((q) => counter(q, 'ticket'))).toBe(0)
  })

  test('is shared with a command, and each sees what the other commits', async () => {
    using owner = openStore(data)
    using command = openStore(data, 'share')
    await owner.store.write((q) => setMeta(q, 'a', '1'))
    expect(command.store.read((q) => getMeta(q, 'a'))).toBe('1')
    await command.store.write((q) => setMeta(q, 'b', '2'))
    expect(owner.store.read((q) => getMeta(q, 'b'))).toBe('2')
  })

  test('keeps what is written when it is opened again', async () => {
    {
      using opened = openStore(data)
      await opened.store.write((q) => setMeta(q, 'a', '1'))
      void opened.store.write((q) => setMeta(q, 'waiting', '1'))
    }
    using again = openStore(data)
    expect(again.store.read((q) => [getMeta(q, 'a'), getMeta(q, 'waiting')])).toEqual(['1', '1'])
  })

  test.if(posix)('is for its owner alone (A9)', async () => {
    using opened = openStore(data)
    await opened.store.write((q) => setMeta(q, 'a', '1'))
    expectPrivate(opened.store)
  })

  test.if(posix)('is closed to others when it was open to them before (A9)', async () => {
    // What a crash leaves, brought here by a copy that did not care.
    using crashed = openStore(join(folder.path, 'crashed'))
    await crashed.store.write((q) => setMeta(q, 'kept', '1'))
    mkdirSync(data)
    chmodSync(data, 0o755)
    for (const name of ['deskbox.db', 'deskbox.db-wal', 'deskbox.lock']) {
      copyFileSync(join(folder.path, 'crashed', name), join(data, name))
      chmodSync(join(data, name), 0o644)
    }
    using opened = openStore(data)
    expect(opened.store.read((q) => getMeta(q, 'kept'))).toBe('1')
    expectPrivate(opened.store)
  })

  test('with a file that is no database is refused, unlocked and unchanged', () => {
    mkdirSync(data)
    const text = 'this is a letter, not a database. '.repeat(50)
    writeFileSync(join(data, 'deskbox.db'), text)
    expect(() => openStore(data)).toThrow('file is not a database')
    expect(readFileSync(join(data, 'deskbox.db'), 'utf8')).toBe(text)
    writeFileSync(join(data, 'deskbox.db'), '')
    using opened = openStore(data)
    expect(opened.store.fault).toBeUndefined()
  })
})

function expectPrivate(store: Store): void {
  const names = readdirSync(data).toSorted()
  const known = ['deskbox.db', 'deskbox.db-shm', 'deskbox.db-wal', 'deskbox.lock']
  expect(names).toEqual([...known, 'deskbox.lock-journal', 'deskbox.running'])
  expect(store.fault).toBeUndefined()
  expect(modeOf(data)).toBe(0o700)
  for (const name of names) expect([name, modeOf(join(data, name))]).toEqual([name, 0o600])
}

describe('the self-check (S12)', () => {
  const expected = {
    sqlite: expect.stringMatching(/^3\.(5[3-9]|[6-9]\d)\./) as string,
    journalMode: 'wal',
    synchronous: 2,
    foreignKeys: 1,
    busyTimeoutMs: 5000,
    trustedSchema: 0,
    cellSizeCheck: 1,
    secureDelete: 1,
  }

  test('holds on a new file and on one that exists', () => {
    {
      using opened = openStore(data)
      expect(opened.store.check).toEqual(expected)
    }
    using again = openStore(data)
    expect(again.store.check).toEqual(expected)
  })

  test('no connection forgets FULL, whether it owns, shares or reopens', async () => {
    using owner = openStore(data)
    using command = openStore(data, 'share')
    for (const { store } of [owner, command]) {
      await store.write((q) => setMeta(q, 'a', '1'))
      store.reopen(T0)
      await store.write((q) => setMeta(q, 'a', '2'))
      expect(store.check).toEqual(expected)
      const client = clientOf(store)
      const settings = ['synchronous', 'foreign_keys', 'trusted_schema', 'cell_size_check']
      expect(settings.map((name) => client.pragma(name, { simple: true }))).toEqual([2, 1, 0, 1])
    }
  })

  test('a database in memory has all of it but the log', () => {
    using store = Store.inMemory(T0)
    expect(store.check).toEqual({ ...expected, journalMode: 'memory' })
    expect(existsSync(data)).toBe(false)
  })

  test('a copy of the bytes is a database of its own', async () => {
    using store = Store.inMemory(T0)
    await store.write((q) => setMeta(q, 'a', '1'))
    using copy = Store.inMemory(T0, store.snapshot())
    await copy.write((q) => setMeta(q, 'a', '2'))
    expect([store, copy].map((one) => one.read((q) => getMeta(q, 'a')))).toEqual(['1', '2'])
  })
})
