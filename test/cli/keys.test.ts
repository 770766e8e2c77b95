import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { internalScopes } from '../../src/http/deskhive/index.ts'
import { kevaScopes } from '../../src/http/keva/index.ts'
import { updateKey } from '../../src/store/keys.ts'
import { updateStaff } from '../../src/store/staff.ts'
import { keyPattern } from '../support/keys.ts'
import { passwordHash, people, signInBody, type Tokens } from '../support/people.ts'
import { modeOf, openStore, tempFolder } from '../store/fixtures.ts'
import { startServer } from '../support/binary.ts'
import { deskbox, type Ran } from './terminal.ts'

let folder: ReturnType<typeof tempFolder>

beforeEach(() => {
  folder = tempFolder('keys')
})
afterEach(() => folder[Symbol.dispose]())

const cli = (...args: string[]) => deskbox(folder.path, args)

type Shown = {
  readonly id: number
  readonly uid: string
  readonly kind: string
  readonly name: string
  readonly last4: string
  readonly scopes: string[] | null
  readonly special: boolean
  readonly agent: string | null
  readonly state: string
  readonly expiresAt: string | null
  readonly lastUsedAt: string | null
  readonly createdBy: string | null
  readonly key?: string
}

const shown = (ran: Ran) => JSON.parse(ran.out) as Shown

async function make(...args: string[]): Promise<Shown & { readonly key: string }> {
  const ran = await cli('keys', 'create', '--json', ...args)
  expect([ran.code, ran.err]).toEqual([0, ''])
  const made = shown(ran)
  return { ...made, key: made.key ?? '' }
}

const list = async () => JSON.parse((await cli('keys', 'list', '--json')).out) as Shown[]

const [kevaScope = ''] = kevaScopes.difference(internalScopes())
const [internalScope = ''] = internalScopes().difference(kevaScopes)

