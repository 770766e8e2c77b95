import type { Desk } from '../domain/tx.ts'
import type { Millis } from '../lib/time.ts'
import type { Job } from './heartbeat.ts'
import { Webhooks, type DeliverySettings, type WebhookParts } from './webhooks.ts'
import { makeRunner, type HouseParts, type WorkflowSettings } from './workflowhouse.ts'

/** What the settings say of all that leaves the machine. */
export type SenderSettings = {
  readonly deliveries: DeliverySettings
  readonly workflows: WorkflowSettings
}

export type Senders = {
  readonly jobs: readonly Job[]
  /** Begins nothing more, and gives what is under way `graceMs`. */
  stop(graceMs: Millis): Promise<void>
}

/** Webhooks and workflows, at work. */
export function startSenders(
  desk: Desk,
  machine: HouseParts['machine'],
  parts: Omit<WebhookParts, 'rules'> & { readonly rules: () => SenderSettings },
): Senders {
  const { targets, rules } = parts
  const webhooks = new Webhooks(desk, machine, parts)
  const runner = makeRunner({ desk, machine, targets, settings: () => rules().workflows })
  return {
    jobs: [webhooks.job, runner.job],
    async stop(graceMs) {
      await Promise.all([webhooks.stop(graceMs), runner.stop(graceMs)])
    },
  }
}
