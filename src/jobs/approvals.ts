import { areApprovalsDue, expireApprovals } from '../domain/approvals.ts'
import { jobActor, type Desk } from '../domain/tx.ts'
import type { Job } from './heartbeat.ts'

const approvalsPerStep = 100

/** Ends proposals that nobody decided in time, in small batches; while none is due it only looks. */
export function expireProposals(desk: Desk): Job {
  return {
    name: 'expire approvals',
    async step() {
      if (!desk.read(jobActor, areApprovalsDue)) return false
      const ended = await desk.write(jobActor, (tx) => expireApprovals(tx, approvalsPerStep))
      return ended === approvalsPerStep
    },
  }
}
