import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type SQLite from 'better-sqlite3'
import { migrations } from '../../migrations/index.ts'
import { damageOf, factsOf, tablesOf } from '../../src/store/facts.ts'
import { exportLines, importDesk } from '../../src/store/portable.ts'
import { indexed } from '../../src/store/reindex.ts'
import { fixture, fixtures } from '../fixtures/make.ts'
import { schemaOf } from '../prove/upgrades.ts'
import { clientOf, modeOf, openStore, T0, tempFolder } from './fixtures.ts'
import { openSqlite } from '../../src/store/sqlite.ts'

let folder: ReturnType<typeof tempFolder>
let from = ''
let to = ''
let file = ''

beforeEach(() => {
  folder = tempFolder('portable')
  from = join(folder.path, 'from')
  to = join(folder.path, 'to')
  file = join(folder.path, 'desk.jsonl')
})
afterEach(() => folder[Symbol.dispose]())

const newest = migrations.at(-1)?.name ?? ''

function bring(schema: string): void {
  mkdirSync(from, { mode: 0o700 })
  writeFileSync(join(from, 'deskbox.db'), fixture(schema), { mode: 0o600 })
  writeFileSync(join(from, 'signing-keys.json'), '{"keys":1}', { mode: 0o600 })
}

function exported(): string[] {
  const lines = [...exportLines(from, T0)]
  writeFileSync(file, `${lines.join('\n')}\n`)
  return lines
}

function reading<T>(directory: string, look: (client: SQLite.Database) => T): T {
  const client = openSqlite(join(directory, 'deskbox.db'), 0, undefined)
  try {
    return look(client)
  } finally {
    client.close()
  }
}

/** All that a database holds: its rows, the numbers it has given, its schema, and every word it finds. */
function everything(client: SQLite.Database) {
  const rows = (table: string) =>
    client
      .prepare(`SELECT * FROM "${table}"`)
      .all()
      .map((row) => JSON.stringify(row))
      .toSorted()
  const words = Object.keys(indexed).map((index) => {
    if (!client.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(index)) return []
    client.exec(`CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, '${index}', 'instance')`)
    const found = client.prepare('SELECT * FROM temp.words ORDER BY term, doc, col, offset').all()
    client.exec('DROP TABLE temp.words')
    return found
  })
  const tables = [...tablesOf(client), 'sqlite_sequence']
  return { rows: tables.map((table) => [table, rows(table)]), words, schema: schemaOf(client) }
}

describe('a desk as lines', () => {
  test.each(fixtures())('of the schema %s is the same desk in a new folder', (schema) => {
    bring(schema)
    const lines = exported()
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ deskbox: 'desk', format: 1 })
    const { counts } = importDesk(file, to, T0)
    expect(counts).toEqual(reading(from, factsOf).counts)
    expect(reading(to, everything)).toEqual(reading(from, everything))
    expect(reading(to, damageOf)).toEqual([])
    expect(readFileSync(join(to, 'signing-keys.json'), 'utf8')).toBe('{"keys":1}')
    for (const name of ['deskbox.db', 'signing-keys.json'])
      expect(modeOf(join(to, name))).toBe(0o600)
    using opened = openStore(to)
    expect(factsOf(clientOf(opened.store)).steps.at(-1)).toBe(newest)
  })

  test('has a word in every index, or the comparison would prove nothing', () => {
    bring(newest)
    const { words } = reading(from, everything)
    expect(words.every((found) => found.length > 0)).toBe(true)
    const virtual = reading(from, (client) =>
      client.prepare("SELECT name FROM sqlite_schema WHERE sql LIKE '%USING fts5 %'").pluck().all(),
    )
    expect(virtual.map(String).toSorted()).toEqual(Object.keys(indexed).toSorted())
  })

  test('is of one instant, beside a server that writes', async () => {
    bring(newest)
    using opened = openStore(from)
    const lines = exportLines(from, T0)
    const first = [lines.next().value, lines.next().value]
    await opened.store.write((q) => {
      q.prepared({}, ({ client }) => client.prepare("INSERT INTO meta VALUES ('later', '1')")).run()
    })
    const all = [...first, ...lines].join('\n')
    expect(all).not.toContain('"later"')
    expect([...exportLines(from, T0)].join('\n')).toContain('"later"')
  })
})

describe('an import', () => {
  test.each([
    ['is cut short', (lines: string[]) => lines.slice(0, -1), 'ends too soon'],
    ['has lost a line', (lines: string[]) => lines.filter((_, at) => at !== 9), 'not as it was'],
    [
      'was changed',
      (lines: string[]) =>
        lines.map((line) =>
          line.replace('Subject', 'Sabject').replace('tickets subject 1', 'other'),
        ),
      'not as it was',
    ],
    [
      'has a line that is no JSON',
      (lines: string[]) => lines.with(5, '{"table":'),
      'damaged in line 6',
    ],
    [
      'goes on after its end',
      (lines: string[]) => [...lines, lines[1] ?? ''],
      'goes on after its end',
    ],
    ['has another beginning', (lines: string[]) => lines.slice(1), 'no export of a desk'],
    ['is empty', () => [], 'ends too soon'],
    [
      'is of a newer schema',
      (lines: string[]) => lines.with(0, (lines[0] ?? '').replace(newest, '9999_next')),
      'It has the step 9999_next, which this version does not know',
    ],
    [
      'is of another format',
      (lines: string[]) => lines.with(0, (lines[0] ?? '').replace('"format":1', '"format":2')),
      'of a newer version',
    ],
  ])('of lines that %s makes no desk', (_, spoil, why) => {
    bring(newest)
    const lines = spoil(exported())
    writeFileSync(file, lines.length === 0 ? '' : `${lines.join('\n')}\n`)
    expect(() => importDesk(file, to, T0)).toThrow(why)
    expect(existsSync(join(to, 'deskbox.db'))).toBe(false)
    expect(existsSync(join(to, 'restoring'))).toBe(false)
    using opened = openStore(to)
    expect(opened.store.fault).toBeUndefined()
  })

  test('over a desk is refused, and so is one beside a server', () => {
    bring(newest)
    exported()
    const before = readFileSync(join(from, 'deskbox.db')).toBase64()
    expect(() => importDesk(file, from, T0)).toThrow('There is a desk in')
    expect(readFileSync(join(from, 'deskbox.db')).toBase64()).toBe(before)
    using running = openStore(from)
    expect(() => importDesk(file, from, T0)).toThrow('is in use by another process')
    expect(running.faults).toEqual([])
  })
})
