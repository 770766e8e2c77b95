import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { defaultSettings, readSettings, type Settings } from '../config.ts'
import { UsageError } from './args.ts'

const defaultFile = 'deskbox.toml'

/** The flags that every verb with a data folder takes. */
export const folderFlags = {
  config: { type: 'string' },
  data: { type: 'string' },
} as const

export type FolderFlags = { readonly config?: string; readonly data?: string }

export type Effective = {
  readonly settings: Settings
  /** The settings file that was read, or null. */
  readonly file: string | null
  /** The data folder, absolute. */
  readonly directory: string
}

/**
 * The settings that hold: flags over the file, the file over the defaults. A file that is named must be
 * there; the default one need not. Throws SettingsError or UsageError.
 */
export function effective(cwd: string, flags: FolderFlags): Effective {
  const file = resolve(cwd, flags.config ?? defaultFile)
  const isThere = existsSync(file)
  if (!isThere && flags.config !== undefined) {
    throw new UsageError(`There is no settings file ${flags.config}`)
  }
  const shownAs = flags.config ?? defaultFile
  const settings = isThere ? readSettings(readFileSync(file, 'utf8'), shownAs) : defaultSettings()
  return {
    settings,
    file: isThere ? file : null,
    directory: resolve(cwd, flags.data ?? settings.data.directory),
  }
}

/** Throws when the folder holds no desk: a mistyped name must not make one. */
export function requireDesk(directory: string): void {
  if (existsSync(join(directory, 'deskbox.db'))) return
  throw new Error(`There is no desk in ${directory}`)
}
