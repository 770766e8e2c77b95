import type { Kind } from './kinds.ts'

/** One setting: what it means, its unit, its default, and how its values are read. */
export type Setting<V> = {
  readonly initial: V
  readonly unit: string
  readonly meaning: string
  readonly kind: Kind<V>
  /** Whether a running server takes a new value; the others need a restart. */
  readonly isReloaded: boolean
}

/** A setting that only a restart changes. */
export function fixed<V>(kind: Kind<V>, initial: V, unit: string, meaning: string): Setting<V> {
  return { kind, initial, unit, meaning, isReloaded: false }
}

/** A setting that a running server takes on SIGHUP. */
export function reloaded<V>(kind: Kind<V>, initial: V, unit: string, meaning: string): Setting<V> {
  return { kind, initial, unit, meaning, isReloaded: true }
}
