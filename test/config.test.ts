import { describe, expect, test } from 'bun:test'
import {
  defaultSettings,
  readSettings,
  sampleSettings,
  SettingsError,
  type Settings,
} from '../src/config.ts'

// Written out, so that a change of the table that changes the type or a default is seen here.
const defaults: {
  server: { host: string; port: number }
  data: { directory: string }
  limits: { kevaPerMinute: number; supportDeskPerMinute: number; unauthenticatedPerMinute: number }
} = {
  server: { host: '127.0.0.1', port: 7300 },
  data: { directory: './data' },
  limits: { kevaPerMinute: 100, supportDeskPerMinute: 600, unauthenticatedPerMinute: 60 },
} satisfies Settings

function refusal(text: string): SettingsError {
  try {
    readSettings(text, 'deskbox.toml')
  } catch (err) {
    if (err instanceof SettingsError) return err
    throw err
  }
  throw new Error('the file was accepted')
}

describe('readSettings', () => {
  test.each(['', '\uFEFF', '# nothing\n', '[server]\n[limits]\n[data]\n', 'server = {}'])(
    'all defaults for %p',
    (text) => {
      expect(readSettings(text, 'f')).toEqual(defaults)
      expect(defaultSettings()).toEqual(defaults)
    },
  )

  test('every setting can be set', () => {
    const text = `
      [server]
      host = '0.0.0.0'
      port = 0
      [data]
      directory = "/srv/desk box"
      [limits]
      keva_per_minute = 0
      support_desk_per_minute = 1_000_000
      unauthenticated_per_minute = 0x10`
    expect(readSettings(text, 'f')).toEqual({
      server: { host: '0.0.0.0', port: 0 },
      data: { directory: '/srv/desk box' },
      limits: { kevaPerMinute: 0, supportDeskPerMinute: 1_000_000, unauthenticatedPerMinute: 16 },
    })
  })

  test.each([
    ['dotted', 'limits.keva_per_minute = 5'],
    ['quoted', '["limits"]\n\'keva_per_minute\' = 5'],
    ['escaped', '[limits]\n"\\u006beva_per_minute" = 5'],
    ['inline', 'limits = { keva_per_minute = 5 }'],
    ['CRLF', '[limits]\r\nkeva_per_minute = 5\r\n'],
    ['after a BOM', '\uFEFF[limits]\nkeva_per_minute = 5'],
  ])('a key may be %s', (_, text) => {
    expect(readSettings(text, 'f').limits).toEqual({ ...defaults.limits, kevaPerMinute: 5 })
  })

  test('two readings share nothing', () => {
    const first = defaultSettings()
    first.server.port = 1
    expect(defaultSettings()).toEqual(defaults)
  })
})

const meantKeva = 'is not a setting; did you mean limits.keva_per_minute?'
const notPort = 'server.port must be a whole number from 0 to 65535'
const notHost = 'server.host must be text in quotes, like "127.0.0.1"'

