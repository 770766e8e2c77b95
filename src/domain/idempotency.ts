import { dayMs, minuteMs } from '../lib/time.ts'
import { insertAnswer, removeAnswer, removeOldAnswers, storedAnswer } from '../store/idempotency.ts'
import { Fault } from './errors.ts'
import type { Reader, Tx } from './tx.ts'

/** How long an answer is kept for a repeated request. */
export const answersKeptMs = dayMs

type Repeat = { readonly key: string; readonly fingerprint: string }

type KeptAnswer = {
  readonly status: number
  readonly body: string
  readonly isSealed: boolean
  /** Of the record that was written. */
  readonly version: number | null
}

/** The answer given before to this request of a caller (`key:12`). Throws `conflict` when its key came with another one. */
export function keptAnswer(tx: Tx, caller: string, repeat: Repeat): KeptAnswer | undefined {
  const known = storedAnswer(tx.q, caller, repeat.key)
  if (!known) return undefined
  if (known.createdAt <= tx.now - answersKeptMs) {
    removeAnswer(tx.q, known.id)
    return undefined
  }
  if (known.fingerprint !== repeat.fingerprint) throw new Fault('conflict', 'idempotency')
  return known
}

// Far more than passes between a look ahead and the transaction.
const lookAheadMs = minuteMs

/** Whether `keptAnswer` will find one in a moment, or a conflict; false when it might be forgotten by then. */
export function peekAnswer(reader: Reader, caller: string, { key }: Repeat): boolean {
  const known = storedAnswer(reader.q, caller, key)
  return known !== undefined && known.createdAt > reader.now + lookAheadMs - answersKeptMs
}

export function keepAnswer(tx: Tx, caller: string, repeat: Repeat, answer: KeptAnswer): void {
  insertAnswer(tx.q, {
    ...answer,
    caller,
    idempotencyKey: repeat.key,
    fingerprint: repeat.fingerprint,
    createdAt: tx.now,
  })
}

/** Forgets answers that have had their day, a batch at a time. Returns how many. */
export function forgetOldAnswers(tx: Tx, most: number): number {
  return removeOldAnswers(tx.q, tx.now - answersKeptMs, most)
}
