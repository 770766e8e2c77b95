import { describe, expect, test } from 'bun:test'
import { sampleSettings, settingsTable, shownSettings } from '../src/config/describe.ts'
import {
  changesBetween,
  effectiveSettings,
  SettingsError,
  SettingsErrors,
  SourceError,
  variableOf,
  type Settings,
} from '../src/config/effective.ts'
import { entries } from '../src/config/table.ts'

// Written out, so that a change of the table that changes the type or a default is seen here.
const services = {
  workflows: { callTimeoutSeconds: 15, callsAtOnce: 16 },
  ai: { baseUrl: '', model: '', apiKey: '', apiKeyFile: '', autonomy: 2, timeout: 60 },
  email: {
    smtpHost: '',
    smtpPort: 587,
    smtpTls: false,
    smtpInsecure: false,
    smtpUser: '',
    smtpPassword: '',
    smtpPasswordFile: '',
    from: '',
    signature: '',
  },
  integrations: {
    slackChannels: [] as readonly string[],
    teamsChannels: [] as readonly string[],
    connectors: [] as readonly string[],
    sensitiveActions: [] as readonly string[],
  },
} satisfies Partial<Settings>

const defaults: typeof services & {
  server: {
    host: string
    port: number
    hosts: readonly string[]
    publicUrl: string
    tlsCertificateFile: string
    tlsKeyFile: string
    insecureHttp: boolean
    trustedProxies: readonly string[]
  }
  data: { directory: string }
  log: { level: 'error' | 'info'; format: 'auto' | 'json' | 'text'; destination: string }
  backup: { schedule: string; keep: number; directory: string }
  limits: { kevaPerMinute: number; supportDeskPerMinute: number; unauthenticatedPerMinute: number }
  webhooks: {
    allowPrivateNetworks: readonly string[]
    scheduleSeconds: readonly number[]
    timeoutSeconds: number
  }
  retention: {
    eventsDays: number
    closedTicketsDays: number
    deliveriesDays: number
    failedDeliveriesDays: number
    executionsDays: number
    skippedExecutionsDays: number
  }
} = {
  server: {
    host: '127.0.0.1',
    port: 7300,
    hosts: [],
    publicUrl: '',
    tlsCertificateFile: '',
    tlsKeyFile: '',
    insecureHttp: false,
    trustedProxies: [],
  },
  data: { directory: './data' },
  log: { level: 'info', format: 'auto', destination: 'stderr' },
  backup: { schedule: '0 3 * * *', keep: 7, directory: '' },
  limits: { kevaPerMinute: 100, supportDeskPerMinute: 600, unauthenticatedPerMinute: 60 },
  webhooks: {
    allowPrivateNetworks: [],
    scheduleSeconds: [5, 60, 600, 3600, 18_000, 50_400, 86_400, 86_400, 86_400],
    timeoutSeconds: 15,
  },
  retention: {
    eventsDays: 90,
    closedTicketsDays: 0,
    deliveriesDays: 30,
    failedDeliveriesDays: 90,
    executionsDays: 90,
    skippedExecutionsDays: 1,
  },
  ...services,
} satisfies Settings

function readSettings(text: string, name: string): Settings {
  const file = { text, name }
  return effectiveSettings({ file, environment: {}, flags: new Map() }).settings
}

function defaultSettings(): Settings {
  return effectiveSettings({ file: null, environment: {}, flags: new Map() }).settings
}

/** What is said of the file; of several things that at the place. */
function refusal(text: string, place = ''): SettingsError {
  const problems = refusals(text, 'deskbox.toml')
  const isThere = ({ line, column }: SettingsError) => `${line}:${column}` === place
  const found = problems.length === 1 ? problems[0] : problems.find(isThere)
  if (!found) throw new Error(`the file was not refused at ${place}`)
  return found
}

