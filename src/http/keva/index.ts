import type { Surface } from '../dialect.ts'
import type { Endpoint } from '../endpoint.ts'
import { documentRow } from '../openapi.ts'
import { keva } from './dialect.ts'
import { document } from './document.ts'
import { messages } from './messages.ts'
import { tickets } from './tickets.ts'

/** Every row that Keva speaks. */
export const endpoints: readonly Endpoint[] = [...tickets, ...messages]

const documented = [...endpoints, documentRow(document, endpoints)]

/** One set of rows, at the authoritative address and at the two that other pages name (keva.md R1). */
export const surfaces: readonly Surface[] = [
  { prefix: '/api/v1', dialect: keva, endpoints: documented },
  { prefix: '/v1', dialect: keva, endpoints: documented },
  { prefix: '/api', dialect: keva, endpoints },
]

/** The scopes that a Keva key may be limited to: those of the rows. */
export const kevaScopes: ReadonlySet<string> = new Set(
  endpoints.flatMap(({ scope }) => scope ?? []),
)
