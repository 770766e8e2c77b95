import { and, eq, getTableColumns, sql } from 'drizzle-orm'
import { command, select, value, type Queries } from './queries.ts'
import { inserter } from './rows.ts'
import { idempotency } from './schema.ts'

export type StoredAnswer = typeof idempotency.$inferSelect

const byKey = select(getTableColumns(idempotency), (db, row) =>
  db
    .select(row)
    .from(idempotency)
    .where(
      and(
        eq(idempotency.caller, value('caller')),
        eq(idempotency.idempotencyKey, value('idempotencyKey')),
      ),
    ),
)

const remove = command((db) => db.delete(idempotency).where(eq(idempotency.id, value('id'))))

const removeOlder = command((db) =>
  db.delete(idempotency).where(
    sql`${idempotency.id} IN (
      SELECT id FROM idempotency ORDER BY id LIMIT ${value('limit')}
    ) AND ${idempotency.createdAt} < ${value('before')}`,
  ),
)

export const insertAnswer = inserter(idempotency)

export function storedAnswer(
  q: Queries,
  caller: string,
  idempotencyKey: string,
): StoredAnswer | undefined {
  return byKey(q).get({ caller, idempotencyKey })
}

export function removeAnswer(q: Queries, id: number): void {
  remove(q).run({ id })
}

/** Removes answers older than `before`, oldest first, at most `limit`; returns how many. */
export function removeOldAnswers(q: Queries, before: number, limit: number): number {
  return removeOlder(q).run({ before, limit }).changes
}
