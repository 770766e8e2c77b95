import { afterAll, describe, expect, test } from 'bun:test'
import {
  anyOf,
  indexedTerm,
  matchExpression,
  searchWords,
  wordPattern,
} from '../../src/lib/searchterms.ts'
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

/** Whether the text has every word of the query, each as one that begins so. */
const isSeen = (text: string, query: string) =>
  searchWords(query).every((word) => wordPattern(word, true).test(text))

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
    expect([isFound(text, query), isSeen(text, query)]).toEqual([true, true])
  })

  test.each([
    ['Clearing error', 'error missing'],
    ['E 08 07', 'E-07'],
    ['terror', 'error'],
    ['kiln', 'NOT kiln'],
    ['kiln', 'glaze OR kiln'],
  ])('not %j by %j', (text, query) => {
    expect([isFound(text, query), isSeen(text, query)]).toEqual([false, false])
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

describe('a word in a text', () => {
  test.each<[string, string, number]>([
    ['kiln', 'The kiln, the Kiln and the KILN.', 3],
    ['kiln', 'Kilns are not a kilnhouse', 0],
    ['creme', 'Crème, cre\u0301me, créme', 3],
    ['crème', 'Creme CRÈME', 2],
    ['ΣΟΦΟΣ', 'σοφος σοφοσ', 2],
    ['принтер', 'Принтер, ПРИНТЕР, принтеры', 2],
    ['strasse', 'Straße', 0],
    ['e 07', 'E-07, e.07, e 07, e07, e-071, the 07', 3],
    ['猫', '猫 黒猫', 1],
    ['a', 'a_a a-á', 4],
  ])('%s in %s: %i times', (word, text, times) => {
    expect(text.match(wordPattern(word, false))?.length ?? 0).toBe(times)
  })

  test('may be the beginning of one', () => {
    const pattern = wordPattern('e 07', true)
    expect('E-071 and E-07b, not E-7 nor the-07'.match(pattern)).toEqual(['E-07', 'E-07'])
  })

  test('is looked for as the index does it, in whatever single character', () => {
    using store = Store.inMemory(T0)
    const client = clientOf(store)
    client.exec(`
      CREATE VIRTUAL TABLE temp.characters USING fts5 (
        one, tokenize = 'unicode61 remove_diacritics 2');
      CREATE VIRTUAL TABLE temp.terms USING fts5vocab (temp, characters, instance)`)
    const insert = client.prepare('INSERT INTO temp.characters (rowid, one) VALUES (?, ?)')
    const codes = Array.from({ length: 0x2fff }, (_, at) => at + 1)
    for (const code of codes) insert.run(code, String.fromCodePoint(code))
    const terms = client
      .prepare<[], { doc: number; term: string }>('SELECT doc, term FROM temp.terms')
      .all()
    const wrong = terms.filter(({ doc, term }) => {
      const character = String.fromCodePoint(doc)
      const isKnown = /[\p{L}\p{N}\p{Co}]/u.test(character)
      return isKnown && !wordPattern(term, false).test(character)
    })
    expect(wrong).toEqual([])
    const asIndexed = terms.filter(
      ({ doc, term }) => indexedTerm(String.fromCodePoint(doc)) === term,
    )
    expect(asIndexed.length).toBeGreaterThan(terms.length * 0.97)
    const all = codes.map((code) => String.fromCodePoint(code)).join(' ')
    const letters = Array.from('abcdefghijklmnopqrstuvwxyz')
    const others = letters.flatMap((letter) => {
      const same = new Set(terms.flatMap(({ doc, term }) => (term === letter ? [doc] : [])))
      const alike = all.match(wordPattern(letter, false)) ?? []
      expect(alike.length).toBeGreaterThan(1)
      return alike.filter((character) => !same.has(character.codePointAt(0) ?? 0))
    })
    // With two accents each, which the index leaves on these alone.
    expect(others.join('')).toBe('Ǡǡ')
  })

  test('is one of several in an expression, each as a whole', () => {
    expect(anyOf(['kiln', 'kilns'])).toBe('"kiln" OR "kilns"')
  })
})
