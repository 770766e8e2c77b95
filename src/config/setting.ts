import type { Kind } from './kinds.ts'

/** One setting: what it means, its unit, its default, and how its values are read. */
export type Setting<V> = {
  readonly initial: V
  readonly unit: string
  readonly meaning: string
  readonly kind: Kind<V>
  /** Whether a running server takes a new value; the others need a restart. */
  readonly isReloaded: boolean
  /** What of a value may be shown; all of it, unless it holds a secret. */
  readonly masked?: (value: V) => V
}

/** A setting that only a restart changes. */
export function fixed<V>(kind: Kind<V>, initial: V, unit: string, meaning: string): Setting<V> {
  return { kind, initial, unit, meaning, isReloaded: false }
}

/** A setting that a running server takes on SIGHUP. */
export function reloaded<V>(kind: Kind<V>, initial: V, unit: string, meaning: string): Setting<V> {
  return { kind, initial, unit, meaning, isReloaded: true }
}

/** A setting whose values are not to be shown as they are. */
export function secret<V>(setting: Setting<V>, masked: (value: V) => V): Setting<V> {
  return { ...setting, masked }
}
