import { sql } from 'drizzle-orm'
import { command, value, type Queries } from './queries.ts'

// The row is read again, so that a message that was changed or removed in the same group is indexed
// as it is then, or not at all.
const indexOfMessages = command(
  () => sql`
    INSERT INTO search (rowid, subject, body)
    SELECT messages.id, iif(messages.is_opening, tickets.subject, ''), messages.body
    FROM messages JOIN tickets ON tickets.id = messages.ticket_id
    WHERE messages.id IN (SELECT value FROM json_each(${value('ids')}))`,
)

/** Puts new messages into the full-text index, all of a group commit at once. */
export function indexMessages(q: Queries, ids: readonly number[]): void {
  indexOfMessages(q).run({ ids: JSON.stringify(ids) })
}

const indexOfCustomers = command(
  () => sql`
    INSERT INTO customer_search (rowid, email, name, company)
    SELECT id, email, coalesce(name, ''), coalesce(company, '') FROM customers
    WHERE id IN (SELECT value FROM json_each(${value('ids')}))`,
)

/** Puts new customers into their full-text index, all of a group commit at once. */
export function indexCustomers(q: Queries, ids: readonly number[]): void {
  indexOfCustomers(q).run({ ids: JSON.stringify(ids) })
}
