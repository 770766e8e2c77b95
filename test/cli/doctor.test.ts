import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { migrations } from '../../migrations/index.ts'
import { fileFindings } from '../../src/cli/filefindings.ts'
import { findingsOf, machineFindings, type Examined } from '../../src/cli/findings.ts'
import { effective } from '../../src/cli/settings.ts'
import { examine } from '../../src/store/examine.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { fixture } from '../fixtures/make.ts'
import { openStore, tempFolder } from '../store/fixtures.ts'
import { certificate, certificateKey, otherKey } from '../support/certificate.ts'
import { deskbox } from './terminal.ts'

let folder: ReturnType<typeof tempFolder>
let data = ''

beforeEach(async () => {
  folder = tempFolder('doctor')
  data = join(folder.path, 'data')
  await cli('keys', 'create', '--kind', 'keva', '--name', 'first')
})
afterEach(() => folder[Symbol.dispose]())

const cli = (...args: string[]) => deskbox(folder.path, args)

type Told = { check: string; level: string; what: string; remedy: string | null }

async function doctor(...args: string[]) {
  const port = ['--set', 'server.port=0']
  const { code, out } = await cli('doctor', '--json', ...port, ...args)
  const { findings } = JSON.parse(out) as { findings: Told[] }
  return { code, findings, of: (check: string) => findings.find((one) => one.check === check) }
}

function sql(text: string): void {
  const client = openSqlite(join(data, 'deskbox.db'), 0, undefined)
  client.exec(text)
  client.close()
}

function contents(): string {
  const names = readdirSync(data, { recursive: true }).map(String).toSorted()
  const lasting = names.filter((name) => !/-shm$|-wal$|\.lock/.test(name))
  const files = lasting.filter((name) => statSync(join(data, name)).isFile())
  return JSON.stringify(files.map((name) => [name, readFileSync(join(data, name)).toBase64()]))
}

