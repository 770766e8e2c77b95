import { afterAll, describe, expect, test } from 'bun:test'
import { matchExpression } from '../../src/lib/searchterms.ts'
import { Store } from '../../src/store/db.ts'
import { clientOf, T0 } from '../store/fixtures.ts'

describe('the expression of a text', () => {
  test.each<[string, string | undefined]>([
    ['kiln', '"kiln"*'],
    ['  Kiln\t glaze\n', '"Kiln"* AND "glaze"*'],
    ['E-07', '"E 07"*'],
    ['mara@northwind.test', '"mara northwind test"*'],
    ['Crème brûlée', '"Crème"* AND "brûlée"*'],
    ['cafe\u0301', '"cafe\u0301"*'],
    ['кот 猫 ١٢', '"кот"* AND "猫"* AND "١٢"*'],
    ['kiln kiln', '"kiln"*'],
    ['AND OR NOT NEAR', '"AND"* AND "OR"* AND "NOT"* AND "NEAR"*'],
    ['NEAR(a b, 2)', '"NEAR a"* AND "b"* AND "2"*'],
    ['"kiln" OR \'x\'', '"kiln"* AND "OR"* AND "x"*'],
    ['title:kiln', '"title kiln"*'],
    ['{title} : -kiln ^x + y*', '"title"* AND "kiln"* AND "x"* AND "y"*'],
    ['a\u0000b', '"a b"*'],
    ['😀 kiln 👩‍👩‍👧‍👦', '"kiln"*'],
    ['\ud83d kiln\ude00', '"kiln"*'],
    ['', undefined],
    [' \n', undefined],
    ['* - "" ^ : ( ) \u0000 😀', undefined],
    ['\u0301', undefined],
    ['-'.repeat(70_000), undefined],
  ])('%j', (text, expression) => {
    expect(matchExpression(text)).toBe(expression)
  })

  test('has eight terms at most, however they stand', () => {
    const many = Array.from({ length: 20_000 }, (_, at) => `a${at}`)
    const eight = many.slice(0, 8)
    const words = eight.map((word) => `"${word}"*`).join(' AND ')
    expect(matchExpression(many.join(' '))).toBe(words)
    expect(matchExpression(many.join('-'))).toBe(`"${eight.join(' ')}"*`)
  })

  test('cuts a term that is too long, in whole characters, and looks no further in the text', () => {
    expect(matchExpression(`kiln ${'x'.repeat(70_000)} glaze`)).toBe(
      `"kiln"* AND "${'x'.repeat(64)}"*`,
    )
    expect(matchExpression('𝒳'.repeat(65))).toBe(`"${'𝒳'.repeat(64)}"*`)
    expect(matchExpression(`${'𝒳'.repeat(64)} y`)).toBe(`"${'𝒳'.repeat(64)}"* AND "y"*`)
  })
})

describe('what it matches', () => {
  const store = Store.inMemory(T0)
  afterAll(() => store[Symbol.dispose]())
  const client = clientOf(store)
  client.exec(
    "CREATE VIRTUAL TABLE temp.words USING fts5 (word, tokenize = 'unicode61 remove_diacritics 2')",
  )
  const insert = client.prepare('INSERT INTO temp.words VALUES (?)')
  const find = client.prepare('SELECT word FROM temp.words WHERE words MATCH ?').pluck()

  /** Whether the text is found by the query, in an index that has it alone. */
  function isFound(text: string, query: string): boolean {
    client.exec('DELETE FROM temp.words')
    insert.run(text)
    return find.all(matchExpression(query)).length === 1
  }

  const found: readonly [text: string, query: string][] = [
    ['Clearing error E-07', 'E-07'],
    ['Clearing error E-07', 'e-0'],
    ['Clearing error E-07', 'error CLEAR'],
    ['Crème brûlée', 'creme BRULEE'],
    ['creme', 'crème'],
    ['cafe\u0301', 'café'],
    ['café', 'cafe\u0301'],
    ['Tiếng Việt', 'tieng viet'],
    ['ПРИНТЕР', 'принт'],
    ['हिन्दी में', 'हिन्दी'],
    ['a_b', 'a_b'],
    ["don't", "don't"],
    ['AND', 'and'],
  ]

  test.each(found)('%j by %j', (text, query) => {
    expect(isFound(text, query)).toBe(true)
  })

  test.each([
    ['Clearing error', 'error missing'],
    ['E 08 07', 'E-07'],
    ['terror', 'error'],
    ['kiln', 'NOT kiln'],
    ['kiln', 'glaze OR kiln'],
  ])('not %j by %j', (text, query) => {
    expect(isFound(text, query)).toBe(false)
  })

  test('no text of any characters breaks it', () => {
    const all = Array.from({ length: 0x600 }, (_, code) => String.fromCodePoint(code))
    const signs = [...all, '\u2028', '\ud800', '\udfff', '\uffff', '\ue000', '\u{1e900}', '😀']
    for (const sign of signs) {
      for (const text of [sign, `a${sign}`, `${sign}a`, `a${sign}b`, `a ${sign} b`]) {
        const expression = matchExpression(text)
        if (expression !== undefined) expect(() => find.all(expression)).not.toThrow()
      }
    }
  })
})
