import type { Millis } from '../lib/time.ts'
import { dueWork, figuresOf, type Due, type Figures } from '../store/figures.ts'
import type { Reader } from './tx.ts'

export { countedMost, type Figures } from '../store/figures.ts'

/** How webhooks and workflows stand. */
export function figures({ q, now }: Reader): Figures {
  return figuresOf(q, now)
}

/** What could be done now, by kind, and for how long the oldest of each has waited. */
export function workDue({ q, now }: Reader): readonly (Due & { readonly waitedMs: Millis })[] {
  return dueWork(q, now).map((due) => ({
    ...due,
    waitedMs: due.since === null ? 0 : Math.max(0, now - due.since),
  }))
}
