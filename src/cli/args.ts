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

/** Refuses words that a verb lacks or does not take; `names` says what each is. Throws UsageError. */
export function wordsOf(verb: string, words: readonly string[], names: readonly string[]): void {
  if (words.length < names.length) throw new UsageError(`${verb} needs ${names.join(' and ')}`)
  const unexpected = words[names.length]
  if (unexpected !== undefined) throw new UsageError(`Unexpected argument '${unexpected}'`)
}

/** How many, from 1 to `most`; undefined where the flag is not given. Throws UsageError. */
export function countOf(flag: string, text: string | undefined, most: number): number | undefined {
  if (text === undefined) return undefined
  const count = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (count >= 1 && count <= most) return count
  throw new UsageError(`${flag} takes a whole number from 1 to ${most}`)
}
