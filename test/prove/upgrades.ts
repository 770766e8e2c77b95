import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type SQLite from 'better-sqlite3'
import { migrations } from '../../migrations/index.ts'
import { Store } from '../../src/store/db.ts'
import { damageOf } from '../../src/store/facts.ts'
import { appliedSteps, migrate } from '../../src/store/migrate.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { fixture } from '../fixtures/make.ts'
import { workFolder } from './shim.ts'

export type UpgradeKills = {
  readonly statements: number
  readonly kills: number
  readonly problems: string[]
}

const now = Date.parse('2026-05-06T08:15:00Z')
const script = join(import.meta.dir, 'migrating.ts')

/**
 * Kills an upgrade from `schema` as each of its statements begins (each `every`-th of them): what is left is a
 * schema before a step or after one, with the snapshot of before the first; and the next start ends it.
 */
export function killUpgrades(
  schema: string,
  every: number,
  report: (done: number) => void = () => {},
): UpgradeKills {
  const folder = workFolder('upgrade')
  const result = { statements: 0, kills: 0, problems: [] as string[] }
  const data = join(folder, 'data')
  const begin = () => {
    rmSync(data, { recursive: true, force: true })
    mkdirSync(data, { mode: 0o700 })
    writeFileSync(join(data, 'deskbox.db'), fixture(schema), { mode: 0o600 })
  }
  try {
    begin()
    result.statements = Number(run(data, 0).stdout.toString())
    for (let at = 1; at <= result.statements; at += every) {
      begin()
      const { signalCode } = run(data, at)
      if (signalCode !== 'SIGKILL') result.problems.push(`statement ${at}: it was not killed`)
      result.kills++
      const found = problemsAfter(data, schema)
      result.problems.push(...found.map((one) => `killed at statement ${at}: ${one}`))
      report(result.kills)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return result
}

function run(data: string, statement: number) {
  const command = [process.execPath, script, data, String(statement)]
  return Bun.spawnSync(command, { stdout: 'pipe', stderr: 'pipe' })
}

function problemsAfter(data: string, schema: string): string[] {
  const problems: string[] = []
  let hasBegun = false
  reading(join(data, 'deskbox.db'), (client) => {
    const steps = appliedSteps(client).map(({ name }) => name)
    hasBegun = steps.at(-1) !== schema
    if (schemaOf(client) !== schemaAfter(steps.length)) problems.push('the schema is between two')
    problems.push(...damageOf(client))
  })
  const snapshot = join(data, `before-${migrations.at(-1)?.name ?? ''}.db`)
  if (hasBegun && snapshotSchema(snapshot) !== schema) problems.push('there is no snapshot')
  const onFault = (fault: Error) => void problems.push(fault.message)
  Store.open({ directory: data, access: 'own', now, onFault })[Symbol.dispose]()
  reading(join(data, 'deskbox.db'), (client) => {
    if (schemaOf(client) !== schemaAfter(migrations.length))
      problems.push('the start left it behind')
    problems.push(...damageOf(client))
    const kept = client.prepare("SELECT 1 FROM meta WHERE name = 'upgrade_snapshot'").get()
    if (kept) problems.push('the start takes the upgrade to be under way')
  })
  if (snapshotSchema(snapshot) !== schema) problems.push('the snapshot is of a later schema')
  return problems
}

function snapshotSchema(file: string): string | undefined {
  let schema: string | undefined
  try {
    reading(file, (client) => {
      if (damageOf(client).length === 0) schema = appliedSteps(client).at(-1)?.name
    })
  } catch {
    return undefined
  }
  return schema
}

function reading(file: string, look: (client: SQLite.Database) => void): void {
  const client = openSqlite(file, 0, undefined)
  try {
    look(client)
  } finally {
    client.close()
  }
}

const schemas = new Map<number, string>()

function schemaAfter(steps: number): string {
  const known = schemas.get(steps)
  if (known !== undefined) return known
  const client = openSqlite(':memory:', 0, undefined)
  migrate(client, now, migrations.slice(0, steps))
  const schema = schemaOf(client)
  client.close()
  schemas.set(steps, schema)
  return schema
}

/** Every table, index and trigger with its SQL. */
export function schemaOf(client: SQLite.Database): string {
  return client
    .prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY type, name')
    .all()
    .map((row) => JSON.stringify(row))
    .join('\n')
}
