import { expect, test } from 'bun:test'
import { Passwords, standardPasswordCost } from '../../src/security/password.ts'

const cheap = { memoryKiB: 8, passes: 1 }

test('a hash is argon2id of the cost, salted, and fits its password alone', async () => {
  const passwords = new Passwords({ memoryKiB: 16, passes: 3 })
  const [one, two] = [await passwords.hash('correct horse'), await passwords.hash('correct horse')]
  expect(one).toStartWith('$argon2id$v=19$m=16,t=3,p=1$')
  expect(one).not.toBe(two)
  expect(await passwords.verify('correct horse', one)).toBe(true)
  expect(await passwords.verify('correct hors', one)).toBe(false)
  expect(await passwords.verify('Correct horse', one)).toBe(false)
})

test('the standard cost is what OWASP asks for, and more', async () => {
  expect(standardPasswordCost.memoryKiB).toBeGreaterThanOrEqual(46 * 1024)
  expect(standardPasswordCost.passes).toBeGreaterThanOrEqual(2)
})

test('nothing fits where there is no hash', async () => {
  const passwords = new Passwords(cheap)
  expect(await passwords.verify('', null)).toBe(false)
  expect(await passwords.verify('correct horse', null)).toBe(false)
})

test('every character of a long password counts', async () => {
  const passwords = new Passwords(cheap)
  const long = 'x'.repeat(200)
  const hash = await passwords.hash(long)
  expect(await passwords.verify(long, hash)).toBe(true)
  expect(await passwords.verify(long.slice(1), hash)).toBe(false)
})

test('many at once all come to their turn, whatever fails between', async () => {
  const passwords = new Passwords(cheap)
  const hash = await passwords.hash('one')
  const checks = Array.from({ length: 40 }, (_, at) =>
    at % 5 === 0
      ? passwords.verify('one', 'no hash at all').catch(() => 'failed')
      : passwords.verify(at % 2 === 0 ? 'one' : 'two', hash),
  )
  const results = await Promise.all(checks)
  expect(results).toEqual(results.map((_, at) => (at % 5 === 0 ? 'failed' : at % 2 === 0)))
  expect(await passwords.verify('one', hash)).toBe(true)
})
