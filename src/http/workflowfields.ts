import { z } from 'zod'
import type { Span } from '../domain/simulation.ts'
import { triedUsually } from '../domain/simulator.ts'
import { isDeeperThan } from '../lib/depth.ts'
import { isAtLeast, isAtMost } from '../lib/text.ts'
import { isDay, type Millis } from '../lib/time.ts'
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

const levelsMost = 32

/** An object of any content, of at most so many characters as JSON. */
export function anyObject(max: number) {
  return z
    .record(z.string(), z.unknown())
    .refine(isShallow, finding({ rule: 'object' }))
    .refine(
      (value) => !isShallow(value) || isAtMost(JSON.stringify(value), max),
      finding({ rule: 'max', max }),
    )
}

function isShallow(value: object): boolean {
  return !isDeeperThan(value, levelsMost)
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

const firstMoment = Date.parse('0000-01-01T00:00:00Z')

/** A moment, in UTC unless it says otherwise, or a day, which stands for its beginning. May be left out. */
export function moment() {
  return z
    .string()
    .refine((text) => momentOf(text) !== undefined, finding({ rule: 'date' }))
    .transform((text): Millis => momentOf(text) ?? firstMoment)
    .optional()
    .meta({ format: 'date-time' })
}

function momentOf(text: string): Millis | undefined {
  const [, day = '', time] =
    /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/.exec(
      text,
    ) ?? []
  if (!isDay(day)) return undefined
  const isLocal = time !== undefined && !/(?:Z|[+-]\d{2}:\d{2})$/.test(time)
  const at = Date.parse(isLocal ? `${text}Z` : text)
  return Number.isNaN(at) ? undefined : at
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
