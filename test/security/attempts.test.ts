import { expect, test } from 'bun:test'
import { Attempts } from '../../src/security/attempts.ts'

const windowMs = 15 * 60_000

function counted() {
  const time = { now: 0 }
  const attempts = new Attempts(() => time.now)
  const tries = (count: number, account = 'a', network = 'n') =>
    Array.from({ length: count }, () => attempts.begin(account, network).allowed)
  return { time, attempts, tries }
}

const all = (count: number) => Array.from({ length: count }, () => true)

test('ten tries of a pair are let through, and the eleventh is told when', () => {
  const { time, attempts, tries } = counted()
  expect(tries(3)).toEqual(all(3))
  time.now = 60_000
  expect(tries(7)).toEqual(all(7))
  expect(attempts.begin('a', 'n')).toEqual({
    allowed: false,
    limit: 10,
    remaining: 0,
    retryInMs: windowMs - 60_000,
    fullInMs: windowMs - 60_000,
  })
  time.now = windowMs - 1
  expect(tries(1)).toEqual([false])
  time.now = windowMs
  expect(tries(4)).toEqual([true, true, true, false])
})

test('says how many tries are left', () => {
  const { attempts } = counted()
  const left = Array.from({ length: 10 }, () => attempts.begin('a', 'n').remaining)
  expect(left).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
})

test('other accounts and other networks have their own ten', () => {
  const { tries } = counted()
  expect(tries(11)).toEqual([...all(10), false])
  expect(tries(11, 'b')).toEqual([...all(10), false])
  expect(tries(11, 'a', 'm')).toEqual([...all(10), false])
})

test('a refused try counts as nothing', () => {
  const { time, tries } = counted()
  tries(10)
  time.now = windowMs - 1
  expect(tries(50)).not.toContain(true)
  time.now = windowMs
  expect(tries(11)).toEqual([...all(10), false])
})

test('a hundred of an account are let through over all networks', () => {
  const { time, attempts, tries } = counted()
  for (let n = 0; n < 100; n++) expect(tries(1, 'a', `n${n}`)).toEqual([true])
  expect(tries(1, 'a', 'another')).toEqual([false])
  expect(tries(1, 'b', 'another')).toEqual([true])
  time.now = windowMs
  expect(attempts.begin('a', 'another').allowed).toBe(true)
})

test('a success clears the pair, and takes back its own try of the account', () => {
  const { attempts, tries } = counted()
  for (let n = 0; n < 200; n++) {
    expect(tries(1)).toEqual([true])
    attempts.succeeded('a', 'n')
  }
  expect(tries(9)).toEqual(all(9))
  tries(1)
  attempts.succeeded('a', 'n')
  expect(tries(11)).toEqual([...all(10), false])
  for (let n = 0; n < 81; n++) expect(tries(1, 'a', `n${n}`)).toEqual([true])
  expect(tries(1, 'a', 'last')).toEqual([false])
})
