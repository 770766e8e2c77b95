import type SQLite from 'better-sqlite3'
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { migrations } from '../../migrations/index.ts'
import { isoSeconds, type Millis } from '../lib/time.ts'
import { version } from '../lib/version.ts'
import { damageOf, factsOf, tablesOf } from './facts.ts'
import {
  claimFolder,
  databaseName,
  hasDatabase,
  makePrivate,
  signingKeysName,
  syncFile,
  writeWhole,
} from './folder.ts'
import { lockFolder } from './lock.ts'
import { migrate, pendingMigrations } from './migrate.ts'
import { nativeBinding } from './native.ts'
import { reindex } from './reindex.ts'
import { openSqlite, openSqliteReadOnly } from './sqlite.ts'
import { commitStaged, dropStaged, finishStaged, stagingFolder } from './staged.ts'

// A whole desk as lines of JSON, for programs: the first line tells what it is, then comes a line for each row
// of each table, and the last line tells how many there were, so that what was cut short is seen.

type Row = { readonly [column: string]: string | number | null }

type Head = {
  readonly deskbox: 'desk'
  readonly format: 1
  readonly version: string
  readonly createdAt: string
  readonly steps: readonly string[]
}

type Line =
  | Head
  | { readonly table: string; readonly row: Row }
  | { readonly file: string; readonly text: string }
  | { readonly end: true; readonly lines: number; readonly sha256: string }

// Where SQLite keeps the numbers that it has given.
const counted = 'sqlite_sequence'

/** The lines of the desk in a folder, all of one instant. */
export function* exportLines(directory: string, now: Millis): Generator<string> {
  const client = openSqliteReadOnly(join(directory, databaseName), nativeBinding(directory))
  try {
    client.exec('BEGIN')
    const hasher = new Bun.CryptoHasher('sha256')
    let lines = 0
    for (const line of contentLines(client, directory, now)) {
      const text = JSON.stringify(line)
      hasher.update(`${text}\n`)
      lines++
      yield text
    }
    yield JSON.stringify({ end: true, lines, sha256: hasher.digest('hex') } satisfies Line)
  } finally {
    client.close()
  }
}

function* contentLines(client: SQLite.Database, directory: string, now: Millis): Generator<Line> {
  const { steps } = factsOf(client)
  yield { deskbox: 'desk', format: 1, version, createdAt: isoSeconds(now), steps }
  const keys = join(directory, signingKeysName)
  if (existsSync(keys)) yield { file: signingKeysName, text: readFileSync(keys, 'utf8') }
  // The numbers that were given, so that none is given again.
  for (const table of [...tablesOf(client), counted]) {
    const rows = client.prepare<[], Row>(`SELECT * FROM "${table}"`).iterate()
    for (const row of rows) yield { table, row }
  }
}

export type Imported = { readonly counts: { readonly [table: string]: number } }

/**
 * Makes the desk that a file of such lines tells of, in a folder that holds none. Throws, with no desk made,
 * when the lines are damaged, cut short, or of a newer schema.
 */
export function importDesk(file: string, directory: string, now: Millis): Imported {
  if (!existsSync(file)) throw new Error(`There is no file ${file}`)
  claimFolder(directory)
  const binding = nativeBinding(directory)
  using lock = lockFolder(directory, 0, binding)
  if (!lock) throw new Error(`The data folder ${directory} is in use by another process`)
  finishStaged(directory)
  if (hasDatabase(directory)) throw new Error(`There is a desk in ${directory} already`)
  const staging = stagingFolder(directory)
  const client = openSqlite(join(staging, databaseName), 0, binding)
  try {
    fill(client, file, staging, now)
    const damage = damageOf(client)
    if (damage.length > 0) throw new Error(`${file} is damaged: ${damage.join('; ')}`)
    const { counts } = factsOf(client)
    client.close()
    seal(join(staging, databaseName))
    commitStaged(directory, 'replaced-by-lines')
    return { counts }
  } finally {
    client.close()
    dropStaged(directory)
  }
}

function seal(file: string): void {
  makePrivate(file)
  syncFile(file)
}

