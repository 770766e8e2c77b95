// Makes one executable file that runs alone: the program, its SQL, its pages and the SQLite addon.

import { copyFileSync, mkdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Target, targetNamed, thisMachine } from './targets.ts'

const root = resolve(import.meta.dir, '..')

if (import.meta.main) await main()

async function main(): Promise<void> {
  const began = performance.now()
  const { values } = parseArgs({
    options: { target: { type: 'string' }, outfile: { type: 'string' } },
  })
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

/** Compiles `src/main.ts` for one target into one file. */
export async function build(target: Target, outfile: string): Promise<void> {
  await Bun.build({
    entrypoints: [join(root, 'src/main.ts')],
    format: 'esm',
    bytecode: true,
    minify: true,
    sourcemap: 'linked', // embedded as well, so that a stack names our lines
    plugins: [embedAddon(stageAddon(target)), refuseOtherAddons()],
    compile: {
      target: target.bun,
      outfile,
      // otherwise a file in the working folder could run code inside the server
      autoloadDotenv: false,
      autoloadBunfig: false,
    },
  })
  rmSync(`${outfile}.map`, { force: true })
}

/** Copies the addon beside a neutral name: the bundler turns a `.node` import into a module. */
function stageAddon(target: Target): string {
  const staged = join(root, 'node_modules/.cache/deskbox', `${target.addon}.bin`)
  mkdirSync(dirname(staged), { recursive: true })
  const prebuilds = join(dirname(Bun.resolveSync('better-sqlite3/package.json', root)), 'prebuilds')
  copyFileSync(join(prebuilds, `${target.addon}.node`), staged)
  return staged
}

function embedAddon(staged: string): Bun.BunPlugin {
  return {
    name: 'embed the SQLite addon',
    setup(bundler) {
      bundler.onLoad({ filter: /[\\/]src[\\/]store[\\/]addon\.ts$/ }, () => ({
        loader: 'ts',
        contents: `import path from ${JSON.stringify(staged)} with { type: 'file' }
          export const addonPath: string | null = path`,
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
