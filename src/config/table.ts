import { isNetwork } from '../security/networks.ts'
import { logLevels } from '../lib/log.ts'
import { cron, flag, list, oneOf, optionalText, origin, text, whole, wholes } from './kinds.ts'
import { ai, email, integrations, workflows } from './services.ts'
import { fixed, reloaded, type Setting } from './setting.ts'

export type { Setting } from './setting.ts'

const hostPattern = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/i

/** Every setting there is, as it is spelt in the file. Types, checks, sample and help follow from it. */
export const table = {
  server: {
    host: fixed(
      text('127.0.0.1'),
      '127.0.0.1',
      'address',
      'Where to listen. Use "0.0.0.0" to be reached from outside.',
    ),
    port: fixed(whole(0, 65_535), 7300, 'port', 'The port to listen on; 0 takes any free one.'),
    hosts: reloaded(
      list('host names', 'desk.example.com', (name) => hostPattern.test(name)),
      [],
      'host names',
      'The names that callers may use, beside localhost and addresses.',
    ),
    public_url: reloaded(
      origin('https://desk.example.com'),
      '',
      'address',
      'How callers reach the server, behind a proxy say; its name is one of hosts.',
    ),
    tls_certificate_file: fixed(
      optionalText('/etc/deskbox/tls.crt'),
      '',
      'file',
      'The certificate chain for HTTPS, in PEM; a renewed file is noticed.',
    ),
    tls_key_file: fixed(
      optionalText('/etc/deskbox/tls.key'),
      '',
      'file',
      'The private key of the certificate, in PEM.',
    ),
    insecure_http: fixed(
      flag(),
      false,
      'true or false',
      'Serve plain HTTP to other machines; keys can then be read on the way.',
    ),
    trusted_proxies: reloaded(
      list('networks', '10.0.0.0/8', isNetwork),
      [],
      'networks',
      'The proxies whose X-Forwarded-For and -Proto are believed.',
    ),
  },
  data: {
    directory: fixed(
      text('./data'),
      './data',
      'folder',
      'Where everything is kept, seen from where the server starts.',
    ),
  },
  log: {
    level: reloaded(
      oneOf(logLevels),
      'info',
      'word',
      'What is logged: "info" has a line for each call and job, "error" faults alone.',
    ),
    format: fixed(
      oneOf(['auto', 'json', 'text']),
      'auto',
      'word',
      'How lines look; "auto" is text on a terminal and JSON elsewhere.',
    ),
    destination: reloaded(
      text('stderr'),
      'stderr',
      'stream or file',
      'Where lines go: "stderr", "stdout", or a file, begun anew on SIGHUP.',
    ),
  },
  backup: {
    schedule: reloaded(
      cron(),
      '0 3 * * *',
      'cron pattern',
      'When to make a backup, by the clock of this machine; "" is never.',
    ),
    keep: reloaded(
      whole(1, 1000),
      7,
      'files',
      'How many scheduled backups to keep; older ones are removed.',
    ),
    directory: reloaded(
      optionalText('/var/backups/deskbox'),
      '',
      'folder',
      'Where backups go; "" is the folder backups within the data folder.',
    ),
  },
  limits: {
    keva_per_minute: reloaded(
      whole(0, 1_000_000),
      100,
      'calls per minute',
      'What each Keva key may do; 0 is no limit.',
    ),
    support_desk_per_minute: reloaded(
      whole(0, 1_000_000),
      600,
      'calls per minute',
      'What each internal and each external key may do; 0 is no limit.',
    ),
    unauthenticated_per_minute: reloaded(
      whole(0, 1_000_000),
      60,
      'calls per minute',
      'What each client address may try without a valid key; 0 is no limit.',
    ),
  },
  webhooks: {
    allow_private_networks: reloaded(
      list('networks', '10.0.0.0/8', isNetwork),
      [],
      'networks',
      'Networks that are not public, and that webhooks may call none the less.',
    ),
    schedule_seconds: reloaded(
      wholes({ least: 1, most: 604_800 }, 20),
      // Ten attempts, over three days even when chance makes every wait as short as it may.
      [5, 60, 600, 3600, 18_000, 50_400, 86_400, 86_400, 86_400],
      'seconds',
      'The waits between the attempts at a delivery, each a fifth more or less by chance.',
    ),
    timeout_seconds: reloaded(
      whole(1, 60),
      15,
      'seconds',
      'How long an attempt may take, from the look-up of the name to the last byte.',
    ),
  },
  retention: {
    deliveries_days: reloaded(
      whole(1, 3650),
      30,
      'days',
      'How long a delivery is kept once its receiver has it.',
    ),
    failed_deliveries_days: reloaded(
      whole(1, 3650),
      90,
      'days',
      'How long a delivery is kept once it is given up.',
    ),
    executions_days: reloaded(
      whole(1, 3650),
      90,
      'days',
      'How long what a run of a workflow did is kept once it has ended.',
    ),
    skipped_executions_days: reloaded(
      whole(1, 3650),
      1,
      'days',
      'How long a run that did nothing is kept; of many a sample.',
    ),
    events_days: reloaded(
      whole(0, 36_500),
      90,
      'days',
      'How long the event feed goes back; 0 is for ever.',
    ),
    closed_tickets_days: reloaded(
      whole(0, 36_500),
      0,
      'days',
      'How long a ticket is kept once it is closed; 0 is for ever.',
    ),
  },
  workflows,
  ai,
  email,
  integrations,
}

type Table = typeof table
type Camel<S> = S extends `${infer A}_${infer B}` ? `${A}${Capitalize<Camel<B>>}` : S & string

/** All settings, in the spelling of the code: `limits.kevaPerMinute`. */
export type Settings = {
  readonly [S in keyof Table]: {
    readonly [K in keyof Table[S] as Camel<K>]: Table[S][K] extends Setting<infer V> ? V : never
  }
}

export type Value = string | number | boolean | readonly string[] | readonly number[]

/** A setting with its names: `limits`, `keva_per_minute`, and both as one. */
export type Entry = {
  readonly section: string
  readonly name: string
  readonly dotted: string
  readonly setting: Setting<Value>
}

/** The table as a list, in its order. */
export const entries: readonly Entry[] = Object.entries(table).flatMap(([section, settings]) =>
  Object.entries<unknown>(settings).map(([name, setting]) => ({
    section,
    name,
    dotted: `${section}.${name}`,
    // Each kind reads and spells only the values that it made.
    setting: setting as Setting<Value>,
  })),
)

export const sections: readonly string[] = Object.keys(table)

/** Builds the settings in the code's spelling; the cast holds because the table names each one. */
export function settingsFrom(valueOf: (entry: Entry) => Value): Settings {
  const settings: { [section: string]: { [name: string]: Value } } = {}
  for (const entry of entries) {
    ;(settings[entry.section] ??= {})[camel(entry.name)] = valueOf(entry)
  }
  return settings as unknown as Settings
}

function camel(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
}