describe('deskbox keys create', () => {
  test('makes a Keva key, with and without scopes', async () => {
    const open = await make('--kind', 'keva', '--name', 'Shop')
    const narrow = await make('--kind', 'keva', '--name', 'Reader', '--scopes', kevaScope)
    expect(open).toMatchObject({ kind: 'keva', name: 'Shop', scopes: null, state: 'active' })
    expect(narrow.scopes).toEqual([kevaScope])
    for (const { key, last4, uid } of [open, narrow]) {
      expect(key).toMatch(new RegExp(`^${keyPattern.keva.source}$`))
      expect([key.slice(-4), uid.slice(0, 4)]).toEqual([last4, 'key_'])
    }
  })

  test('makes an internal key: special, or with scopes', async () => {
    const special = await make('--kind', 'internal', '--name', 'Admin', '--special')
    const two = [...internalScopes()].slice(0, 2)
    const scopes = ['--scopes', two.join(' , ')]
    const narrow = await make('--kind', 'internal', '--name', 'Some', ...scopes)
    expect([special.special, special.scopes]).toEqual([true, null])
    expect([narrow.special, narrow.scopes]).toEqual([false, two])
    expect(special.key).toMatch(new RegExp(`^${keyPattern.internal.source}$`))
  })

  test('makes an external key for an agent that there is', async () => {
    const agent = [
      'staff',
      'create',
      '--role',
      'agent',
      '--name',
      'Ada',
      '--email',
      'Ada@Example.com',
    ]
    expect((await cli(...agent)).code).toBe(0)
    const made = await make('--kind', 'external', '--name', 'App', '--agent', 'ada@example.COM')
    expect([made.agent, made.kind]).toEqual(['Ada', 'external'])
    expect(made.key).toMatch(new RegExp(`^${keyPattern.external.source}$`))
    const missing = ['--kind', 'external', '--name', 'App', '--agent', 'bob@example.com']
    const refused = await cli('keys', 'create', ...missing)
    expect(refused.code).toBe(2)
    expect(refused.err).toStartWith('deskbox keys: There is no agent bob@example.com')
    expect(await list()).toHaveLength(1)
  })

  test('takes an expiry', async () => {
    const made = await make('--kind', 'keva', '--name', 'x', '--expires', '2027-01-01')
    expect(made.expiresAt).toBe('2027-01-01T00:00:00Z')
  })

  test('shows the key to a person, once', async () => {
    const { code, out } = await cli('keys', 'create', '--kind', 'keva', '--name', 'Shop')
    const [raw = '', line = '', last = ''] = out.split('\n')
    expect([code, last]).toEqual([0, 'The key is shown only now.'])
    expect(raw).toMatch(keyPattern.keva)
    const made = /made \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ by Administrator/.exec(line)?.[0]
    const parts = ['1', 'keva', `…${raw.slice(-4)}`, 'active', 'no scope list', made, 'never used']
    expect(line.split('  ')).toEqual([...parts.map(String), 'Shop'])
    const listed = await cli('keys', 'list')
    expect(listed.out).toBe(line)
    for (const file of readdirSync(join(folder.path, 'data'))) {
      const bytes = readFileSync(join(folder.path, 'data', file))
      expect([file, bytes.includes(raw.slice(-64))]).toEqual([file, false])
    }
  })

  const change = ['change', '1', '--name', 'x']
  const keva = ['create', '--kind', 'keva', '--name', 'x']
  const internal = ['create', '--kind', 'internal', '--name', 'x']
  const external = ['create', '--kind', 'external', '--name', 'x']
  test.each([
    ['no verb', [], 'keys needs one of: create, import, list, change, revoke'],
    ['another verb', ['make'], 'keys needs one of: create, import, list, change, revoke'],
    [
      'a verb of every object',
      ['toString'],
      'keys needs one of: create, import, list, change, revoke',
    ],
    ['no kind', ['create', '--name', 'x'], '--kind must be one of: keva, internal, external'],
    ['another kind', ['create', '--kind', 'admin', '--name', 'x'], '--kind must be one of'],
    ['no name', ['create', '--kind', 'keva'], '--name must say what the key is for'],
    ['an empty name', ['create', '--kind', 'keva', '--name', ''], '--name must say what'],
    ['a special Keva key', [...keva, '--special'], '--special goes with --kind internal'],
    ['an agent on a Keva key', [...keva, '--agent', 'a@b.c'], '--agent goes with --kind external'],
    ['an agent on an internal key', [...internal, '--agent', 'a@b.c'], '--agent goes with'],
    ['a scope that is none', [...keva, '--scopes', 'all'], "'all' is no scope of keva keys: "],
    ['an empty scope', [...keva, '--scopes', ''], "'' is no scope of keva keys: "],
    ['an internal scope on Keva', [...keva, '--scopes', internalScope], 'is no scope of keva'],
    ['a Keva scope on internal', [...internal, '--scopes', kevaScope], 'is no scope of internal'],
    ['a scope on external', [...external, '--scopes', kevaScope], 'is no scope of external keys'],
    ['no date', [...keva, '--expires', 'soon'], "--expires must be a date, not 'soon'"],
    ['an unknown flag', [...keva, '--force'], "Unknown option '--force'"],
    ['a stray word', [...keva, 'word'], "Unexpected argument 'word'"],
    ['a word for list', ['list', 'word'], "Unexpected argument 'word'"],
    ['revoke without an ID', ['revoke'], 'keys revoke needs the ID of a key'],
    ['two IDs', ['revoke', '1', '2'], "Unexpected argument '2'"],
    ['change without an ID', ['change', '--name', 'x'], 'keys change needs the ID of a key'],
    ['change of nothing', ['change', '1'], 'keys change takes --name and --expires'],
    ['change of the scopes', [...change, '--scopes', kevaScope], 'takes --name and --expires'],
    ['change of the agent', [...change, '--agent', 'a@b.c'], 'takes --name and --expires'],
    ['change to special', [...change, '--special'], 'takes --name and --expires'],
    ['change to an empty name', ['change', '1', '--name', ''], '--name must say what'],
    ['change to no date', ['change', '1', '--expires', 'x'], "--expires must be a date, not 'x'"],
    [
      'change to a date that is over',
      ['change', '1', '--expires', '2020-01-01'],
      "--expires must be in the future, not '2020-01-01'",
    ],
    ['import without a file', ['import', '--name', 'x'], 'keys import needs --key-file'],
    ['import without a name', ['import', '--key-file', 'x'], '--name must say what'],
    [
      'import of another kind',
      ['import', '--kind', 'internal', '--name', 'x'],
      'keys import takes keys of the kind keva',
    ],
    [
      'a missing settings file',
      ['list', '--config', 'no.toml'],
      'There is no settings file no.toml',
    ],
  ])('%s is wrong usage: exit 2, and no data folder is made', async (_, args, why) => {
    const { code, out, err } = await cli('keys', ...args)
    expect([code, out]).toEqual([2, ''])
    const [first, second] = err.split('\n')
    expect(first).toStartWith('deskbox keys: ')
    expect(first).toContain(why)
    expect(second).toBe('deskbox keys --help says how to call it')
    expect(readdirSync(folder.path)).toEqual([])
  })
})

