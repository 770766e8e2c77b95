import { readFileSync } from 'node:fs'

/** One kind of machine that a release is made for. */
export type Target = {
  /** How the download is called. */
  readonly name: string
  /** What Bun compiles for. */
  readonly bun: Bun.Build.CompileTarget
  /** The prebuilt SQLite addon in better-sqlite3's `prebuilds`. */
  readonly addon: string
}

/** All that can be built. The baseline one is for processors without AVX2. */
export const targets: readonly Target[] = [
  { name: 'linux-x64', bun: 'bun-linux-x64', addon: 'linux-x64' },
  { name: 'linux-x64-baseline', bun: 'bun-linux-x64-baseline', addon: 'linux-x64' },
  { name: 'linux-arm64', bun: 'bun-linux-arm64', addon: 'linux-arm64' },
  { name: 'linux-x64-musl', bun: 'bun-linux-x64-musl', addon: 'linuxmusl-x64' },
  { name: 'linux-arm64-musl', bun: 'bun-linux-arm64-musl', addon: 'linuxmusl-arm64' },
  { name: 'macos-x64', bun: 'bun-darwin-x64', addon: 'darwin-x64' },
  { name: 'macos-arm64', bun: 'bun-darwin-arm64', addon: 'darwin-arm64' },
  { name: 'windows-x64', bun: 'bun-windows-x64', addon: 'win32-x64' },
  { name: 'windows-arm64', bun: 'bun-windows-arm64', addon: 'win32-arm64' },
]

/** The target of a name, or a fault that lists the names. */
export function targetNamed(name: string): Target {
  const found = targets.find((target) => target.name === name)
  if (found) return found
  const names = targets.map((target) => target.name).join(', ')
  throw new Error(`There is no target ${name}; there are ${names}`)
}

/** The target of the machine that runs this. */
export function thisMachine(): Target {
  const systems: Record<string, string> = { linux: 'linux', darwin: 'macos', win32: 'windows' }
  const system = systems[process.platform] ?? process.platform
  const suffix = onMusl() ? '-musl' : ''
  return targetNamed(`${system}-${process.arch}${suffix}`)
}

function onMusl(): boolean {
  return (
    process.platform === 'linux' && readFileSync('/proc/self/maps', 'latin1').includes('ld-musl-')
  )
}
