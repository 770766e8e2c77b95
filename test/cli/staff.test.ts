import { afterEach, beforeEach, expect, test } from 'bun:test'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Passwords, standardPasswordCost } from '../../src/security/password.ts'
import { clientOf, openStore, tempFolder } from '../store/fixtures.ts'
import { deskbox, deskboxGiven } from './terminal.ts'

let folder: ReturnType<typeof tempFolder>

beforeEach(() => {
  folder = tempFolder('staff')
})
afterEach(() => folder[Symbol.dispose]())

const cli = (...args: string[]) => deskbox(folder.path, args)
const ada = ['--role', 'agent', '--name', 'Ada', '--email', 'ada@example.com']

const secret = (text: string | Uint8Array) => writeFileSync(join(folder.path, 'secret'), text)
const fromInput = (input: string, ...args: string[]) =>
  deskboxGiven(folder.path, ['staff', ...args, '--password-file', '-'], input)

/** Whether the person's stored hash fits. */
async function fits(id: number, password: string): Promise<boolean> {
  using opened = openStore(join(folder.path, 'data'))
  const row = clientOf(opened.store).prepare('SELECT password_hash FROM staff WHERE id = ?')
  return new Passwords(standardPasswordCost).verify(password, String(row.pluck().get(id)))
}

test('creates and lists the people who answer', async () => {
  expect((await cli('staff', 'create', ...ada)).out).toBe('2  agent  active  ada@example.com  Ada')
  expect((await cli('staff', 'list')).out).toBe(
    '1  admin  active  no address  Administrator\n2  agent  active  ada@example.com  Ada',
  )
  const listed = JSON.parse((await cli('staff', 'list', '--json')).out) as object[]
  expect(listed[1]).toMatchObject({ id: 2, role: 'agent', email: 'ada@example.com' })
  const made = await cli('staff', 'create', '--json', ...ada.with(1, 'admin'))
  expect(JSON.parse(made.out)).toMatchObject({ id: 3, role: 'admin' })
})

test('has an address once in each role', async () => {
  await cli('staff', 'create', ...ada)
  const again = await cli('staff', 'create', ...ada.with(5, 'ADA@example.com'))
  expect(again.code).toBe(2)
  expect(again.err).toContain('already an agent with the address ADA@example.com')
})

test('takes a password from the first line of a file, whatever ends it', async () => {
  for (const [at, ending] of ['', '\n', '\r\n', '\nand more\n'].entries()) {
    secret(`\ufeff correct horse ${ending}`)
    const who = ada.with(5, `ada${at}@example.com`)
    const { code, out, err } = await cli('staff', 'create', ...who, '--password-file', 'secret')
    expect([code, err]).toEqual([0, ''])
    expect(out).not.toContain('horse')
    expect(await fits(2 + at, ' correct horse ')).toBe(true)
  }
})

test('takes a password from standard input', async () => {
  await cli('staff', 'create', ...ada)
  const made = await fromInput('correct horse\n', 'update', 'ADA@example.com', '--json')
  expect(made.err).toBe('')
  expect(JSON.parse(made.out)).toEqual({
    id: 2,
    uid: expect.stringMatching(/^user_/) as unknown,
    role: 'agent',
    name: 'Ada',
    email: 'ada@example.com',
    isActive: true,
  })
  expect(await fits(2, 'correct horse')).toBe(true)
  await fromInput('battery staple', 'update', '2')
  expect(await fits(2, 'battery staple')).toBe(true)
})

test('changes everything of a person', async () => {
  await cli('staff', 'create', ...ada)
  const all = ['--name', 'Ada Ek', '--email', 'ek@example.com', '--new-role', 'admin']
  const { code, out } = await cli('staff', 'update', 'ada@example.com', ...all, '--deactivate')
  expect([code, out]).toEqual([0, '2  admin  inactive  ek@example.com  Ada Ek'])
  const back = await cli('staff', 'update', '2', '--activate', '--new-role', 'agent')
  expect(back.out).toBe('2  agent  active  ek@example.com  Ada Ek')
})

test('gives the first admin an address, by id', async () => {
  await cli('staff', 'create', ...ada)
  const { out } = await cli('staff', 'update', '1', '--email', 'boss@example.com')
  expect(out).toBe('1  admin  active  boss@example.com  Administrator')
})

