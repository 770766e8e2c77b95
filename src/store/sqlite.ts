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
