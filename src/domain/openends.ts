import { runById } from '../store/workflowruns.ts'
import type { FoundRow } from '../store/personal.ts'
import { expireApproval } from './approvals.ts'
import { customerErased } from './treatments.ts'
import type { Tx } from './tx.ts'
import { endRun } from './workflowruns.ts'

// What would go on with the texts of an erased customer ends instead: nothing is sent, asked or done with what is
// left of them.

/** Ends what a row of an erased customer, or a row out of which the customer was taken, still waits to do. */
export function endOpen(tx: Tx, table: string, row: FoundRow): void {
  if (table === 'workflow_runs') endOpenRun(tx, Number(row['id']))
  if (table === 'workflow_steps' && openSteps.has(row['status'])) {
    endOpenRun(tx, Number(row['run_id']))
  }
  if (table === 'approvals' && row.is_tied && row['status'] === 'pending') {
    expireApproval(tx, String(row['uid']))
  }
}

const openSteps: ReadonlySet<unknown> = new Set(['calling', 'waiting'])

function endOpenRun(tx: Tx, id: number): void {
  const run = runById(tx.q, id)
  if (run && run.completedAt === null) endRun(tx, run, { error: customerErased })
}
