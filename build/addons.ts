import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import recorded from './addons.json' with { type: 'json' }

export type Addon = {
  /** A copy beside a neutral name: the bundler turns a `.node` import into a module. */
  readonly path: string
  readonly sha256: string
}

/**
 * The prebuilt SQLite addon of a kind of machine, once it has been found to be the one that was recorded
 * when its version was taken in. Throws for any other.
 */
export function stageAddon(root: string, name: string): Addon {
  const packageFile = Bun.resolveSync('better-sqlite3/package.json', root)
  const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string }
  const expected = Object.entries(recorded.sha256).find(([one]) => one === name)?.[1]
  const source = join(dirname(packageFile), 'prebuilds', `${name}.node`)
  const sha256 = Bun.CryptoHasher.hash('sha256', readFileSync(source), 'hex')
  if (version !== recorded['better-sqlite3'] || sha256 !== expected) {
    throw new Error(`The SQLite addon ${name} of ${version} is not the one in build/addons.json`)
  }
  const path = join(root, 'node_modules/.cache/deskbox', `${name}.bin`)
  mkdirSync(dirname(path), { recursive: true })
  copyFileSync(source, path)
  return { path, sha256 }
}
