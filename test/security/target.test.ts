import { describe, expect, test } from 'bun:test'
import { Networks } from '../../src/security/networks.ts'
import { blockOf, isBlocked, vetTarget, type TargetRules } from '../../src/security/target.ts'

// reliability.md has these as bar W2: whatever names this machine or its neighbours is not called.

const names: { readonly [host: string]: readonly string[] } = {
  'hooks.example': ['93.184.215.14'],
  'both.example': ['93.184.215.14', '2606:2800:21f::1'],
  'mixed.example': ['93.184.215.14', '10.0.0.7'],
  'mixed6.example': ['2606:2800:21f::1', '::1'],
  'office.example': ['10.0.0.7'],
  localhost: ['127.0.0.1', '::1'],
  'localhost.': ['127.0.0.1'],
  'metadata.example': ['169.254.169.254'],
}

function rules(allowed: readonly string[] = []): TargetRules {
  return {
    resolve: (host) => {
      const found = names[host]
      return found ? Promise.resolve(found) : Promise.reject(new Error('not found'))
    },
    allowed: new Networks(allowed),
    ownPort: 7300,
  }
}

const blocked = {
  address_blocked: [
    'https://localhost/',
    'https://LOCALHOST/',
    'https://localhost./',
    'https://any.localhost/',
    'https://any.localhost./',
    'https://127.0.0.1/',
    'https://127.0.0.1./',
    'https://127.1/',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0x7f.0.0.1/',
    'https://0177.0.0.1/',
    'https://017700000001/',
    'https://１２７.０.０.１/',
    'https://①②⑦.0.0.1/',
    'https://127。0。0。1/',
    'https://%31%32%37.0.0.1/',
    'https://0/',
    'https://0.0.0.0/',
    'https://[::]/',
    'https://[::1]/',
    'https://[0:0:0:0:0:0:0:1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:7f00:1]/',
    'https://[::127.0.0.1]/',
    'https://[64:ff9b::127.0.0.1]/',
    'https://[2002:7f00:1::]/',
    'https://[fd00:ec2::254]/',
    'https://[fc00::1]/',
    'https://[fe80::1]/',
    'https://[ff02::1]/',
    'https://169.254.169.254/latest/meta-data/',
    'https://metadata.example/',
    'https://100.64.0.1/',
    'https://10.0.0.7/',
    'https://172.16.0.1/',
    'https://192.168.1.1/',
    'https://224.0.0.1/',
    'https://255.255.255.255/',
    'https://mixed.example/',
    'https://mixed6.example/',
    'https://office.example:7300/',
    'http://127.0.0.1:7300/',
  ],
  url_scheme: [
    'file:///etc/passwd',
    'file://hooks.example/x',
    'data:text/plain,x',
    'blob:https://hooks.example/x',
    's3://bucket/key',
    'ftp://hooks.example/',
    'gopher://hooks.example/',
    'ws://hooks.example/',
    'javascript:alert(1)',
    'unix:/var/run/docker.sock',
  ],
  url_credentials: ['https://user@hooks.example/', 'https://user:secret@hooks.example/'],
  url_invalid: [
    '',
    'hooks.example/x',
    '/x',
    'https://',
    'https:///',
    'https://[::1',
    'https://[fe80::1%25eth0]/',
    'https://hooks.example:99999/',
    'https://ho oks.example/',
    'https://127.0.0.1.5.6/',
  ],
  port_blocked: [
    'https://hooks.example:22/',
    'https://hooks.example:25/',
    'https://hooks.example:1/',
    'https://hooks.example:587/',
    'http://hooks.example:993/',
    'https://hooks.example:1023/',
  ],
  name_not_found: ['https://nobody.example/', 'https://-/'],
  not_encrypted: ['http://hooks.example/', 'http://93.184.215.14:8080/'],
} as const

for (const [why, urls] of Object.entries(blocked)) {
  test.each([...urls])(`${why}: %p`, async (url) => {
    const verdict: unknown = await vetTarget(url, rules())
    expect(verdict).toBe(why)
  })
}

describe('what is open to all', () => {
  test.each([
    ['https://hooks.example/in?x=1#part', '93.184.215.14', 'https://hooks.example/in?x=1'],
    ['https://hooks.example:8443/', '93.184.215.14', 'https://hooks.example:8443/'],
    ['HTTPS://HOOKS.example', '93.184.215.14', 'https://hooks.example/'],
    ['https://93.184.215.14/', '93.184.215.14', 'https://93.184.215.14/'],
    ['https://both.example/', '93.184.215.14', 'https://both.example/'],
    ['https://[2606:2800:21f::1]/', '2606:2800:21f::1', 'https://[2606:2800:21f::1]/'],
  ])('%p is dialled at %p', async (text, address, href) => {
    const target = await vetTarget(text, rules())
    expect(isBlocked(target) ? target : [target.address, target.url.href]).toEqual([address, href])
  })
})

describe('a network that the settings open', () => {
  const office = rules(['10.0.0.0/8', '127.0.0.0/8'])

  test.each([
    'https://office.example/',
    'http://office.example:8080/',
    'http://10.0.0.7/',
    'http://127.0.0.1:9000/',
  ])('lets %p through, encrypted or not', async (url) =>
    expect(isBlocked(await vetTarget(url, office))).toBe(false),
  )

  test.each([
    ['https://192.168.1.1/', 'address_blocked'],
    ['https://localhost/', 'address_blocked'],
    ['http://hooks.example/', 'not_encrypted'],
    ['http://mixed.example/', 'not_encrypted'],
    ['http://10.0.0.7:22/', 'port_blocked'],
    ['http://127.0.0.1:7300/', 'address_blocked'],
  ])('does not let %p through: %p', async (url, why) => {
    const verdict: unknown = await vetTarget(url, office)
    expect(verdict).toBe(why)
  })

  test('lets a name through that has an address there and one open to all, encrypted', async () => {
    expect(isBlocked(await vetTarget('https://mixed.example/', office))).toBe(false)
  })
})

describe('what is asked while a caller waits', () => {
  test('says what is wrong, or nothing', async () => {
    expect(await blockOf('https://hooks.example/', rules(), 1000)).toBeNull()
    expect(await blockOf('https://mixed.example/', rules(), 1000)).toBe('address_blocked')
  })

  test('does not find a name that nobody answers for', async () => {
    const silent = { ...rules(), resolve: () => new Promise<never>(() => {}) }
    expect(await blockOf('https://hooks.example/', silent, 5)).toBe('name_not_found')
  })
})