const foreign = 'keva_live_sk_4eC39HqLyjWDarjtT1zdp7dc'
const keyFile = (text: string) => writeFileSync(join(folder.path, 'key.txt'), text)
const take = (...args: string[]) =>
  cli('keys', 'import', '--name', 'Old', '--key-file', 'key.txt', ...args)

describe('deskbox keys import (keva.md R3)', () => {
  test('takes a key that was made elsewhere, which works beside a running server', async () => {
    keyFile(`${foreign}\n`)
    const server = await startServer({
      binary: process.execPath,
      cwd: folder.path,
      args: [resolve(import.meta.dir, '../../src/main.ts'), 'serve', '--port', '0'],
    })
    try {
      const headers = { authorization: `Bearer ${foreign}` }
      const status = async (path: string) => (await fetch(server.url + path, { headers })).status
      expect(await status('/v1/tickets')).toBe(401)
      const ran = await take('--scopes', 'tickets:read', '--json')
      expect([ran.code, ran.out.includes(foreign)]).toEqual([0, false])
      const scopes = ['tickets:read']
      expect(shown(ran)).toMatchObject({ kind: 'keva', name: 'Old', last4: 'p7dc', scopes })
      await eventually(async () => (await status('/v1/tickets')) === 200)
      expect(await status('/v1/kb')).toBe(403)
    } finally {
      expect(await server.stop()).toBe(0)
    }
  })

  test('takes a value once, also of a key that is revoked', async () => {
    keyFile(foreign)
    expect((await take()).code).toBe(0)
    const again = [1, 'deskbox keys: There is a key of that value already'] as const
    for (const line of [[], ['revoke', '1']]) {
      if (line.length > 0) expect((await cli('keys', ...line)).code).toBe(0)
      const { code, err } = await take()
      expect([code, err]).toEqual([...again])
    }
    expect(await list()).toHaveLength(1)
  })

  test.each(['', 'sk_live_4eC39HqLyjWDarjtT1zdp7dc', 'keva_live_short', `${foreign} x`])(
    'of %p is wrong usage',
    async (text) => {
      keyFile(text)
      const { code, err } = await take()
      expect([code, err.split('\n')[0]]).toEqual([
        2,
        'deskbox keys: key.txt must hold keva_live_ and 20 to 200 characters more',
      ])
    },
  )
})

