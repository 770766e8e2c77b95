import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

const root = resolve(import.meta.dir, '..')

type Rule = {
  /** The folders that it may import, itself aside. */
  readonly folders: readonly string[]
  /** The packages and the parts of the runtime that it may import. */
  readonly packages?: readonly string[]
}

/** Who may import whom. A folder may import itself; the longest name that fits a file is its folder. */
const may: { readonly [folder: string]: Rule } = {
  migrations: { folders: [] },
  'src/lib': { folders: [] },
  'src/security': { folders: ['lib'], packages: ['node:crypto', 'node:net'] },
  'src/store': {
    folders: ['lib', 'migrations'],
    packages: ['better-sqlite3', 'drizzle-orm', 'node:fs', 'node:path'],
  },
  'src/domain': { folders: ['lib', 'security', 'store'] },
  'src/jobs': { folders: ['lib', 'security', 'domain', 'store'] },
  'src/http': { folders: ['lib', 'security', 'domain'], packages: ['zod'] },
  'src/http/keva': { folders: ['lib', 'domain', 'http'], packages: ['zod'] },
  // Security only for the type of a limiter's answer.
  'src/http/deskhive': { folders: ['lib', 'security', 'domain', 'http'], packages: ['zod'] },
  // Security only for what a network is.
  'src/config': { folders: ['lib', 'security'], packages: ['smol-toml'] },
  'src/app.ts': {
    folders: ['lib', 'security', 'store', 'domain', 'http', 'http/keva', 'http/deskhive', 'jobs'],
  },
  'src/cli': {
    // The two dialects only for the names of the scopes that a new key may have, and to show records as they do.
    folders: [
      'lib',
      'security',
      'config',
      'jobs',
      'domain',
      'http/keva',
      'http/deskhive',
      'app.ts',
    ],
    packages: ['node:crypto', 'node:dns', 'node:fs', 'node:path', 'node:util'],
  },
  'src/main.ts': { folders: ['cli'] },
}

/** One doorway per package: what only these files of a folder may import. */
const doorways: { readonly [file: string]: readonly string[] } = {
  'src/cli/notify.ts': ['bun:ffi'],
  'src/cli/service.ts': ['node:child_process'],
  'src/http/hosts.ts': ['node:net'],
  'src/security/session.ts': ['jose'],
  'src/http/metrics.ts': ['prom-client'],
  'src/http/mount.ts': ['elysia'],
  'src/http/reference.ts': ['swagger-ui-dist', 'node:crypto', 'node:fs'],
  'src/security/outbound.ts': ['node:tls'],
  'src/security/mail.ts': ['nodemailer'],
  'src/store/native.ts': ['bun:ffi', 'node:crypto', 'node:os'],
  'src/lib/cron.ts': ['croner'],
  'src/lib/version.ts': ['package.json'],
  'src/lib/pattern.ts': ['re2js'],
}

type Ban = { readonly what: string; readonly in: readonly string[]; readonly pattern: RegExp }

const belowTheClock = ['src/lib', 'src/security', 'src/store', 'src/domain', 'src/jobs', 'src/http']

