import type { WholeExecution } from '../domain/executions.ts'
import { publicId } from '../lib/ids.ts'
import type { Millis } from '../lib/time.ts'

// What both dialects tell of executions, each in its own spelling.

type Wait = NonNullable<WholeExecution['waitsFor']>

/** Why an execution does not go on at once: the last is the one before it of the same ticket. */
export const runWaits = [
  'delay',
  'approval',
  'call',
  'retry',
  'turn',
] as const satisfies readonly Wait[]

/** How long something took, or null for what goes on. */
export function durationMs(timed: {
  readonly startedAt: Millis
  readonly completedAt: Millis | null
}): Millis | null {
  const { startedAt, completedAt } = timed
  return completedAt === null ? null : Math.max(0, completedAt - startedAt)
}

/** Where whoever knows it starts a workflow (keva.md 8.7). */
export function webhookPath(uid: string): string {
  return `/api/webhooks/workflow/${publicId('workflow', uid)}`
}
