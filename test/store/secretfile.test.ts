import { afterEach, beforeEach, expect, test } from 'bun:test'
import { chmodSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { closeToOthers, secretFile } from '../../src/store/secretfile.ts'
import { modeOf, tempFolder } from './fixtures.ts'

let folder: ReturnType<typeof tempFolder>

beforeEach(() => {
  folder = tempFolder('secret')
})
afterEach(() => folder[Symbol.dispose]())

const path = () => join(folder.path, 'keys.json')

test('is read as it was written, by its owner alone', () => {
  const file = secretFile(folder.path, 'keys.json')
  expect([file.read(), file.stamp()]).toEqual([undefined, 'none'])
  file.write('one')
  expect([file.read(), modeOf(path())]).toEqual(['one', 0o600])
  expect(readdirSync(folder.path)).toEqual(['keys.json'])
})

test('has another stamp whenever it was replaced, also by a text of the same length', () => {
  const file = secretFile(folder.path, 'keys.json')
  const stamps = ['one', 'two', 'one'].map((text) => {
    file.write(text)
    return file.stamp()
  })
  expect(new Set(stamps).size).toBe(3)
  expect(file.stamp()).toBe(stamps[2] ?? '')
})

test('is replaced over what a crash left behind, whoever may read that', () => {
  writeFileSync(`${path()}.new`, 'half', { mode: 0o644 })
  secretFile(folder.path, 'keys.json').write('one')
  expect([secretFile(folder.path, 'keys.json').read(), modeOf(path())]).toEqual(['one', 0o600])
})

test('is closed to others again, and a file that is not there stays so', () => {
  closeToOthers(folder.path, 'keys.json')
  writeFileSync(path(), 'one')
  chmodSync(path(), 0o644)
  closeToOthers(folder.path, 'keys.json')
  expect(modeOf(path())).toBe(0o600)
})
