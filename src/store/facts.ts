import type SQLite from 'better-sqlite3'

/** What a database says of itself, to be compared with what a copy of it says. */
export type Facts = {
  /** The schema's steps, in order. */
  readonly steps: readonly string[]
  /** How many rows each table has. */
  readonly counts: { readonly [table: string]: number }
  /** The last event; null where there is none. */
  readonly lastEvent: { readonly sequence: number; readonly uid: string } | null
}

/** Reads the facts, in one snapshot. Throws when it is no database of a desk. */
export function factsOf(client: SQLite.Database): Facts {
  if (!hasTable(client, 'migrations') || !hasTable(client, 'events')) {
    throw new Error('It is no database of a desk')
  }
  return client.transaction(() => ({
    steps: client.prepare('SELECT name FROM migrations ORDER BY name').pluck().all().map(String),
    counts: Object.fromEntries(
      tablesOf(client).map((table) => [
        table,
        Number(client.prepare(`SELECT count(*) FROM "${table}"`).pluck().get()),
      ]),
    ),
    lastEvent:
      client
        .prepare<[], { sequence: number; uid: string }>(
          'SELECT sequence, uid FROM events ORDER BY sequence DESC LIMIT 1',
        )
        .get() ?? null,
  }))()
}

/** The desk's own tables: not those of SQLite, nor the full-text indexes. */
export function tablesOf(client: SQLite.Database): string[] {
  return client
    .prepare(
      `SELECT name FROM pragma_table_list
       WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
       ORDER BY name`,
    )
    .pluck()
    .all()
    .map(String)
}

export function hasTable(client: SQLite.Database, name: string): boolean {
  return client.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(name) !== undefined
}

/** What is wrong with a database, page by page and row by row; nothing when it is whole. */
export function damageOf(client: SQLite.Database): readonly string[] {
  const found = client.prepare('PRAGMA integrity_check(5)').pluck().all().map(String)
  if (found.join() !== 'ok') return found
  const orphans = client.prepare('PRAGMA foreign_key_check').all()
  return orphans.length === 0 ? [] : [`${orphans.length} rows refer to rows that are not there`]
}

/** The facts in which a copy differs from what it was made of. */
export function differences(of: Facts, copy: Facts): readonly string[] {
  const tables = new Set([...Object.keys(of.counts), ...Object.keys(copy.counts)])
  const counts = [...tables].filter((table) => of.counts[table] !== copy.counts[table])
  return [
    ...(Bun.deepEquals(of.steps, copy.steps) ? [] : ['the schema']),
    ...counts.map((table) => `the rows of ${table}`),
    ...(Bun.deepEquals(of.lastEvent, copy.lastEvent) ? [] : ['the last event']),
  ]
}
