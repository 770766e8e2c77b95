import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sampleSettings } from '../../src/config/describe.ts'
import { effectiveSettings } from '../../src/config/effective.ts'
import { deskbox } from './terminal.ts'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'deskbox-init-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true })
})

async function run(...args: string[]) {
  const { code, out, err } = await deskbox(folder, ['init', ...args])
  return { code, out: linesOf(out), err: linesOf(err) }
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.split('\n')
}

describe('deskbox init', () => {
  test('writes the sample for its owner only, and says what comes next', async () => {
    const { code, out, err } = await run()
    const file = join(folder, 'deskbox.toml')
    expect([code, err]).toEqual([0, []])
    expect(out.at(-1)).toBe('Next: deskbox serve')
    expect(readFileSync(file, 'utf8')).toBe(sampleSettings())
    const none = { file: null, environment: {}, flags: new Map<string, never>() }
    const written = { text: readFileSync(file, 'utf8'), name: file }
    expect(effectiveSettings({ ...none, file: written }).settings).toEqual(
      effectiveSettings(none).settings,
    )
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  test.each([
    ['desk.toml', 'deskbox serve --config desk.toml'],
    ['my desk.toml', "deskbox serve --config 'my desk.toml'"],
    ["it's.toml", "deskbox serve --config 'it'\\''s.toml'"],
  ])('--config %s', async (file, next) => {
    const { code, out } = await run('--config', file)
    expect(code).toBe(0)
    expect(out.at(-1)).toBe(`Next: ${next}`)
    expect(readdirSync(folder)).toEqual([file])
  })

  test('an absolute --config is taken as it is', async () => {
    const file = join(folder, 'a.toml')
    expect((await run(`--config=${file}`)).code).toBe(0)
    expect(readFileSync(file, 'utf8')).toBe(sampleSettings())
  })

  test('never overwrites', async () => {
    writeFileSync(join(folder, 'deskbox.toml'), 'mine')
    const { code, out, err } = await run()
    expect([code, out]).toEqual([1, []])
    expect(err).toEqual(['deskbox init: deskbox.toml exists already and was left as it is'])
    expect(readFileSync(join(folder, 'deskbox.toml'), 'utf8')).toBe('mine')
  })

  test('is as good as done when the file is there as it was written', async () => {
    await run()
    const { code, out, err } = await run()
    expect([code, err]).toEqual([0, []])
    expect(out[0]).toStartWith('deskbox.toml is there already')
    const told = (await run('--json')).out.join('')
    expect(JSON.parse(told)).toEqual({ file: join(folder, 'deskbox.toml'), written: false })
    const fresh = (await run('--json', '--config', 'b.toml')).out.join('')
    expect(JSON.parse(fresh)).toEqual({ file: join(folder, 'b.toml'), written: true })
  })

  test('follows no link', async () => {
    symlinkSync(join(folder, 'elsewhere.toml'), join(folder, 'deskbox.toml'))
    expect((await run()).code).toBe(1)
    expect(readdirSync(folder)).toEqual(['deskbox.toml'])
  })

  test('refuses a folder, and one that is not there', async () => {
    mkdirSync(join(folder, 'sub'))
    expect((await run('--config', 'sub')).code).toBe(1)
    const { code, err } = await run('--config', 'gone/desk.toml')
    expect([code, err]).toEqual([
      1,
      ['deskbox init: gone/desk.toml cannot be written: there is no such folder'],
    ])
    expect(readdirSync(folder)).toEqual(['sub'])
  })

  test.each([
    ['an unknown flag', ['--force']],
    ['a stray word', ['desk.toml']],
    ['--config without a file', ['--config']],
    ['--config with an empty one', ['--config', '']],
    ['a flag that takes no value', ['--json=yes']],
  ])('%s is wrong usage and writes nothing', async (_, args) => {
    const { code, out, err } = await run(...args)
    expect([code, out]).toEqual([2, []])
    expect(err[0]).toStartWith('deskbox init: ')
    expect(err.at(-1)).toBe('deskbox init --help says how to call it')
    expect(readdirSync(folder)).toEqual([])
  })

  test('--help explains and writes nothing', async () => {
    const { code, out, err } = await run('--help')
    expect([code, err]).toEqual([0, []])
    expect(out.join('\n')).toContain('--config FILE')
    expect(readdirSync(folder)).toEqual([])
  })
})
