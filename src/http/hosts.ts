import { isIP } from 'node:net'

const pattern = /^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/

/**
 * Whether a `Host` header names this server: one of `names` in any case, localhost, or an address, which no
 * page elsewhere can make its own name resolve to. The port is not looked at.
 */
export function isOwnHost(header: string, names: readonly string[]): boolean {
  const [, host = ''] = pattern.exec(header) ?? []
  const name = host.toLowerCase().replace(/\.$/, '')
  if (name === '' || name === 'localhost') return name !== ''
  return isIP(name.replace(/^\[|\]$/g, '')) !== 0 || names.some((own) => own.toLowerCase() === name)
}
