/** One thing that must be well for the desk to do its work, and what was found. */
export type Finding = {
  readonly name: string
  readonly isWell: boolean
  /** In a few words; nothing that a stranger must not read. */
  readonly detail: string
  /** It must be seen to, but calls are answered all the same. */
  readonly isMinor?: true
}

export type Probe = { readonly name: string; look(): Omit<Finding, 'name'> }

/** What the probes find, in their order. One that cannot look has found something. */
export function findingsOf(probes: readonly Probe[]): Finding[] {
  return probes.map((probe) => {
    const { name } = probe
    try {
      return { name, ...probe.look() }
    } catch {
      return { name, isWell: false, detail: 'cannot be looked at' }
    }
  })
}
