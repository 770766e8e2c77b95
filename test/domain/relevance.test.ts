import { describe, expect, test } from 'bun:test'
import { relevanceOf } from '../../src/domain/relevance.ts'
import { searchWords, wordPattern } from '../../src/lib/searchterms.ts'

function score(query: string, subject: string, body: string, length = 1): number | undefined {
  const patterns = searchWords(query).map((word) => wordPattern(word, false))
  return relevanceOf(patterns, { subject, body, length })
}

describe('relevance', () => {
  test.each<[string, Parameters<typeof score>, Parameters<typeof score>]>([
    ['the subject above the text', ['kiln', 'Kiln', 'x'], ['kiln', 'x', 'kiln kiln kiln']],
    ['more often above once', ['kiln', '', 'kiln kiln'], ['kiln', '', 'kiln']],
    ['short above long', ['kiln', '', 'kiln', 0.5], ['kiln', '', 'kiln', 3]],
    ['both words often above one of them', ['a b', '', 'a a b b'], ['a b', '', 'a a a b']],
    ['both places above the subject alone', ['kiln', 'Kiln', 'kiln'], ['kiln', 'Kiln', '']],
  ])('%s', (_, better, worse) => {
    expect(score(...better)).toBeGreaterThan(score(...worse) ?? Infinity)
  })

  test('is nothing when a word is missing', () => {
    expect(score('kiln glaze', 'Kiln', 'kiln kiln')).toBeUndefined()
  })

  test('may find its words in the subject and in the text', () => {
    expect(score('kiln glaze', 'Kiln', 'glaze')).toBeGreaterThan(0)
  })

  test('stays below 1, however often a word is there', () => {
    const often = score('kiln', 'kiln '.repeat(9999), 'kiln '.repeat(9999), 0.1) ?? 1
    expect(often).toBeGreaterThan(0.95)
    expect(often).toBeLessThan(1)
  })
})
