import { describe, expect, test } from 'bun:test'
import { firstFree } from '../../src/lib/firstfree.ts'
import { numberOfSlug, numberedSlug, slugOf } from '../../src/lib/slug.ts'

const slugs: readonly [string, string | undefined][] = [
  ['Clearing error E-07', 'clearing-error-e-07'],
  ['  --Hello,   World!!  ', 'hello-world'],
  ['Crème Brûlée', 'creme-brulee'],
  ['Cre\u0300me', 'creme'],
  ['Größe & Æble, Łódź, smørrebrød, ığdır, İzmir', 'grosse-aeble-lodz-smorrebrod-igdir-izmir'],
  ['Tiếng Việt', 'tieng-viet'],
  ['a_b/c?d=e#f', 'a-b-c-d-e-f'],
  ['Привет, Мир', 'привет-мир'],
  ['日本語 ガイド', '日本語-ガイド'],
  ['हिन्दी में', 'हिन्दी-में'],
  ['한국어', '한국어'],
  ['ﬁne № ①', 'fine-no-1'],
  ['x\u0000y', 'x-y'],
  ['100 %', '100'],
  ['', undefined],
  ['!? 😀 \u0000', undefined],
]

describe('a slug', () => {
  test.each(slugs)('of %j', (text, slug) => {
    expect(slugOf(text)).toBe(slug)
    if (slug !== undefined) expect(slugOf(slug)).toBe(slug)
  })

  test('has at most 250 characters and no hyphen at the end', () => {
    expect(slugOf('x'.repeat(300))).toBe('x'.repeat(250))
    expect(slugOf(`${'x'.repeat(249)} yz`)).toBe('x'.repeat(249))
    expect(slugOf('𝟏'.repeat(251))).toBe('1'.repeat(250))
    expect(slugOf('𐐨'.repeat(251))).toBe('𐐨'.repeat(250))
    // One sign that stands for eighteen letters in four words.
    expect(slugOf('ﷺ'.repeat(250))).toMatch(/^.{249,250}$/u)
  })

  test('has room for its number', () => {
    expect(numberedSlug('kiln', 1)).toBe('kiln-1')
    expect(numberedSlug('x'.repeat(250), 12)).toBe(`${'x'.repeat(247)}-12`)
    expect(numberedSlug(`${'x'.repeat(247)}-yz`, 1)).toBe(`${'x'.repeat(247)}-1`)
  })

  test('shows its number', () => {
    const long = 'x'.repeat(250)
    expect(numberOfSlug('kiln-12', 'kiln')).toBe(12)
    expect(numberOfSlug(numberedSlug(long, 7), long)).toBe(7)
    for (const other of ['kiln', 'kiln-', 'kiln-0', 'kiln-07', 'oven-7', 'kiln-a', 'kiln-1-7']) {
      expect([other, numberOfSlug(other, 'kiln')]).toEqual([other, undefined])
    }
  })
})

describe('the first free number', () => {
  test.each([0, 1, 2, 3, 7, 8, 9, 100, 4095, 4096])('after %p without a gap', (count) => {
    expect(firstFree((n) => n >= count)).toBe(count)
  })

  test('is free and comes after a taken one, whatever the gaps', () => {
    for (let bits = 0; bits < 512; bits++) {
      const isFree = (n: number) => (bits & (1 << n)) === 0
      const n = firstFree(isFree)
      expect([bits, n, isFree(n), n === 0 || !isFree(n - 1)]).toEqual([bits, n, true, true])
    }
  })

  test('takes few looks after many', () => {
    let looks = 0
    const count = 1_000_000
    firstFree((n) => {
      looks += 1
      return n >= count
    })
    expect(looks).toBeLessThan(45)
  })
})
