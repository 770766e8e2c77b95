// What SQLite does for a piece of work: its statements, their plans and how often each runs.

import type SQLite from 'better-sqlite3'
import { systemActor, type Reader } from '../../src/domain/tx.ts'
import { Store } from '../../src/store/db.ts'
import { clientOf, T0 } from './fixtures.ts'

export type Traced = { readonly sql: string; readonly plan: string[]; runs: number }

/** What `job` asks of a copy of a store on which nothing is prepared yet, and how each is answered. */
export function traced(original: Store, job: (reader: Reader) => unknown): Traced[] {
  using store = Store.inMemory(T0, original.snapshot())
  const client = clientOf(store)
  const found: Traced[] = []
  const prepare = client.prepare.bind(client)
  client.prepare = ((sql: string) => {
    const statement = prepare(sql)
    const entry = { sql, plan: planOf(prepare, sql), runs: 0 }
    found.push(entry)
    for (const verb of ['all', 'get', 'run'] as const) {
      const call = statement[verb].bind(statement)
      Object.assign(statement, {
        [verb]: (...values: unknown[]) => {
          entry.runs += 1
          return call(...values)
        },
      })
    }
    return statement
  }) as typeof client.prepare
  store.read((q) => void job({ q, now: T0, actor: systemActor }))
  return found
}

function planOf(prepare: SQLite.Database['prepare'], sql: string): string[] {
  const values = Array.from(sql.matchAll(/\?/g), () => null)
  const plan = prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).all(...values)
  return plan.map(({ detail }) => detail)
}
