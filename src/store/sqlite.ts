import SQLite from 'better-sqlite3'

/** Told of every statement as it begins. Without a listener the driver does not even trace. */
export type StatementListener = (sql: unknown) => void

/** Opens a file, ':memory:' or the bytes of a database, with our own copy of the addon if there is one. */
export function openSqlite(
  source: string | Buffer,
  timeoutMs: number,
  nativeBinding: object | undefined,
  onStatement?: StatementListener,
): SQLite.Database {
  const options = {
    timeout: timeoutMs,
    ...(nativeBinding && { nativeBinding }),
    ...(onStatement && { verbose: onStatement }),
  }
  // The package takes a loaded addon as well as a path; its types name only the path.
  return new SQLite(source, options as unknown as SQLite.Options)
}

/** Opens a file for reading alone: not even its log is written back when it is closed. */
export function openSqliteReadOnly(
  file: string,
  nativeBinding: object | undefined,
): SQLite.Database {
  const options = { readonly: true, timeout: 1000, ...(nativeBinding && { nativeBinding }) }
  return new SQLite(file, options as unknown as SQLite.Options)
}
