import { z } from 'zod'
import type { DocumentParts } from '../openapi.ts'

const refusal = z
  .strictObject({
    error: z.string(),
    details: z.array(z.strictObject({ field: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Error' })

const workspace = (name: string, place: 'query' | 'header') => ({
  name,
  in: place,
  description: 'The workspace of the key, when it is named; a query beats the header',
  schema: { type: 'string' },
})

export const document: Omit<DocumentParts, 'endpoints'> = {
  title: 'Deskbox: Keva API',
  description:
    'Tickets, messages, customers, approvals, the knowledge base, workflows, webhooks and events, for integrations. Also served below `/v1`.',
  prefix: '/api/v1',
  parameters: [
    workspace('X-Workspace-Id', 'header'),
    workspace('workspace_id', 'query'),
    workspace('workspaceId', 'query'),
  ],
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

export const pageDocument: typeof document = {
  ...document,
  title: 'Deskbox: Keva API, page shapes',
  description:
    'Approvals, the knowledge base, customers and workflows in the shapes of their own pages; tickets, messages, webhooks and events as below `/api/v1`.',
  prefix: '/api',
}
