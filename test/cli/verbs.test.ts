import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import packageFile from '../../package.json'
import { entries } from '../../src/config/table.ts'
import { openStore, tempFolder } from '../store/fixtures.ts'
import { deskbox } from './terminal.ts'

let folder: ReturnType<typeof tempFolder>

beforeEach(() => {
  folder = tempFolder('cli')
})
afterEach(() => folder[Symbol.dispose]())

const cli = (...args: string[]) => deskbox(folder.path, args)

describe('deskbox', () => {
  test.each(['version', '--version', '-v'])('%s shows the version alone', async (word) => {
    expect(await cli(word)).toEqual({ code: 0, out: packageFile.version, err: '' })
  })

  test.each([[], ['help'], ['--help'], ['-h']].map((args) => [args.join() || 'nothing', args]))(
    '%s lists the verbs',
    async (_, args) => {
      const { code, out, err } = await cli(...args)
      expect([code, err]).toEqual([0, ''])
      for (const verb of [
        'serve',
        'init',
        'keys',
        'staff',
        'webhooks',
        'workflows',
        'check',
        'service',
        'backup',
        'restore',
        'doctor',
        'upgrade-check',
        'export',
        'import',
        'erase',
        'version',
      ]) {
        expect(out).toMatch(new RegExp(`^  ${verb}\\b`, 'm'))
      }
    },
  )

  const verbs = [
    'serve',
    'init',
    'check',
    'doctor',
    'backup',
    'restore',
    'upgrade-check',
    'keys',
    'staff',
    'webhooks',
    'workflows',
    'export',
    'import',
    'erase',
    'service',
    'version',
  ]

  test.each(verbs)('%s --help explains on one screen and does nothing', async (verb) => {
    const { code, out, err } = await cli(verb, '--help')
    expect([code, err]).toEqual([0, ''])
    expect(out).toStartWith(`usage: deskbox ${verb}`)
    expect(await cli('help', verb)).toEqual({ code, out, err })
    expectOneScreen(out)
    expect(readdirSync(folder.path)).toEqual([])
  })

  test.each(verbs)('%s takes --json', async (verb) => {
    expect((await cli(verb, '--help')).out).toMatch(/^ {2}--json /m)
  })

  test('help fits a screen', async () => expectOneScreen((await cli('help')).out))

  test('version tells programs', async () => {
    expect(JSON.parse((await cli('version', '--json')).out)).toEqual({
      version: packageFile.version,
    })
    expect((await cli('version', 'now')).code).toBe(2)
  })

  test('help settings names every setting, and says of each section what they mean', async () => {
    const { out } = await cli('help', 'settings')
    expectOneScreen(out)
    for (const { section, name, dotted, setting } of entries) {
      expect(out).toMatch(new RegExp(`^  ${section} `, 'm'))
      expect(out).toMatch(new RegExp(` ${name}(?: |$)`, 'm'))
      const said = (await cli('help', 'settings', section)).out
      expectOneScreen(said)
      expect(said).toMatch(new RegExp(`^${dotted} = `, 'm'))
      expect(said.replaceAll(/\s+/g, ' ')).toContain(setting.meaning)
    }
  })

  test.each([[['nothing']], [['settings', 'nothing']], [['serve', 'x']], [['a', 'b', 'c']]])(
    'help %j is wrong usage',
    async (words) => expect((await cli('help', ...words)).code).toBe(2),
  )

  test.each(['sevre', '', 'toString', '__proto__', '--unknown'])('%p is no verb', async (verb) => {
    expect(await cli(verb)).toEqual({
      code: 2,
      out: '',
      err: `deskbox: there is no verb '${verb}'; deskbox help lists them`,
    })
  })
})

function expectOneScreen(text: string): void {
  const lines = text.split('\n')
  expect(lines.filter((line) => line.length > 80)).toEqual([])
  expect(lines.length).toBeLessThanOrEqual(40)
}