describe('deskbox doctor', () => {
  test('looks at the files that the settings name', async () => {
    const tls = ['--set', 'server.tls_certificate_file=c.pem', '--set', 'server.tls_key_file=k.pem']
    const found = async () => (await doctor(...tls)).of('certificate')
    expect(await found()).toMatchObject({
      level: 'problem',
      what: expect.stringContaining('c.pem cannot be read'),
    })
    writeFileSync(join(folder.path, 'c.pem'), certificate)
    writeFileSync(join(folder.path, 'k.pem'), otherKey)
    expect(await found()).toMatchObject({
      level: 'problem',
      what: expect.stringContaining('is not the key of'),
    })
    writeFileSync(join(folder.path, 'k.pem'), certificateKey)
    expect(await found()).toEqual({
      check: 'certificate',
      level: 'ok',
      what: 'good until 2126-10-31T18:46:04Z',
      remedy: null,
    })
    const named = { TLS_CERTIFICATE_FILE: 'c.pem', TLS_KEY_FILE: 'k.pem' }
    const env = Object.entries(named).map(([name, file]) => [`DESKBOX_SERVER_${name}`, file])
    const { settings } = effective({ cwd: folder.path, env: Object.fromEntries(env) as {} }, {})
    const at = (time: string) => fileFindings(settings, folder.path, Date.parse(time))[0]?.level
    expect([at('2126-10-20T00:00:00Z'), at('2126-11-01T00:00:00Z')]).toEqual(['warning', 'problem'])
    const mail = ['--set', 'email.smtp_host=m.test', '--set', 'email.smtp_password_file=no']
    const { code, findings } = await doctor(...mail)
    expect([code, findings[1]]).toMatchObject([
      1,
      { check: 'settings', level: 'problem', what: 'The file no of the settings cannot be read' },
    ])
  })

  test('tells of everything that is wrong with the settings, and what to do', async () => {
    writeFileSync(join(folder.path, 'deskbox.toml'), '[server]\nprot = 1\n[log]\nlevel = "loud"')
    const { code, findings } = await doctor()
    expect(code).toBe(1)
    expect(findings.map(({ check, level, what }) => [check, level, what])).toEqual([
      ['settings', 'problem', expect.stringMatching(/^deskbox.toml:2:1: server.prot is not a/)],
      ['settings', 'problem', expect.stringMatching(/^deskbox.toml:4:1: log.level must be one of/)],
    ])
    expect(findings[0]?.remedy).toStartWith('Correct it')
    expect((await cli('doctor')).out).toContain('problem  settings     deskbox.toml:2:1')
  })

  test('finds nothing on a sound desk, says what it looked at, and changes nothing', async () => {
    const before = contents()
    const { code, findings } = await doctor()
    expect(code).toBe(0)
    expect(findings.filter(({ level }) => level !== 'ok')).toEqual([])
    expect(findings.map(({ check }) => check)).toEqual([
      'settings',
      'disk',
      'permissions',
      'clock',
      'database',
      'schema',
      'backups',
      'due work',
      'webhooks',
      'descriptors',
      'port',
    ])
    expect(contents()).toBe(before)
  })

  test('works beside the server, whose port it is', async () => {
    using running = openStore(data)
    using taken = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response() })
    const { code, of } = await doctor('--set', `server.port=${taken.port}`)
    expect([code, of('port')?.level]).toEqual([0, 'ok'])
    expect(of('port')?.what).toContain("is the server's")
    expect(running.faults).toEqual([])
  })

  test('tells of a port that another program has', async () => {
    using taken = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response() })
    const { code, of } = await doctor('--set', `server.port=${taken.port}`)
    expect([code, of('port')?.level]).toEqual([1, 'problem'])
  })

  test('tells of a damaged page, changes nothing, and goes on', async () => {
    const bytes = readFileSync(join(data, 'deskbox.db'))
    bytes.fill(0xff, 20 * 4096, 20 * 4096 + 64)
    writeFileSync(join(data, 'deskbox.db'), bytes)
    const before = contents()
    const { code, of } = await doctor()
    expect([code, of('database')?.level, of('schema')]).toEqual([1, 'problem', undefined])
    expect(of('database')?.remedy).toContain('deskbox restore')
    expect(of('disk')?.level).toBe('ok')
    expect(contents()).toBe(before)
  })

  test.if(process.platform !== 'win32')('tells what others can read, and leaves it', async () => {
    chmodSync(join(data, 'deskbox.db'), 0o644)
    const { code, of } = await doctor()
    expect([code, of('permissions')]).toEqual([
      0,
      {
        check: 'permissions',
        level: 'warning',
        what: `open to other users: ${join(data, 'deskbox.db')}`,
        remedy: `chmod -R go= ${data}`,
      },
    ])
  })

  test('tells of a clock that was set back, and of one that was never set', async () => {
    sql('UPDATE events SET created_at = created_at + 3600000')
    const { code, of } = await doctor()
    expect([code, of('clock')?.level]).toEqual([1, 'problem'])
    const examined = examinedAt(Date.parse('1970-01-02T00:00:00Z'))
    const [clock] = findingsOf(examined).filter(({ check }) => check === 'clock')
    expect(clock?.what).toBe('it says 1970-01-02T00:00:00Z')
  })

  test('does not call late what waits for a webhook that is paused or switched off', async () => {
    const later = Date.now() + 3_600_000
    sql(`INSERT INTO webhook_endpoints (id, uid, url, events, is_active, paused_until, created_at, updated_at)
        VALUES (1, '01kqs0w2x1m008fyzq8yebgvfy', 'https://a.test/x', '[]', 0, NULL, 1, 1),
          (2, '01kqs0w2x2qd9mk2f0m5znqj0x', 'https://b.test/x', '[]', 1, ${later}, 1, 1);
      INSERT INTO deliveries (uid, endpoint_id, event_sequence, event_uid, event_type, body, due_at, created_at)
        VALUES ('a', 1, 1, 'e', 'note.created', '{}', 1, 1), ('b', 2, 1, 'e', 'note.created', '{}', 1, 1)`)
    expect((await doctor()).of('due work')).toMatchObject({ level: 'ok' })
    sql('UPDATE webhook_endpoints SET paused_until = 1')
    expect((await doctor()).of('due work')).toMatchObject({
      level: 'warning',
      what: '1 deliveries should have been done, the first at 1970-01-01T00:00:00Z',
    })
  })

  test('tells of work that is late, and of webhooks that fail', async () => {
    sql(`INSERT INTO webhook_endpoints (id, uid, url, events, disabled_reason, disabled_at, created_at, updated_at)
        VALUES (1, 'aaa', 'https://hooks.example/secret', '[]', 'gone', 1000, 1, 1);
      INSERT INTO webhook_endpoints (id, uid, url, events, failing_since, created_at, updated_at)
        VALUES (2, 'bbb', 'https://b.example/x', '[]', 2000, 1, 1);
      INSERT INTO deliveries (uid, endpoint_id, event_sequence, event_uid, event_type, body, due_at, created_at)
        VALUES ('d', 2, 1, 'e', 'ticket.created', '{}', 5000, 1)`)
    const { code, findings } = await doctor()
    const told = findings.filter(({ level }) => level === 'warning').map(({ what }) => what)
    expect([code, told]).toEqual([
      0,
      [
        '1 deliveries should have been done, the first at 1970-01-01T00:00:05Z',
        'whk_aaa to hooks.example was switched off (gone) since 1970-01-01T00:00:01Z',
        'whk_bbb to b.example fails since 1970-01-01T00:00:02Z',
      ],
    ])
  })

  test('tells of backups that failed, are overdue, or are not planned', async () => {
    expect((await doctor('--set', 'backup.schedule=')).of('backups')?.level).toBe('warning')
    sql("INSERT INTO meta VALUES ('backup_made_at', '1000')")
    expect((await doctor()).of('backups')).toMatchObject({
      level: 'warning',
      what: 'last made 1970-01-01T00:00:01Z',
    })
    sql(`INSERT INTO meta VALUES ('backup_failure', '{"at":2000,"reason":"no room"}')`)
    const { code, of } = await doctor()
    expect([code, of('backups')?.level, of('backups')?.what]).toEqual([
      1,
      'problem',
      'last made 1970-01-01T00:00:01Z; failed 1970-01-01T00:00:02Z: no room',
    ])
  })

  test('is not misled by a snapshot that cannot be read', async () => {
    writeFileSync(join(data, 'before-0002_canned_responses.db'), 'nothing of ours', { mode: 0o600 })
    const { of } = await doctor()
    expect([of('database')?.level, of('schema')?.level]).toEqual(['ok', 'ok'])
  })

  test('tells of a schema that is behind, and of one that is ahead', async () => {
    writeFileSync(join(data, 'deskbox.db'), fixture('0003_message_likes'), { mode: 0o600 })
    expect((await doctor()).of('schema')?.level).toBe('note')
    sql("INSERT INTO migrations VALUES ('9999_next', 'x', 1)")
    const { code, of } = await doctor()
    expect([code, of('schema')?.level]).toEqual([1, 'problem'])
  })

  test('tells of what restores have kept', async () => {
    mkdirSync(join(data, 'replaced-20260504T081500Z'), { mode: 0o700 })
    expect((await doctor()).of('leftovers')?.what).toContain('replaced-20260504T081500Z')
  })

  test('tells people, one finding a line, with what to do below', async () => {
    const { code, out } = await cli('doctor', '--set', 'server.port=0', '--set', 'backup.schedule=')
    expect(code).toBe(0)
    expect(out).toMatch(/^ok +database +every page and reference is whole$/m)
    expect(out).toMatch(/^warning +backups +none made yet; no schedule\n +→ Set backup\.schedule$/m)
  })

  test.each([
    [['now'], 2, 'doctor takes no arguments'],
    [['--data', 'nowhere'], 1, 'There is no desk in'],
  ])('%j is refused with %p', async (args, code, why) => {
    const ran = await cli('doctor', ...args)
    expect(ran.code).toBe(code)
    expect(ran.err).toContain(why)
  })
})

