import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { stageAddon } from '../../build/addons.ts'
import recorded from '../../build/addons.json' with { type: 'json' }
import { parse } from '../../build/lockfile.ts'
import { sbomOf } from '../../build/sbom.ts'
import { targets, thisMachine } from '../../build/targets.ts'
import type { CheckResult } from './checks.ts'
import { launch } from './server.ts'
import { workFolder } from './shim.ts'

const root = resolve(import.meta.dir, '../..')

/**
 * The SQLite addon is the one that was recorded with its version, when the executable is built and whenever it
 * starts (C2): with another, no executable is made, and one that was changed does not start.
 */
export async function proveAddon(binary: string, changes: number): Promise<CheckResult> {
  const folder = workFolder('addon')
  try {
    const problems = [
      ...otherAddon(join(folder, 'source')),
      ...(await changed(binary, folder, changes)),
    ]
    return { figure: `${changes} changed executables refused, 1 build refused`, problems }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Builds with an addon of which one byte is another. */
function otherAddon(source: string): string[] {
  mkdirSync(source)
  for (const part of ['src', 'migrations', 'build', 'package.json', 'tsconfig.json', 'bun.lock'])
    cpSync(join(root, part), join(source, part), { recursive: true })
  const modules = join(source, 'node_modules')
  mkdirSync(modules)
  const linked = readdirSync(join(root, 'node_modules')).filter((name) => !name.startsWith('.'))
  for (const name of linked.filter((one) => one !== 'better-sqlite3'))
    symlinkSync(join(root, 'node_modules', name), join(modules, name))
  cpSync(join(root, 'node_modules/better-sqlite3'), join(modules, 'better-sqlite3'), {
    recursive: true,
    dereference: true,
  })
  flip(join(modules, 'better-sqlite3/prebuilds', `${thisMachine().addon}.node`), 5000)
  const built = Bun.spawnSync([process.execPath, 'build/build.ts'], { cwd: source, stderr: 'pipe' })
  const isMade = existsSync(join(source, 'dist/deskbox'))
  const isTold = built.stderr.toString().includes('is not the one in build/addons.json')
  return [
    ...(built.success || isMade ? ['an executable was built with another addon'] : []),
    ...(isTold ? [] : [`the build says ${built.stderr.toString().slice(-200)}`]),
  ]
}

/** Starts copies of the executable in which one byte of the addon is another. */
async function changed(binary: string, folder: string, changes: number): Promise<string[]> {
  const bytes = readFileSync(binary)
  const addon = readFileSync(stageAddon(root, thisMachine().addon).path)
  const begin = bytes.indexOf(addon)
  if (begin < 0) return ['the recorded addon is not in the executable']
  const problems: string[] = []
  for (let n = 0; n < changes; n++) {
    const at = begin + Math.floor((addon.length * (n + 0.5)) / changes)
    const copy = join(folder, 'changed')
    const data = join(folder, 'data')
    const other = Buffer.from(bytes)
    other[at] = (other[at] ?? 0) ^ 0x01
    writeFileSync(copy, other, { mode: 0o700 })
    const started = await launch({ binary: copy, data })
    if ('url' in started) {
      await started.end('SIGKILL')
      problems.push(`it starts with byte ${at - begin} changed`)
    } else if (started.code !== 1 || !started.output.includes('is damaged; download it again')) {
      problems.push(`changed, it ends with ${started.code}: ${started.output.slice(-200)}`)
    }
    if (existsSync(join(data, 'deskbox.db'))) problems.push('a refused start has made a database')
    rmSync(data, { recursive: true, force: true })
  }
  return problems
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path)
  bytes[at] = (bytes[at] ?? 0) ^ 0x01
  rmSync(path)
  writeFileSync(path, bytes)
}

type Component = {
  readonly type: string
  readonly name: string
  readonly version?: string
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[]
}

type Lockfile = { readonly packages: { readonly [name: string]: readonly string[] } }

/**
 * The bill of materials names what is in the executable and nothing else (C4): each package that the bundler
 * takes a file from, as the lockfile has it, with Bun, SQLite and the addons.
 */
export async function proveMaterials(): Promise<CheckResult> {
  const parts = { version: '0.0.0', sqlite: recorded['better-sqlite3'], targets }
  const bom = sbomOf(root, parts, ({ addon }) => stageAddon(root, addon).sha256)
  const { components } = bom as { components: readonly Component[] }
  const libraries = components.filter(({ type, name }) => type === 'library' && !isRuntime(name))
  const lockfile = Bun.JSONC.parse(readFileSync(join(root, 'bun.lock'), 'utf8')) as Lockfile
  const unlike = libraries.filter((one) => !isLocked(one, lockfile))
  const listed = new Set(libraries.map(({ name }) => name))
  const bundled = await bundledPackages()
  const wanted = parse(readFileSync(join(root, 'bun.lock'), 'utf8')).map(({ name }) => name)
  const addons = components.filter(({ type }) => type === 'file').map(hashOf)
  const problems = [
    ...unlike.map(({ name }) => `${name} is not as in the lockfile`),
    ...[...bundled].filter((name) => !listed.has(name)).map((name) => `${name} is missing`),
    ...(wanted.length === libraries.length ? [] : ['packages are named twice']),
    ...['bun', 'sqlite'].filter((name) => !components.some((one) => one.name === name)),
    ...(Bun.deepEquals(addons.toSorted(), Object.values(recorded.sha256).toSorted())
      ? []
      : ['the addons are not the recorded ones']),
  ]
  return {
    figure: `${libraries.length} packages, ${bundled.size} bundled, ${addons.length} addons`,
    problems,
  }
}

const isRuntime = (name: string) => name === 'bun' || name === 'sqlite'

function hashOf({ hashes = [] }: Component): string {
  return hashes[0]?.content ?? ''
}

function isLocked(one: Component, { packages }: Lockfile): boolean {
  const [spec = '', , , integrity = ''] = packages[one.name] ?? []
  const sha512 = Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex')
  return spec === `${one.name}@${one.version}` && hashOf(one) === sha512
}

/** The packages from which the bundler takes a file, by its own account. */
async function bundledPackages(): Promise<Set<string>> {
  const { metafile } = await Bun.build({
    entrypoints: [join(root, 'src/main.ts')],
    target: 'bun',
    metafile: true,
  })
  const inputs = Object.keys(metafile?.inputs ?? {})
  const names = inputs.flatMap(
    (path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? [],
  )
  return new Set(names)
}
