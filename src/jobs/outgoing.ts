import type { Claimed } from '../domain/dispatch.ts'
import { publicId } from '../lib/ids.ts'
import { secondMs, type Millis } from '../lib/time.ts'
import { version } from '../lib/version.ts'
import { hopsHeader } from '../security/hops.ts'
import type { Outgoing } from '../security/outbound.ts'
import { kevaSignature, standardSignature } from '../security/signature.ts'

// What an endpoint may not set: ours, what belongs to the connection, and what says how long the body is.
const reserved =
  /^(?:host|content-(?:type|length|encoding)|user-agent|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|date|proxy-.*|webhook-.*|x-keva-.*|x-deskbox-.*)$/i

/** An attempt as it goes out: the bytes that were fixed with the event, signed at this moment. */
export function outgoingOf(claimed: Claimed, now: Millis): Outgoing {
  const { url, body, secrets, extraHeaders, uid, eventUid, eventType, hops, attempt } = claimed
  const id = publicId('event', eventUid)
  const timestamp = Math.floor(now / secondMs)
  const own = Object.entries(extraHeaders).filter(([name]) => !reserved.test(name))
  return {
    method: 'POST',
    url,
    headers: {
      ...Object.fromEntries(own),
      'Content-Type': 'application/json',
      'User-Agent': `Deskbox/${version}`,
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': standardSignature(secrets, { id, timestamp, body }),
      'X-Keva-Event': eventType,
      'X-Keva-Delivery': `${publicId('delivery', uid)}-${attempt}`,
      'X-Keva-Timestamp': String(timestamp),
      // The contract's header has room for one: that of the secret that was made last.
      'X-Keva-Signature': kevaSignature(secrets[0] ?? '', body),
      [hopsHeader]: String(hops),
    },
    body,
  }
}
