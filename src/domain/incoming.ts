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
 * unless its trigger is a webhook and it is on, and `unauthenticated` for who does not know its secret.
 */
export function triggerIncoming(
  tx: Tx,
  uid: string | undefined,
  incoming: Incoming,
): WholeExecution {
  const row = found(uid === undefined ? undefined : workflowByUid(tx.q, uid), 'workflow')
  if (row.triggerKind !== 'webhook' || !row.isActive) throw new Fault('not_found', 'workflow')
  const { data, proof, deliveryId, sealing } = incoming
  const secret = secretIn(row, sealing)
  if (secret !== null && !isProven(proof, secret)) {
    throw new Fault('unauthenticated', 'signature')
  }
  const cause = deliveryId === null ? null : `delivery:${deliveryId.slice(0, deliveryIdMax)}`
  return triggerWorkflow(tx, row.id, { ticketId: null, data, cause })
}

const deliveryIdMax = 255