test('asks which is meant when an admin and an agent have the address', async () => {
  await cli('staff', 'create', ...ada)
  await cli('staff', 'create', ...ada.with(1, 'admin'))
  const update = ['staff', 'update', 'ada@example.com', '--name', 'Ada Ek']
  const unclear = await cli(...update)
  expect([unclear.code, unclear.err]).toEqual([
    2,
    'deskbox staff: An admin and an agent have the address ada@example.com; --role says which\n' +
      'deskbox staff --help says how to call it',
  ])
  expect((await cli(...update, '--role', 'admin')).out).toStartWith('3  admin')
  const taken = await cli('staff', 'update', '3', '--new-role', 'agent')
  expect([taken.code, taken.err]).toEqual([
    2,
    'deskbox staff: There is already an agent with the address of this person\n' +
      'deskbox staff --help says how to call it',
  ])
})

test.each([
  [['nobody@example.com'], 'There is no person nobody@example.com'],
  [['99'], 'There is no person 99'],
  [['ada@example.com', '--role', 'admin'], 'There is no admin ada@example.com'],
  [['1', '--deactivate'], 'The last active admin must stay one'],
])('update %p fails with 1, and changes nothing', async (args, why) => {
  await cli('staff', 'create', ...ada)
  const before = (await cli('staff', 'list')).out
  const { code, out, err } = await cli('staff', 'update', '--name', 'X', ...args)
  expect([code, out, err]).toEqual([1, '', `deskbox staff: ${why}`])
  expect((await cli('staff', 'list')).out).toBe(before)
})

test('makes no desk for a change or a list', async () => {
  for (const args of [['list'], ['update', '1', '--name', 'X']]) {
    const { code, err } = await cli('staff', ...args)
    expect([code, err]).toMatchObject([1, expect.stringContaining('There is no desk in')])
  }
  expect(readdirSync(folder.path)).toEqual([])
})

test.each([
  ['too short', '1234567\nand more', 'must be at least 8 characters'],
  ['too long', 'x'.repeat(1001), 'must be at most 1000 characters'],
  ['blank', `${' '.repeat(9)}\ncorrect horse`, 'is blank'],
  ['nothing', '', 'is blank'],
  ['not UTF-8', new Uint8Array([0xff, ...new Uint8Array(8).fill(0x61)]), 'is not UTF-8 text'],
])('a password that is %s is wrong usage, and makes no data folder', async (_, text, why) => {
  secret(text)
  const made = await cli('staff', 'create', ...ada, '--password-file', 'secret')
  expect(made).toMatchObject({ code: 2, out: '', err: expect.stringContaining(why) as unknown })
  expect(readdirSync(folder.path)).toEqual(['secret'])
})

test.each([
  ['a file that is not there', ['--password-file', 'no'], 'There is no file no'],
  ['a folder', ['--password-file', '.'], '. cannot be read: EISDIR'],
  ['a password in the arguments', ['--password', 'correct horse'], "Unknown option '--password'"],
])('%s holds no password', async (_, args, why) => {
  const { code, err } = await cli('staff', 'create', ...ada, ...args)
  expect([code, err]).toMatchObject([2, expect.stringContaining(why)])
  expect(readdirSync(folder.path)).toEqual([])
})

test.each([
  ['nobody to update', ['update', '--name', 'X']],
  ['two to update', ['update', '1', '2', '--name', 'X']],
  ['nothing to update', ['update', '1', '--role', 'admin']],
  ['a blank name', ['update', '1', '--name', ' ']],
  ['a bad new address', ['update', '1', '--email', 'x']],
  ['another new role', ['update', '1', '--new-role', 'boss']],
  ['both ways at once', ['update', '1', '--activate', '--deactivate']],
  ['a new role for somebody new', ['create', ...ada, '--new-role', 'admin']],
  ['a list with a change', ['list', '--name', 'X']],
  ['no verb', []],
  ['another verb', ['remove']],
  ['no role', ['create', '--name', 'A', '--email', 'a@b.c']],
  ['another role', ['create', '--role', 'boss', '--name', 'A', '--email', 'a@b.c']],
  ['no name', ['create', '--role', 'agent', '--email', 'a@b.c']],
  ['no address', ['create', '--role', 'agent', '--name', 'A']],
  ['a bad address', ['create', '--role', 'agent', '--name', 'A', '--email', 'a']],
  ['a stray word', ['list', 'all']],
])('%s is wrong usage, and makes no data folder', async (_, args) => {
  const { code, out, err } = await cli('staff', ...args)
  expect([code, out]).toEqual([2, ''])
  expect(err).toStartWith('deskbox staff: ')
  expect(readdirSync(folder.path)).toEqual([])
})
