import { expect, test } from 'bun:test'
import { isOwnHost } from '../../src/http/hosts.ts'

// reliability.md, bar A11: a name that somebody else made to resolve to us is refused.

const names = ['desk.example.com', 'Help.Example.com']

test.each([
  'localhost',
  'LocalHost:7300',
  'localhost.',
  '127.0.0.1',
  '127.0.0.1:7300',
  '192.168.1.20:80',
  '[::1]',
  '[::1]:7300',
  '[2001:db8::5]:443',
  'desk.example.com',
  'DESK.example.com:443',
  'desk.example.com.',
  'help.example.com',
])('%p is ours', (host) => {
  expect(isOwnHost(host, names)).toBe(true)
})

test.each([
  '',
  'x',
  'evil.example',
  'evil.example:7300',
  'desk.example.com.evil.example',
  'evil-desk.example.com',
  'example.com',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  '127.0.0.1.nip.io',
  'desk.example.com:http',
  'desk.example.com:123456',
  'user@desk.example.com',
  'desk.example.com/x',
  'desk.example.com ',
  '[::1',
  '[::g]',
  '1.2.3',
  '::1',
])('%p is none of ours', (host) => {
  expect(isOwnHost(host, names)).toBe(false)
})

test('without names only localhost and addresses are ours', () => {
  expect(['localhost', '10.0.0.1', 'desk.example.com'].map((host) => isOwnHost(host, []))).toEqual([
    true,
    true,
    false,
  ])
})
