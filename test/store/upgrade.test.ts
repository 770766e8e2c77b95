import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { migrations, type Migration } from '../../migrations/index.ts'
import { Connection } from '../../src/store/connection.ts'
import { damageOf, factsOf, tablesOf } from '../../src/store/facts.ts'
import { appliedSteps, migrate } from '../../src/store/migrate.ts'
import { restoreBackup } from '../../src/store/restore.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { upgrade } from '../../src/store/upgrade.ts'
import { fixture, fixtures } from '../fixtures/make.ts'
import { killUpgrades, schemaOf } from '../prove/upgrades.ts'
import { clientOf, modeOf, openStore, T0, tempFolder } from './fixtures.ts'

const newest = migrations.at(-1)?.name ?? ''
const oldest = fixtures()[0] ?? ''

let folder: ReturnType<typeof tempFolder>
let data = ''

beforeEach(() => {
  folder = tempFolder('upgrade')
  data = join(folder.path, 'data')
})
afterEach(() => folder[Symbol.dispose]())

function bring(schema: string): void {
  mkdirSync(data, { mode: 0o700 })
  writeFileSync(join(data, 'deskbox.db'), fixture(schema), { mode: 0o600 })
}

const step = (sql: string): Migration => ({ name: '9999_next', sql })

function upgradeWith(steps: readonly Migration[]) {
  const open = () => new Connection(join(data, 'deskbox.db'), undefined)
  return upgrade({ directory: data, now: T0, open, steps })
}

function reading<T>(name: string, look: (client: ReturnType<typeof openSqlite>) => T): T {
  const client = openSqlite(join(data, name), 0, undefined)
  try {
    return look(client)
  } finally {
    client.close()
  }
}

describe('the fixtures', () => {
  test('are there for every schema that there ever was: bun run fixture makes them', () => {
    expect(fixtures()).toEqual(migrations.map(({ name }) => name))
  })

  test('are all of a history that is ours: bun run fixture removes the others', () => {
    for (const schema of fixtures()) {
      const client = openSqlite(Buffer.from(fixture(schema)), 0, undefined)
      const steps = appliedSteps(client).map(({ name }) => name)
      expect(steps).toEqual(migrations.slice(0, steps.length).map(({ name }) => name))
      expect(damageOf(client)).toEqual([])
      client.close()
    }
  })

  test('have rows in every table', () => {
    for (const schema of fixtures()) {
      const client = openSqlite(Buffer.from(fixture(schema)), 0, undefined)
      const { counts } = factsOf(client)
      client.close()
      const empty = Object.entries(counts).filter(([, count]) => count === 0)
      expect([schema, empty]).toEqual([schema, []])
    }
  })
})

describe.each(fixtures().filter((schema) => schema !== newest))(
  'from %s to the newest',
  (schema) => {
    test('everything is kept, and the schema is that of a new folder', () => {
      bring(schema)
      const before = reading('deskbox.db', rowsOf)
      {
        using opened = openStore(data)
        const snapshot = `before-${newest}.db`
        expect(opened.store.opening.upgrade).toEqual({ from: schema, to: newest, snapshot })
        const client = clientOf(opened.store)
        const fresh = openSqlite(':memory:', 0, undefined)
        migrate(fresh, T0)
        expect(schemaOf(client)).toBe(schemaOf(fresh))
        fresh.close()
        expect(damageOf(client)).toEqual([])
        expectKept(before, rowsOf(client))
        expect(modeOf(join(data, snapshot))).toBe(0o600)
        expect(reading(snapshot, rowsOf)).toEqual(before)
      }
      using again = openStore(data)
      expect(again.store.opening.upgrade).toBeUndefined()
    })
  },
)

/** A table may get more rows, and a row more columns. */
function expectKept(before: Rows, after: Rows): void {
  for (const [table, rows] of Object.entries(before)) {
    for (const row of rows) expect(after[table]).toContainEqual(expect.objectContaining(row))
  }
}

type Rows = { readonly [table: string]: readonly object[] }

/** The rows of each table, as far as they have names and places that stay. */
function rowsOf(client: ReturnType<typeof openSqlite>): Rows {
  const kept = tablesOf(client).filter((name) => !['migrations', 'idempotency'].includes(name))
  return Object.fromEntries(
    kept.map((table) => [table, client.prepare<[], object>(`SELECT * FROM "${table}"`).all()]),
  )
}

