import { hopsMost } from '../security/hops.ts'
import { isProven, type Proof } from '../security/proof.ts'
import { workflowByUid } from '../store/workflows.ts'
import { Fault, found } from './errors.ts'
import { triggerWorkflow, type WholeExecution } from './executions.ts'
import type { Fact } from './facts.ts'
import type { Tx } from './tx.ts'
import { secretIn } from './workflowsecrets.ts'

export type Incoming = {
  readonly data: Fact
  readonly proof: Proof
  /** By which the sender knows a delivery again when it repeats it. */
  readonly deliveryId: string | null
  readonly sealing: string
}

/**
 * Starts a workflow that somebody calls at its own URL, once for each delivery that has an id. Throws `not_found`
 * unless its trigger is a webhook and it is on, and `unauthenticated` for who does not know its secret. Returns
 * `refused` when too many webhooks led to the call, which an event tells of.
 */
export function triggerIncoming(
  tx: Tx,
  uid: string | undefined,
  incoming: Incoming,
): WholeExecution | Fault {
  const row = found(uid === undefined ? undefined : workflowByUid(tx.q, uid), 'workflow')
  if (row.triggerKind !== 'webhook' || !row.isActive) throw new Fault('not_found', 'workflow')
  const { data, proof, deliveryId, sealing } = incoming
  const secret = secretIn(row, sealing)
  if (secret !== null && !isProven(proof, secret)) {
    throw new Fault('unauthenticated', 'signature')
  }
  if ((tx.actor.hops ?? 0) >= hopsMost) {
    const { id, name } = row
    tx.emit('workflow.cut', null, { id, name, reference: null, runId: null })
    return new Fault('refused', 'loop')
  }
  const cause = deliveryId === null ? null : `delivery:${deliveryId.slice(0, deliveryIdMax)}`
  return triggerWorkflow(tx, row.id, { ticketId: null, data, cause })
}

const deliveryIdMax = 255
