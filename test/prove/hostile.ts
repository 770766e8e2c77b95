import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startServer } from '../support/binary.ts'
import type { CheckResult } from './checks.ts'
import { workFolder } from './shim.ts'
import { runVerb } from './verbs.ts'

const verbs: readonly (readonly string[])[] = [
  ['version'],
  ['help'],
  ['check'],
  ['doctor'],
  ['keys', 'list'],
  ['staff', 'list'],
  ['backup'],
  ['export', 'desk.ndjson'],
  ['upgrade-check'],
  ['service', 'install', '--print'],
]

/**
 * Runs the server and its verbs in a folder full of what a runtime reads by itself (C5): nothing of it is
 * executed, and none of its variables is taken.
 */
export async function proveHostileFolder(binary: string): Promise<CheckResult> {
  const folder = workFolder('hostile')
  try {
    const trace = plant(folder)
    const server = await startServer({ binary, cwd: folder, env: { PATH: '/usr/bin:/bin' } })
    const problems: string[] = []
    const port = Number(new URL(server.url).port)
    if (port === plantedPort) problems.push('the .env has set the port')
    for (const verb of verbs) {
      await runVerb([binary, ...verb], { cwd: folder })
      if (existsSync(trace)) problems.push(`${verb.join(' ')} ran what lay there`)
      rmSync(trace, { force: true })
    }
    const code = await server.stop()
    if (code !== 0) problems.push(`the server ended with ${code}`)
    if (existsSync(trace)) problems.push('the server ran what lay there')
    if (!existsSync(join(folder, 'data/deskbox.db'))) problems.push('the .env has moved the data')
    return { figure: `the server and ${verbs.length} verbs`, problems }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const plantedPort = 7399

/** Gives the path of the file that any of it makes when it is run. */
function plant(folder: string): string {
  const trace = join(folder, 'ran')
  const code = `require('node:fs').writeFileSync(${JSON.stringify(trace)}, '')`
  const preload = join(folder, 'preload.js')
  const environment = [
    `BUN_OPTIONS=--preload ${preload}`,
    `NODE_OPTIONS=--require ${preload}`,
    'BUN_BE_BUN=1',
    `DESKBOX_SERVER_PORT=${plantedPort}`,
    `DESKBOX_DATA_DIRECTORY=${join(folder, 'moved')}`,
  ].join('\n')
  const bunfig = `preload = [${JSON.stringify(preload)}]\n[test]\npreload = ["./preload.js"]\n`
  const files: Readonly<Record<string, string>> = {
    'preload.js': code,
    'index.js': code,
    'bunfig.toml': bunfig,
    '.bunfig.toml': bunfig,
    '.env': environment,
    '.env.local': environment,
    '.env.production': environment,
    '.npmrc': `script-shell=${preload}`,
    'package.json': JSON.stringify({ name: 'deskbox', main: './index.js', type: 'commonjs' }),
    'tsconfig.json': JSON.stringify({ compilerOptions: { paths: { '*': ['./preload.js'] } } }),
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  for (const module of ['better-sqlite3', 'elysia', 'zod', 'bun:ffi', 'drizzle-orm']) {
    const place = join(folder, 'node_modules', module)
    mkdirSync(place, { recursive: true })
    writeFileSync(join(place, 'package.json'), JSON.stringify({ name: module, main: 'index.js' }))
    writeFileSync(join(place, 'index.js'), code)
  }
  return trace
}
