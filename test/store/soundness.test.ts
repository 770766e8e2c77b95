import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
} from 'node:fs'
import { rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { getMeta, setMeta } from '../../src/store/meta.ts'
import { openStore, tempFolder } from './fixtures.ts'

// What is damaged or foreign is refused at the start, by the name of the file and with what can be done, and
// nothing is changed (S10).

let folder: ReturnType<typeof tempFolder>
let data = ''

beforeEach(() => {
  folder = tempFolder('soundness')
  data = join(folder.path, 'data')
})
afterEach(() => folder[Symbol.dispose]())

/** A desk that was closed in order. */
function closedDesk(): void {
  openStore(data)[Symbol.dispose]()
  writeFileSync(join(data, 'signing-keys.json'), '{}', { mode: 0o600 })
}

/** What a kill leaves of a desk that was written to. */
async function killedDesk(): Promise<void> {
  const other = join(folder.path, 'other')
  openStore(other)[Symbol.dispose]()
  using running = openStore(other)
  await running.store.write((q) => setMeta(q, 'last', '1'))
  mkdirSync(data, { mode: 0o700 })
  const left = ['deskbox.db', 'deskbox.db-wal', 'deskbox.lock', 'deskbox.running']
  for (const name of left) copyFileSync(join(other, name), join(data, name))
}

function contents(): Map<string, string> {
  // SQLite makes its shared memory anew for every look, and may leave an empty log.
  const isEmpty = (name: string) => statSync(join(data, name)).size === 0
  const names = readdirSync(data).filter(
    (name) => !/-shm$|\.lock/.test(name) && !(name.endsWith('-wal') && isEmpty(name)),
  )
  return new Map(names.map((name) => [name, readFileSync(join(data, name)).toString('base64')]))
}

function expectRefused(why: string | RegExp): void {
  const before = contents()
  expect(() => openStore(data)).toThrow(why)
  expect(contents()).toEqual(before)
  // Not by a lock that is left behind, either.
  expect(() => openStore(data)).toThrow(why)
}

const canChangeUser = process.geteuid?.() === 0

function giveAll(user: number): void {
  for (const path of [data, ...readdirSync(data).map((name) => join(data, name))]) {
    chownSync(path, user, user)
  }
}

/** Does something as another user, for as long as it takes. */
function as(user: number, act: () => unknown): void {
  process.seteuid?.(user)
  try {
    act()
  } finally {
    process.seteuid?.(0)
  }
}

const database = () => join(data, 'deskbox.db')

/** A module of ours, as a script of another folder imports it. */
const module = (path: string) => JSON.stringify(join(import.meta.dir, path))

describe('a start is refused, and nothing changes,', () => {
  test('when a page is damaged, whichever it is', () => {
    closedDesk()
    const whole = readFileSync(database())
    // Not those that nothing is on: of most tables only the first page is there.
    for (const page of [1, 2, 5, 20, 60, 100]) {
      const damaged = Buffer.from(whole)
      damaged.fill(0xff, page * 4096, page * 4096 + 64)
      writeFileSync(database(), damaged)
      expectRefused(`${database()} is damaged. Nothing was changed: restore the newest backup with`)
    }
  })

  test('when a page of an unfinished log was damaged on its way into the file', async () => {
    await killedDesk()
    const bytes = readFileSync(database())
    bytes.fill(0xff, 20 * 4096, 20 * 4096 + 64)
    writeFileSync(database(), bytes)
    expectRefused('is damaged')
  })

  test.each([1, 100, 4095, 4096, 40_000])('when the file is cut to %p bytes', (size) => {
    closedDesk()
    truncateSync(database(), size)
    expectRefused('is damaged')
  })

  test('when the last page is gone', () => {
    closedDesk()
    truncateSync(database(), statSync(database()).size - 4096)
    expectRefused('bytes are there')
  })

  test.each(['gone', 'empty'])('when the file is %s, and the keys of a desk are there', (how) => {
    closedDesk()
    if (how === 'gone') rmSync(database())
    else truncateSync(database(), 0)
    expectRefused('is gone or empty, and signing-keys.json beside it is of a desk')
    if (how === 'gone') expect(existsSync(database())).toBe(false)
  })

  test('when the file is gone, and a look at it has left an empty log', () => {
    closedDesk()
    rmSync(database())
    writeFileSync(`${database()}-wal`, '')
    expectRefused('is gone or empty, and signing-keys.json beside it is of a desk')
  })

  test.each(['gone', 'empty'])('when the file is %s, and its log is there', async (how) => {
    await killedDesk()
    if (how === 'gone') rmSync(database())
    else truncateSync(database(), 0)
    expectRefused('is gone or empty, and deskbox.db-wal beside it is of a desk: put the file back')
    // With the file, all is there again.
    copyFileSync(join(folder.path, 'other', 'deskbox.db'), database())
    using opened = openStore(data)
    expect(opened.store.read((q) => getMeta(q, 'last'))).toBe('1')
  })

  test('when the log is gone, with the last changes in it', async () => {
    await killedDesk()
    rmSync(join(data, 'deskbox.db-wal'))
    expectRefused('deskbox.db-wal is gone, and the last changes were in it')
  })

  test.if(canChangeUser)('when the folder or a file is of another user', () => {
    closedDesk()
    chmodSync(folder.path, 0o755)
    for (const path of [data, database()]) {
      giveAll(12_345)
      chownSync(path, 12_346, 12_346)
      const before = contents()
      expect(() => as(12_345, () => openStore(data))).toThrow(
        `${path} belongs to the user 12346, and this is the user 12345: run deskbox as that user`,
      )
      expect(contents()).toEqual(before)
    }
    giveAll(12_345)
    as(12_345, () => openStore(data)[Symbol.dispose]())
  })
})

describe('a start goes on', () => {
  test.if(canChangeUser)('for root, who leaves everything to the owner of the folder', () => {
    closedDesk()
    giveAll(12_345)
    chownSync(join(data, 'deskbox.lock'), 0, 0)
    using opened = openStore(data)
    expect(opened.store.opening.closed).toEqual([join(data, 'deskbox.lock')])
    const others = readdirSync(data).filter((name) => statSync(join(data, name)).uid !== 12_345)
    expect(others).toEqual([])
  })

  test('after a kill, with all that was in the log', async () => {
    await killedDesk()
    using opened = openStore(data)
    expect(opened.store.read((q) => getMeta(q, 'last'))).toBe('1')
  })

  test('after a kill, when a command has had the database open last', async () => {
    await killedDesk()
    // Its owner is dead, and the command was there before: it does not own the folder.
    const lock = join(folder.path, 'other', 'deskbox.lock')
    expect(existsSync(lock)).toBe(true)
    openStore(data, 'share')[Symbol.dispose]()
    expect(existsSync(join(data, 'deskbox.running'))).toBe(false)
    using opened = openStore(data)
    expect(opened.store.read((q) => getMeta(q, 'last'))).toBe('1')
  })

  test('when the note of a lost log is taken away, as the message says', async () => {
    await killedDesk()
    rmSync(join(data, 'deskbox.db-wal'))
    rmSync(join(data, 'deskbox.running'))
    openStore(data)[Symbol.dispose]()
  })

  test.each([
    ['went on to its end', 'process.exitCode = 1', 1],
    ['was cut off', "throw new Error('something is wrong')", 1],
    ['was ended by itself', 'process.exit(3)', 3],
  ])('after a fault, when the process %s without closing the database', (_, fault, code) => {
    const script = `
      import { openStore } from ${module('fixtures.ts')}
      import { setMeta } from ${module('../../src/store/meta.ts')}
      await openStore(${JSON.stringify(data)}).store.write((q) => setMeta(q, 'last', '1'))
      ${fault}`
    const file = join(folder.path, 'fault.ts')
    writeFileSync(file, script)
    const ran = Bun.spawnSync([process.execPath, file], { stderr: 'pipe' })
    expect(ran.exitCode).toBe(code)
    using opened = openStore(data)
    expect(opened.store.read((q) => getMeta(q, 'last'))).toBe('1')
  })

  test('after a stop in order, which leaves no note', () => {
    closedDesk()
    expect(readdirSync(data).toSorted()).toEqual([
      'deskbox.db',
      'deskbox.lock',
      'signing-keys.json',
    ])
    openStore(data)[Symbol.dispose]()
  })
})
