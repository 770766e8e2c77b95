import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from './lockfile.ts'
import type { Target } from './targets.ts'

type Component = { readonly [name: string]: unknown }

/** What an executable is made of, in the form of CycloneDX 1.6: the same for the same sources. */
export function sbomOf(
  root: string,
  parts: { readonly version: string; readonly sqlite: string; readonly targets: readonly Target[] },
  addonSha256: (target: Target) => string,
): object {
  const packages = parse(readFileSync(join(root, 'bun.lock'), 'utf8'))
  const components = [
    ...packages.map((one) => packageComponent(root, one)),
    runtime('bun', Bun.version, 'MIT'),
    runtime('sqlite', parts.sqlite, 'blessing'),
    ...addonsOf(parts.targets).map((target) => ({
      type: 'file',
      name: `better-sqlite3 addon ${target.addon}`,
      hashes: [{ alg: 'SHA-256', content: addonSha256(target) }],
    })),
  ]
  const content = JSON.stringify(components)
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(content)}`,
    version: 1,
    metadata: {
      component: { type: 'application', name: 'deskbox', version: parts.version, licenses: [mit] },
    },
    components,
  }
}

const mit = { license: { id: 'MIT' } }

function packageComponent(
  root: string,
  { name, version, sha512 }: { name: string; version: string; sha512: string },
): Component {
  const file = join(root, 'node_modules', name, 'package.json')
  const { license } = JSON.parse(readFileSync(file, 'utf8')) as { license?: string }
  return {
    type: 'library',
    name,
    version,
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
    hashes: [{ alg: 'SHA-512', content: sha512 }],
    ...(license !== undefined && { licenses: [{ license: { id: license } }] }),
  }
}

function runtime(name: string, version: string, license: string): Component {
  return { type: 'library', name, version, licenses: [{ license: { id: license } }] }
}

function addonsOf(targets: readonly Target[]): Target[] {
  return [...new Map(targets.map((target) => [target.addon, target])).values()]
}

/** A UUID that follows from the content (RFC 9562, version 8). */
function uuidOf(content: string): string {
  const hash = Bun.CryptoHasher.hash('sha256', content, 'hex')
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `8${hash.slice(13, 16)}`,
    `8${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ].join('-')
}
