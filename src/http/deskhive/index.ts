import { z } from 'zod'
import type { Surface } from '../dialect.ts'
import type { Endpoint } from '../endpoint.ts'
import { documentRow } from '../openapi.ts'
import { metricsScope } from '../operations.ts'
import { connection } from './connection.ts'
import { external, internal } from './dialect.ts'
import { externalDocument, internalDocument } from './document.ts'
import { cannedResponses } from './external/cannedresponses.ts'
import { dashboard } from './external/dashboard.ts'
import { library } from './external/library.ts'
import { messages as agentMessages } from './external/messages.ts'
import { notifications } from './external/notifications.ts'
import { profile } from './external/profile.ts'
import { tickets as agentTickets } from './external/tickets.ts'
import { activityLogs } from './internal/activitylogs.ts'
import { agents } from './internal/agents.ts'
import { articles } from './internal/articles.ts'
import { cannedResponseEndpoints } from './internal/cannedresponses.ts'
import { categoryEndpoints } from './internal/categories.ts'
import { customers } from './internal/customers.ts'
import { customFieldEndpoints } from './internal/customfields.ts'
import { deliveries } from './internal/deliveries.ts'
import { departmentEndpoints } from './internal/departments.ts'
import { executions } from './internal/executions.ts'
import { apiKeys } from './internal/keys.ts'
import { events } from './internal/events.ts'
import { knowledgeCategoryEndpoints } from './internal/knowledgecategories.ts'
import { labelEndpoints } from './internal/labels.ts'
import { messages } from './internal/messages.ts'
import { productEndpoints } from './internal/products.ts'
import { privacy } from './internal/privacy.ts'
import { reportEndpoints } from './internal/reports.ts'
import { settings } from './internal/settings.ts'
import { simulation } from './internal/simulation.ts'
import { tickets } from './internal/tickets.ts'
import { webhooks } from './internal/webhooks.ts'
import { workflows } from './internal/workflows.ts'
import { session } from './session.ts'

const health = 'Health check successful'

/** What needs no key (deskhive.md section 1). */
export const openEndpoints: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/health-check',
    scope: null,
    access: 'public',
    tag: 'Connection',
    summary: 'Check that the server answers',
    answer: { status: 200, shape: z.strictObject({ message: z.literal(health) }) },
    run: () => ({ status: 200, body: { message: health } }),
  },
]

const nouns: readonly Endpoint[] = [
  connection('connection:check'),
  ...tickets,
  ...messages,
  ...departmentEndpoints,
  ...categoryEndpoints,
  ...labelEndpoints,
  ...productEndpoints,
  ...cannedResponseEndpoints,
  ...customFieldEndpoints,
  ...customers,
  ...privacy,
  ...reportEndpoints,
  ...settings,
  ...agents,
  ...knowledgeCategoryEndpoints,
  ...articles,
  ...activityLogs,
  ...webhooks,
  ...deliveries,
  ...events,
  ...workflows,
  ...executions,
  ...simulation,
]

/** Every row of the internal group, for admins. */
export const internalEndpoints: readonly Endpoint[] = [
  ...nouns,
  ...apiKeys((scope) => internalScopes().has(scope)),
  ...session('internal'),
]

/** Every row of the external group, for agents. */
export const externalEndpoints: readonly Endpoint[] = [
  connection(null),
  dashboard,
  ...agentTickets,
  ...agentMessages,
  ...cannedResponses,
  ...profile,
  ...library,
  ...session('external'),
  ...notifications,
]

/** The scopes that an internal key may hold: those of the rows. */
export function internalScopes(): ReadonlySet<string> {
  return new Set([...internalEndpoints.flatMap(({ scope }) => scope ?? []), metricsScope])
}

/** The groups of deskhive.md section 1, and what is open to all beside them. */
export const surfaces: readonly Surface[] = [
  { prefix: '/api/v1', dialect: internal, endpoints: openEndpoints },
  {
    prefix: '/api/v1/internal',
    dialect: internal,
    endpoints: [...internalEndpoints, documentRow(internalDocument, internalEndpoints)],
  },
  {
    prefix: '/api/v1/external',
    dialect: external,
    endpoints: [...externalEndpoints, documentRow(externalDocument, externalEndpoints)],
  },
]
