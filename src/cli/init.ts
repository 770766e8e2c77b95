import { closeSync, lstatSync, openSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { sampleSettings } from '../config/describe.ts'
import { argsOf, UsageError, wordsOf } from './args.ts'
import type { Io } from './io.ts'

const defaultFile = 'deskbox.toml'

export const initHelp = `usage: deskbox init [--config FILE]

Writes a settings file in which every setting is explained and commented out. A
file that is there is never overwritten; one that says just that is as good as
written.

  --config FILE  where to write it (default ./${defaultFile})
  --json         machine-readable output`

const flags = {
  config: { type: 'string', default: defaultFile },
  json: { type: 'boolean', default: false },
} as const

/**
 * `deskbox init`: writes the sample settings, readable by their owner only, and prints the next
 * step. Answers the exit code.
 */
export function init(args: string[], io: Io): number {
  const { values, positionals } = argsOf(args, flags)
  wordsOf('init', positionals, [])
  const { config: file } = values
  if (file === '') throw new UsageError('--config needs the name of a file')
  const path = resolve(io.cwd, file)
  const isWritten = !isSample(path)
  if (isWritten) writeNew(path, file)
  if (values.json) {
    io.out(JSON.stringify({ file: path, written: isWritten }))
    return 0
  }
  const flag = file === defaultFile ? '' : ` --config ${quoted(file)}`
  const what = isWritten ? `Wrote ${file}` : `${file} is there already`
  io.out(`${what}. Every setting in it is commented out and shows its default.`)
  io.out(`Next: deskbox serve${flag}`)
  return 0
}

/** Whether the file is there, and says what it would be written to say. */
function isSample(path: string): boolean {
  try {
    return lstatSync(path).isFile() && readFileSync(path, 'utf8') === sampleSettings()
  } catch {
    return false
  }
}

/** Creates the file, or throws why not. `wx` fails on anything that is there, a link included. */
function writeNew(path: string, shownAs: string): void {
  let fd: number
  try {
    fd = openSync(path, 'wx', 0o600)
  } catch (err) {
    throw new Error(`${shownAs} ${reason(err)}`, { cause: err })
  }
  try {
    writeFileSync(fd, sampleSettings())
  } catch (err) {
    // Half a file would make the next try fail as if it were somebody's settings.
    unlinkSync(path)
    throw new Error(`${shownAs} ${reason(err)}`, { cause: err })
  } finally {
    closeSync(fd)
  }
}

function reason(err: unknown): string {
  const code = err instanceof Error && 'code' in err ? err.code : undefined
  if (code === 'EEXIST') return 'exists already and was left as it is'
  if (code === 'ENOENT') return 'cannot be written: there is no such folder'
  return `cannot be written: ${err instanceof Error ? err.message : String(err)}`
}

/** Spells a file name so that a shell takes it as one word. */
function quoted(file: string): string {
  return /^[\w./@%+:,-]+$/.test(file) ? file : `'${file.replaceAll("'", `'\\''`)}'`
}