describe('a settings file that cannot be used', () => {
  test.each([
    ['[server]\nport = "http"', 'deskbox.toml:2:1: server.port must be a whole number from 0 to'],
    [
      '[server]\n\nprot = 1',
      'deskbox.toml:3:1: server.prot is not a setting; did you mean server.port',
    ],
    ['\n[limits]\n  keva_per_minute = -1', 'deskbox.toml:3:3: limits.keva_per_minute must be'],
    ['[server\nport = 1', 'deskbox.toml:1:'],
    ['[server]\nport = 1\nport = 2', 'deskbox.toml:3:1: server.port is given twice'],
  ])('%j stops every verb with file, line and key', async (text, why) => {
    writeFileSync(join(folder.path, 'deskbox.toml'), text)
    for (const args of [['serve'], ['keys', 'list'], ['staff', 'list']]) {
      const { code, out, err } = await cli(...args)
      expect([code, out]).toEqual([2, ''])
      expect(err).toStartWith(`deskbox ${String(args[0])}: ${why}`)
    }
    expect(readdirSync(folder.path)).toEqual(['deskbox.toml'])
  })

  test('is named as the caller named it', async () => {
    writeFileSync(join(folder.path, 'my.toml'), 'x = 1')
    const { code, err } = await cli('serve', '--config', 'my.toml')
    expect(code).toBe(2)
    expect(err).toStartWith('deskbox serve: my.toml:1:1: x is not a ')
  })
})

describe('deskbox serve, when it cannot', () => {
  test.each([
    [['--port', 'http'], '--port must be a whole number from 0 to 65535'],
    [['--port', '65536'], '--port must be a whole number from 0 to 65535'],
    [['--port', '1e3'], '--port must be a whole number from 0 to 65535'],
    [['now'], 'serve takes no arguments'],
    [['--now'], "Unknown option '--now'"],
    [['--config', 'no.toml'], 'There is no settings file no.toml'],
    [
      ['--set', 'ai.base_url=http://m', '--set', 'ai.model=m', '--set', 'ai.api_key_file=no.key'],
      'The file no.key of the',
    ],
  ])('%p is wrong usage, and makes no data folder', async (args, why) => {
    const { code, err } = await cli('serve', ...args)
    expect(code).toBe(2)
    expect(err).toContain(`deskbox serve: ${why}`)
    expect(readdirSync(folder.path)).toEqual([])
  })

  test('because the certificate is not there: 1, and makes no data folder', async () => {
    const files = ['server.tls_certificate_file=no.pem', 'server.tls_key_file=no.key']
    const { code, err } = await cli('serve', ...files.flatMap((one) => ['--set', one]))
    expect(code).toBe(1)
    const file = join(folder.path, 'no.pem')
    expect(err).toBe(`deskbox serve: server.tls_certificate_file: the file ${file} cannot be read`)
    expect(readdirSync(folder.path)).toEqual([])
  })

  test('because the port is taken: 1 at once, and no keys are lost', async () => {
    using taken = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response() })
    const began = performance.now()
    for (const isTerminal of [false, true]) {
      const args = ['serve', '--port', String(taken.port)]
      const { code, out, err } = await deskbox(folder.path, args, isTerminal)
      expect([code, out]).toEqual([1, ''])
      expect(err).toContain(`deskbox serve: `)
      expect(err).toContain(String(taken.port))
    }
    expect(performance.now() - began).toBeLessThan(1000)
    expect(existsSync(join(folder.path, 'data', 'first-keys.txt'))).toBe(false)
    expect((await cli('keys', 'list', '--json')).out).toBe('[]')
    // The folder is free again.
    openStore(join(folder.path, 'data'))[Symbol.dispose]()
  })

  test('because the folder is in use: 1 at once', async () => {
    const data = join(folder.path, 'data')
    using opened = openStore(data)
    const began = performance.now()
    const { code, err } = await cli('serve', '--port', '0')
    expect(performance.now() - began).toBeLessThan(1000)
    expect([code, err]).toEqual([
      1,
      `deskbox serve: The data folder ${data} is in use by another process`,
    ])
    expect(opened.store.fault).toBeUndefined()
  })

  test('because the database is no database: 1', async () => {
    const data = join(folder.path, 'data')
    openStore(data)[Symbol.dispose]()
    writeFileSync(join(data, 'deskbox.db'), 'not a database, whatever its name may say'.repeat(100))
    const { code, err } = await cli('serve', '--port', '0')
    expect(code).toBe(1)
    expect(err).toContain('not a database')
  })
})
