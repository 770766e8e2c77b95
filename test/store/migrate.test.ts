import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type SQLite from 'better-sqlite3'
import { migrations, type Migration } from '../../migrations/index.ts'
import { migrate, pendingMigrations } from '../../src/store/migrate.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { T0 } from './fixtures.ts'

const first: Migration = {
  name: '0001_first',
  sql: `CREATE TABLE parents (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
    CREATE TABLE children (
      id INTEGER PRIMARY KEY,
      parent_id INTEGER NOT NULL REFERENCES parents (id) ON DELETE CASCADE
    ) STRICT;
    INSERT INTO parents VALUES (1, 'a'), (2, 'b');
    INSERT INTO children VALUES (10, 1), (11, 1), (12, 2);`,
}

// SQLite's own recipe for a change that ALTER TABLE cannot make.
const rebuild: Migration = {
  name: '0002_rebuild',
  sql: `CREATE TABLE parents_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL, note TEXT) STRICT;
    INSERT INTO parents_new (id, name) SELECT id, name FROM parents;
    DROP TABLE parents;
    ALTER TABLE parents_new RENAME TO parents;`,
}

const table = (at: number): Migration => ({
  name: `000${at}_t${at}`,
  sql: `CREATE TABLE t${at} (a INTEGER) STRICT`,
})

let db: SQLite.Database

beforeEach(() => {
  db = openSqlite(':memory:', 0, undefined)
  db.pragma('foreign_keys = ON')
})
afterEach(() => db.close())

function schema(): unknown {
  return db.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY type, name').all()
}

const applied = () => db.prepare('SELECT name FROM migrations ORDER BY name').pluck().all()

const names = (steps: readonly Migration[]) => steps.map(({ name }) => name)

describe('migrate', () => {
  test('brings an empty database to the schema of this version', () => {
    expect(pendingMigrations(db)).toEqual(migrations)
    migrate(db, T0)
    expect(applied()).toEqual(names(migrations))
    expect(pendingMigrations(db)).toEqual([])
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
    const times = db.prepare('SELECT DISTINCT applied_at FROM migrations').pluck().all()
    expect(times).toEqual([T0])
  })

  test('does nothing a second time', () => {
    migrate(db, T0)
    const before = schema()
    migrate(db, T0 + 1)
    expect(schema()).toEqual(before)
    const times = db.prepare('SELECT DISTINCT applied_at FROM migrations').pluck().all()
    expect(times).toEqual([T0])
  })

  test('takes only the steps that are missing, in order', () => {
    migrate(db, T0, [table(1)])
    const steps = [table(1), table(2), table(3)]
    expect(names(pendingMigrations(db, steps))).toEqual(['0002_t2', '0003_t3'])
    migrate(db, T0, steps)
    expect(applied()).toEqual(['0001_t1', '0002_t2', '0003_t3'])
  })

  test('keeps the rows that refer to a table that is rebuilt', () => {
    migrate(db, T0, [first, rebuild])
    expect(db.prepare('SELECT id FROM children ORDER BY id').pluck().all()).toEqual([10, 11, 12])
    expect(db.prepare('SELECT note FROM parents').pluck().all()).toEqual([null, null])
    db.prepare('DELETE FROM parents WHERE id = 1').run()
    expect(db.prepare('SELECT id FROM children').pluck().all()).toEqual([12])
  })

  test('leaves foreign keys on, whatever happens', () => {
    const foreignKeys = () => db.pragma('foreign_keys', { simple: true })
    migrate(db, T0, [first])
    expect(foreignKeys()).toBe(1)
    expect(() => migrate(db, T0, [first, { name: '0002_bad', sql: 'nonsense' }])).toThrow()
    expect(foreignKeys()).toBe(1)
  })
})

test('the names of the people who are there sort as people sort names', () => {
  const [init, ...others] = migrations
  if (!init) throw new Error('There is no first step')
  migrate(db, T0, [init])
  db.exec(`INSERT INTO staff (uid, role, name, created_at, updated_at) VALUES
    ('a', 'agent', 'Östen', 1, 1), ('b', 'agent', 'ann', 1, 1), ('c', 'agent', 'Åsa', 1, 1)`)
  migrate(db, T0, [init, ...others])
  const sorted = db.prepare('SELECT name, sort_name FROM staff ORDER BY sort_name').raw().all()
  expect(sorted).toEqual([
    ['ann', 'ann'],
    ['Åsa', 'asa'],
    ['Östen', 'osten'],
  ])
})

