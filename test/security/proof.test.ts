import { describe, expect, test } from 'bun:test'
import { createHmac } from 'node:crypto'
import { isProven, type Proof } from '../../src/security/proof.ts'

const secret = 'correct horse battery staple'
const body = new TextEncoder().encode('{"a":1}')
const mac = createHmac('sha256', secret).update(body).digest('hex')

describe('whoever calls a URL knows its secret', () => {
  test.each<[string, Omit<Proof, 'body'>]>([
    ['by sending it', { secret, signature: null }],
    ['by a signature', { secret: null, signature: mac }],
    ['by a signature that says what it is', { secret: null, signature: `sha256=${mac}` }],
    ['by a signature in capitals', { secret: null, signature: mac.toUpperCase() }],
    ['by both', { secret, signature: mac }],
  ])('%s', (_, proof) => expect(isProven({ ...proof, body }, secret)).toBe(true))

  test.each<[string, Omit<Proof, 'body'>]>([
    ['nothing', { secret: null, signature: null }],
    ['no text', { secret: '', signature: '' }],
    ['another secret', { secret: `${secret} `, signature: null }],
    ['a part of it', { secret: secret.slice(0, -1), signature: null }],
    [
      'a signature by another',
      { secret: null, signature: createHmac('sha256', 'x').update(body).digest('hex') },
    ],
    ['a part of a signature', { secret: null, signature: mac.slice(2) }],
    ['a good secret beside a bad signature', { secret, signature: 'x' }],
    ['a good signature beside a bad secret', { secret: 'x', signature: mac }],
  ])('but not by %s', (_, proof) => expect(isProven({ ...proof, body }, secret)).toBe(false))

  test('of this body alone', () => {
    const other = new TextEncoder().encode('{"a":2}')
    expect(isProven({ secret: null, signature: mac, body: other }, secret)).toBe(false)
  })
})
