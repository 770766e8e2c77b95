import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deskbox } from './terminal.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'deskbox-check-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function settings(text: string, name = 'deskbox.toml'): void {
  writeFileSync(join(folder, name), text)
}

function check(args: string[], env: { readonly [name: string]: string } = {}) {
  return deskbox(folder, ['check', ...args], false, env)
}

test('shows each value and where it came from, and makes nothing', async () => {
  settings('[limits]\nkeva_per_minute = 5\nsupport_desk_per_minute = 6')
  const env = { DESKBOX_LIMITS_SUPPORT_DESK_PER_MINUTE: '7' }
  const { code, out, err } = await check(['--set', 'server.port=8080'], env)
  expect([code, err]).toEqual([0, ''])
  const rows = out.split('\n').map((line) => line.split(/\s{2,}/))
  const of = (name: string) => rows.find(([first]) => first === name)?.slice(1)
  expect(of('limits.keva_per_minute')).toEqual(['5', 'file'])
  expect(of('limits.support_desk_per_minute')).toEqual(['7', 'environment'])
  expect(of('server.port')).toEqual(['8080', 'flag'])
  expect(of('server.hosts')).toEqual(['[]', 'default'])
  expect(out).toContain(`Settings file: ${join(folder, 'deskbox.toml')}`)
  expect(out).toContain(`Data folder:   ${join(folder, 'data')}`)
  expect(readdirSync(folder)).toEqual(['deskbox.toml'])
})

test('says the same to programs', async () => {
  const { out } = await check(['--json', '--data', 'elsewhere'])
  const found = JSON.parse(out) as { file: unknown; directory: string; settings: object[] }
  expect([found.file, found.directory]).toEqual([null, join(folder, 'elsewhere')])
  expect(found.settings).toContainEqual({
    name: 'limits.keva_per_minute',
    value: 100,
    origin: 'default',
    variable: 'DESKBOX_LIMITS_KEVA_PER_MINUTE',
  })
})

test('reads the file that DESKBOX_CONFIG names, unless a flag names another', async () => {
  settings('server.port = 1', 'a.toml')
  settings('server.port = 2', 'b.toml')
  const env = { DESKBOX_CONFIG: 'a.toml' }
  expect((await check([], env)).out).toMatch(/server\.port +1 +file/)
  expect((await check(['--config', 'b.toml'], env)).out).toMatch(/server\.port +2 +file/)
  const { code, err } = await check([], { DESKBOX_CONFIG: 'c.toml' })
  expect([code, err]).toMatchObject([2, expect.stringContaining('no settings file c.toml')])
})

test.each([
  ['[server]\nprot = 1', [], {}, 'deskbox.toml:2:1: server.prot is not a setting; did you mean'],
  ['[server]\nhost = "0.0.0.0"', [], {}, 'deskbox.toml:2:1: server.host 0.0.0.0 is reached from'],
  ['', ['--set', 'server.port'], {}, "--set takes NAME=VALUE, not 'server.port'"],
  ['', ['--set', 'server.port=x'], {}, '--set server.port must be a whole number'],
  ['', ['now'], {}, 'check takes no arguments'],
  ['', [], { DESKBOX_SERVER_PROT: '1' }, 'did you mean DESKBOX_SERVER_PORT?'],
] as [string, string[], { [name: string]: string }, string][])(
  'refuses %j %j %j',
  async (text, args, env, problem) => {
    settings(text)
    const { code, out, err } = await check(args, env)
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(problem)
  },
)
