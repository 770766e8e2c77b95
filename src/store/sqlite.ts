import SQLite from 'better-sqlite3'

/** Opens a file, ':memory:' or the bytes of a database, with our own copy of the addon if there is one. */
export function openSqlite(
  source: string | Buffer,
  timeoutMs: number,
  nativeBinding: object | undefined,
): SQLite.Database {
  const options = { timeout: timeoutMs, ...(nativeBinding && { nativeBinding }) }
  // The package takes a loaded addon as well as a path; its types name only the path.
  return new SQLite(source, options as unknown as SQLite.Options)
}
