import type SQLite from 'better-sqlite3'
import { hasTable } from './facts.ts'

/** What each full-text index holds, for an index that is made anew. */
export const indexed: { readonly [index: string]: string } = {
  search: `INSERT INTO search (rowid, subject, body)
    SELECT messages.id, iif(messages.is_opening, tickets.subject, ''), messages.body
    FROM messages JOIN tickets ON tickets.id = messages.ticket_id`,
  customer_search: `INSERT INTO customer_search (rowid, email, name, company)
    SELECT id, email, coalesce(name, ''), coalesce(company, '') FROM customers`,
  article_search: `INSERT INTO article_search (rowid, title, excerpt, content, status)
    SELECT id, title, excerpt, content, status FROM articles`,
}

/** Fills the full-text indexes, which must be empty. */
export function reindex(client: SQLite.Database): void {
  for (const [index, sql] of Object.entries(indexed)) if (hasTable(client, index)) client.exec(sql)
}
