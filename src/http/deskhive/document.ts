import { z } from 'zod'
import type { DocumentParts } from '../openapi.ts'

const refusal = z
  .strictObject({
    message: z.string(),
    errors: z.record(z.string(), z.array(z.string())).optional(),
  })
  .meta({ id: 'Error' })

const common = {
  security: [
    { name: 'key', isKey: true, scheme: { type: 'apiKey', in: 'header', name: 'X-API-KEY' } },
    {
      name: 'session',
      isKey: false,
      scheme: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
    },
  ],
  refusal,
  refusals: {
    400: 'Header missing, or a body that cannot be read',
    401: 'Key or token not valid, or credentials that do not match',
    403: 'Forbidden by scope or by state',
    404: 'No such record',
    405: 'Method not allowed',
    413: 'Body too large',
    422: 'Input not valid',
    429: 'Too many attempts',
    500: 'Server fault',
    503: 'Storage cannot be written to just now, or too many are signing in',
  },
}

export const internalDocument: Omit<DocumentParts, 'endpoints'> = {
  ...common,
  title: 'Deskbox: DeskHive API for admins',
  description: 'The desk for those who run it, each call by its scope.',
  prefix: '/api/v1/internal',
}

export const externalDocument: Omit<DocumentParts, 'endpoints'> = {
  ...common,
  title: 'Deskbox: DeskHive API for agents',
  description: "The agent's tickets, notifications, profile and library.",
  prefix: '/api/v1/external',
}
