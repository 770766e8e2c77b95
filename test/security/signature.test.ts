import { describe, expect, test } from 'bun:test'
import { Webhook } from 'standardwebhooks'
import { kevaSignature, standardSignature, verifySignature } from '../../src/security/signature.ts'
import { seeded } from '../prove/random.ts'

// W8, with the verifier that Standard Webhooks publishes for this language.

const base64Secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
const hexSecret = `whsec_${'0123456789abcdef'.repeat(4)}`
const now = Math.floor(Date.now() / 1000)
const id = 'evt_01'

const headers = (signature: string, timestamp = now, webhookId = id) => ({
  'webhook-id': webhookId,
  'webhook-timestamp': String(timestamp),
  'webhook-signature': signature,
})

const accepts = (secret: string, body: string, given: Record<string, string>) => {
  try {
    new Webhook(secret).verify(body, given)
    return true
  } catch {
    return false
  }
}

describe('a signature of Standard Webhooks', () => {
  test('is the one of the specification', () => {
    // The example that the specification's own libraries test with.
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
    const signed = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: 1614265330 }
    const body = '{"test": 2432232314}'
    expect(standardSignature([secret], { ...signed, body })).toBe(
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    )
  })

  test.each([base64Secret, hexSecret])('is good for any body: %s', (secret) => {
    const random = seeded(8)
    for (let n = 0; n < 2000; n++) {
      const text = Array.from({ length: random.between(0, 40) }, () =>
        // Of every plane, lone surrogates included, as a JSON text spells them.
        String.fromCharCode(random.between(0, 0xffff)),
      ).join('')
      const body = JSON.stringify({ n, text })
      const signature = standardSignature([secret], { id, timestamp: now, body })
      if (!accepts(secret, body, headers(signature))) throw new Error(`refused: ${body}`)
      if (accepts(secret, `${body} `, headers(signature))) throw new Error('accepts another body')
    }
  })

  test('is bad for another id, another time and another secret', () => {
    const body = '{}'
    const signature = standardSignature([base64Secret], { id, timestamp: now, body })
    expect(accepts(base64Secret, body, headers(signature))).toBe(true)
    expect(accepts(base64Secret, body, headers(signature, now, 'evt_02'))).toBe(false)
    expect(accepts(base64Secret, body, headers(signature, now - 1))).toBe(false)
    expect(accepts(hexSecret, body, headers(signature))).toBe(false)
  })

  test('is good for a receiver with either of several secrets', () => {
    const body = '{"a":1}'
    const signature = standardSignature([base64Secret, hexSecret], { id, timestamp: now, body })
    expect(signature.split(' ')).toHaveLength(2)
    expect(accepts(base64Secret, body, headers(signature))).toBe(true)
    expect(accepts(hexSecret, body, headers(signature))).toBe(true)
  })
})

test("the contract's signature is the hex HMAC of the body (keva.md 9.3)", () => {
  // openssl dgst -sha256 -hmac whsec_test
  expect(kevaSignature('whsec_test', '{"id":"evt_1"}')).toBe(
    new Bun.CryptoHasher('sha256', 'whsec_test').update('{"id":"evt_1"}').digest('hex'),
  )
})

describe('verifySignature', () => {
  const text = '{"text":"Grüße"}'
  const body = new TextEncoder().encode(text)
  const secret = base64Secret
  const standard = standardSignature([hexSecret, secret], { id, timestamp: now, body: text })
  const keva = kevaSignature(secret, text)
  const timestamp = String(now)
  const good = { secret, signature: standard, body, id, timestamp }
  test.each([
    [good, 'valid'],
    [{ ...good, signature: standard.split(' ')[1] ?? '' }, 'valid'],
    [{ ...good, signature: standard.split(' ')[0] ?? '' }, 'mismatch'],
    [{ ...good, signature: `v1a,abc ${standard}` }, 'valid'],
    [{ ...good, id: 'evt_02' }, 'mismatch'],
    [{ ...good, id: undefined }, 'id_missing'],
    [{ ...good, timestamp: undefined }, 'timestamp_missing'],
    [{ ...good, timestamp: 'noon' }, 'timestamp_invalid'],
    [{ ...good, timestamp: String(now - 300) }, 'mismatch'],
    [{ ...good, timestamp: String(now - 301) }, 'timestamp_old'],
    [{ ...good, timestamp: String(now + 301) }, 'timestamp_ahead'],
    [{ ...good, body: new TextEncoder().encode('{}') }, 'mismatch'],
    [{ ...good, signature: 'sha256=abc' }, 'form_unknown'],
    [{ ...good, signature: '' }, 'form_unknown'],
    [{ ...good, signature: keva.toUpperCase() }, 'form_unknown'],
    [{ ...good, signature: keva }, 'valid'],
    [{ secret, signature: keva, body }, 'valid'],
    [{ secret: hexSecret, signature: keva, body }, 'mismatch'],
    [{ ...good, signature: keva, timestamp: String(now - 301) }, 'timestamp_old'],
  ] as const)('%#: %p', (received, verdict) => {
    expect(verifySignature(received, { nowSeconds: now, toleranceSeconds: 300 })).toBe(verdict)
  })
})
