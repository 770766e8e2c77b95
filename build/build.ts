// Makes one executable file that runs alone: the program, its SQL, its pages and the SQLite addon.

import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { version } from '../src/lib/version.ts'
import { Connection } from '../src/store/connection.ts'
import { stageAddon, type Addon } from './addons.ts'
import { sbomOf } from './sbom.ts'
import { type Target, targetNamed, targets, thisMachine } from './targets.ts'

const root = resolve(import.meta.dir, '..')

if (import.meta.main) await main()

async function main(): Promise<void> {
  const began = performance.now()
  const { values } = parseArgs({
    options: {
      target: { type: 'string' },
      outfile: { type: 'string' },
      all: { type: 'boolean', default: false },
    },
  })
  if (values.all) {
    await release(join(root, 'dist/release'))
    return
  }
  const target = values.target === undefined ? thisMachine() : targetNamed(values.target)
  const outfile = resolve(values.outfile ?? join(root, 'dist', defaultName(values.target)))
  await build(target, outfile)
  const megabytes = (statSync(outfile).size / 1e6).toFixed(1)
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  console.log(`${outfile}  ${target.name}  ${megabytes} MB  ${seconds} s`)
}

function defaultName(asked: string | undefined): string {
  const name = asked === undefined ? 'deskbox' : `deskbox-${asked}`
  const windows = asked === undefined ? process.platform === 'win32' : asked.startsWith('windows')
  return windows ? `${name}.exe` : name
}

/** Everything that is published of a version: each executable, their sums, and what they are made of. */
async function release(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const target of targets) {
    await build(target, join(folder, defaultName(target.name)))
    console.log(defaultName(target.name))
  }
  const hash = (target: Target) => stageAddon(root, target.addon).sha256
  const bom = sbomOf(root, { version, sqlite: sqliteVersion(), targets }, hash)
  writeFileSync(join(folder, 'deskbox.cdx.json'), `${JSON.stringify(bom, null, 2)}\n`)
  const names = [...targets.map(({ name }) => defaultName(name)), 'deskbox.cdx.json']
  const sums = names.map((name) => {
    const sum = Bun.CryptoHasher.hash('sha256', readFileSync(join(folder, name)), 'hex')
    return `${sum}  ${name}\n`
  })
  writeFileSync(join(folder, 'SHA256SUMS'), sums.join(''))
  console.log(`${folder}  ${names.length + 1} files`)
}

function sqliteVersion(): string {
  using connection = new Connection(':memory:', undefined)
  return connection.check.sqlite
}

/** Compiles `src/main.ts` for one target into one file. */
export async function build(target: Target, outfile: string): Promise<void> {
  await Bun.build({
    entrypoints: [join(root, 'src/main.ts')],
    format: 'esm',
    bytecode: true,
    minify: true,
    sourcemap: 'linked', // embedded as well, so that a stack names our lines
    plugins: [embedAddon(stageAddon(root, target.addon)), refuseOtherAddons()],
    compile: {
      target: target.bun,
      outfile,
      // otherwise a file in the working folder could run code inside the server
      autoloadDotenv: false,
      autoloadBunfig: false,
    },
  })
  for (const name of [outfile, outfile.replace(/\.exe$/, '')])
    rmSync(`${name}.map`, { force: true })
}

function embedAddon({ path: staged, sha256 }: Addon): Bun.BunPlugin {
  return {
    name: 'embed the SQLite addon',
    setup(bundler) {
      // Named as seen from the file that asks: the folder of the build must not be in the executable.
      const path = relative(join(root, 'src/store'), staged).replaceAll('\\', '/')
      bundler.onLoad({ filter: /[\\/]src[\\/]store[\\/]addon\.ts$/ }, () => ({
        loader: 'ts',
        contents: `import path from ${JSON.stringify(path)} with { type: 'file' }
          export const addonPath: string | null = path
          export const addonSha256: string | null = ${JSON.stringify(sha256)}`,
      }))
    },
  }
}

/** Keeps the package from looking for an addon in folders of the machine that built it. */
function refuseOtherAddons(): Bun.BunPlugin {
  return {
    name: 'load no addon but our own',
    setup(bundler) {
      bundler.onLoad({ filter: /[\\/]better-sqlite3[\\/]lib[\\/]binding\.js$/ }, () => ({
        loader: 'js',
        contents: `exports.getBinding = (given) => {
          if (typeof given === 'object' && given !== null) return given
          throw new Error('the SQLite addon was not given')
        }`,
      }))
    },
  }
}