function fill(client: SQLite.Database, file: string, staging: string, now: Millis): void {
  const lines = checkedLines(file)
  const head = lines.next().value
  if (!head || !('deskbox' in head)) throw new Error(`${file} is no export of a desk`)
  if (head.format !== 1)
    throw new Error(`${file} is of a newer version, in a way unknown to this one`)
  migrate(client, now, stepsOf(head))
  client.pragma('foreign_keys = OFF')
  client.transaction(() => {
    const triggers = triggersOf(client)
    for (const { name } of triggers) client.exec(`DROP TRIGGER "${name}"`)
    for (const table of [...tablesOf(client), counted]) client.exec(`DELETE FROM "${table}"`)
    for (const line of lines) take(client, line, staging)
    reindex(client)
    for (const { sql } of triggers) client.exec(sql)
  })()
  // The steps must be the same in their content, too.
  pendingMigrations(client)
}

function stepsOf({ steps, version: maker }: Head) {
  const ours = migrations.slice(0, steps.length)
  const unknown = steps.find((step, at) => ours[at]?.name !== step)
  if (unknown === undefined) return ours
  throw new Error(`It has the step ${unknown}, which this version does not know: it is of ${maker}`)
}

function triggersOf(client: SQLite.Database): { name: string; sql: string }[] {
  return client
    .prepare<[], { name: string; sql: string }>(
      "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'",
    )
    .all()
}

function take(client: SQLite.Database, line: Line, staging: string): void {
  if ('file' in line) {
    if (line.file !== signingKeysName)
      throw new Error(`It has a file ${line.file}, which none should`)
    write(join(staging, signingKeysName), line.text)
  } else if ('row' in line) {
    // Inserting the rows has begun to count.
    if (line.table === counted) forgetCount(client, line.row)
    const columns = Object.keys(line.row)
    insertion(client, line.table, columns).run(Object.values(line.row))
  }
}

function forgetCount(client: SQLite.Database, { name }: Row): void {
  client.prepare(`DELETE FROM ${counted} WHERE name = ?`).run(name)
}

const insertions = new WeakMap<SQLite.Database, Map<string, SQLite.Statement>>()

function insertion(client: SQLite.Database, table: string, columns: readonly string[]) {
  const known = insertions.get(client) ?? new Map<string, SQLite.Statement>()
  insertions.set(client, known)
  const sql = `INSERT INTO ${quoted(table)} (${columns.map(quoted).join(', ')})
    VALUES (${columns.map(() => '?').join(', ')})`
  const statement = known.get(sql) ?? client.prepare(sql)
  known.set(sql, statement)
  return statement
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

function write(path: string, text: string): void {
  const fd = openSync(path, 'w', 0o600)
  try {
    writeWhole(fd, Buffer.from(text))
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  makePrivate(path)
}

/** The lines but the last, which is held against them. */
function* checkedLines(file: string): Generator<Line> {
  const hasher = new Bun.CryptoHasher('sha256')
  let lines = 0
  let isEnded = false
  for (const text of linesOf(file)) {
    if (isEnded) throw new Error(`${file} goes on after its end`)
    const line = parsed(text, file, lines + 1)
    if ('end' in line) {
      isEnded = true
      const isWhole = line.lines === lines && line.sha256 === hasher.digest('hex')
      if (!isWhole) throw new Error(`${file} is not as it was written`)
      continue
    }
    hasher.update(`${text}\n`)
    lines++
    yield line
  }
  if (!isEnded) throw new Error(`${file} ends too soon`)
}

function parsed(text: string, file: string, at: number): Line {
  try {
    const line: unknown = JSON.parse(text)
    if (typeof line === 'object' && line !== null) return line as Line
  } catch {
    // Told of below, as what is no object is.
  }
  throw new Error(`${file} is damaged in line ${at}`)
}

const chunkBytes = 1024 * 1024

function* linesOf(file: string): Generator<string> {
  const fd = openSync(file, 'r')
  try {
    const decoder = new TextDecoder()
    const chunk = Buffer.alloc(chunkBytes)
    let rest = ''
    for (let read = readSync(fd, chunk); read > 0; read = readSync(fd, chunk)) {
      const lines = (rest + decoder.decode(chunk.subarray(0, read), { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      yield* lines
    }
    if (rest !== '') yield rest
  } finally {
    closeSync(fd)
  }
}
