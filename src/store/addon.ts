/**
 * Where the embedded SQLite addon lies, or null in a source run, in which the better-sqlite3
 * package finds its own. The build swaps this module for one that names the embedded file.
 */
export const addonPath: string | null = null

/** The SHA-256 that the addon had when its version was taken in; null in a source run. */
export const addonSha256: string | null = null