describe('refusals name file, line, column and key', () => {
  test.each([
    // Unknown names, however they are written.
    ['[limits]\n\n# why\nkeva_per_minut = 5', '4:1', `limits.keva_per_minut ${meantKeva}`],
    ['\n  limits.keva_per_minut = 5', '2:3', `limits.keva_per_minut ${meantKeva}`],
    ['[limits]\n "keva-per-minute" = 5', '2:2', `limits.keva-per-minute ${meantKeva}`],
    ['limits.kevaPerMinute = 5', '1:1', `limits.kevaPerMinute ${meantKeva}`],
    ['[limits]\n"keva_\\u0070er" = 5', '2:1', 'limits.keva_per is not a setting'],
    ['limits = { keva_per_minute = 3, sup = 1 }', '1:33', 'limits.sup is not a setting'],
    ['keva_per_minute = 5', '1:1', `keva_per_minute ${meantKeva}`],
    ['[server]\nkeva_per_minute = 5', '2:1', `server.keva_per_minute ${meantKeva}`],
    ['[server]\nprot = 1', '2:1', 'server.prot is not a setting; did you mean server.port?'],
    ['[ "limit" ]', '1:3', 'limit is not a section; did you mean limits?'],
    ['limit.x = 1', '1:1', 'limit is not a section; did you mean limits?'],
    ['[[mail]]\nx = 1', '1:3', 'mail is not a setting'],
    ['[limits]\n__proto__ = 1', '2:1', 'limits.__proto__ is not a setting'],
    ['[constructor]', '1:2', 'constructor is not a section'],
    ['"" = 1', '1:1', ' is not a setting'],
    // The same name elsewhere, in a text, a comment or an array, is not taken for the key.
    ['[server]\nhost = """\nprot\n[data]\n"""\n# prot\nprot = 1', '7:1', /^server\.prot is not/],
    ["[server]\nhost = 'prot = 1' # prot = 1\nprot = 1", '3:1', /^server\.prot is not/],
    ['[data]\nport = 1\n[server]\nport = "x"', '2:1', /^data\.port is not .* server\.port\?$/],
    ['[server]\nhost = [\n "[data]", # ]\n { port = 1 },\n]\nport = 1', '2:1', notHost],
    ['[server]\nhost = """a"""" # " [\nprot = 1', '3:1', /^server\.prot is not/],
    ['data.directory = [\n["server", "port"],\n]\n[server]\nport = "x"', '5:1', notPort],
    ['\uFEFFserver.port = "x"', '1:1', notPort],
    // Wrong types.
    ['[server]\nport = "7300"', '2:1', notPort],
    ['[server]\nport = 7300.0', '2:1', notPort],
    ['[server]\nport = true', '2:1', notPort],
    ['[server]\nport = 2026-01-01', '2:1', notPort],
    ['[server]\n\n[server.port]\nx = 1', '3:2', notPort],
    ['server.host = 1', '1:1', notHost],
    ['[server]\nhost = ""', '2:1', notHost],
    ['[server]\nhost = "a\\u0000"', '2:1', notHost],
    ['[data]\r\n\r\ndirectory = ["./data"]', '3:1', /^data\.directory must be text in quotes/],
    ['limits = 5', '1:1', 'limits is a section: write [limits] above its settings'],
    ['[[limits]]', '1:3', 'limits is a section: write [limits] above its settings'],
    // Out of range.
    ['[server]\nport = -1', '2:1', notPort],
    ['[server]\nport = 65_536', '2:1', notPort],
    ['[server]\nport = 9007199254740993', '2:1', notPort],
    ['limits.keva_per_minute = 1_000_001', '1:1', /from 0 to 1000000$/],
    // Given twice.
    ['[server]\nport = 1\n  port = 2', '3:3', 'server.port is given twice'],
    ['[server]\nport = 1\n"port" = 2', '3:1', 'server.port is given twice'],
    ['server.port = 1\nserver.port = 1', '2:1', 'server.port is given twice'],
    ['[server]\n[data]\n[server]', '3:2', 'server is given twice'],
    ['server = { port = 1, port = 2 }', '1:22', 'server.port is given twice'],
  ])('%j', (text, place, problem) => {
    const err = refusal(text)
    expect(`${err.line}:${err.column}`).toBe(place)
    const [, said = ''] = err.message.split(`deskbox.toml:${place}: `)
    expect(said).toMatch(problem instanceof RegExp ? problem : exactly(problem))
    expect(said.startsWith(err.key)).toBeTrue()
    expect(err.file).toBe('deskbox.toml')
  })

  test.each([
    ['[limits]\nkeva_per_minute = ', '2:19', 'limits.keva_per_minute'],
    ['[limits]\nkeva_per_minute = five', '2:19', 'limits.keva_per_minute'],
    ['[server]\nhost = "a', '2:8', 'server.host'],
    ['[server]\nhost = "a" port = 1', '2:12', 'server.host'],
    ['[server\nport = 1', '1:8', 'server'],
    ['port', '1:1', ''],
  ])('what is no TOML: %j', (text, place, key) => {
    const err = refusal(text)
    expect(err.message.startsWith(`deskbox.toml:${place}: `)).toBeTrue()
    expect(err.message.split('\n')).toHaveLength(1)
    expect(err.message.length).toBeGreaterThan(`deskbox.toml:${place}: `.length + 5)
    expect([`${err.line}:${err.column}`, err.key]).toEqual([place, key])
  })
})

/** A text cut anywhere or with a character swapped is read or refused, and nothing else. */
test('damaged files are refused in order', () => {
  const whole = sampleSettings().replaceAll(/^# (\w+ = )/gm, '$1')
  const strays = [
    '"',
    "'",
    '[',
    ']',
    '{',
    '}',
    '=',
    '\\',
    ',',
    '.',
    '#',
    '\0',
    '\n',
    '"""',
    '\ud800',
  ]
  let refused = 0
  for (let n = 0; n < whole.length; n++) {
    for (const text of [
      whole.slice(0, n),
      whole.slice(0, n) + (strays[n % strays.length] ?? '') + whole.slice(n + 1),
    ]) {
      try {
        readSettings(text, 'f')
      } catch (err) {
        if (!(err instanceof SettingsError)) throw err
        expect(err.message).toStartWith(`f:${err.line}:${err.column}: `)
        expect(err.line).toBeWithin(1, text.split('\n').length + 1)
        refused++
      }
    }
  }
  expect(refused).toBeGreaterThan(100)
})

describe('sampleSettings', () => {
  const sample = sampleSettings()
  const settings = sample.split('\n').filter((line) => /^# \w+ = /.test(line))

  test('sets nothing as it is', () => {
    expect(readSettings(sample, 'f')).toEqual(defaults)
  })

  test('shows every setting with its default, below its meaning', () => {
    const count = Object.values(defaults).flatMap((section) => Object.keys(section)).length
    expect(settings).toHaveLength(count)
    expect(readSettings(sample.replaceAll(/^# (\w+ = )/gm, '$1'), 'f')).toEqual(defaults)
    const lines = sample.split('\n')
    for (const line of settings) {
      expect(lines[lines.indexOf(line) - 1]).toMatch(/^# [A-Z].+\. \(.+\)$/)
    }
  })

  test('a line without its # takes effect', () => {
    const text = sample.replace('# keva_per_minute = 100', 'keva_per_minute = 7')
    expect(readSettings(text, 'f').limits.kevaPerMinute).toBe(7)
  })

  test('fits a terminal', () => {
    expect(sample.split('\n').filter((line) => line.length > 100)).toEqual([])
  })
})

function exactly(text: string): RegExp {
  return new RegExp(`^${text.replaceAll(/[.?[\]()]/g, '\\$&')}$`)
}
