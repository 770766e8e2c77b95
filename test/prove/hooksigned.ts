import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import { kevaSignature, standardSignature, verifySignature } from '../../src/security/signature.ts'
import type { CheckResult } from './checks.ts'
import { seeded, type Random } from './random.ts'

// Signatures, checked by the published library of TypeScript and by what other languages bring along: Python's
// and Perl's own HMAC, fed with the bytes of the body. Of what the machine lacks the figure tells.

type Case = {
  readonly secret: string
  readonly id: string
  readonly timestamp: string
  readonly body: string
  readonly standard: string
  readonly keva: string
  readonly isGood: boolean
}

const pieces = [
  '{"a":1}',
  'Grüße',
  '日本語',
  '🙂',
  '\u0000',
  '\ud800',
  '\udfff',
  '\u2028',
  '\\',
  '\n',
  'é'.normalize('NFD'),
]
const now = () => Math.floor(Date.now() / 1000)

/** Bodies of every kind, each as it was signed and with something changed behind the signature. */
function casesOf(count: number, random: Random): Case[] {
  return Array.from({ length: count }, (_, n) => {
    const body = Array.from(
      { length: random.between(1, 12) },
      () => pieces[random.between(0, pieces.length - 1)],
    ).join('')
    const bytes = Uint8Array.from({ length: 32 }, () => random.between(0, 255))
    const secret = `whsec_${bytes.toBase64()}`
    const signed = { id: `evt_${n}`, timestamp: String(now()), body }
    const standard = standardSignature([secret], signed)
    const good = { secret, ...signed, standard, keva: kevaSignature(secret, body), isGood: true }
    return [good, ...tampered(good)]
  }).flat()
}

function tampered(good: Case): Case[] {
  const bad = { ...good, isGood: false }
  const timestamp = String(Number(good.timestamp) + 1)
  return [
    { ...bad, body: `${good.body} ` },
    { ...bad, id: `${good.id}x`, keva: '0'.repeat(64) },
    { ...bad, timestamp, keva: '0'.repeat(64) },
  ]
}

const python = `
import base64, hashlib, hmac, json, sys
out = []
for line in sys.stdin:
    c = json.loads(line)
    body = base64.b64decode(c["body"])
    key = base64.b64decode(c["secret"].removeprefix("whsec_"))
    digest = hmac.new(key, f'{c["id"]}.{c["timestamp"]}.'.encode() + body, hashlib.sha256).digest()
    standard = hmac.compare_digest("v1," + base64.b64encode(digest).decode(), c["standard"])
    keva = hmac.compare_digest(hmac.new(c["secret"].encode(), body, hashlib.sha256).hexdigest(), c["keva"])
    out.append(f"{int(standard)}{int(keva)}")
print("\\n".join(out))
`

const perl = `
use strict; use JSON::PP; use MIME::Base64; use Digest::SHA qw(hmac_sha256 hmac_sha256_hex);
while (my $line = <STDIN>) {
  my $c = decode_json($line);
  my $body = decode_base64($c->{body});
  (my $key = $c->{secret}) =~ s/^whsec_//;
  my $mac = encode_base64(hmac_sha256("$c->{id}.$c->{timestamp}.$body", decode_base64($key)), '');
  print(($c->{standard} eq "v1,$mac" ? 1 : 0), ($c->{keva} eq hmac_sha256_hex($body, $c->{secret}) ? 1 : 0), "\\n");
}
`

/** Good signatures are good in every language, and others in none (W8). */
export async function proveSignatures(bodies: number, seed: number): Promise<CheckResult> {
  const cases = casesOf(bodies, seeded(seed))
  const problems: string[] = []
  const judge = (
    who: string,
    verdicts: readonly (readonly [standard: boolean, keva: boolean])[],
  ) => {
    if (verdicts.length !== cases.length) problems.push(`${who} judged ${verdicts.length}`)
    const wrong = cases.filter(
      ({ isGood }, at) => verdicts[at]?.some((one) => one !== isGood) ?? true,
    )
    if (wrong.length > 0) problems.push(`${who} judged ${wrong.length} of ${cases.length} wrongly`)
  }
  judge('the library', cases.map(byLibrary))
  judge('deskbox', cases.map(byOurselves))
  const asked = [
    ['python3', ['-c', python]],
    ['perl', ['-e', perl]],
  ] as const
  const spoken = ['TypeScript']
  for (const [program, args] of asked) {
    const verdicts = verdictsOf(program, args, cases)
    if (!verdicts) continue
    spoken.push(program)
    judge(program, verdicts)
  }
  const figure = `${bodies} bodies, ${cases.length} cases, by ${spoken.join(', ')}`
  return await Promise.resolve({ figure, problems })
}

/** The contract's form has no library: in TypeScript it is the same call as ours. */
function byLibrary({ secret, id, timestamp, body, standard, keva }: Case): [boolean, boolean] {
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': standard,
  }
  const isKeva = kevaSignature(secret, Buffer.from(body)) === keva
  try {
    new Webhook(secret).verify(Buffer.from(body).toString(), headers)
    return [true, isKeva]
  } catch (err) {
    // The library parses what it has found good; not every body here is JSON.
    return [err instanceof SyntaxError, isKeva]
  }
}

function byOurselves({ secret, id, timestamp, body, standard, keva }: Case): [boolean, boolean] {
  const received = { secret, body: Buffer.from(body), id, timestamp }
  const terms = { nowSeconds: now(), toleranceSeconds: 300 }
  const isGood = (signature: string) =>
    verifySignature({ ...received, signature }, terms) === 'valid'
  return [isGood(standard), isGood(keva)]
}

/** What a program of another language says; undefined when the machine has none. */
function verdictsOf(program: string, args: readonly string[], cases: readonly Case[]) {
  if (!Bun.which(program)) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'deskbox-signed-'))
  try {
    const file = join(folder, 'cases')
    const lines = cases.map((one) =>
      JSON.stringify({ ...one, body: Buffer.from(one.body).toString('base64') }),
    )
    writeFileSync(file, lines.join('\n'))
    const { stdout } = Bun.spawnSync([program, ...args], { stdin: Bun.file(file) })
    const answers = stdout.toString().trim().split('\n')
    return answers.map((line) => [line[0] === '1', line[1] === '1'] as const)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
