import { and, eq, getTableColumns, ne, sql } from 'drizzle-orm'
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { Page, Range } from '../lib/page.ts'
import { command, select, value, type Queries, type RowOf } from './queries.ts'
import { inserter, patcher } from './rows.ts'
import {
  cannedResponses,
  categories,
  customFields,
  departments,
  knowledgeCategories,
  labels,
  products,
  type CannedResponseRow,
} from './schema.ts'

// The nouns that are only lists with five verbs share these statements.

type CatalogTable = SQLiteTable & {
  readonly id: SQLiteColumn
  readonly createdAt: SQLiteColumn
  readonly updatedAt: SQLiteColumn
}

/** The five verbs on one table, listed in the order of a column, ties by id. */
export function catalogStore<T extends CatalogTable>(table: T, order: SQLiteColumn) {
  type Row = T['$inferSelect']
  const columns: { readonly [name: string]: SQLiteColumn } = getTableColumns(table)
  const asRow = (row: RowOf<typeof columns> | undefined) => row as Row | undefined
  const byId = select(columns, (db, row) =>
    db
      .select(row)
      .from(table as SQLiteTable)
      .where(eq(table.id, value('id'))),
  )
  const inOrder = select(columns, (db, row) =>
    db
      .select(row)
      .from(table as SQLiteTable)
      .orderBy(order, table.id)
      .limit(value('limit'))
      .offset(value('offset')),
  )
  const count = select({ total: sql<number>`count(*)` }, (db, row) =>
    db.select(row).from(table as SQLiteTable),
  )
  const remove = command((db) => db.delete(table).where(eq(table.id, value('id'))))
  return {
    insert: inserter(table),
    update: patcher(table),
    byId: (q: Queries, id: number): Row | undefined => asRow(byId(q).get({ id })),
    page: (q: Queries, range: Range): Page<Row> => ({
      rows: inOrder(q).all(range),
      total: count(q).get({})?.total ?? 0,
    }),
    remove: (q: Queries, id: number) => void remove(q).run({ id }),
  }
}

export const departmentStore = catalogStore(departments, departments.sortOrder)
export const categoryStore = catalogStore(categories, categories.sortOrder)
export const labelStore = catalogStore(labels, labels.sortOrder)
export const productStore = catalogStore(products, products.sortName)
export const cannedResponseStore = catalogStore(cannedResponses, cannedResponses.sortOrder)
export const customFieldStore = catalogStore(customFields, customFields.sortOrder)
export const knowledgeCategoryStore = catalogStore(
  knowledgeCategories,
  knowledgeCategories.sortOrder,
)

const clearDefault = command((db) =>
  db
    .update(departments)
    .set({ isDefault: false })
    .where(and(eq(departments.isDefault, true), ne(departments.id, value('id')))),
)

/** Leaves the flag of the default department to the one with this id. */
export function clearOtherDefaults(q: Queries, id: number): void {
  clearDefault(q).run({ id })
}

const activeResponses = select(getTableColumns(cannedResponses), (db, row) =>
  db
    .select(row)
    .from(cannedResponses)
    .where(eq(cannedResponses.isActive, true))
    .orderBy(cannedResponses.sortOrder, cannedResponses.title, cannedResponses.id),
)

/** The canned responses that are offered, in the order of their lists, ties by title. */
export function activeCannedResponses(q: Queries): CannedResponseRow[] {
  return activeResponses(q).all({})
}

const ancestors = select(
  { id: sql<number>`id` },
  () => sql`
  WITH RECURSIVE up (id) AS (
    SELECT ${value('id')}
    UNION SELECT parent_id FROM categories JOIN up ON categories.id = up.id
      WHERE parent_id IS NOT NULL
  )
  SELECT id FROM up`,
)

/** A category and all above it. */
export function categoryPath(q: Queries, id: number): number[] {
  return ancestors(q)
    .all({ id })
    .map((row) => row.id)
}

const byEnvatoId = select({ id: products.id }, (db, row) =>
  db
    .select(row)
    .from(products)
    .where(eq(products.envatoId, value('envatoId'))),
)

export function productIdByEnvatoId(q: Queries, envatoId: string): number | undefined {
  return byEnvatoId(q).get({ envatoId })?.id
}

const knowledgeCategoryNamed = select({ id: knowledgeCategories.id }, (db, row) =>
  db
    .select(row)
    .from(knowledgeCategories)
    .where(eq(knowledgeCategories.name, value('name')))
    .orderBy(knowledgeCategories.id),
)

/** The knowledge categories of that name, which need not be unique, the oldest first. */
export function knowledgeCategoryIdsNamed(q: Queries, name: string): number[] {
  return knowledgeCategoryNamed(q)
    .all({ name })
    .map(({ id }) => id)
}