function refusals(text: string, name: string): readonly SettingsError[] {
  try {
    readSettings(text, name)
    return []
  } catch (err) {
    const problems = err instanceof SettingsErrors ? err.problems : [err]
    if (problems.every((one) => one instanceof SettingsError)) return problems
    throw err
  }
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
      hosts = ['desk.example.com', 'localhost']
      public_url = 'https://desk.example.com:8443'
      tls_certificate_file = '/etc/desk.crt'
      tls_key_file = "/etc/desk.key"
      insecure_http = true
      trusted_proxies = ["10.0.0.0/8", "::1"]
      [data]
      directory = "/srv/desk box"
      [log]
      level = "error"
      format = 'json'
      destination = "/var/log/desk.log"
      [backup]
      schedule = "*/10 * * * 1"
      keep = 3
      directory = "/srv/backups"
      [limits]
      keva_per_minute = 0
      support_desk_per_minute = 1_000_000
      unauthenticated_per_minute = 0x10
      [webhooks]
      allow_private_networks = ["192.168.7.0/24"]
      schedule_seconds = [1, 604_800]
      timeout_seconds = 60
      [retention]
      events_days = 0
      closed_tickets_days = 365
      deliveries_days = 1
      failed_deliveries_days = 3650
      executions_days = 30
      skipped_executions_days = 2`
    expect(readSettings(text, 'f')).toEqual({
      server: {
        host: '0.0.0.0',
        port: 0,
        hosts: ['desk.example.com', 'localhost'],
        publicUrl: 'https://desk.example.com:8443',
        tlsCertificateFile: '/etc/desk.crt',
        tlsKeyFile: '/etc/desk.key',
        insecureHttp: true,
        trustedProxies: ['10.0.0.0/8', '::1'],
      },
      data: { directory: '/srv/desk box' },
      log: { level: 'error', format: 'json', destination: '/var/log/desk.log' },
      backup: { schedule: '*/10 * * * 1', keep: 3, directory: '/srv/backups' },
      limits: { kevaPerMinute: 0, supportDeskPerMinute: 1_000_000, unauthenticatedPerMinute: 16 },
      webhooks: {
        allowPrivateNetworks: ['192.168.7.0/24'],
        scheduleSeconds: [1, 604_800],
        timeoutSeconds: 60,
      },
      retention: {
        eventsDays: 0,
        closedTicketsDays: 365,
        deliveriesDays: 1,
        failedDeliveriesDays: 3650,
        executionsDays: 30,
        skippedExecutionsDays: 2,
      },
      ...services,
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
    [
      '[backup]\ndirectry = "x"',
      '2:1',
      'backup.directry is not a setting; did you mean backup.directory?',
    ],
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
    ['[server]\ninsecure_http = "yes"', '2:1', 'server.insecure_http must be true or false'],
    ['[log]\nlevel = "loud"', '2:1', 'log.level must be one of "error", "info"'],
    ['[backup]\nschedule = "0 0 31 2 *"', '2:1', /^backup\.schedule must be a cron pattern/],
    ['[backup]\nschedule = "2026-01-01"', '2:1', /^backup\.schedule must be a cron pattern/],
    ['[server]\nhosts = "desk"', '2:1', /^server\.hosts must be a list of host names, like \[/],
    ['[server]\nhosts = ["a b"]', '2:1', /^server\.hosts must be a list of host names/],
    [
      '[server]\ntrusted_proxies = ["10.0.0.0/40"]',
      '2:1',
      /^server\.trusted_proxies must be a list/,
    ],
    [
      '[webhooks]\nschedule_seconds = []',
      '2:1',
      /^webhooks\.schedule_seconds must be a list of 1 to 20/,
    ],
    ['[webhooks]\nschedule_seconds = [5, 0]', '2:1', /whole numbers from 1 to 604800$/],
    ['[webhooks]\nschedule_seconds = [5, 1.5]', '2:1', /whole numbers from 1 to 604800$/],
    ['[webhooks]\nschedule_seconds = 5', '2:1', /whole numbers from 1 to 604800$/],
    // Good each by itself, and not together.
    ['[server]\nport = 1\ntls_key_file = "k"', '3:1', /^server\.tls_key_file needs server\.tls_c/],
    ['[server]\ntls_certificate_file = "c"', '2:1', /needs server\.tls_key_file$/],
    ['[server]\n\nhost = "0.0.0.0"', '3:1', /^server\.host 0\.0\.0\.0 is reached from outside/],
    [
      '[ai]\napi_key = "a"\napi_key_file = "b"',
      '2:1',
      'ai.api_key and ai.api_key_file exclude each other',
    ],
    [
      '[server]\npublic_url = "desk.example.com"',
      '2:1',
      /^server\.public_url must be an address without a path/,
    ],
    [
      '[server]\npublic_url = "https://desk.example.com/x"',
      '2:1',
      /^server\.public_url must be an address/,
    ],
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
    const err = refusal(text, place)
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

/** Everything that is said of the settings. */
function all(text: string, environment = {}, flags: [string, string][] = []): string[] {
  const given = flags.map(([name, value]) => [name, { flag: `--${name}`, text: value }] as const)
  const sources = { file: { text, name: 'f' }, environment, flags: new Map(given) }
  try {
    effectiveSettings(sources)
  } catch (err) {
    if (err instanceof SettingsErrors) return err.message.split('\n')
    throw err
  }
  throw new Error('the settings were accepted')
}

describe('everything that is wrong is told at once', () => {
  test('in the order of the file, each at its place', () => {
    const text = [
      '[server]',
      'prot = 1',
      'port = "x"',
      '[limit]',
      'x = 1',
      '[log]',
      'level = "loud"',
      'colour = true',
      '[limits]',
      'keva_per_minute = -1',
    ].join('\n')
    expect(all(text)).toEqual([
      'f:2:1: server.prot is not a setting; did you mean server.port?',
      'f:3:1: server.port must be a whole number from 0 to 65535',
      'f:4:2: limit is not a section; did you mean limits?',
      'f:7:1: log.level must be one of "error", "info"',
      'f:8:1: log.colour is not a setting',
      'f:10:1: limits.keva_per_minute must be a whole number from 0 to 1000000',
    ])
  })

  test('with the environment and the flags behind it', () => {
    const environment = { DESKBOX_SERVER_PROT: '1', DESKBOX_SERVER_PORT: 'x' }
    expect(all('[server]\nhots = ""', environment, [['backup.keep', '0']])).toEqual([
      expect.stringMatching(/^f:2:1: server.hots is not a setting/),
      'The environment variable DESKBOX_SERVER_PROT is not a setting; did you mean DESKBOX_SERVER_PORT?',
      'DESKBOX_SERVER_PORT must be a whole number from 0 to 65535',
      '--backup.keep must be a whole number from 1 to 1000',
    ])
  })

  test('contradictions too', () => {
    const text =
      '[server]\nhost = "0.0.0.0"\n[email]\nsmtp_password = "a"\nsmtp_password_file = "b"'
    expect(all(text)).toEqual([
      expect.stringMatching(/^f:2:1: server.host 0.0.0.0 is reached/),
      'f:4:1: email.smtp_password and email.smtp_password_file exclude each other',
    ])
  })
})

test('secrets are not shown', () => {
  const text = `[ai]\napi_key = "sk-geheim"\n[email]\nsmtp_password = "geheim"\n[integrations]
    slack_channels = ["ops=https://hooks.slack.com/geheim"]
    teams_channels = ["ops=https://teams.example/geheim"]
    connectors = ["shop=https://shop.example/geheim"]`
  const file = { text, name: 'f' }
  const shown = shownSettings(effectiveSettings({ file, environment: {}, flags: new Map() }))
  expect(JSON.stringify(shown)).not.toContain('geheim')
  const of = (name: string) => shown.find((one) => one.name === name)?.text
  expect([of('ai.api_key'), of('integrations.slack_channels')]).toEqual(['"***"', '["ops=***"]'])
  const none = shownSettings(effectiveSettings({ file: null, environment: {}, flags: new Map() }))
  expect(none.find(({ name }) => name === 'ai.api_key')?.text).toBe('""')
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
      for (const err of refusals(text, 'f')) {
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

describe('the environment and the flags', () => {
  const file = { text: '[limits]\nkeva_per_minute = 1\nsupport_desk_per_minute = 1', name: 'f' }

  test('each source beats those before it', () => {
    const { settings, origins } = effectiveSettings({
      file,
      environment: {
        DESKBOX_LIMITS_SUPPORT_DESK_PER_MINUTE: '2',
        DESKBOX_SERVER_PORT: '2',
        DESKBOX_CONFIG: 'other.toml',
        PATH: '/bin',
      },
      flags: new Map([['server.port', { flag: '--port', text: '3' }]]),
    })
    expect(settings.limits).toEqual({
      kevaPerMinute: 1,
      supportDeskPerMinute: 2,
      unauthenticatedPerMinute: 60,
    })
    expect(settings.server.port).toBe(3)
    const of = (name: string) => origins.get(name)
    expect([of('limits.keva_per_minute'), of('limits.support_desk_per_minute')]).toEqual([
      'file',
      'environment',
    ])
    expect([of('server.port'), of('server.host')]).toEqual(['flag', 'default'])
  })

  test('every setting has its variable', () => {
    const given = {
      DESKBOX_SERVER_HOST: '0.0.0.0',
      DESKBOX_SERVER_PORT: '80',
      DESKBOX_SERVER_HOSTS: 'a.example, b.example',
      DESKBOX_SERVER_PUBLIC_URL: 'https://desk.example',
      DESKBOX_SERVER_TLS_CERTIFICATE_FILE: 'c',
      DESKBOX_SERVER_TLS_KEY_FILE: 'k',
      DESKBOX_SERVER_INSECURE_HTTP: 'true',
      DESKBOX_SERVER_TRUSTED_PROXIES: '',
      DESKBOX_DATA_DIRECTORY: '/srv',
      DESKBOX_LOG_LEVEL: 'error',
      DESKBOX_LOG_FORMAT: 'text',
      DESKBOX_LOG_DESTINATION: 'stdout',
      DESKBOX_BACKUP_SCHEDULE: '',
      DESKBOX_BACKUP_KEEP: '2',
      DESKBOX_BACKUP_DIRECTORY: '/srv/b',
      DESKBOX_LIMITS_KEVA_PER_MINUTE: '0',
      DESKBOX_LIMITS_SUPPORT_DESK_PER_MINUTE: '7',
      DESKBOX_LIMITS_UNAUTHENTICATED_PER_MINUTE: '8',
      DESKBOX_WEBHOOKS_ALLOW_PRIVATE_NETWORKS: '10.0.0.0/8',
      DESKBOX_RETENTION_EVENTS_DAYS: '30',
      DESKBOX_RETENTION_CLOSED_TICKETS_DAYS: '365',
      DESKBOX_WEBHOOKS_SCHEDULE_SECONDS: '5, 60',
      DESKBOX_WEBHOOKS_TIMEOUT_SECONDS: '9',
      DESKBOX_RETENTION_DELIVERIES_DAYS: '10',
      DESKBOX_RETENTION_FAILED_DELIVERIES_DAYS: '11',
      DESKBOX_RETENTION_EXECUTIONS_DAYS: '12',
      DESKBOX_RETENTION_SKIPPED_EXECUTIONS_DAYS: '13',
      DESKBOX_WORKFLOWS_CALL_TIMEOUT_SECONDS: '14',
      DESKBOX_WORKFLOWS_CALLS_AT_ONCE: '15',
      DESKBOX_AI_BASE_URL: 'https://model.example/v1',
      DESKBOX_AI_MODEL: 'm',
      DESKBOX_AI_API_KEY: '',
      DESKBOX_AI_API_KEY_FILE: 'k',
      DESKBOX_AI_AUTONOMY: '4',
      DESKBOX_AI_TIMEOUT: '5',
      DESKBOX_EMAIL_SMTP_HOST: 'mail.example',
      DESKBOX_EMAIL_SMTP_PORT: '465',
      DESKBOX_EMAIL_SMTP_TLS: 'true',
      DESKBOX_EMAIL_SMTP_INSECURE: 'false',
      DESKBOX_EMAIL_SMTP_USER: 'u',
      DESKBOX_EMAIL_SMTP_PASSWORD: 'p',
      DESKBOX_EMAIL_SMTP_PASSWORD_FILE: '',
      DESKBOX_EMAIL_FROM: 'desk@example.com',
      DESKBOX_EMAIL_SIGNATURE: 's',
      DESKBOX_INTEGRATIONS_SLACK_CHANNELS: 'a=https://slack.example/x',
      DESKBOX_INTEGRATIONS_TEAMS_CHANNELS: '',
      DESKBOX_INTEGRATIONS_CONNECTORS: 'shop=http://10.0.0.5/x',
      DESKBOX_INTEGRATIONS_SENSITIVE_ACTIONS: 'shop, crm.delete',
    }
    expect(entries.map(variableOf).toSorted()).toEqual(Object.keys(given).toSorted())
    const effective = effectiveSettings({ file: null, environment: given, flags: new Map() })
    expect(new Set(effective.origins.values())).toEqual(new Set(['environment']))
    expect(effective.settings.server).toMatchObject({
      hosts: ['a.example', 'b.example'],
      trustedProxies: [],
      insecureHttp: true,
    })
  })

  test.each([
    [{ DESKBOX_SERVER_PORT: '80a' }, [], 'DESKBOX_SERVER_PORT must be a whole number from 0 to'],
    [{ DESKBOX_SERVER_PORT: '' }, [], 'DESKBOX_SERVER_PORT must be a whole number'],
    [{ DESKBOX_SERVER_HOST: ' ' }, [], 'DESKBOX_SERVER_HOST must be text'],
    [{ DESKBOX_SERVER_PROT: '1' }, [], 'DESKBOX_SERVER_PROT is not a setting; did you mean DESK'],
    [{ DESKBOX_X: '1' }, [], 'DESKBOX_X is not a setting'],
    [{ DESKBOX_SERVER_HOST: '0.0.0.0' }, [], 'server.host 0.0.0.0 is reached from outside'],
    [{}, [['server.port', '-1']], '--x must be a whole number'],
    [{}, [['webhooks.schedule_seconds', '5,x']], '--x must be a list of 1 to 20 whole numbers'],
    [{}, [['webhooks.schedule_seconds', '']], '--x must be a list of 1 to 20 whole numbers'],
    [{}, [['server.prot', '1']], '--set server.prot is not a setting; did you mean server.port?'],
    [{}, [['server.insecure_http', 'yes']], '--x must be true or false'],
  ] as [object, [string, string][], string][])('refuse %j %j', (environment, flags, problem) => {
    const given = flags.map(([name, text]) => [name, { flag: '--x', text }] as const)
    const sources = { file, environment: { ...environment }, flags: new Map(given) }
    expect(() => effectiveSettings(sources)).toThrow(SourceError)
    expect(() => effectiveSettings(sources)).toThrow(problem)
  })
})

describe('what a reload changes', () => {
  const before = defaultSettings()

  test('is nothing when nothing differs', () => {
    expect(changesBetween(before, defaultSettings())).toEqual({ applied: [], afterRestart: [] })
  })

  test('is told apart from what needs a restart', () => {
    const text = '[limits]\nkeva_per_minute = 5\n[server]\nport = 1\nhosts = ["a.example"]'
    expect(changesBetween(before, readSettings(text, 'f'))).toEqual({
      applied: ['server.hosts', 'limits.keva_per_minute'],
      afterRestart: ['server.port'],
    })
  })
})

test('each setting is shown as a file would spell it', () => {
  const text = '[server]\nhosts = ["a.example"]\nport = 0x10'
  const file = { text, name: 'f' }
  const shown = shownSettings(effectiveSettings({ file, environment: {}, flags: new Map() }))
  const of = (name: string) => shown.find((one) => one.name === name)
  expect(of('server.hosts')).toMatchObject({ text: '["a.example"]', origin: 'file' })
  expect(of('server.port')).toMatchObject({
    text: '16',
    value: 16,
    variable: 'DESKBOX_SERVER_PORT',
  })
  expect(of('limits.keva_per_minute')).toMatchObject({ text: '100', origin: 'default' })
})

test('the README has the table of settings as it is', async () => {
  const readme = await Bun.file(new URL('../README.md', import.meta.url)).text()
  expect(readme).toContain(settingsTable())
})

function exactly(text: string): RegExp {
  return new RegExp(`^${text.replaceAll(/[.?[\]()]/g, '\\$&')}$`)
}