test('0009_sessions keeps the answers of keys, under the names of their callers', () => {
  const at = migrations.findIndex(({ name }) => name === '0009_sessions')
  migrate(db, T0, migrations.slice(0, at))
  db.exec(`
    INSERT INTO api_keys (id, uid, kind, name, hash, last4, created_at, updated_at)
      VALUES (12, 'k', 'keva', 'x', 'h', 'abcd', 1, 1);
    INSERT INTO idempotency
      (id, key_id, idempotency_key, fingerprint, status, body, is_sealed, created_at)
      VALUES (7, 12, 'order', 'f', 201, '{}', 1, 5)`)
  migrate(db, T0, migrations.slice(0, at + 1))
  expect(db.prepare('SELECT * FROM idempotency').all()).toEqual([
    {
      id: 7,
      caller: 'key:12',
      idempotency_key: 'order',
      fingerprint: 'f',
      status: 201,
      body: '{}',
      is_sealed: 1,
      created_at: 5,
    },
  ])
  const insert = db.prepare(`INSERT INTO idempotency
    (caller, idempotency_key, fingerprint, status, body, created_at)
    VALUES ('key:12', ?, 'f', 201, '{}', 6)`)
  expect(() => insert.run('order')).toThrow('UNIQUE')
  expect(Number(insert.run('other').lastInsertRowid)).toBe(8)
})

describe('a step that cannot be taken', () => {
  test.each([
    [
      'fails half way',
      'CREATE TABLE t2 (a INTEGER) STRICT; INSERT INTO nowhere VALUES (1)',
      'no such',
    ],
    [
      'leaves rows without their parent',
      'DELETE FROM parents WHERE id = 1',
      'leaves 2 rows without',
    ],
    ['breaks a constraint', "INSERT INTO parents VALUES (1, 'again')", 'UNIQUE constraint failed'],
  ])('that %s leaves the schema and the rows before it', (_, sql, why) => {
    migrate(db, T0, [first])
    const before = schema()
    expect(() => migrate(db, T0, [first, { name: '0002_bad', sql }, table(3)])).toThrow(why)
    expect(schema()).toEqual(before)
    expect(applied()).toEqual(['0001_first'])
    expect(db.prepare('SELECT id FROM parents ORDER BY id').pluck().all()).toEqual([1, 2])
    expect(db.inTransaction).toBe(false)
  })

  test('keeps the steps before it, so that the next try goes on from there', () => {
    const bad = { name: '0002_bad', sql: 'nonsense' }
    expect(() => migrate(db, T0, [table(1), bad])).toThrow('syntax error')
    expect(applied()).toEqual(['0001_t1'])
    migrate(db, T0, [table(1), table(2)])
    expect(applied()).toEqual(['0001_t1', '0002_t2'])
  })

  test('on an empty database leaves it empty', () => {
    expect(() => migrate(db, T0, [{ name: '0001_bad', sql: 'nonsense' }])).toThrow('syntax error')
    expect(schema()).toEqual([])
  })
})

describe('a database that is not of this version is refused and unchanged', () => {
  test.each([
    ['a newer one', [table(1), table(2)], [table(1)], 'has the step 0002_t2, which this version'],
    ['one with another history', [table(2)], [table(1), table(2)], 'has the step 0002_t2'],
    [
      'one whose step had another content',
      [table(1)],
      [{ ...table(1), sql: 'CREATE TABLE t1 (b INTEGER) STRICT' }, table(2)],
      'The step 0001_t1 was applied with another content',
    ],
  ])('%s', (_, took, ours, why) => {
    migrate(db, T0, took)
    const before = schema()
    expect(() => pendingMigrations(db, ours)).toThrow(why)
    expect(() => migrate(db, T0, ours)).toThrow(why)
    expect(schema()).toEqual(before)
  })
})

test('the steps are numbered upwards, so that their names sort in their order', () => {
  const numbers = migrations.map(({ name }) => Number(name.slice(0, 4)))
  for (const { name } of migrations) expect(name).toMatch(/^\d{4}_[a-z_]+$/)
  expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b))
})

test('the figures of the agents count what was there before they were kept', () => {
  const at = migrations.findIndex(({ name }) => name === '0007_activity')
  migrate(db, T0, migrations.slice(0, at))
  const day = Math.floor(T0 / 86_400_000)
  const tickets = [
    ['open', null, null],
    ['in_progress', 'customer', null],
    ['in_progress', 'staff', null],
    ['on_hold', 'customer', null],
    ['closed', 'staff', T0],
    ['solved', 'customer', T0],
    ['closed', null, T0 - 86_400_000],
  ] as const
  db.exec(`INSERT INTO staff (id, uid, role, name, created_at, updated_at) VALUES
    (1, 's1', 'agent', 'Ada', 0, 0), (2, 's2', 'agent', 'Bo', 0, 0)`)
  for (const [n, [status, by, closedAt]] of tickets.entries()) {
    db.prepare(
      `INSERT INTO tickets (id, uid, reference, subject, source, status, last_public_message_by,
        closed_at, created_at, updated_at) VALUES (?, ?, ?, 'x', 'api', ?, ?, ?, 0, 0)`,
    ).run(n + 1, `t${n}`, `SD-${n}`, status, by, closedAt)
    db.prepare('INSERT INTO ticket_agents VALUES (?, 1, 0)').run(n + 1)
  }
  migrate(db, T0)
  expect(db.prepare('SELECT * FROM agent_counts ORDER BY figure, day').raw().all()).toEqual([
    [1, 'ended', day - 1, 1],
    [1, 'ended', day, 2],
    [1, 'waiting', 0, 2],
  ])
})
