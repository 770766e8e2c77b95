// What is published: the same from the same sources, and nothing in it that is not named.

import { expect, test } from 'bun:test'
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { stageAddon } from '../build/addons.ts'
import recorded from '../build/addons.json' with { type: 'json' }
import { parse } from '../build/lockfile.ts'
import { sbomOf } from '../build/sbom.ts'
import { targets } from '../build/targets.ts'
import { soundAddon } from '../src/store/native.ts'
import { tempFolder } from './store/fixtures.ts'

const root = resolve(import.meta.dir, '..')
const lockfile = readFileSync(join(root, 'bun.lock'), 'utf8')
const packageFile = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  dependencies: { [name: string]: string }
}

test('two builds in two folders are the same to the byte', () => {
  const sums = ['one', 'another, of a longer name'].map((name) => {
    using home = tempFolder('build')
    const folder = join(home.path, name)
    mkdirSync(folder)
    for (const part of [
      'src',
      'migrations',
      'build',
      'package.json',
      'tsconfig.json',
      'bun.lock',
    ]) {
      cpSync(join(root, part), join(folder, part), { recursive: true })
    }
    for (const { name: module } of parse(lockfile)) {
      const place = join('node_modules', module)
      cpSync(join(root, place), join(folder, place), { recursive: true })
    }
    const built = Bun.spawnSync([process.execPath, 'build/build.ts'], { cwd: folder })
    expect(built.stderr.toString()).toBe('')
    const bytes = readFileSync(join(folder, 'dist/deskbox'))
    expect(bytes.includes(home.path)).toBe(false)
    expect(bytes.includes(root)).toBe(false)
    return Bun.CryptoHasher.hash('sha256', bytes, 'hex')
  })
  expect(sums[1]).toBe(sums[0] ?? '')
}, 60_000)

test('a build leaves one file, for Windows too', () => {
  using home = tempFolder('build')
  const outfile = join(home.path, 'deskbox.exe')
  const args = ['build/build.ts', '--target', 'windows-x64', '--outfile', outfile]
  const built = Bun.spawnSync([process.execPath, ...args], { cwd: root })
  expect(built.stderr.toString()).toBe('')
  expect(readdirSync(home.path)).toEqual(['deskbox.exe'])
}, 60_000)

test('every kind of machine has its recorded addon', () => {
  for (const { addon } of targets) {
    expect(Object.keys(recorded.sha256)).toContain(addon)
    expect(stageAddon(root, addon).sha256).toBe(
      new Map(Object.entries(recorded.sha256)).get(addon) ?? '',
    )
  }
  expect(packageFile.dependencies['better-sqlite3']).toBe(recorded['better-sqlite3'])
})

test('an addon that is not the recorded one is not loaded', () => {
  using home = tempFolder('addon')
  const { path, sha256 } = stageAddon(root, 'linux-x64')
  expect(soundAddon(path, sha256).length).toBeGreaterThan(1_000_000)
  const bytes = readFileSync(path)
  bytes[5000] = (bytes[5000] ?? 0) ^ 1
  const damaged = join(home.path, 'damaged')
  writeFileSync(damaged, bytes)
  expect(() => soundAddon(damaged, sha256)).toThrow('is damaged')
})

test('the bill of materials names every package that runs, as the lockfile has it', () => {
  const locked = parse(lockfile)
  const names = locked.map(({ name }) => name)
  for (const [name, version] of Object.entries(packageFile.dependencies)) {
    expect(locked).toContainEqual(expect.objectContaining({ name, version }))
  }
  expect(names).not.toContain('oxlint')
  expect(names).not.toContain('ajv')
  for (const { name, version, sha512 } of locked) {
    const installed = JSON.parse(
      readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8'),
    ) as { version: string }
    expect([name, installed.version]).toEqual([name, version])
    expect(sha512).toMatch(/^[0-9a-f]{128}$/)
  }
  const parts = { version: '1.2.3', sqlite: '3.54.1', targets }
  const bom = sbomOf(root, parts, ({ addon }) => stageAddon(root, addon).sha256)
  expect(bom).toEqual(sbomOf(root, parts, ({ addon }) => stageAddon(root, addon).sha256))
  expect(bom).toMatchObject({
    bomFormat: 'CycloneDX',
    serialNumber: expect.stringMatching(/^urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
    components: expect.arrayContaining([
      expect.objectContaining({ name: 'bun', version: Bun.version }),
      expect.objectContaining({ name: 'sqlite', version: '3.54.1' }),
      expect.objectContaining({ name: 'better-sqlite3 addon win32-x64' }),
    ]),
  })
})
