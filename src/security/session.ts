import { createPrivateKey } from 'node:crypto'
import { jwtVerify, SignJWT, type JWTHeaderParameters } from 'jose'

// Access tokens: JWTs (RFC 9068's type) signed by Ed25519, and nothing else. The only place that knows jose.

const algorithm = 'EdDSA'
const type = 'at+jwt'
const headerKeys = 'alg,kid,typ'

/** How long an access token opens anything. */
export const accessTokenSeconds = 15 * 60

// Ours have about 450 characters.
const tokenCharactersMax = 2048

type Curve = { readonly kty: 'OKP'; readonly crv: 'Ed25519' }

/** A public key as a JWK (RFC 8037). The object is kept as it is: its import is remembered by it. */
export type PublicJwk = Curve & { readonly x: string }

export type PrivateJwk = PublicJwk & { readonly d: string }

export type SigningKey = { readonly kid: string; readonly jwk: PrivateJwk }

/** Who a token is for: the workspace that made it, the group it opens, the person and the session. */
export type TokenFacts = {
  readonly issuer: string
  readonly audience: string
  readonly subject: string
  readonly session: string
}

const seedBytes = 32
// An Ed25519 private key is its seed after these bytes (RFC 8410 section 7).
const derPrefix = Buffer.from('302e020100300506032b657004220420', 'hex')

/** Makes a key to sign with, from a cryptographic source. */
export function mintSigningKey(random: (bytes: number) => Uint8Array): SigningKey {
  const key = Buffer.concat([derPrefix, random(seedBytes)])
  const { x, d } = createPrivateKey({ key, format: 'der', type: 'pkcs8' }).export({ format: 'jwk' })
  if (x === undefined || d === undefined) throw new Error('The runtime made no Ed25519 key')
  return { kid: random(8).toHex(), jwk: { kty: 'OKP', crv: 'Ed25519', x, d } }
}

export function publicHalf({ kty, crv, x }: PublicJwk): PublicJwk {
  return { kty, crv, x }
}

/** A token that says who it is for, from `nowMs` for a quarter of an hour. */
export function signToken(
  { kid, jwk }: SigningKey,
  facts: TokenFacts,
  { nowMs, id }: { readonly nowMs: number; readonly id: string },
): Promise<string> {
  const issuedAt = Math.floor(nowMs / 1000)
  return new SignJWT({ sid: facts.session })
    .setProtectedHeader({ alg: algorithm, typ: type, kid })
    .setIssuer(facts.issuer)
    .setAudience(facts.audience)
    .setSubject(facts.subject)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + accessTokenSeconds)
    .setJti(id)
    .sign(jwk)
}

/**
 * Whose token it is, or undefined for whatever is not exactly one of ours that is good at `nowMs`: of
 * another length, header, algorithm, key, type, issuer, audience or time. `keyOf` knows the keys by id.
 */
export async function verifyToken(
  token: string,
  wanted: Pick<TokenFacts, 'issuer' | 'audience'>,
  { keyOf, nowMs }: { keyOf: (kid: string) => PublicJwk | undefined; nowMs: number },
): Promise<Pick<TokenFacts, 'subject' | 'session'> | undefined> {
  if (token.length > tokenCharactersMax) return undefined
  try {
    const { payload } = await jwtVerify(token, (header) => knownKey(header, keyOf), {
      algorithms: [algorithm],
      typ: type,
      issuer: wanted.issuer,
      audience: wanted.audience,
      requiredClaims: ['exp', 'iat', 'jti', 'sub', 'sid'],
      currentDate: new Date(nowMs),
    })
    const { sub: subject, sid: session } = payload
    if (typeof subject !== 'string' || typeof session !== 'string') return undefined
    return { subject, session }
  } catch {
    // Whatever went wrong, the token opens nothing.
    return undefined
  }
}

/** The key of a header that has our three parameters and no other: no `jku`, `jwk`, `crit` or `b64`. */
function knownKey(
  header: JWTHeaderParameters,
  keyOf: (kid: string) => PublicJwk | undefined,
): PublicJwk {
  const { kid } = header
  const key = typeof kid === 'string' ? keyOf(kid) : undefined
  if (!key || Object.keys(header).toSorted().join() !== headerKeys)
    throw new Error('No key of ours')
  return key
}
