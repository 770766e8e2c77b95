import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { thisMachine } from '../../build/targets.ts'
import { advice, loadAddon, nativeBinding, placeAddon } from '../../src/store/native.ts'

const packageFile = Bun.resolveSync('better-sqlite3/package.json', import.meta.dir)
const addon = readFileSync(join(dirname(packageFile), 'prebuilds', `${thisMachine().addon}.node`))
const posix = process.platform !== 'win32'

let base: string
let folder: string

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'native-'))
  folder = join(base, 'data', 'native')
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

const mode = (path: string) => statSync(path).mode & 0o777

function expectGenuine(path: string): void {
  expect(readFileSync(path).equals(addon)).toBe(true)
  if (posix) expect([mode(folder), mode(path)]).toEqual([0o700, 0o600])
  expect(readdirSync(folder)).toEqual([path.slice(folder.length + 1)])
}

function expectWorking(binding: object): void {
  // the package takes an object too, which its types do not know
  const db = new Database(':memory:', { nativeBinding: binding as unknown as string })
  expect(db.prepare('SELECT 1 + 1 AS two').get()).toEqual({ two: 2 })
  db.close()
}

describe('the addon as a private file', () => {
  test('is written whole, private, and loads', () => {
    const path = placeAddon(folder, addon)
    expectGenuine(path)
    const module = { exports: {} }
    process.dlopen(module, path)
    expectWorking(module.exports)
  })

  test('is kept when it is the same', () => {
    const before = statSync(placeAddon(folder, addon))
    const after = statSync(placeAddon(folder, addon))
    expect([after.ino, after.mtimeMs]).toEqual([before.ino, before.mtimeMs])
  })

  const planted: [string, (path: string) => void][] = [
    ['other content of the same size', (path) => flipLastByte(path)],
    ['a shorter file', (path) => writeFileSync(path, addon.subarray(0, 1000), { mode: 0o600 })],
    ['an empty file', (path) => writeFileSync(path, '', { mode: 0o600 })],
    ['a folder', (path) => mkdirSync(join(path, 'deep'), { recursive: true })],
    ['a symbolic link to a good copy', (path) => linkTo(join(base, 'copy.node'), path)],
    ['a good copy that others may write', (path) => copyWithMode(path, 0o666)],
  ]
  test.each(planted)('is put in the place of %s', (_, plant) => {
    const path = placeAddon(folder, addon)
    rmSync(path)
    plant(path)
    expect(placeAddon(folder, addon)).toBe(path)
    expectGenuine(path)
  })

  test('removes what an earlier version left, and nothing that is being written', () => {
    placeAddon(folder, Buffer.from('an earlier version'))
    const path = placeAddon(folder, addon)
    expectGenuine(path)
    writeFileSync(`${path}.half`, '')
    placeAddon(folder, addon)
    expect(existsSync(`${path}.half`)).toBe(true)
  })

  test.if(posix)('closes a folder that others could enter', () => {
    mkdirSync(folder, { recursive: true })
    chmodSync(folder, 0o777)
    expectGenuine(placeAddon(folder, addon))
  })

  test.if(posix)('refuses a folder that is a symbolic link', () => {
    mkdirSync(join(base, 'data'))
    mkdirSync(join(base, 'elsewhere'))
    symlinkSync(join(base, 'elsewhere'), folder)
    expect(() => placeAddon(folder, addon)).toThrow('is not a folder of this user')
    expect(readdirSync(join(base, 'elsewhere'))).toEqual([])
  })
})

describe('loading', () => {
  test('gives a binding that opens a database, and leaves no file where memory serves', () => {
    expectWorking(loadAddon(addon, join(base, 'data')))
    if (process.platform === 'linux') expect(existsSync(join(base, 'data'))).toBe(false)
  })

  test('tells each way and its cause when none works', () => {
    const data = join(base, 'data')
    const load = () => loadAddon(Buffer.from('not a library'), data)
    expect(load).toThrow('The SQLite library cannot be loaded.')
    expect(load).toThrow(`  ${data}: `)
    expect(load).toThrow(`  ${tmpdir()}: `)
    if (process.platform === 'linux') expect(load).toThrow('  in memory: ')
  })

  test.each([
    ['libstdc++.so.6: cannot open shared object file', 'Install libstdc++'],
    ["libc.so.6: version `GLIBC_2.34' not found", 'It needs glibc 2.34 or newer'],
    ['failed to map segment from shared object', 'Put the data folder'],
    ['file too short', ''],
  ])('advises on %s', (cause, remedy) => {
    expect(advice(cause).join()).toStartWith(remedy)
    expect(advice(cause)).toHaveLength(remedy === '' ? 0 : 1)
  })

  test('leaves it to the package in a source run', () => {
    expect(nativeBinding(base)).toBeUndefined()
  })
})

function flipLastByte(path: string): void {
  const other = Buffer.from(addon)
  other.writeUInt8(other.readUInt8(other.length - 1) ^ 1, other.length - 1)
  writeFileSync(path, other, { mode: 0o600 })
}

function linkTo(copy: string, path: string): void {
  writeFileSync(copy, addon, { mode: 0o600 })
  symlinkSync(copy, path)
}

function copyWithMode(path: string, copyMode: number): void {
  writeFileSync(path, addon)
  chmodSync(path, copyMode)
}
