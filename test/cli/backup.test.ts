import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { migrations } from '../../migrations/index.ts'
import { clientOf, modeOf, openStore, tempFolder } from '../store/fixtures.ts'
import { deskbox } from './terminal.ts'

let folder: ReturnType<typeof tempFolder>
let data = ''

beforeEach(async () => {
  folder = tempFolder('cli-backup')
  data = join(folder.path, 'data')
  await cli('keys', 'create', '--kind', 'keva', '--name', 'first')
})
afterEach(() => folder[Symbol.dispose]())

const cli = (...args: string[]) => deskbox(folder.path, args)

/** The events of backups, as the log of activity tells them. */
function told(): unknown[] {
  using opened = openStore(data)
  return clientOf(opened.store)
    .prepare("SELECT kind, subject FROM activity WHERE kind LIKE 'backup.%' ORDER BY id")
    .raw()
    .all()
}

describe('deskbox backup', () => {
  test('makes a file named by its time in the data folder, and tells of it', async () => {
    const { code, out, err } = await cli('backup')
    expect([code, err]).toEqual([0, ''])
    const [name = '', ...others] = readdirSync(join(data, 'backups'))
    expect([name, others]).toEqual([expect.stringMatching(/^deskbox-\d{8}T\d{6}Z\.tar$/), []])
    expect(modeOf(join(data, 'backups', name))).toBe(0o600)
    expect(out).toContain(`Made ${join(data, 'backups', name)} (`)
    expect(out).toContain(`deskbox restore ${join(data, 'backups', name)}`)
    expect(told()).toEqual([['backup.completed', name]])
  })

  test('works beside the server, and makes the file that is named', async () => {
    using running = openStore(data)
    const { code, out } = await cli('backup', 'mine.tar', '--json')
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      file: join(folder.path, 'mine.tar'),
      schema: migrations.at(-1)?.name,
      counts: { api_keys: 1 },
      lastEvent: { sequence: 2 },
    })
    expect(running.faults).toEqual([])
  })

  test('goes where the settings say', async () => {
    writeFileSync(join(folder.path, 'deskbox.toml'), '[backup]\ndirectory = "safe"')
    expect((await cli('backup')).code).toBe(0)
    expect(readdirSync(join(folder.path, 'safe'))).toHaveLength(1)
  })

  test('tells nobody when it is asked to', async () => {
    expect((await cli('backup', '--unrecorded')).code).toBe(0)
    expect(told()).toEqual([])
  })

  test('that fails says why, tells of it, and leaves the file that was there', async () => {
    writeFileSync(join(folder.path, 'mine.tar'), 'precious')
    const { code, out, err } = await cli('backup', 'mine.tar')
    expect([code, out]).toEqual([1, ''])
    expect(err).toBe(`deskbox backup: ${join(folder.path, 'mine.tar')} is there already`)
    expect(readFileSync(join(folder.path, 'mine.tar'), 'utf8')).toBe('precious')
    expect(told()).toEqual([['backup.failed', 'mine.tar']])
  })

  test('of no desk is refused, and makes none', async () => {
    const { code, err } = await cli('backup', '--data', 'nowhere')
    expect([code, err]).toEqual([
      1,
      `deskbox backup: There is no desk in ${join(folder.path, 'nowhere')}`,
    ])
    expect(existsSync(join(folder.path, 'nowhere'))).toBe(false)
  })
})

describe('deskbox restore', () => {
  test('brings back what the backup holds, and says what there is', async () => {
    await cli('backup', 'mine.tar')
    await cli('keys', 'create', '--kind', 'keva', '--name', 'later')
    const { code, out, err } = await cli('restore', 'mine.tar')
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/^ +1 {2}api_keys$/m)
    expect(out).toMatch(/^What was there before is in .*replaced-\d{8}T\d{6}Z$/m)
    const keys = JSON.parse((await cli('keys', 'list', '--json')).out) as { name: string }[]
    expect(keys.map(({ name }) => name)).toEqual(['first'])
  })

  test('says the same to programs', async () => {
    await cli('backup', 'mine.tar')
    const { out } = await cli('restore', 'mine.tar', '--data', 'new', '--json')
    expect(JSON.parse(out)).toMatchObject({
      directory: join(folder.path, 'new'),
      replaced: null,
      counts: { api_keys: 1, staff: 1 },
    })
  })

  test.each([
    [[], 2, 'restore needs the file of a backup'],
    [['a', 'b'], 2, "Unexpected argument 'b'"],
    [['no.tar'], 1, 'There is no file'],
    [['letter.tar'], 1, 'cannot be used'],
  ])('%j is refused with %p', async (args, code, why) => {
    writeFileSync(join(folder.path, 'letter.tar'), 'dear all')
    const ran = await cli('restore', ...args)
    expect([ran.code, ran.out]).toEqual([code, ''])
    expect(ran.err).toContain(why)
  })

  test('beside a running server is refused', async () => {
    await cli('backup', 'mine.tar')
    using _ = openStore(data)
    const { code, err } = await cli('restore', 'mine.tar')
    expect([code, err]).toEqual([
      1,
      `deskbox restore: A server is running on ${data}: stop it first, then restore`,
    ])
  })
})
