import { BlockList, isIP } from 'node:net'

// Which addresses an integration may make us call. What is not reachable by everybody (IANA's registries of
// special-purpose addresses) is refused: behind it are this machine, its neighbours and the metadata of clouds.

const specialIPv4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
]

// Of IPv6 only this is global unicast, less protocol assignments (Teredo, ORCHID), documentation and 6to4.
const globalIPv6 = '2000::/3'
const specialIPv6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']

/** Networks in CIDR notation (`10.0.0.0/8`, `fd00::/8`, or one address), as a set to look addresses up in. */
export class Networks {
  readonly #list = new BlockList()

  /** Throws a RangeError for what is no network. */
  constructor(cidrs: readonly string[]) {
    for (const cidr of cidrs) this.#add(cidr)
  }

  has(address: string): boolean {
    const plain = withoutZone(address)
    const family = isIP(plain)
    return family !== 0 && this.#list.check(plain, family === 4 ? 'ipv4' : 'ipv6')
  }

  #add(cidr: string): void {
    const [address = '', bits, ...rest] = cidr.split('/')
    const family = isIP(address)
    const most = family === 4 ? 32 : 128
    const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : NaN
    if (family === 0 || rest.length > 0 || !(prefix <= most)) {
      throw new RangeError(`${cidr} is no network such as 10.0.0.0/8`)
    }
    this.#list.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6')
  }
}

const special = new Networks([...specialIPv4, ...specialIPv6])
const global = new Networks([globalIPv6])

/** Whether an address is one that everybody on the internet reaches by the same route. */
export function isPublicAddress(address: string): boolean {
  const plain = withoutZone(address)
  if (isIP(plain) === 4) return !special.has(plain)
  // An IPv4 address inside IPv6 lies outside 2000::/3, and so does NAT64: a way round the rules above.
  return isIP(plain) === 6 && global.has(plain) && !special.has(plain)
}

function withoutZone(address: string): string {
  const at = address.indexOf('%')
  return at < 0 ? address : address.slice(0, at)
}

/** Whether a text is a network in CIDR notation, or one address. */
export function isNetwork(text: string): boolean {
  try {
    return new Networks([text]).has(text.split('/')[0] ?? '')
  } catch {
    return false
  }
}
