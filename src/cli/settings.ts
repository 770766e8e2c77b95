import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { effectiveSettings, SourceError, type Origin, type Settings } from '../config/effective.ts'
import { UsageError } from './args.ts'
import type { Io } from './io.ts'

const defaultFile = 'deskbox.toml'

/** The flags that every verb with a data folder takes. */
export const folderFlags = {
  config: { type: 'string' },
  data: { type: 'string' },
  set: { type: 'string', multiple: true },
} as const

export type FolderFlags = {
  readonly config?: string
  readonly data?: string
  readonly set?: readonly string[]
}

export type Effective = {
  readonly settings: Settings
  readonly origins: ReadonlyMap<string, Origin>
  /** The settings file that was read, or null. */
  readonly file: string | null
  /** The data folder, absolute. */
  readonly directory: string
}

type FlagValue = { readonly flag: string; readonly text: string }

/** Flags that are short for a setting, by its dotted name; without a text they were not given. */
export type Shorthands = {
  readonly [dotted: string]: { readonly flag: string; readonly text: string | undefined }
}

/**
 * The settings that hold: flags over the environment, that over the file, that over the defaults. A file that
 * is named, by `--config` or DESKBOX_CONFIG, must be there; the default one need not. `shorthands` are
 * further flags by dotted name. Throws SettingsError, SettingsErrors or UsageError.
 */
export function effective(
  { cwd, env }: Pick<Io, 'cwd' | 'env'>,
  flags: FolderFlags,
  shorthands: Shorthands = {},
): Effective {
  const named = flags.config ?? env['DESKBOX_CONFIG']
  const shownAs = named ?? defaultFile
  const file = resolve(cwd, shownAs)
  const isThere = existsSync(file)
  if (!isThere && named !== undefined) throw new UsageError(`There is no settings file ${named}`)
  const given = { ...shorthands, 'data.directory': { flag: '--data', text: flags.data } }
  try {
    const { settings, origins } = effectiveSettings({
      file: isThere ? { text: readFileSync(file, 'utf8'), name: shownAs } : null,
      environment: env,
      flags: flagValues(flags.set ?? [], given),
    })
    const directory = resolve(cwd, settings.data.directory)
    return { settings, origins, file: isThere ? file : null, directory }
  } catch (err) {
    throw err instanceof SourceError ? new UsageError(err.message) : err
  }
}

/** `--set NAME=VALUE`, and the flags that are short for one, which win. */
function flagValues(set: readonly string[], given: Shorthands): ReadonlyMap<string, FlagValue> {
  const values = new Map<string, FlagValue>()
  for (const one of set) {
    const at = one.indexOf('=')
    if (at < 1) throw new UsageError(`--set takes NAME=VALUE, not '${one}'`)
    const dotted = one.slice(0, at).trim()
    values.set(dotted, { flag: `--set ${dotted}`, text: one.slice(at + 1) })
  }
  for (const [dotted, { flag, text }] of Object.entries(given)) {
    if (text !== undefined) values.set(dotted, { flag, text })
  }
  return values
}

/** Throws when the folder holds no desk: a mistyped name must not make one. */
export function requireDesk(directory: string): void {
  if (existsSync(join(directory, 'deskbox.db'))) return
  throw new Error(`There is no desk in ${directory}`)
}