describe('an upgrade', () => {
  test.each([
    ['fails', 'CREATE TABLE more (a INTEGER) STRICT; INSERT INTO nowhere VALUES (1)', 'no such'],
    ['leaves rows alone', 'DELETE FROM tickets; DELETE FROM staff', 'rows without'],
    ['breaks a rule', "UPDATE tickets SET status = 'lost'", 'CHECK constraint failed'],
  ])('whose step %s puts back what was there, and says why', (_, sql, why) => {
    bring(oldest)
    const before = reading('deskbox.db', (client) => [schemaOf(client), rowsOf(client)])
    const failing = sql.replace('DELETE FROM tickets; ', '')
    expect(() => upgradeWith([...migrations, step(failing)])).toThrow(why)
    expect(reading('deskbox.db', (client) => [schemaOf(client), rowsOf(client)])).toEqual(before)
    expect(readdirSync(data).toSorted()).toEqual(['before-9999_next.db', 'deskbox.db'])
    // The version without that step is not in its way.
    using opened = openStore(data)
    expect(opened.store.opening.upgrade?.to).toBe(newest)
  })

  test('says that everything is as it was', () => {
    bring(oldest)
    expect(() => upgradeWith([...migrations, step('nonsense')])).toThrow(
      'The upgrade to 9999_next failed, and everything is as it was: near "nonsense"',
    )
  })

  test('of a damaged database is not begun', () => {
    bring(oldest)
    reading('deskbox.db', (client) => {
      client.pragma('foreign_keys = OFF')
      client.prepare('UPDATE messages SET staff_id = 77 WHERE id = 1').run()
    })
    const before = reading('deskbox.db', rowsOf)
    expect(() => openStore(data)).toThrow('The database is damaged, so it is not upgraded: 1 rows')
    expect(reading('deskbox.db', rowsOf)).toEqual(before)
    expect(readdirSync(data).filter((name) => name.startsWith('before'))).toEqual([])
  })

  test('that fails after a kill says the same at the next start, and not that the log is lost', () => {
    bring(oldest)
    const client = openSqlite(join(data, 'deskbox.db'), 0, undefined)
    client.pragma('journal_mode = WAL')
    client.pragma('foreign_keys = OFF')
    client.prepare('UPDATE messages SET staff_id = 77 WHERE id = 1').run()
    // What a kill leaves: the log, and the note that it must be there.
    const killed = join(folder.path, 'killed')
    mkdirSync(killed, { mode: 0o700 })
    for (const name of ['deskbox.db', 'deskbox.db-wal'])
      copyFileSync(join(data, name), join(killed, name))
    client.close()
    writeFileSync(join(killed, 'deskbox.running'), '', { mode: 0o600 })
    for (let n = 0; n < 2; n++) {
      expect(() => openStore(killed)).toThrow('The database is damaged, so it is not upgraded')
    }
  })

  test('leaves nothing in the file of what an earlier version removed', () => {
    bring(oldest)
    reading('deskbox.db', (client) => {
      client.pragma('secure_delete = OFF')
      client.exec("UPDATE messages SET body = 'zyxqv forgotten' || body; DELETE FROM messages")
      client.pragma('wal_checkpoint(TRUNCATE)')
    })
    const holds = (name: string) => readFileSync(join(data, name)).includes('zyxqv forgotten')
    expect(holds('deskbox.db')).toBe(true)
    openStore(data)[Symbol.dispose]()
    expect([holds('deskbox.db'), holds(`before-${newest}.db`)]).toEqual([false, false])
  })

  test('keeps the last two snapshots', () => {
    bring(oldest)
    for (const [at, name] of ['before-0001_a.db', 'before-0002_b.db'].entries()) {
      writeFileSync(join(data, name), fixture(oldest))
      utimesSync(join(data, name), at + 1, at + 1)
    }
    openStore(data).store[Symbol.dispose]()
    const snapshots = readdirSync(data).filter((name) => name.startsWith('before'))
    expect(snapshots.toSorted()).toEqual(['before-0002_b.db', `before-${newest}.db`].toSorted())
  })

  test('of a first start that was cut off goes on without a snapshot', () => {
    mkdirSync(data, { mode: 0o700 })
    reading('deskbox.db', (client) => migrate(client, T0, migrations.slice(0, 2)))
    using opened = openStore(data)
    expect(opened.store.opening.upgrade).toBeUndefined()
    expect(appliedSteps(clientOf(opened.store))).toHaveLength(migrations.length)
    expect(existsSync(join(data, `before-${newest}.db`))).toBe(false)
  })
})

describe('an older version on newer data', () => {
  test('refuses, changes nothing, and names the snapshot, which a restore puts back', () => {
    bring(newest)
    upgradeWith([...migrations, step('CREATE TABLE more (a INTEGER) STRICT')])
    const before = reading('deskbox.db', (client) => [schemaOf(client), rowsOf(client)])
    const snapshot = join(data, 'before-9999_next.db')
    expect(() => openStore(data)).toThrow(
      'The database has the step 9999_next, which this version does not know: start the newer ' +
        'version; or go back to what was there before the upgrade, without all that has happened ' +
        `since: deskbox restore ${snapshot}`,
    )
    expect(reading('deskbox.db', (client) => [schemaOf(client), rowsOf(client)])).toEqual(before)
    restoreBackup(snapshot, data, T0)
    using opened = openStore(data)
    expect(opened.store.opening.upgrade).toBeUndefined()
  })

  test('refuses without a snapshot, too', () => {
    bring(newest)
    reading('deskbox.db', (client) => migrate(client, T0, [...migrations, step('SELECT 1')]))
    expect(() => openStore(data)).toThrow(/does not know: start the newer version$/)
  })
})

test('killed at its statements, an upgrade leaves the old schema or the new (S11)', () => {
  const result = killUpgrades(oldest, 12)
  expect(result.problems).toEqual([])
  expect(result.kills).toBeGreaterThan(10)
}, 60_000)
