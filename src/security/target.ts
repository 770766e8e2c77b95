import { isIP } from 'node:net'
import { secondMs, type Millis } from '../lib/time.ts'
import { isPublicAddress, type Networks } from './networks.ts'

/** Every address of a host name, IPv4 and IPv6; rejects when it has none. */
export type Resolve = (host: string) => Promise<readonly string[]>

/** Where integrations may send us, beside the public internet. */
export type TargetRules = {
  readonly resolve: Resolve
  /** Networks that the settings file opens. */
  readonly allowed: Networks
  /** The port that this server itself listens on, which is never a target on this machine. */
  readonly ownPort: number
}

/** Why a URL is not called; the words are for the log and the list of deliveries. */
export type Blocked =
  | 'url_invalid'
  | 'url_scheme'
  | 'url_credentials'
  | 'port_blocked'
  | 'address_blocked'
  | 'not_encrypted'
  | 'name_not_found'

/** A URL whose addresses have all been seen and found fit, and the one to dial. */
export type Target = { readonly url: URL; readonly address: string }

// Below 1024 live services that a request could be made to speak to: mail, remote shells, databases.
const lowPorts = new Set([80, 443])
const lowPortMax = 1023

/**
 * Vets a URL: its form, its port, and every address that its name has at this moment. The answer names the
 * address to dial, because a second look-up may say something else (DNS rebinding).
 */
export async function vetTarget(text: string, rules: TargetRules): Promise<Target | Blocked> {
  const url = parse(text)
  if (typeof url === 'string') return url
  const port = portOf(url)
  if (port <= lowPortMax && !lowPorts.has(port)) return 'port_blocked'
  const addresses = await addressesOf(url, rules.resolve)
  const [address] = addresses
  if (address === undefined) return 'name_not_found'
  const isOpened = addresses.every((one) => rules.allowed.has(one))
  if (!isOpened && !addresses.every((one) => isPublicAddress(one) || rules.allowed.has(one))) {
    return 'address_blocked'
  }
  if (port === rules.ownPort && !addresses.every(isPublicAddress)) return 'address_blocked'
  // In the open only encrypted; inside a network that the settings name, as that network has it.
  if (url.protocol === 'http:' && !isOpened) return 'not_encrypted'
  return { url, address }
}

// A caller waits for it.
const vettingMs = 5 * secondMs

/** Why a URL is not called, or null; a name that takes longer to look up is not found. */
export async function blockOf(
  text: string,
  rules: TargetRules,
  withinMs: Millis = vettingMs,
): Promise<Blocked | null> {
  const { promise: late, resolve } = Promise.withResolvers<Blocked>()
  const timer = setTimeout(() => resolve('name_not_found'), withinMs)
  try {
    const verdict = await Promise.race([vetTarget(text, rules), late])
    return isBlocked(verdict) ? verdict : null
  } finally {
    clearTimeout(timer)
  }
}

export function isBlocked(verdict: Target | Blocked): verdict is Blocked {
  return typeof verdict === 'string'
}

// They mean this machine (RFC 6761, 6.3), whether or not a name server was told so.
const localNames = /(?:^|\.)localhost\.?$/
const localAddresses = ['127.0.0.1', '::1']

function parse(text: string): URL | Blocked {
  const url = URL.parse(text)
  if (!url || url.hostname === '') return url && !isHttp(url) ? 'url_scheme' : 'url_invalid'
  if (!isHttp(url)) return 'url_scheme'
  if (url.username !== '' || url.password !== '') return 'url_credentials'
  url.hash = ''
  return url
}

function isHttp({ protocol }: URL): boolean {
  return protocol === 'https:' || protocol === 'http:'
}

function portOf({ port, protocol }: URL): number {
  if (port !== '') return Number(port)
  return protocol === 'https:' ? 443 : 80
}

async function addressesOf({ hostname }: URL, resolve: Resolve): Promise<readonly string[]> {
  // The URL parser has turned every other spelling of an address (decimal, octal, short) into this one.
  const literal = hostname.replace(/^\[|\]$/g, '')
  if (isIP(literal) !== 0) return [literal]
  try {
    return await resolve(hostname)
  } catch {
    return localNames.test(hostname) ? localAddresses : []
  }
}
