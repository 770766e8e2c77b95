import { nextRun, isCron } from '../lib/cron.ts'
import type { Millis } from '../lib/time.ts'
import { isTimezone } from '../lib/zones.ts'
import { triggerKinds, type MisfirePolicy, type TriggerKind } from '../store/schema.ts'
import { triggerOf } from './graphchecks.ts'
import { scheduleIn } from './nodechecks.ts'
import { misfirePolicyOf } from './workflowgraph.ts'

/** The names of triggers, of both pages; the value is kept as it was sent (keva.md 8.4, R5). */
export const triggerTypes = [
  'ticket_created',
  'ticket_updated',
  'ticket_closed',
  'ticket_status_changed',
  'ticket_assigned',
  'message_received',
  'tag_added',
  'scheduled',
  'schedule',
  'webhook',
  'manual',
] as const

export type TriggerType = (typeof triggerTypes)[number]

export const usualTimezone = 'UTC'

/** What a trigger means: `schedule` and `scheduled` are one. */
export function triggerKindOf(type: string): TriggerKind {
  const kind = type === 'schedule' ? 'scheduled' : type
  return triggerKinds.find((one) => one === kind) ?? 'manual'
}

/** The trigger that a graph names, if it names one that there is. */
export function triggerTypeIn(graph: object): TriggerType | undefined {
  const named = triggerOf(graph)?.data?.['triggerType']
  return triggerTypes.find((type) => type === named)
}

type Plan = {
  readonly schedule: string | null
  readonly timezone: string | null
  readonly misfirePolicy: MisfirePolicy
  readonly nextRunAt: Millis | null
}

/** What the trigger of a graph says of times. A graph that is not complete may say nothing that can be read. */
export function planOf(
  graph: object,
  workflow: {
    readonly triggerKind: TriggerKind
    readonly isActive: boolean
    readonly after: Millis
  },
): Plan {
  const { triggerKind, isActive, after } = workflow
  const data = triggerOf(graph)?.data ?? {}
  const { timezone: zone, misfirePolicy: policy } = data
  const expression = triggerKind === 'scheduled' ? scheduleIn(data) : undefined
  const schedule = typeof expression === 'string' && isCron(expression) ? expression : null
  const timezone = typeof zone === 'string' && isTimezone(zone) ? zone : null
  const isPlanned = isActive && schedule !== null
  return {
    schedule,
    timezone,
    misfirePolicy: misfirePolicyOf(policy),
    nextRunAt: isPlanned ? nextRun(schedule, timezone ?? usualTimezone, after) : null,
  }
}
