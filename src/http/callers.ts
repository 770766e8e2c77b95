import { clientAddress, forwardedScheme } from '../security/address.ts'
import type { Networks } from '../security/networks.ts'

/** Who calls, as far as the connection and the proxies that are trusted tell. */
export type Callers = {
  readonly addressOf: (request: Request) => string
  /** How the caller reached a trusted proxy; undefined without one. */
  readonly schemeOf?: ((request: Request) => 'http' | 'https' | undefined) | undefined
}

/** Who calls a listener. What a proxy says is read only from those that are trusted. */
export function callersOf(peerOf: (request: Request) => string, trusted: () => Networks): Callers {
  return {
    addressOf: (request) =>
      clientAddress(peerOf(request), request.headers.get('x-forwarded-for'), trusted()),
    schemeOf: (request) =>
      forwardedScheme(peerOf(request), request.headers.get('x-forwarded-proto'), trusted()),
  }
}
