import { and, eq, sql } from 'drizzle-orm'
import { cell, command, select, value, type Queries } from './queries.ts'
import { messageLikes } from './schema.ts'

const byPerson = and(
  eq(messageLikes.messageId, value('messageId')),
  eq(messageLikes.staffId, value('staffId')),
)

const insert = command((db) =>
  db
    .insert(messageLikes)
    .values({
      messageId: cell('messageId'),
      staffId: cell('staffId'),
      createdAt: cell('createdAt'),
    })
    .onConflictDoNothing(),
)

const remove = command((db) => db.delete(messageLikes).where(byPerson))

const ofPerson = select({ messageId: messageLikes.messageId }, (db, row) =>
  db
    .select(row)
    .from(messageLikes)
    .where(
      and(
        eq(messageLikes.staffId, value('staffId')),
        sql`${messageLikes.messageId} IN (SELECT value FROM json_each(${value('ids')}))`,
      ),
    ),
)

type Like = { readonly messageId: number; readonly staffId: number }

export function insertLike(q: Queries, like: Like & { readonly createdAt: number }): void {
  insert(q).run(like)
}

/** Takes a like back; false when there was none. */
export function removeLike(q: Queries, like: Like): boolean {
  return remove(q).run(like).changes > 0
}

/** Which of these messages the person likes. */
export function likedBy(q: Queries, staffId: number, messageIds: readonly number[]): Set<number> {
  const rows = ofPerson(q).all({ staffId, ids: JSON.stringify(messageIds) })
  return new Set(rows.map((row) => row.messageId))
}
