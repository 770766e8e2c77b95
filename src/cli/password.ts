import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { isAtLeast, isAtMost } from '../lib/text.ts'
import { passwordLength } from '../security/password.ts'
import { UsageError } from './args.ts'
import type { Io } from './io.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * The password in the first line of a file, or of standard input for `-`. It never stands in the arguments,
 * which every process of the machine can see. Throws UsageError for what cannot be one.
 */
export async function passwordIn(file: string, io: Io): Promise<string> {
  const bytes = file === '-' ? await io.input() : readNamed(resolve(io.cwd, file), file)
  const [password = ''] = decode(bytes, file).split(/\r?\n/, 1)
  const { min, max } = passwordLength
  if (password.trim() === '') throw new UsageError('The first line, the password, is blank')
  if (!isAtLeast(password, min)) {
    throw new UsageError(`The password must be at least ${min} characters`)
  }
  if (!isAtMost(password, max)) {
    throw new UsageError(`The password must be at most ${max} characters`)
  }
  return password
}

function readNamed(path: string, shownAs: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (err) {
    const why = err instanceof Error && 'code' in err ? String(err.code) : String(err)
    throw new UsageError(
      why === 'ENOENT' ? `There is no file ${shownAs}` : `${shownAs} cannot be read: ${why}`,
    )
  }
}

function decode(bytes: Uint8Array, shownAs: string): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new UsageError(`${shownAs} is not UTF-8 text`)
  }
}
