import { sql, type SQL } from 'drizzle-orm'
import { value } from './queries.ts'

/**
 * The ids to remove of `rows`, which gives `id` and `load`: how many rows go with it. At most `limit` of both
 * together, one too large for that included, so that no batch holds the writer for longer than a few
 * milliseconds however much hangs on a row.
 */
export function lightBatch(rows: SQL): SQL {
  return sql`SELECT id FROM (
    SELECT id, sum(1 + load) OVER (ROWS UNBOUNDED PRECEDING) - load AS until FROM (${rows})
  ) WHERE until <= ${value('limit')}`
}
