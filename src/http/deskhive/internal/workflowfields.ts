import { z } from 'zod'
import { ticketVersionOf } from '../../../domain/ticketviews.ts'
import { triggerTypes } from '../../../domain/workflowplan.ts'
import { anyObject, finding, partial } from '../../fields.ts'
import { graph, secret } from '../../workflowfields.ts'
import {
  asInteger,
  flag,
  nullableReference,
  optionalOneOf,
  optionalText,
  text,
  trimmed,
} from '../fields.ts'

const dataMax = 100_000

export const fields = z.object({
  name: text(250),
  description: optionalText(2000),
  trigger_type: optionalOneOf(triggerTypes),
  workflow_json: graph(),
  is_active: flag(),
  autonomy_level: level(),
  webhook_secret: z.preprocess(trimmed, secret().nullable().optional()),
})

export const changes = partial(fields)

export const start = z.object({
  ticket_id: nullableReference((reader, id) => ticketVersionOf(reader, id) !== undefined),
  data: anyObject(dataMax).optional(),
})

/** A level of autonomy (keva.md section 10); null for the desk's. */
function level() {
  const [min, max] = [1, 5]
  const whole = z
    .int()
    .refine((value) => value >= min && value <= max, finding({ rule: 'between', min, max }))
  return z.preprocess(asInteger, whole.meta({ minimum: min, maximum: max }).nullable().optional())
}

export function columnsOf(given: Partial<z.output<typeof changes>>) {
  return {
    name: given.name,
    description: given.description,
    triggerType: given.trigger_type,
    graph: given.workflow_json,
    isActive: given.is_active,
    autonomyLevel: given.autonomy_level,
    secret: given.webhook_secret,
  }
}
