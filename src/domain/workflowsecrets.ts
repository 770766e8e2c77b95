import { seal, sealNonceBytes, unseal } from '../security/seal.ts'
import type { WorkflowRow } from '../store/schema.ts'
import type { Tx } from './tx.ts'

// What callers of a workflow's own URL must know. It is sealed under `sealing`, which is not in the database.

export function sealedSecretOf(tx: Tx, secret: string | null, sealing: string): string | null {
  return secret === null ? null : seal(secret, sealing, tx.random(sealNonceBytes))
}

export function secretIn(
  { sealedSecret }: Pick<WorkflowRow, 'sealedSecret'>,
  sealing: string,
): string | null {
  return sealedSecret === null ? null : unseal(sealedSecret, sealing)
}
