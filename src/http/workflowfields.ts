import { z } from 'zod'
import type { Span } from '../domain/simulation.ts'
import { triedUsually } from '../domain/simulator.ts'
import { isAtLeast, isAtMost } from '../lib/text.ts'
import type { Millis } from '../lib/time.ts'
import type { Services } from './endpoint.ts'
import { finding, isRecord } from './fields.ts'

const secretLength = { min: 16, max: 256 }

/** A graph as it was sent; whether it is a good one is for the domain to say. May be left out. */
export function graph() {
  return z
    .unknown()
    .refine((value) => value === undefined || isRecord(value), finding({ rule: 'object' }))
    .transform((value) => value as object | undefined)
    .optional()
    .meta({ type: 'object', description: 'Nodes and edges; unknown keys are kept' })
}

/** What callers of a workflow's URL must know. */
export function secret() {
  const { min, max } = secretLength
  return z
    .string()
    .refine((value) => isAtLeast(value, min), finding({ rule: 'minLength', min }))
    .refine((value) => isAtMost(value, max), finding({ rule: 'max', max }))
    .meta({ minLength: min, maxLength: max, format: 'password', writeOnly: true })
}

/** What seals a secret of the body, taken before the transaction. */
export function sealing(_call: object, services: Services): () => Promise<string> {
  return () => Promise.resolve(services.sealing())
}

/** How many tickets a simulation tries at most. */
export const triedMost = 10_000

type Tried = {
  readonly last?: number | undefined
  readonly from?: Millis | undefined
  readonly to?: Millis | undefined
}

/** The tickets that a simulation is asked to try: the last ones, or those of a span of time. */
export function spanOf({ last, from, to }: Tried, now: Millis): Span {
  if (from === undefined && to === undefined) return { last: last ?? triedUsually }
  return { from: from ?? 0, to: to ?? now + 1, most: last ?? triedMost }
}
