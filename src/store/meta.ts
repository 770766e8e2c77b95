import { eq, sql } from 'drizzle-orm'
import { cell, command, select, value, type Queries } from './queries.ts'
import { counters, meta, type ApprovalStatus, type RunStatus } from './schema.ts'

const metaByName = select({ value: meta.value }, (db, row) =>
  db
    .select(row)
    .from(meta)
    .where(eq(meta.name, value('name'))),
)

const putMeta = command((db) =>
  db
    .insert(meta)
    .values({ name: cell('name'), value: cell('value') })
    .onConflictDoUpdate({ target: meta.name, set: { value: sql`excluded.value` } }),
)

const counterByName = select({ value: counters.value }, (db, row) =>
  db
    .select(row)
    .from(counters)
    .where(eq(counters.name, value('name'))),
)

const raiseCounter = command((db) =>
  db
    .update(counters)
    .set({ value: sql`${counters.value} + 1` })
    .where(eq(counters.name, value('name'))),
)

/** A fact about this data folder, or undefined. */
export function getMeta(q: Queries, name: string): string | undefined {
  return metaByName(q).get({ name })?.value
}

export function setMeta(q: Queries, name: string, text: string): void {
  putMeta(q).run({ name, value: text })
}

/** The running counters. */
export type CounterName =
  'ticket' | 'customers' | 'vip_customers' | `approvals.${ApprovalStatus}` | `runs.${RunStatus}`

/** The value of a running counter. */
export function counter(q: Queries, name: CounterName): number {
  return counterByName(q).get({ name })?.value ?? 0
}

/** The next number of a counter, which is never given twice. */
export function nextNumber(q: Queries, name: 'ticket'): number {
  raiseCounter(q).run({ name })
  return counter(q, name)
}