function examinedAt(now: number): Examined {
  const { settings, directory } = effective({ cwd: folder.path, env: {} }, {})
  return { settings, directory, now, zone: 'UTC', examination: examine(directory, now) }
}

describe('what the machine has to give', () => {
  test('is little disk: a problem when nothing fits, a warning when no backup does', () => {
    const examined = examinedAt(Date.now())
    const diskWith = (freeBytes: number, databaseBytes: number) => {
      const examination = { ...examined.examination, freeBytes, databaseBytes }
      return findingsOf({ ...examined, examination }).find(({ check }) => check === 'disk')?.level
    }
    expect([diskWith(50e6, 1e6), diskWith(1e9, 6e8), diskWith(1e9, 1e8)]).toEqual([
      'problem',
      'warning',
      'ok',
    ])
  })

  test('is few descriptors, or plain HTTP to other machines', () => {
    const { settings } = examinedAt(Date.now())
    const open = {
      ...settings,
      server: { ...settings.server, host: '0.0.0.0', insecureHttp: true },
    }
    const levels = (descriptors: number | undefined, of = settings) =>
      machineFindings(descriptors, { state: 'free' }, of)
        .filter(({ level }) => level !== 'ok')
        .map(({ check }) => check)
    expect(levels(256)).toEqual(['descriptors'])
    expect([levels(4096), levels(undefined)]).toEqual([[], []])
    expect(levels(4096, open)).toEqual(['encryption'])
  })
})

describe('deskbox upgrade-check', () => {
  test('says that there is nothing to do', async () => {
    const { code, out } = await cli('upgrade-check')
    expect([code, out.split('\n')[0]]).toEqual([
      0,
      `The data has the schema ${migrations.at(-1)?.name}.`,
    ])
  })

  test('says what the next start would do, and does nothing', async () => {
    writeFileSync(join(data, 'deskbox.db'), fixture('0003_message_likes'), { mode: 0o600 })
    const before = contents()
    const { code, out } = await cli('upgrade-check', '--json')
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      isRefused: false,
      pending: migrations.slice(3).map(({ name }) => name),
      snapshot: join(data, `before-${migrations.at(-1)?.name}.db`),
      snapshotBytes: expect.any(Number),
      freeBytes: expect.any(Number),
      refusals: [],
    })
    expect(contents()).toBe(before)
  })

  test('is refused, as the start would be, by newer data', async () => {
    sql("INSERT INTO migrations VALUES ('9999_next', 'x', 1)")
    const { code, out } = await cli('upgrade-check')
    expect([code, out.split('\n').at(-1)]).toEqual([
      1,
      'It has the step 9999_next, which is not known here.',
    ])
  })

  test('is refused by damaged data', async () => {
    writeFileSync(join(data, 'deskbox.db'), 'not a database '.repeat(500))
    const { code, out } = await cli('upgrade-check')
    expect([code, out]).toEqual([1, 'file is not a database'])
  })
})
