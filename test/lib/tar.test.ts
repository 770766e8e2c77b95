import { describe, expect, test } from 'bun:test'
import { readTarHeader, tarHeader, tarPadding } from '../../src/lib/tar.ts'

const header = (name: string, bytes: number) =>
  Buffer.from(tarHeader({ name, bytes }, 1_777_882_500))

describe('a tar header', () => {
  test.each([0, 1, 511, 512, 8 ** 11 - 1, 8 ** 11, 3 * 2 ** 40])('tells a size of %p', (bytes) => {
    expect(readTarHeader(header('deskbox.db', bytes))).toEqual({ name: 'deskbox.db', bytes })
  })

  test('is one block, and of zeros there is none', () => {
    expect(header('a', 1)).toHaveLength(512)
    expect(readTarHeader(Buffer.alloc(512))).toBeUndefined()
  })

  test('with any byte changed is refused', () => {
    for (const at of [0, 100, 124, 148, 156, 257]) {
      const changed = header('deskbox.db', 5)
      changed[at] = (changed[at] ?? 0) + 1
      expect(() => readTarHeader(changed)).toThrow('no tar archive, or a damaged one')
    }
  })

  test('takes no name that would not fit', () => {
    expect(() => header('x'.repeat(101), 1)).toThrow('too long a name')
  })

  test('is followed by whole blocks', () => {
    expect([0, 1, 511, 512, 513].map(tarPadding)).toEqual([0, 511, 1, 0, 511])
  })
})
