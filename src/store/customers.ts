import { eq, getTableColumns } from 'drizzle-orm'
import type { Page, Range } from '../lib/page.ts'
import { counter } from './meta.ts'
import { select, value, type Queries } from './queries.ts'
import { inserter, patcher } from './rows.ts'
import { customers, type CustomerRow } from './schema.ts'
import { indexCustomers } from './search.ts'

const columns = getTableColumns(customers)

const byId = select(columns, (db, row) =>
  db
    .select(row)
    .from(customers)
    .where(eq(customers.id, value('id'))),
)

const byUid = select(columns, (db, row) =>
  db
    .select(row)
    .from(customers)
    .where(eq(customers.uid, value('uid'))),
)

const byEmail = select(columns, (db, row) =>
  db
    .select(row)
    .from(customers)
    .where(eq(customers.emailKey, value('emailKey'))),
)

const byName = select(columns, (db, row) =>
  db
    .select(row)
    .from(customers)
    .orderBy(customers.sortName, customers.id)
    .limit(value('limit'))
    .offset(value('offset')),
)

const insert = inserter(customers)

/** Inserts a customer, has it indexed with its group, and returns its id. */
export function insertCustomer(q: Queries, row: typeof customers.$inferInsert): number {
  const id = insert(q, row)
  q.atGroupEnd(indexCustomers, id)
  return id
}

export const updateCustomer = patcher(customers)

export function customerById(q: Queries, id: number): CustomerRow | undefined {
  return byId(q).get({ id })
}

export function customerByUid(q: Queries, uid: string): CustomerRow | undefined {
  return byUid(q).get({ uid })
}

/** The customer of a folded e-mail address (`emailKey`). */
export function customerByEmail(q: Queries, emailKey: string): CustomerRow | undefined {
  return byEmail(q).get({ emailKey })
}

export function customersByName(q: Queries, range: Range): Page<CustomerRow> {
  return { rows: byName(q).all(range), total: counter(q, 'customers') }
}
