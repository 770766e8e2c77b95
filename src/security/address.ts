import { isIP, isIPv4, isIPv6 } from 'node:net'
import { Networks } from './networks.ts'

/**
 * Names the network that a client address counts as when calls are limited by address: IPv4 as it
 * is, IPv4 inside IPv6 (`::ffff:192.0.2.1`) as IPv4, IPv6 as its /64 in RFC 5952 text
 * (`2001:db8::/64`), because one customer of a provider is handed at least a whole /64. Anything
 * else, a Unix socket say, is `unknown`, so that all such callers share one name.
 */
export function clientNetwork(address: string): string {
  if (isIPv4(address)) return address
  if (!isIPv6(address)) return 'unknown'
  const groups = groupsOf(address)
  return isMapped(groups) ? dotted(groups) : prefixOf(groups)
}

/**
 * The address that a call comes from: the peer's, or, when the peer is a trusted proxy, the last one in
 * `X-Forwarded-For` that is none. What stands before it was written by the caller, who may write anything.
 */
export function clientAddress(
  peer: string,
  forwardedFor: string | null,
  trusted: Networks,
): string {
  if (forwardedFor === null || !trusted.has(peer)) return peer
  const hops = forwardedFor.split(',').map((hop) => hop.trim())
  const client = hops.findLast((hop) => isIP(hop) === 0 || !trusted.has(hop))
  return client !== undefined && isIP(client) !== 0 ? client : peer
}

/**
 * How the caller of a trusted proxy reached it, by the last word of its `X-Forwarded-Proto`; undefined when the peer
 * is no trusted proxy, or says something else.
 */
export function forwardedScheme(
  peer: string,
  forwardedProto: string | null,
  trusted: Networks,
): 'http' | 'https' | undefined {
  if (forwardedProto === null || !trusted.has(peer)) return undefined
  const said = forwardedProto
    .slice(forwardedProto.lastIndexOf(',') + 1)
    .trim()
    .toLowerCase()
  return said === 'http' || said === 'https' ? said : undefined
}

/** Whether an address is this machine's own. */
export function isLoopbackAddress(address: string): boolean {
  return loopback.has(address)
}

const loopback = new Networks(['127.0.0.0/8', '::1', '::ffff:127.0.0.0/104'])

/** The eight 16-bit groups of a valid IPv6 address; a zone (`%eth0`) is left out. */
function groupsOf(address: string): number[] {
  const text = (address.split('%')[0] ?? '').replace(/[\d.]+$/, hexadecimal)
  const [head = '', tail] = text.split('::')
  const front = parse(head)
  if (tail === undefined) return front
  const back = parse(tail)
  return [...front, ...Array<number>(8 - front.length - back.length).fill(0), ...back]
}

/** Spells a dotted IPv4 tail as two groups, and leaves any other tail alone. */
function hexadecimal(tail: string): string {
  if (!isIPv4(tail)) return tail
  const [a = 0, b = 0, c = 0, d = 0] = tail.split('.').map(Number)
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
}

function parse(groups: string): number[] {
  return groups === '' ? [] : groups.split(':').map((group) => Number.parseInt(group, 16))
}

function isMapped(groups: number[]): boolean {
  return groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0)
}

function dotted(groups: number[]): string {
  return groups
    .slice(6)
    .flatMap((group) => [group >> 8, group & 255])
    .join('.')
}

/** The last four groups are zero, which is the longest run: zeros before them join it. */
function prefixOf(groups: number[]): string {
  const network = groups.slice(0, 4)
  while (network.at(-1) === 0) network.pop()
  return `${network.map((group) => group.toString(16)).join(':')}::/64`
}
