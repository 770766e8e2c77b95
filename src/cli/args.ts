import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'

/** The call was wrong: the message says how, and the exit code is 2. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** The options and words of a verb's arguments. Throws UsageError. */
export function argsOf<O extends ParseArgsOptionsConfig>(args: string[], options: O) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true })
  } catch (err) {
    throw new UsageError(err instanceof Error ? err.message : String(err))
  }
}

/** The only word, or none. Throws UsageError on more. */
export function onlyWord(words: readonly string[]): string | undefined {
  const [word, unexpected] = words
  if (unexpected !== undefined) throw new UsageError(`Unexpected argument '${unexpected}'`)
  return word
}
