// Runs the command line inside the test, with its streams kept.

import { run } from '../../src/cli/index.ts'

export type Ran = { readonly code: number; readonly out: string; readonly err: string }

type Terminal = {
  readonly isTerminal: boolean
  readonly env: { readonly [name: string]: string }
  readonly input: string
}

/** Runs one command line in a folder, and gives its exit code and what it printed. */
export function deskbox(
  cwd: string,
  args: string[],
  isTerminal = false,
  env: Terminal['env'] = {},
): Promise<Ran> {
  return runIn(cwd, args, { isTerminal, env, input: '' })
}

/** As `deskbox`, with that on standard input. */
export function deskboxGiven(cwd: string, args: string[], input: string): Promise<Ran> {
  return runIn(cwd, args, { isTerminal: false, env: {}, input })
}

async function runIn(cwd: string, args: string[], terminal: Terminal): Promise<Ran> {
  const { isTerminal, env } = terminal
  const out: string[] = []
  const err: string[] = []
  const input = () => Promise.resolve(new TextEncoder().encode(terminal.input))
  const code = await run(args, {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    input,
    wholeInput: input,
    cwd,
    env,
    isTerminal,
  })
  return { code, out: out.join('\n'), err: err.join('\n') }
}