/** What a file of these folders must not contain, comments aside. */
const bans: readonly Ban[] = [
  { what: 'a default export', in: ['src', 'build'], pattern: /^export default\b/m },
  { what: 'a clock', in: belowTheClock, pattern: /\bDate\.now\b|\bperformance\.now\b|\bhrtime\b/ },
  { what: 'a clock', in: belowTheClock, pattern: /\bnew Date\(\s*\)|\bDate\(\s*\)/ },
  { what: 'randomness', in: belowTheClock, pattern: /\bMath\.random\b|\bgetRandomValues\b/ },
  { what: 'randomness', in: belowTheClock, pattern: /\brandom(?:UUID(?:v7)?|Bytes|Fill|Int)\b/ },
  {
    what: 'HTTP',
    in: ['src/domain', 'src/store', 'src/lib', 'src/jobs'],
    pattern: /\b(?:Request|Response|Headers|URLSearchParams|fetch)\b/,
  },
  {
    what: 'an async closure in a transaction',
    in: ['src'],
    pattern: /\.(?:write|read)\b(?:<[^()]*>)?\(\s*(?:[\w.()#]+\s*,\s*)?async\b/,
  },
  {
    what: 'a way out of the machine',
    in: ['src/security', 'src/http', 'src/cli', 'src/app.ts', 'src/config', 'src/main.ts'],
    pattern: /\bfetch\(|\bBun\.connect\b|\bnew WebSocket\b/,
  },
  {
    what: 'a change of a person that is not by updateStaff of domain/staff.ts',
    in: ['src/domain', 'src/jobs'],
    pattern: /\bupdateStaff\b[^'"]*\bfrom\s*['"][^'"]*\/store\/staff\.ts['"]/,
  },
  { what: 'a timer', in: ['src/domain', 'src/store'], pattern: /\bset(?:Timeout|Interval)\b/ },
]

/** Where a ban does not hold, and why that is right. */
const exempt: { readonly [file: string]: string } = {
  'src/security/outbound.ts': 'a way out of the machine', // the only one
  'src/domain/staff.ts': 'a change of a person that is not by updateStaff of domain/staff.ts',
  'src/store/native.ts': 'randomness', // names a file that only it writes, before it is renamed
}

const linesMax = 250
const longFiles = new Set(['src/store/schema.ts'])

/** Every rule that a source text breaks, in words. */
function violations(file: string, source: string): string[] {
  const tooLong = source.trimEnd().split('\n').length > linesMax && !longFiles.has(file)
  return [
    ...importsOf(source).flatMap((path) => strayImport(file, path)),
    ...strayContent(file, source),
    ...(tooLong ? [`${file} is longer than ${linesMax} lines`] : []),
  ]
}

function importsOf(source: string): string[] {
  const code = source.replace(/\/\*[^]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
  const statements = code.matchAll(/^(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]/gm)
  const others = code.matchAll(/\b(?:import|require|require\.resolve)\s*\(?\s*['"]([^'"]+)['"]/g)
  return [...statements, ...others].flatMap(([, path]) => path ?? [])
}

function strayImport(file: string, path: string): string[] {
  const folder = folderOf(file)
  if (!folder) return [`${file} lies in a folder that the table does not know`]
  if (!path.startsWith('.')) return strayPackage(file, folder, path)
  const target = relative(root, resolve(root, dirname(file), path))
  if (doorways[file]?.includes(target)) return []
  const to = folderOf(target)
  if (!path.endsWith('.ts') && !path.endsWith('.sql'))
    return [`${file} imports ${path}, not a file`]
  if (to === folder) return []
  const allowed = may[folder]?.folders.some((one) => to === one || to === `src/${one}`)
  return allowed ? [] : [`${file} imports ${target}`]
}

function strayPackage(file: string, folder: string, path: string): string[] {
  const parts = path.split('/')
  const name = parts.slice(0, path.startsWith('@') ? 2 : 1).join('/')
  const known = [...(may[folder]?.packages ?? []), ...(doorways[file] ?? [])]
  return known.includes(name) ? [] : [`${file} imports the package ${name}`]
}

function strayContent(file: string, source: string): string[] {
  const code = source.replace(/\/\*[^]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1')
  return bans
    .filter((ban) => ban.in.some((folder) => file.startsWith(`${folder}/`)))
    .filter((ban) => exempt[file] !== ban.what && ban.pattern.test(code))
    .map((ban) => `${file} has ${ban.what}`)
}

function folderOf(file: string): string | undefined {
  return Object.keys(may)
    .filter((folder) => file === folder || file.startsWith(`${folder}/`))
    .toSorted((a, b) => b.length - a.length)[0]
}

function sources(): string[] {
  const glob = new Bun.Glob('{src,migrations,build}/**/*.ts')
  return [...glob.scanSync({ cwd: root })].filter((file) => !file.endsWith('.d.ts')).toSorted()
}

describe('the house', () => {
  test.each(sources().filter((file) => !file.startsWith('build/')))(
    '%s keeps the table',
    (file) => {
      expect(violations(file, readFileSync(join(root, file), 'utf8'))).toEqual([])
    },
  )

  test('is complete: every folder of the table has files', () => {
    const found = new Set(sources().map(folderOf))
    expect(Object.keys(may).filter((folder) => !found.has(folder))).toEqual([])
  })

  test('has a doorway only where something goes through it', () => {
    for (const [file, packages] of Object.entries(doorways)) {
      const imported = importsOf(readFileSync(join(root, file), 'utf8')).join(' ')
      for (const name of packages) expect(imported).toContain(name)
    }
  })
})

describe('the checker', () => {
  test.each([
    ['src/store/a.ts', "import { x } from '../domain/tx.ts'", 'imports src/domain/tx.ts'],
    ['src/domain/a.ts', "import type { x } from '../http/gate.ts'", 'imports src/http/gate.ts'],
    ['src/lib/a.ts', "export { x } from '../store/db.ts'", 'imports src/store/db.ts'],
    ['src/jobs/a.ts', "import { x } from '../app.ts'", 'imports src/app.ts'],
    ['src/http/keva/a.ts', "import { x } from '../../store/db.ts'", 'imports src/store/db.ts'],
    ['src/http/a.ts', "import { x } from './keva/words.ts'", 'imports src/http/keva/words.ts'],
    [
      'src/http/keva/a.ts',
      "import {\n  x,\n} from '../deskhive/words.ts'",
      'imports src/http/deskhive/words.ts',
    ],
    [
      'src/http/deskhive/internal/a.ts',
      "const x = await import('../../keva/words.ts')",
      'imports src/http/keva/words.ts',
    ],
    ['src/domain/a.ts', "import '../main.ts'", 'imports src/main.ts'],
    ['src/new/a.ts', "import { x } from '../lib/ids.ts'", 'a folder that the table does not know'],
    ['src/domain/a.ts', "import { z } from 'zod'", 'imports the package zod'],
    ['src/http/keva/a.ts', "import { Elysia } from 'elysia'", 'imports the package elysia'],
    ['src/http/gate.ts', "import { eq } from 'drizzle-orm/x'", 'imports the package drizzle-orm'],
    ['src/cli/a.ts', "import SQLite from 'better-sqlite3'", 'imports the package better-sqlite3'],
    ['src/cli/a.ts', "import { parse } from 'smol-toml'", 'imports the package smol-toml'],
    ['src/domain/a.ts', "import { rmSync } from 'node:fs'", 'imports the package node:fs'],
    ['src/store/a.ts', "const x = require('@scope/name/sub')", 'the package @scope/name'],
    ['src/domain/a.ts', "import { x } from './tx'", 'imports ./tx, not a file'],
    ['src/domain/a.ts', 'export default 1', 'has a default export'],
    ['src/domain/a.ts', 'const at = Date.now()', 'has a clock'],
    ['src/http/a.ts', 'const at = new Date()', 'has a clock'],
    ['src/lib/a.ts', 'const at = Math.random()', 'has randomness'],
    ['src/store/a.ts', 'crypto.getRandomValues(bytes)', 'has randomness'],
    ['src/jobs/a.ts', 'const id = crypto.randomUUID()', 'has randomness'],
    ['src/domain/a.ts', 'function f(r: Request) {}', 'has HTTP'],
    ['src/http/a.ts', 'await desk.write(actor, async (tx) => 1)', 'an async closure'],
    ['src/store/a.ts', 'store.write<void>(async () => {})', 'an async closure'],
    ['src/jobs/a.ts', 'desk.read(gate.actorOf(visit), async () => {})', 'an async closure'],
    [
      'src/domain/a.ts',
      "import {\n  updateStaff as patch,\n} from '../store/staff.ts'",
      'has a change of a person',
    ],
    ['src/domain/a.ts', 'setTimeout(go, 5)', 'has a timer'],
    ['src/domain/a.ts', '\n'.repeat(250) + 'x', 'is longer than 250 lines'],
  ])('finds what is planted in %s: %p', (file, source, what) => {
    expect(violations(file, source)).toHaveLength(1)
    expect(violations(file, source)[0]).toContain(what)
  })

  test.each([
    ['src/domain/a.ts', '// Date.now() and new Date() are not for here\n/** nor Math.random() */'],
    ['src/domain/a.ts', "import { x } from '../store/db.ts'\nimport { y } from './tx.ts'"],
    [
      'src/domain/a.ts',
      "import { updateStaff } from './staff.ts'\nimport { x } from '../store/staff.ts'",
    ],
    ['src/lib/a.ts', 'const at = new Date(now).toISOString()'],
    ['src/http/a.ts', 'await desk.write(actor, (tx) => run(tx))\nasync function f() {}'],
    ['src/http/mount.ts', "import { Elysia } from 'elysia'"],
    ['src/domain/a.ts', '\n'.repeat(249) + 'x'],
  ])('lets through what is allowed in %s: %p', (file, source) => {
    expect(violations(file, source)).toEqual([])
  })
})
