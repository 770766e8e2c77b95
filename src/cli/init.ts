import { closeSync, openSync, unlinkSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { sampleSettings } from '../config/describe.ts'
import type { Io } from './io.ts'

const usage = 'usage: deskbox init [--config FILE]'
const help = `${usage}

Writes a settings file in which every setting is explained and commented out.
An existing file is never overwritten.

  --config FILE  where to write it (default ./deskbox.toml)
  --help         show this text`
const defaultFile = 'deskbox.toml'

/**
 * `deskbox init`: writes the sample settings, readable by their owner only, and prints the next
 * step. Answers the exit code: 0, 1 when the file exists or cannot be written, 2 for wrong usage.
 */
export function init(args: string[], io: Io): number {
  const options = optionsOf(args)
  if (typeof options === 'string') {
    io.err(`deskbox init: ${options}`)
    io.err(usage)
    return 2
  }
  if (options.help) {
    io.out(help)
    return 0
  }
  const failure = writeNew(resolve(io.cwd, options.file), sampleSettings())
  if (failure !== null) {
    io.err(`deskbox init: ${options.file} ${failure}`)
    return 1
  }
  const flag = options.file === defaultFile ? '' : ` --config ${quoted(options.file)}`
  io.out(`Wrote ${options.file}. Every setting in it is commented out and shows its default.`)
  io.out(`Next: deskbox serve${flag}`)
  return 0
}

/** The options, or what is wrong with them. */
function optionsOf(args: string[]): { file: string; help: boolean } | string {
  try {
    const { values } = parseArgs({
      args,
      options: {
        config: { type: 'string', default: defaultFile },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.config === '') return '--config needs the name of a file'
    return { file: values.config, help: values.help }
  } catch (err) {
    return err instanceof Error ? err.message : String(err)
  }
}

/** Creates the file, or says why not. `wx` fails on anything that is there, a link included. */
function writeNew(path: string, text: string): string | null {
  let fd: number
  try {
    fd = openSync(path, 'wx', 0o600)
  } catch (err) {
    return reason(err)
  }
  try {
    writeFileSync(fd, text)
    return null
  } catch (err) {
    // Half a file would make the next try fail as if it were somebody's settings.
    unlinkSync(path)
    return reason(err)
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