describe('deskbox keys change (keva.md 2.2)', () => {
  test('renames a key, and extends or drops its expiry', async () => {
    const { id, uid } = await make('--kind', 'keva', '--name', 'Shop', '--expires', '2027-01-01')
    const renamed = shown(await cli('keys', 'change', String(id), '--name', 'Till', '--json'))
    expect(renamed).toMatchObject({ name: 'Till', expiresAt: '2027-01-01T00:00:00Z' })
    const extended = await cli('keys', 'change', uid, '--expires', '2028-01-01')
    expect(extended.out).toMatch(/^Changed: 1  keva  .*  until 2028-01-01T00:00:00Z  Till$/)
    const open = shown(await cli('keys', 'change', uid, '--expires', 'never', '--json'))
    expect(open).toMatchObject({ name: 'Till', expiresAt: null, createdBy: 'Administrator' })
  })

  test('lets an expired key in again', async () => {
    const { uid } = await make('--kind', 'keva', '--name', 'Shop', '--expires', '2027-01-01')
    using opened = openStore(join(folder.path, 'data'), 'share')
    await opened.store.write((q) => updateKey(q, 1, { expiresAt: 1 }))
    expect((await list()).map(({ state }) => state)).toEqual(['expired'])
    expect((await cli('keys', 'change', uid, '--expires', '2028-01-01')).code).toBe(0)
    expect((await list()).map(({ state }) => state)).toEqual(['active'])
  })

  test('of a key that is none fails with 1', async () => {
    await make('--kind', 'keva', '--name', 'one')
    const { code, err } = await cli('keys', 'change', '99', '--name', 'x')
    expect([code, err]).toEqual([1, 'deskbox keys: There is no key 99'])
  })
})

describe('deskbox keys revoke', () => {
  test('takes either name of a key, and a second time changes nothing', async () => {
    const one = await make('--kind', 'keva', '--name', 'one')
    const two = await make('--kind', 'keva', '--name', 'two')
    const first = await cli('keys', 'revoke', String(one.id))
    expect([first.code, first.out]).toEqual([
      0,
      expect.stringMatching(
        new RegExp(`^Revoked: 1  keva  …${one.last4}  revoked  no scope list  made .*  one$`),
      ),
    ])
    const second = await cli('keys', 'revoke', two.uid, '--json')
    expect(shown(second)).toMatchObject({ id: two.id, state: 'revoked' })
    expect((await cli('keys', 'revoke', '1')).code).toBe(0)
    expect((await list()).map(({ state }) => state)).toEqual(['revoked', 'revoked'])
  })

  test.each(['99', '0', '-1', 'key_', 'key_01arz3ndektsv4rrffq69g5fav', 'one'])(
    'of %p, which is none, fails with 1',
    async (id) => {
      await make('--kind', 'keva', '--name', 'one')
      const { code, err } = await cli('keys', 'revoke', '--', id)
      expect([code, err]).toEqual([1, `deskbox keys: There is no key ${id}`])
      expect((await list()).map(({ state }) => state)).toEqual(['active'])
    },
  )
})

describe('where the keys are', () => {
  test('--data and the settings file name the folder, the flag first', async () => {
    writeFileSync(join(folder.path, 'deskbox.toml'), '[data]\ndirectory = "from-file"\n')
    writeFileSync(join(folder.path, 'other.toml'), '[data]\ndirectory = "from-other"\n')
    await make('--kind', 'keva', '--name', 'x')
    await make('--kind', 'keva', '--name', 'x', '--config', 'other.toml')
    await make('--kind', 'keva', '--name', 'x', '--data', 'from-flag')
    const folders = readdirSync(folder.path, { withFileTypes: true })
      .filter((one) => one.isDirectory())
      .map(({ name }) => name)
    expect(folders.toSorted()).toEqual(['from-file', 'from-flag', 'from-other'])
  })
})

