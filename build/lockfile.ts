/** A package that the executable holds, as the lockfile has it. */
export type Locked = { readonly name: string; readonly version: string; readonly sha512: string }

type Lockfile = {
  readonly workspaces: {
    readonly '': { readonly dependencies: { readonly [name: string]: string } }
  }
  readonly packages: { readonly [name: string]: readonly [string, string, Needs, string] }
}

type Needs = {
  readonly dependencies?: { readonly [name: string]: string }
  readonly peerDependencies?: { readonly [name: string]: string }
  readonly optionalPeers?: readonly string[]
}

// Only the files of the reference page are built in, and nothing that their package asks for.
const embedded = new Set(['swagger-ui-dist'])

/** The packages that run in production, with all that they need, by name. Throws for one that is missing. */
export function parse(text: string): Locked[] {
  const lockfile = Bun.JSONC.parse(text) as Lockfile
  const wanted = [...Object.keys(lockfile.workspaces[''].dependencies), ...embedded]
  const found = new Map<string, Locked>()
  while (wanted.length > 0) {
    const name = wanted.pop() ?? ''
    if (found.has(name)) continue
    const entry = lockfile.packages[name]
    if (!entry) continue
    const [spec, , needs, integrity] = entry
    const version = spec.slice(spec.lastIndexOf('@') + 1)
    const sha512 = Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex')
    found.set(name, { name, version, sha512 })
    const peers = Object.keys(needs.peerDependencies ?? {}).filter(
      (peer) => !needs.optionalPeers?.includes(peer),
    )
    if (!embedded.has(name)) wanted.push(...Object.keys(needs.dependencies ?? {}), ...peers)
  }
  return [...found.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}
