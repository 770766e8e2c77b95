import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { renameSync, rmdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { createTicket } from '../../src/domain/tickets.ts'
import { upsertCustomer } from '../../src/domain/customers.ts'
import { systemActor } from '../../src/domain/tx.ts'
import { ArchiveReader, ArchiveWriter } from '../../src/store/archive.ts'
import { backupFile, makeBackup, pruneBackups } from '../../src/store/backup.ts'
import { factsOf } from '../../src/store/facts.ts'
import { getMeta, setMeta } from '../../src/store/meta.ts'
import { restoreBackup } from '../../src/store/restore.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { commitStaged, finishStaged, stagingFolder } from '../../src/store/staged.ts'
import { clientOf, modeOf, openStore, T0, tempFolder, testDesk } from './fixtures.ts'

let folder: ReturnType<typeof tempFolder>
let data = ''
let file = ''

beforeEach(() => {
  folder = tempFolder('backup')
  data = join(folder.path, 'data')
  file = join(folder.path, 'made', 'one.tar')
})
afterEach(() => folder[Symbol.dispose]())

const keysText = '{"current":1}\n'

/** A desk with tickets, closed again. */
async function filledDesk(tickets = 30): Promise<void> {
  using house = await testDesk(openStore(data).store)
  await house.desk.write(systemActor, (tx) => {
    for (let n = 0; n < tickets; n++) {
      const customer = upsertCustomer(tx, `c${n}@example.com`, `Customer ${n}`)
      createTicket(tx, {
        customer,
        subject: `Subject ${n}`,
        body: 'words '.repeat(50),
        source: 'api',
      })
    }
  })
  writeFileSync(join(data, 'signing-keys.json'), keysText, { mode: 0o600 })
}

const make = () => makeBackup({ directory: data, file, now: T0 })
const failure = () => make().then(String, (err: Error) => err.message)
const listing = (path: string) => readdirSync(path).toSorted()

/** Every file of a folder with its bytes, to see that nothing has changed. */
function contents(path: string): Map<string, string> {
  const files = readdirSync(path, { recursive: true, withFileTypes: true })
  return new Map(
    files
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .map((one) => [one, readFileSync(one).toString('base64')]),
  )
}

describe('a backup', () => {
  test('is one private file with all that there is, and says what it is', async () => {
    await filledDesk()
    const { manifest, bytes } = await make()
    expect(listing(join(folder.path, 'made'))).toEqual(['one.tar'])
    expect(modeOf(file)).toBe(0o600)
    expect(bytes).toBe(readFileSync(file).length)
    expect(manifest).toMatchObject({
      program: 'deskbox',
      format: 1,
      createdAt: '2026-05-04T08:15:00Z',
      counts: { tickets: 30, messages: 30, customers: 30 },
      files: { 'deskbox.db': {}, 'signing-keys.json': { bytes: keysText.length } },
    })
    const store = openStore(data)
    expect(factsOf(clientOf(store.store))).toEqual({
      steps: manifest.steps,
      counts: manifest.counts,
      lastEvent: manifest.lastEvent,
    })
    store[Symbol.dispose]()
  })

  test.if(Bun.which('tar') !== null)('opens with tar', async () => {
    await filledDesk(1)
    await make()
    const { stdout, success } = Bun.spawnSync(['tar', 'tf', file])
    expect(success).toBe(true)
    expect(stdout.toString().trim().split('\n')).toEqual([
      'deskbox.db',
      'signing-keys.json',
      'manifest.json',
    ])
  })

  test('made while writes go on is of one instant, and disturbs none (S7)', async () => {
    await filledDesk(300)
    using opened = openStore(data)
    const state = { isDone: false, written: 0 }
    // Two rows that are always equal: a copy in which they differ would be of two instants.
    const writing = (async () => {
      while (!state.isDone) {
        state.written++
        const text = String(state.written)
        await opened.store.write((q) => {
          setMeta(q, 'left', text)
          setMeta(q, 'right', text)
        })
      }
    })()
    for (let n = 0; n < 5; n++) {
      const before = state.written
      rmSync(file, { force: true })
      await make()
      const target = join(folder.path, `restored-${n}`)
      restoreBackup(file, target, T0)
      using restored = openStore(target)
      const [left, right] = restored.store.read((q) => [getMeta(q, 'left'), getMeta(q, 'right')])
      expect(left).toBe(right)
      expect(Number(left ?? 0)).toBeGreaterThanOrEqual(before - 1)
    }
    state.isDone = true
    await writing
    expect(opened.faults).toEqual([])
    expect(state.written).toBeGreaterThan(5)
  })

  test('of a damaged database fails, and leaves nothing behind', async () => {
    await filledDesk()
    const database = join(data, 'deskbox.db')
    const bytes = readFileSync(database)
    // Every tenth page, so that some are of tables and some of indexes.
    for (let page = 10; page < bytes.length / 4096; page += 10)
      bytes.fill(0xff, page * 4096, page * 4096 + 200)
    writeFileSync(database, bytes)
    expect(await failure()).toContain('is damaged')
    expect(listing(join(folder.path, 'made'))).toEqual([])
  })

  test('never goes over a file that is there', async () => {
    await filledDesk(1)
    mkdirSync(join(folder.path, 'made'))
    writeFileSync(file, 'precious')
    expect(await failure()).toContain('is there already')
    expect(readFileSync(file, 'utf8')).toBe('precious')
  })

  test('the newest stay, the others go, and what a killed one has left', () => {
    const names = [0, 1, 2, 3].map((n) => basename(backupFile('', T0 + n * 1000)))
    const left = `${basename(backupFile('', T0))}.partial`
    for (const name of [...names, 'mine.tar', 'notes.txt'])
      writeFileSync(join(folder.path, name), '')
    mkdirSync(join(folder.path, left))
    pruneBackups(folder.path, 2, Date.now())
    expect(listing(folder.path)).toEqual(
      [left, names[2], names[3], 'mine.tar', 'notes.txt'].map(String).toSorted(),
    )
    utimesSync(join(folder.path, left), 1, 1)
    pruneBackups(folder.path, 2, Date.now())
    expect(existsSync(join(folder.path, left))).toBe(false)
  })
})

describe('a restore', () => {
  test('brings back the desk and its keys, and keeps what it replaces', async () => {
    await filledDesk()
    await make()
    {
      using later = openStore(data)
      await later.store.write((q) => setMeta(q, 'later', '1'))
    }
    writeFileSync(join(data, 'signing-keys.json'), 'other keys')
    const { facts, replaced } = restoreBackup(file, data, T0)
    expect(facts.counts['tickets']).toBe(30)
    expect(readFileSync(join(data, 'signing-keys.json'), 'utf8')).toBe(keysText)
    for (const name of ['deskbox.db', 'signing-keys.json'])
      expect(modeOf(join(data, name))).toBe(0o600)
    {
      using restored = openStore(data)
      expect(restored.store.read((q) => getMeta(q, 'later'))).toBeUndefined()
    }
    expect(replaced).toBe('replaced-20260504T081500Z')
    const kept = join(data, String(replaced))
    expect(readFileSync(join(kept, 'signing-keys.json'), 'utf8')).toBe('other keys')
    const client = openSqlite(join(kept, 'deskbox.db'), 0, undefined)
    expect(client.prepare("SELECT value FROM meta WHERE name = 'later'").pluck().get()).toBe('1')
    client.close()
    expect(restoreBackup(file, data, T0).replaced).toBe('replaced-20260504T081500Z-2')
  })

  test('makes the folder on a new machine', async () => {
    await filledDesk()
    await make()
    const target = join(folder.path, 'new', 'machine')
    expect(restoreBackup(file, target, T0).replaced).toBeNull()
    using restored = openStore(target)
    expect(factsOf(clientOf(restored.store)).counts['tickets']).toBe(30)
  })

  test('takes the snapshot of an upgrade as well: a database alone', async () => {
    await filledDesk()
    const alone = join(folder.path, 'before-0012.db')
    copyFileSync(join(data, 'deskbox.db'), alone)
    const { facts, madeBy } = restoreBackup(alone, data, T0)
    expect([facts.counts['tickets'], madeBy]).toEqual([30, null])
    // The keys that there were still are.
    expect(readFileSync(join(data, 'signing-keys.json'), 'utf8')).toBe(keysText)
  })

  test('beside a running server is refused, and nothing changes', async () => {
    await filledDesk()
    await make()
    using running = openStore(data)
    const before = contents(data)
    expect(() => restoreBackup(file, data, T0)).toThrow('A server is running on')
    expect(contents(data)).toEqual(before)
    expect(running.faults).toEqual([])
  })

  test('of a backup with any part damaged is refused, and nothing changes', async () => {
    await filledDesk()
    await make()
    const whole = readFileSync(file)
    const before = contents(data)
    const places = Array.from({ length: 40 }, (_, n) => Math.floor((whole.length * n) / 40))
    for (const at of places) {
      const damaged = Buffer.from(whole)
      damaged[at] = (damaged[at] ?? 0) ^ 0x01
      // The zeros between and behind the files are nobody's.
      if (isPadding(whole, at)) continue
      writeFileSync(file, damaged)
      expect(() => restoreBackup(file, data, T0)).toThrow('cannot be used')
    }
    for (const length of [0, 511, 5000, whole.length - 3000]) {
      writeFileSync(file, whole.subarray(0, length))
      expect(() => restoreBackup(file, data, T0)).toThrow('cannot be used')
    }
    expect(contents(data)).toEqual(before)
  })

  test('of a newer version is refused by name, and nothing changes', async () => {
    await filledDesk()
    await make()
    using archive = new ArchiveReader(file)
    const manifest = JSON.parse(archive.text('manifest.json')) as { steps: string[] }
    const newer = { ...manifest, version: '9.0.0', steps: [...manifest.steps, '0999_more'] }
    const other = join(folder.path, 'newer.tar')
    archive.extract('deskbox.db', join(folder.path, 'copy.db'))
    {
      using writer = new ArchiveWriter(other, T0)
      writer.addFile('deskbox.db', join(folder.path, 'copy.db'))
      writer.addText('manifest.json', JSON.stringify(newer))
      writer.finish()
    }
    const before = contents(data)
    expect(() => restoreBackup(other, data, T0)).toThrow(
      'The backup has the schema 0999_more, which this version does not know: it was made by Deskbox 9.0.0',
    )
    expect(contents(data)).toEqual(before)
  })

  test.each([
    ['manifest.json', '{}', 'It is no backup of a desk'],
    ['manifest.json', '{"program":"deskbox","format":2}', 'made by a newer version, in a way'],
    ['manifest.json', '{"program":"deskbox","format":1}', 'Its manifest is damaged'],
    [
      'manifest.json',
      '{"program":"deskbox","format":1,"steps":[],"counts":{},"files":{"../x":{}}}',
      'It has a file ../x, which none should have',
    ],
    ['letter.txt', 'dear all', 'It is no backup of a desk'],
  ])('of an archive with %s %s is refused', (name, text, why) => {
    const other = join(folder.path, 'other.tar')
    {
      using writer = new ArchiveWriter(other, T0)
      writer.addText(name, text)
      writer.finish()
    }
    expect(() => restoreBackup(other, data, T0)).toThrow(why)
    expect(existsSync(join(data, 'deskbox.db'))).toBe(false)
  })
})

function isPadding(whole: Buffer, at: number): boolean {
  const start = at - (at % 512)
  return whole.subarray(at, start + 512).every((byte) => byte === 0)
}

const counting = () => join(data, 'restored-over-replaced')
const moved = (name: string) => renameSync(join(data, name), join(data, 'replaced', name))

describe('a replacement', () => {
  const old = [
    'deskbox.db',
    'deskbox.db-shm',
    'deskbox.db-wal',
    'deskbox.running',
    'signing-keys.json',
  ]

  function stage(): void {
    mkdirSync(data)
    for (const name of old) writeFileSync(join(data, name), `old ${name}`)
    const ready = stagingFolder(data)
    for (const name of ['deskbox.db', 'signing-keys.json']) {
      writeFileSync(join(ready, name), `new ${name}`)
    }
  }

  function expectReplaced(): void {
    expect(listing(data)).toEqual(['deskbox.db', 'replaced', 'signing-keys.json'])
    expect(readFileSync(join(data, 'deskbox.db'), 'utf8')).toBe('new deskbox.db')
    expect(readFileSync(join(data, 'signing-keys.json'), 'utf8')).toBe('new signing-keys.json')
    for (const name of old) {
      expect(readFileSync(join(data, 'replaced', name), 'utf8')).toBe(`old ${name}`)
    }
  }

  test('moves the old out and the new in', () => {
    stage()
    commitStaged(data, 'replaced')
    expectReplaced()
  })

  test('that was cut off after any of its steps is ended by the next start', () => {
    const steps: readonly (() => void)[] = [
      () => renameSync(join(data, 'restoring'), counting()),
      () => mkdirSync(join(data, 'replaced')),
      () => moved('signing-keys.json'),
      () => renameSync(join(counting(), 'signing-keys.json'), join(data, 'signing-keys.json')),
      () => moved('deskbox.running'),
      () => moved('deskbox.db-shm'),
      () => moved('deskbox.db-wal'),
      () => moved('deskbox.db'),
      () => renameSync(join(counting(), 'deskbox.db'), join(data, 'deskbox.db')),
      () => rmdirSync(counting()),
    ]
    for (let cut = 1; cut <= steps.length; cut++) {
      rmSync(data, { recursive: true, force: true })
      stage()
      for (const step of steps.slice(0, cut)) step()
      finishStaged(data)
      expectReplaced()
    }
  })

  test('that was cut off before it counts has not happened', () => {
    stage()
    finishStaged(data)
    expect(readFileSync(join(data, 'deskbox.db'), 'utf8')).toBe('old deskbox.db')
    expect(listing(stagingFolder(data))).toEqual([])
  })
})