describe('beside a running server', () => {
  test('a key works, and a revoked one stops, within a second', async () => {
    const server = await startServer({
      binary: process.execPath,
      cwd: folder.path,
      args: [resolve(import.meta.dir, '../../src/main.ts'), 'serve', '--port', '0'],
    })
    try {
      const status = async (key: string) => {
        const headers = { authorization: `Bearer ${key}` }
        return (await fetch(`${server.url}/api/v1/tickets`, { headers })).status
      }
      expect(await status(server.keys.keva)).toBe(200)
      const made = await make('--kind', 'keva', '--name', 'late', '--scopes', 'tickets:read')
      await eventually(async () => (await status(made.key)) === 200)
      expect((await cli('keys', 'revoke', made.uid)).code).toBe(0)
      await eventually(async () => (await status(made.key)) === 401)
      expect(await status(server.keys.keva)).toBe(200)
    } finally {
      expect(await server.stop()).toBe(0)
    }
    const used = (await list()).map(({ name, lastUsedAt }) => [name, lastUsedAt !== null])
    expect(used).toEqual([
      ['First Keva key', true],
      ['First internal key', false],
      ['late', true],
    ])
  })
})

describe('people beside a running server', () => {
  test('sign in, go on over a rotation and a restart, and find their files closed', async () => {
    const start = () =>
      startServer({
        binary: process.execPath,
        cwd: folder.path,
        args: [resolve(import.meta.dir, '../../src/main.ts'), 'serve', '--port', '0'],
      })
    const data = join(folder.path, 'data')
    const first = await start()
    try {
      const { name, email } = people.internal
      await cli('staff', 'create', '--role', 'admin', '--name', name, '--email', email)
      using shared = openStore(data, 'share')
      await shared.store.write((q) => updateStaff(q, 2, { passwordHash }))
      const { access_token: token } = await signInAt(first.url)
      expect(await statusAt(first.url, token)).toBe(200)
      const kid = (await cli('keys', 'rotate-signing', '--json')).out
      await eventually(async () => JSON.stringify({ kid: await kidAt(first.url) }) === kid)
      expect(await statusAt(first.url, token)).toBe(200)
      expect(modeOf(join(data, 'signing-keys.json'))).toBe(0o600)
      chmodSync(join(data, 'signing-keys.json'), 0o644)
    } finally {
      expect(await first.stop()).toBe(0)
    }
    const second = await start()
    try {
      const { access_token: token } = await signInAt(second.url)
      expect(await statusAt(second.url, token)).toBe(200)
      expect(modeOf(join(data, 'signing-keys.json'))).toBe(0o600)
    } finally {
      expect(await second.stop()).toBe(0)
    }
  })
})

async function signInAt(url: string): Promise<Tokens> {
  const body = JSON.stringify(signInBody('internal'))
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${url}/api/v1/internal/session`, { method: 'POST', headers, body })
  return ((await answer.json()) as { data: Tokens }).data
}

async function kidAt(url: string): Promise<string> {
  const [header = ''] = (await signInAt(url)).access_token.split('.')
  return (JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string }).kid
}

async function statusAt(url: string, token: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}` }
  return (await fetch(`${url}/api/v1/internal/tickets`, { headers })).status
}

/** Asks again until it holds; fails after a second. */
async function eventually(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 1000
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('It did not hold within a second')
    await Bun.sleep(20)
  }
}

describe('deskbox keys rotate-signing', () => {
  test('signs by another key, which is in a file for its owner alone', async () => {
    const before = await cli('keys', 'rotate-signing')
    expect([before.code, before.err]).toEqual([1, expect.stringContaining('There is no desk')])
    await make('--kind', 'keva', '--name', 'Shop')
    const first = await cli('keys', 'rotate-signing', '--json')
    const second = await cli('keys', 'rotate-signing')
    const file = join(folder.path, 'data', 'signing-keys.json')
    const { kid } = JSON.parse(first.out) as { kid: string }
    const held = JSON.parse(readFileSync(file, 'utf8')) as {
      current: { kid: string }
      former: { kid: string }[]
    }
    expect(second.out).toBe(`Tokens are signed by the key ${held.current.kid} from now on.`)
    expect(held.former.map((key) => key.kid)).toContain(kid)
    expect(modeOf(file)).toBe(0o600)
    expect((await cli('keys', 'rotate-signing', 'x')).code).toBe(2)
  })
})
