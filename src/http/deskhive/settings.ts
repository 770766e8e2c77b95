import { z } from 'zod'
import { finding } from '../fields.ts'

// What an agent wants to be told of (deskhive.md 23.1). Its keys are the agent's client's own affair.

const charactersMax = 10_000

// Some JSON readers of admins, who see the settings too, stop at a hundred.
const depthMax = 20

/** An object or a list as it was stored; one that is empty is an object. */
export const settingsShape = z.union([
  z.record(z.string(), z.unknown()),
  z.array(z.unknown()).min(1),
])

/**
 * An object, or a list, which Laravel cannot tell apart; may be left out. It is kept as sent, up to a
 * size and a depth that no client needs.
 */
export function optionalSettings() {
  return z
    .unknown()
    .refine((value) => typeof value === 'object' && value !== null, finding({ rule: 'array' }))
    .refine(
      (value) => sizeOf(value, charactersMax) <= charactersMax,
      finding({ rule: 'max', max: charactersMax }),
    )
    .transform((value) => (isEmpty(value) ? {} : (value as { readonly [type: string]: unknown })))
    .meta({ type: ['object', 'array'] })
    .optional()
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

/** About how many characters a value has as JSON, if it has no more than `most`; past all for one too deep. */
function sizeOf(root: unknown, most: number): number {
  const rest: [value: unknown, depth: number][] = [[root, 1]]
  let size = 0
  for (let at = rest.pop(); at && size <= most; at = rest.pop()) {
    const [value, depth] = at
    size += typeof value === 'string' ? value.length : 1
    if (typeof value !== 'object' || value === null) continue
    if (depth > depthMax) return Infinity
    for (const [name, inner] of Object.entries(value)) {
      size += name.length
      rest.push([inner, depth + 1])
    }
  }
  return size
}
