import { describe, expect, test } from 'bun:test'
import { isPublicAddress, Networks } from '../../src/security/networks.ts'

const notPublic = [
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '10.255.255.255',
  '100.64.0.1',
  '100.127.255.255',
  '127.0.0.1',
  '127.255.255.254',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.8',
  '192.0.2.1',
  '192.168.0.1',
  '198.18.0.1',
  '198.51.100.1',
  '203.0.113.9',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::127.0.0.1',
  '::ffff:127.0.0.1',
  '::ffff:8.8.8.8',
  '::ffff:7f00:1',
  '64:ff9b::7f00:1',
  '64:ff9b:1::1',
  '100::1',
  '2001::1',
  '2001:db8::1',
  '2002:7f00:1::',
  '3fff::1',
  'fc00::1',
  'fd00:ec2::254',
  'fe80::1',
  'fe80::1%eth0',
  'fec0::1',
  'ff02::1',
  '4000::1',
  '',
  'localhost',
  '1.2.3',
  '1.2.3.4.5',
]

const areas = ['1.1.1.1', '8.8.8.8', '172.15.0.1', '172.32.0.1', '100.63.255.255', '192.167.1.1']
const areas6 = ['2001:4860:4860::8888', '2606:4700:4700::1111', '2a00:1450:4001::1', '2003::1']

test.each(notPublic)('%p is not public', (address) => {
  expect(isPublicAddress(address)).toBe(false)
})

test.each([...areas, ...areas6])('%p is public', (address) => {
  expect(isPublicAddress(address)).toBe(true)
})

describe('networks', () => {
  const networks = new Networks(['10.0.0.0/8', '192.168.7.9', 'fd00::/8', '2001:db8::5/128'])

  test.each(['10.0.0.0', '10.9.8.7', '192.168.7.9', 'fd12::1', 'fd12::1%eth0', '2001:db8::5'])(
    'have %p',
    (address) => expect(networks.has(address)).toBe(true),
  )

  test.each(['11.0.0.0', '192.168.7.8', 'fc00::1', '2001:db8::6', '', 'ten', '10.0.0.0/8'])(
    'have not %p',
    (address) => expect(networks.has(address)).toBe(false),
  )

  test.each([
    '',
    'ten',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0/8',
    '10.0.0.0/8/8',
    'fd00::/129',
    '::/x',
  ])('refuse %p', (text) => expect(() => new Networks([text])).toThrow('is no network'))

  test('may be none', () => {
    expect(new Networks([]).has('10.0.0.1')).toBe(false)
  })
})
