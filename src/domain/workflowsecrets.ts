import { makeSecretUid, secretUidRandomBytes } from '../lib/ids.ts'
import { seal, sealNonceBytes, unseal } from '../security/seal.ts'
import type { WorkflowRow } from '../store/schema.ts'
import type { Tx } from './tx.ts'

// What callers of a workflow's own URL must know: its uid, which is in the URL, and its secret if it has one. That is
// sealed under `sealing`, which is not in the database.

/** A uid that nobody guesses. */
export function secretUid(tx: Tx): string {
  return makeSecretUid(tx.random(secretUidRandomBytes))
}

export function sealedSecretOf(tx: Tx, secret: string | null, sealing: string): string | null {
  return secret === null ? null : seal(secret, sealing, tx.random(sealNonceBytes))
}

export function secretIn(
  { sealedSecret }: Pick<WorkflowRow, 'sealedSecret'>,
  sealing: string,
): string | null {
  return sealedSecret === null ? null : unseal(sealedSecret, sealing)
}
