import { z } from 'zod'
import type { DocumentParts } from '../openapi.ts'

const refusal = z
  .strictObject({
    error: z.string(),
    details: z.array(z.strictObject({ field: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Error' })

export const document: Omit<DocumentParts, 'endpoints'> = {
  title: 'Deskbox: Keva API',
  description: 'Tickets and messages for integrations. Also served below `/api` and `/v1`.',
  prefix: '/api/v1',
  security: [{ name: 'bearer', isKey: true, scheme: { type: 'http', scheme: 'bearer' } }],
  refusal,
  refusals: {
    400: 'Bad parameter, body that cannot be read, or state that forbids it',
    401: 'Key missing or not valid',
    403: 'Key lacks permission',
    404: 'No such resource',
    405: 'Method not allowed',
    422: 'Body failed validation',
    429: 'Rate limited',
    500: 'Server fault',
    503: 'Storage cannot be written to just now',
  },
}
