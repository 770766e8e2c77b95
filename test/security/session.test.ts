import { describe, expect, test } from 'bun:test'
import { createHmac, createPrivateKey, randomBytes, sign } from 'node:crypto'
import {
  mintSigningKey,
  publicHalf,
  signToken,
  verifyToken,
  type SigningKey,
} from '../../src/security/session.ts'

// A5: whatever is not exactly one of our tokens opens nothing.

const T0 = Date.parse('2026-05-04T08:15:00Z')
const nowSeconds = T0 / 1000
const secure = (count: number) => new Uint8Array(randomBytes(count))
const own = mintSigningKey(secure)
const foreign = mintSigningKey(secure)
const keys = new Map([[own.kid, publicHalf(own.jwk)]])

const facts = {
  issuer: 'ws_0',
  audience: 'deskbox-internal',
  subject: 'user_1',
  session: 's1',
}

type Json = { readonly [name: string]: unknown }

const header: Json = { alg: 'EdDSA', typ: 'at+jwt', kid: own.kid }
const claims: Json = {
  sid: facts.session,
  iss: facts.issuer,
  aud: facts.audience,
  sub: facts.subject,
  iat: nowSeconds,
  exp: nowSeconds + 900,
  jti: 'j1',
}

function encoded(part: Json | string): string {
  const text = typeof part === 'string' ? part : JSON.stringify(part)
  return Buffer.from(text).toString('base64url')
}

/** A token of any header and claims, signed by hand. */
function forged(head: Json, body: Json | string, { jwk }: SigningKey = own): string {
  const input = `${encoded(head)}.${encoded(body)}`
  const key = createPrivateKey({ key: { ...jwk }, format: 'jwk' })
  return `${input}.${sign(null, Buffer.from(input), key).toString('base64url')}`
}

function byHmac(head: Json, secret: string): string {
  const input = `${encoded(head)}.${encoded(claims)}`
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

function verify(token: string, nowMs = T0) {
  return verifyToken(token, facts, { keyOf: (kid) => keys.get(kid), nowMs })
}

const without = (name: string) =>
  Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name))

const [head = '', body = '', signature = ''] = forged(header, claims).split('.')

/** What is wrong with a token, and the token. */
const bad: { readonly [what: string]: string } = {
  'no text': '',
  'no dots': 'x',
  'two parts': `${head}.${body}`,
  'four parts': `${head}.${body}.${signature}.x`,
  'a header that is no JSON': `${encoded('{')}.${body}.${signature}`,
  'no signature': `${head}.${body}.`,
  'alg none': `${encoded({ ...header, alg: 'none' })}.${body}.`,
  'alg None': `${encoded({ ...header, alg: 'None' })}.${body}.${signature}`,
  'no alg': forged({ typ: 'at+jwt', kid: own.kid }, claims),
  'HS256 by the public key': byHmac({ ...header, alg: 'HS256' }, own.jwk.x),
  'HS256 by the public JWK': byHmac(
    { ...header, alg: 'HS256' },
    JSON.stringify(publicHalf(own.jwk)),
  ),
  RS256: forged({ ...header, alg: 'RS256' }, claims),
  'alg Ed25519': forged({ ...header, alg: 'Ed25519' }, claims),
  'no typ': forged({ alg: 'EdDSA', kid: own.kid }, claims),
  'typ JWT': forged({ ...header, typ: 'JWT' }, claims),
  'no kid': forged({ alg: 'EdDSA', typ: 'at+jwt' }, claims),
  'an unknown kid': forged({ ...header, kid: 'x' }, claims),
  'a kid that is a path': forged({ ...header, kid: '../../../dev/null' }, claims),
  'a kid that is a name of objects': forged({ ...header, kid: '__proto__' }, claims),
  'a kid that is no text': forged({ ...header, kid: [own.kid] }, claims),
  jku: forged({ ...header, jku: 'https://evil.test/keys' }, claims),
  'a jwk of its own': forged({ ...header, jwk: publicHalf(foreign.jwk) }, claims, foreign),
  x5u: forged({ ...header, x5u: 'https://evil.test/cert' }, claims),
  crit: forged({ ...header, crit: ['exp'], exp: 1 }, claims),
  'b64 false': forged({ ...header, b64: false, crit: ['b64'] }, claims),
  'b64 false, not critical': forged({ ...header, b64: false }, claims),
  zip: forged({ ...header, zip: 'DEF' }, claims),
  'another key under our kid': forged(header, claims, foreign),
  'another key under its own kid': forged({ ...header, kid: foreign.kid }, claims, foreign),
  'a payload that was changed': `${head}.${encoded({ ...claims, sub: 'user_2' })}.${signature}`,
  'a header that was changed': `${encoded({ ...header, x: 1 })}.${body}.${signature}`,
  'a payload that is a list': forged(header, '[]'),
  'a payload that is no JSON': forged(header, 'x'),
  'another issuer': forged(header, { ...claims, iss: 'ws_1' }),
  'no issuer': forged(header, without('iss')),
  'another audience': forged(header, { ...claims, aud: 'deskbox-external' }),
  'no audience': forged(header, without('aud')),
  'no exp': forged(header, without('exp')),
  'an exp that is text': forged(header, { ...claims, exp: String(nowSeconds + 900) }),
  'an exp that has come': forged(header, { ...claims, exp: nowSeconds }),
  'an nbf in the future': forged(header, { ...claims, nbf: nowSeconds + 1 }),
  'no iat': forged(header, without('iat')),
  'no jti': forged(header, without('jti')),
  'no sub': forged(header, without('sub')),
  'no sid': forged(header, without('sid')),
  'a sid that is no text': forged(header, { ...claims, sid: 1 }),
  'too much of it': forged(header, { ...claims, x: 'y'.repeat(1600) }),
  'a megabyte of it': 'x.'.repeat(500_000),
}

describe('verifyToken', () => {
  test('knows what signToken made, until it expires', async () => {
    const token = await signToken(own, facts, { nowMs: T0 + 999, id: 'j1' })
    const whose = { subject: facts.subject, session: facts.session }
    expect(await verify(token)).toEqual(whose)
    expect(await verify(token, T0 + 899_999)).toEqual(whose)
    expect(await verify(token, T0 + 900_000)).toBeUndefined()
    expect(token.length).toBeLessThan(600)
  })

  test('takes a token that is made by hand as ours are', async () => {
    expect(await verify(forged(header, claims))).toBeDefined()
  })

  test.each(Object.keys(bad))('refuses one with %s', async (what) => {
    expect(await verify(bad[what] ?? '')).toBeUndefined()
  })
})

test('each key is another one', () => {
  expect(own.kid).not.toBe(foreign.kid)
  expect(own.jwk.d).not.toBe(foreign.jwk.d)
  expect(publicHalf(own.jwk)).toEqual({ kty: 'OKP', crv: 'Ed25519', x: own.jwk.x })
})
