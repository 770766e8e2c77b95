import type { Kept } from '../domain/dispatchends.ts'
import type { KeyRing } from '../domain/keyring.ts'
import type { Desk } from '../domain/tx.ts'
import type { RunsKept } from '../domain/workflowremains.ts'
import type { Log } from '../lib/log.ts'
import type { Store } from '../store/db.ts'
import { expireProposals } from './approvals.ts'
import { closeWaiting } from './autoclose.ts'
import type { Job } from './heartbeat.ts'
import {
  buryDeliveries,
  forgetAnswers,
  forgetDeliveries,
  forgetEvents,
  forgetRuns,
  forgetSessions,
  forgetTickets,
  forgetWebhooks,
  reopenStore,
  saveKeyUses,
  whileWritable,
} from './housekeeping.ts'

/** Every job of a desk, in the order in which a beat takes them; `loops` have lives of their own. */
export function jobsOf(
  parts: {
    readonly store: Store
    readonly desk: Desk
    readonly ring: KeyRing
    readonly log: Log
    readonly rules: () => {
      readonly eventsDays: number
      readonly closedTicketsDays: number
      readonly workflows: { readonly runsKept: RunsKept }
      readonly deliveries: { kept: Kept }
    }
  },
  loops: readonly Job[],
): readonly Job[] {
  const { store, desk, ring, log, rules } = parts
  const writing = [
    saveKeyUses(ring),
    forgetAnswers(desk),
    forgetSessions(desk),
    forgetRuns(desk, () => rules().workflows.runsKept),
    forgetEvents(desk, () => rules().eventsDays),
    forgetTickets(desk, () => rules().closedTicketsDays),
    expireProposals(desk),
    forgetWebhooks(desk),
    forgetDeliveries(desk, () => rules().deliveries.kept),
    buryDeliveries(desk),
    ...loops,
    closeWaiting(desk),
  ]
  return [reopenStore(store, log), ...writing.map((job) => whileWritable(store, job))]
}
