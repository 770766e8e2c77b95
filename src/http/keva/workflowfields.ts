import { z } from 'zod'
import { triggerTypes } from '../../domain/workflowplan.ts'
import { findTicketId } from '../../domain/tickets.ts'
import type { Reader } from '../../domain/tx.ts'
import { uidOf } from '../../lib/ids.ts'
import { anyObject, asking } from '../fields.ts'
import { graph, secret } from '../workflowfields.ts'
import { flag, oneOf, optionalText, text, wholeBetween } from './fields.ts'

const nameMax = 250
const descriptionMax = 2000
const dataMax = 100_000

const beside = {
  description: optionalText(descriptionMax),
  triggerType: oneOf(triggerTypes).optional(),
  workflowJson: graph(),
  isActive: flag(),
  autonomyLevel: wholeBetween(1, 5).nullable().optional(),
  webhookSecret: secret().nullable().optional(),
}

/** keva.md 8.3. */
export const creation = z.object({ name: text(nameMax), ...beside })
export const change = z.object({ name: text(nameMax).optional(), ...beside })

/** keva.md 8.6. */
export const start = z.object({
  ticketId: asking(z.string().nullable().optional(), {
    rule: 'exists',
    holds: (reader, id: string) => ticketIdIn(reader, id) !== undefined,
  }),
  data: anyObject(dataMax).optional(),
})

export function ticketIdIn(reader: Reader, id: string): number | undefined {
  return findTicketId(reader, uidOf('ticket', id))
}

export function columnsOf({ workflowJson, webhookSecret, ...same }: z.output<typeof change>) {
  return { ...same, graph: workflowJson, secret: webhookSecret }
}
