// Runs the command line inside the test, with its streams kept.

import { run } from '../../src/cli/index.ts'

export type Ran = { readonly code: number; readonly out: string; readonly err: string }

/** Runs one command line in a folder, and gives its exit code and what it printed. */
export async function deskbox(
  cwd: string,
  args: string[],
  isTerminal = false,
  env: { readonly [name: string]: string } = {},
): Promise<Ran> {
  const out: string[] = []
  const err: string[] = []
  const io = { out: (line: string) => out.push(line), err: (line: string) => err.push(line) }
  const code = await run(args, { ...io, cwd, env, isTerminal })
  return { code, out: out.join('\n'), err: err.join('\n') }
}
