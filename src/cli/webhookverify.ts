import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { secondMs } from '../lib/time.ts'
import { verifySignature, type Verdict } from '../security/signature.ts'
import { argsOf, UsageError, wordsOf } from './args.ts'
import type { Io } from './io.ts'
import { realMachine } from './machine.ts'

const flags = {
  secret: { type: 'string' },
  'secret-file': { type: 'string' },
  signature: { type: 'string' },
  id: { type: 'string' },
  timestamp: { type: 'string' },
  tolerance: { type: 'string', default: '300' },
  json: { type: 'boolean', default: false },
} as const

type Flags = ReturnType<typeof argsOf<typeof flags>>['values']

/** `deskbox webhooks verify`. Answers the exit code. */
export async function verifyWebhook(args: string[], io: Io): Promise<number> {
  const { values, positionals } = argsOf(args, flags)
  wordsOf('webhooks verify', positionals, [])
  const { signature, id, timestamp, tolerance } = values
  const secret = secretOf(values, io)
  if (signature === undefined) throw new UsageError('verify needs --signature')
  if (!/^\d{1,12}$/.test(tolerance)) throw new UsageError('--tolerance takes seconds')
  const body = await io.wholeInput()
  const verdict = verifySignature(
    { secret, signature: signature.trim(), id, timestamp, body },
    {
      nowSeconds: Math.floor(realMachine(io).clock() / secondMs),
      toleranceSeconds: Number(tolerance),
    },
  )
  const isValid = verdict === 'valid'
  if (values.json) io.out(JSON.stringify({ valid: isValid, reason: isValid ? null : verdict }))
  else io.out(words[verdict])
  return isValid ? 0 : 1
}

function secretOf({ secret, 'secret-file': file }: Flags, io: Io): string {
  if ((secret === undefined) === (file === undefined)) {
    throw new UsageError('verify needs one of --secret and --secret-file')
  }
  const text = file === undefined ? secret : readFileSync(resolve(io.cwd, file), 'utf8')
  const trimmed = text?.trim() ?? ''
  if (trimmed === '') throw new UsageError('The secret is blank')
  return trimmed
}

const words: { readonly [V in Verdict]: string } = {
  valid: 'The signature is good',
  form_unknown: 'The signature is in no known form: it is neither v1,… nor 64 hex digits',
  id_missing: 'A signature of this form covers the id: give --id',
  timestamp_missing: 'A signature of this form covers the time: give --timestamp',
  timestamp_invalid: 'The timestamp is no number of Unix seconds',
  timestamp_old: 'The timestamp is too old: the call may be a copy of an earlier one',
  timestamp_ahead: 'The timestamp lies too far in the future: one of the clocks is wrong',
  mismatch:
    'The signature does not match: another secret, or the body, the id or the time is not what was signed',
}
