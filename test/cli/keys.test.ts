import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { internalScopes } from '../../src/http/deskhive/index.ts'
import { kevaScopes } from '../../src/http/keva/index.ts'
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
    expect(line).toBe(`1  keva  …${raw.slice(-4)}  active  no scope list  never used  Shop`)
    const listed = await cli('keys', 'list')
    expect(listed.out).toBe(line)
    for (const file of readdirSync(join(folder.path, 'data'))) {
      const bytes = readFileSync(join(folder.path, 'data', file))
      expect([file, bytes.includes(raw.slice(-64))]).toEqual([file, false])
    }
  })

  const keva = ['create', '--kind', 'keva', '--name', 'x']
  const internal = ['create', '--kind', 'internal', '--name', 'x']
  const external = ['create', '--kind', 'external', '--name', 'x']
  test.each([
    ['no verb', [], 'keys needs one of: create, list, revoke'],
    ['another verb', ['make'], 'keys needs one of: create, list, revoke'],
    ['a verb of every object', ['toString'], 'keys needs one of: create, list, revoke'],
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

describe('deskbox keys revoke', () => {
  test('takes either name of a key, and a second time changes nothing', async () => {
    const one = await make('--kind', 'keva', '--name', 'one')
    const two = await make('--kind', 'keva', '--name', 'two')
    const first = await cli('keys', 'revoke', String(one.id))
    expect([first.code, first.out]).toEqual([
      0,
      `Revoked: 1  keva  …${one.last4}  revoked  no scope list  never used  one`,
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
