import { describe, expect, test } from 'bun:test'
import { clientAddress, clientNetwork, forwardedScheme } from '../../src/security/address.ts'
import { Networks } from '../../src/security/networks.ts'

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['0.0.0.0', '0.0.0.0'],
  ['255.255.255.255', '255.255.255.255'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:c000:201', '192.0.2.1'],
  ['0:0:0:0:0:ffff:192.0.2.255', '192.0.2.255'],
  ['::ffff:0:0', '0.0.0.0'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0DB8:0001:0002:ffff:ffff:ffff:ffff', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8::/64'],
  ['2001:db8:0:0:1::', '2001:db8::/64'],
  ['2001:0:0:1::', '2001:0:0:1::/64'],
  ['0:0:0:1::5', '0:0:0:1::/64'],
  ['::1:0:0:0:5', '0:0:0:1::/64'],
  ['1:2:3:4:5:6:7::', '1:2:3:4::/64'],
  ['::2:3:4:5:6:7:8', '0:2:3:4::/64'],
  ['::', '::/64'],
  ['::1', '::/64'],
  ['::192.0.2.1', '::/64'],
  ['1::ffff:192.0.2.1', '1::/64'],
  ['64:ff9b::192.0.2.1', '64:ff9b::/64'],
  ['fe80::1%eth0', 'fe80::/64'],
  ['fe80::1%9', 'fe80::/64'],
])('%s counts as %s', (address, network) => {
  expect(clientNetwork(address)).toBe(network)
})

test.each([
  '',
  'unknown',
  'localhost',
  '/run/deskbox.sock',
  '192.0.2',
  '192.0.2.256',
  '192.0.02.1',
  ' 192.0.2.1',
  '192.0.2.1:80',
  '[2001:db8::1]',
  '2001:db8::1::2',
  '2001:db8:1:2:3:4:5',
  '2001:db8::/64',
  '::ffff:192.0.2.256',
  '12345::',
])('%p is no address', (address) => {
  expect(clientNetwork(address)).toBe('unknown')
})

describe('a call through proxies', () => {
  const trusted = new Networks(['127.0.0.1', '10.0.0.0/8', '::1'])

  test.each([
    ['nobody said for whom', '127.0.0.1', null, '127.0.0.1'],
    ['the client', '127.0.0.1', '198.51.100.7', '198.51.100.7'],
    ['the client, by IPv6', '::1', '2001:db8::7', '2001:db8::7'],
    ['the client behind two of ours', '127.0.0.1', '198.51.100.7, 10.1.2.3', '198.51.100.7'],
    ['what the client made up before it', '127.0.0.1', '1.1.1.1, 198.51.100.7', '198.51.100.7'],
    ['a peer that is no proxy of ours', '198.51.100.9', '1.1.1.1', '198.51.100.9'],
    ['no address', '127.0.0.1', 'unknown', '127.0.0.1'],
    ['nothing', '127.0.0.1', '', '127.0.0.1'],
    ['no address at the end', '127.0.0.1', '198.51.100.7, _hidden', '127.0.0.1'],
    ['only ours', '127.0.0.1', '10.0.0.5', '127.0.0.1'],
  ])('%s', (_what, peer, forwardedFor, client) => {
    expect(clientAddress(peer, forwardedFor, trusted)).toBe(client)
  })

  test('believes nobody when nobody is trusted', () => {
    expect(clientAddress('127.0.0.1', '1.1.1.1', new Networks([]))).toBe('127.0.0.1')
  })
})

describe('the scheme of a forwarded call', () => {
  const trusted = new Networks(['127.0.0.0/8', '10.0.0.0/8'])

  test.each([
    ['is what a proxy of ours says', '127.0.0.1', 'https', 'https'],
    ['in any case of letters', '10.0.0.5', ' HTTP ', 'http'],
    ['is what the last of them says', '10.0.0.5', 'https, http', 'http'],
    ['is not what anybody else says', '198.51.100.9', 'https', undefined],
    ['is not known when nobody says it', '127.0.0.1', null, undefined],
    ['is no other word', '127.0.0.1', 'gopher', undefined],
  ])('%s', (_what, peer, said, scheme) => {
    expect<string | undefined>(forwardedScheme(peer, said, trusted)).toBe(scheme)
  })
})
