import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { secondMs } from '../lib/time.ts'
import { verifySignature, type Verdict } from '../security/signature.ts'
import { argsOf, UsageError } from './args.ts'
import type { Io } from './io.ts'
import { realMachine } from './machine.ts'

export const webhooksHelp = `usage: deskbox webhooks verify (--secret SECRET | --secret-file FILE)
                    --signature SIGNATURE [--id ID] [--timestamp T] < BODY

Says whether a webhook was signed with the secret, and why not. The body on standard input
must be what came in, byte for byte. The exit code is 0 for a good signature, 1 for another.

  --signature S       the header webhook-signature, or X-Keva-Signature
  --id ID             the header webhook-id; not needed for X-Keva-Signature
  --timestamp T       the header webhook-timestamp; not needed for X-Keva-Signature
  --secret SECRET     the secret, whsec_ included
  --secret-file FILE  a file that holds it, which other users of the machine cannot see
  --tolerance S       how many seconds old or early it may be (default 300)
  --json              machine-readable output`

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
export async function webhooks(args: string[], io: Io): Promise<number> {
  const { values, positionals } = argsOf(args, flags)
  if (positionals.join(' ') !== 'verify') throw new UsageError('webhooks needs one of: verify')
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
