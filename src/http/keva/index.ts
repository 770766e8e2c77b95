import type { Surface } from '../dialect.ts'
import { scopesOf, type Endpoint } from '../endpoint.ts'
import { documentRow } from '../openapi.ts'
import { metricsScope } from '../operations.ts'
import { approvals } from './approvals.ts'
import { customers } from './customers.ts'
import { deliveries } from './deliveries.ts'
import { keva } from './dialect.ts'
import { document, pageDocument } from './document.ts'
import { entries } from './entries.ts'
import { events } from './events.ts'
import { executions } from './executions.ts'
import { incoming } from './incoming.ts'
import { messages } from './messages.ts'
import { simulation } from './simulation.ts'
import { pages, v1, type KevaSurface } from './surface.ts'
import { tickets } from './tickets.ts'
import { webhooks } from './webhooks.ts'
import { workflows } from './workflows.ts'
import { templates } from './workflowtemplates.ts'

/** The nouns that have a shape of their own below `/api`. */
const nouns: readonly ((on: KevaSurface) => readonly Endpoint[])[] = [
  customers,
  approvals,
  entries,
  templates,
  workflows,
  executions,
  simulation,
  incoming,
]

/** Every row of the authoritative surface. */
export const endpoints = rowsOn(v1)

/** The same rows in the shapes of their pages, tickets and events as ever (keva.md R1). */
export const pageEndpoints = rowsOn(pages)

function rowsOn(on: KevaSurface): readonly Endpoint[] {
  const shaped = nouns.flatMap((noun) => noun(on))
  return [...tickets, ...messages, ...shaped, ...webhooks, ...deliveries, ...events]
}

const documented = [...endpoints, documentRow(document, endpoints)]
const documentedPages = [...pageEndpoints, documentRow(pageDocument, pageEndpoints)]

export const surfaces: readonly Surface[] = [
  { prefix: '/api/v1', dialect: keva, endpoints: documented },
  { prefix: '/v1', dialect: keva, endpoints: documented },
  { prefix: '/api', dialect: keva, endpoints: documentedPages },
]

/** The scopes that a Keva key may be limited to: those of the rows. */
export const kevaScopes: ReadonlySet<string> = new Set([
  ...endpoints.flatMap(scopesOf),
  metricsScope,
])
