import type { WebhookEndpointRow } from '../store/schema.ts'
import { secretsOfWebhook } from '../store/webhooks.ts'
import type { Reader } from './tx.ts'

// What an attempt needs of an endpoint that is sealed.

/** Headers that are sent with every delivery, by name. */
export type ExtraHeaders = { readonly [name: string]: string }

/** Opens what is sealed. */
export type Unseal = (sealed: string) => string

/** The secrets that sign a delivery at this moment, newest first. */
export function secretsOf({ q, now }: Reader, endpointId: number, open: Unseal): string[] {
  return secretsOfWebhook(q, endpointId)
    .filter(({ expiresAt }) => expiresAt === null || expiresAt > now)
    .map(({ sealedSecret }) => open(sealedSecret))
}

/** The headers that an endpoint wants along. */
export function headersOf(
  { sealedHeaders: sealed }: Pick<WebhookEndpointRow, 'sealedHeaders'>,
  open: Unseal,
): ExtraHeaders {
  return sealed === null ? {} : (JSON.parse(open(sealed)) as ExtraHeaders)
}
