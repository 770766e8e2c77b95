import type { Page, Range } from '../lib/page.ts'
import type { Millis } from '../lib/time.ts'
import { sortName } from '../lib/text.ts'
import {
  activeCannedResponses,
  cannedResponseStore,
  categoryPath,
  categoryStore,
  clearOtherDefaults,
  customFieldStore,
  departmentStore,
  knowledgeCategoryStore,
  labelStore,
  productIdByEnvatoId,
  productStore,
} from '../store/catalog.ts'
import { agentsOfDepartment } from '../store/memberships.ts'
import type {
  CannedResponseRow,
  CategoryRow,
  CustomFieldRow,
  DepartmentRow,
  KnowledgeCategoryRow,
  LabelRow,
  ProductRow,
} from '../store/schema.ts'
import type { Queries } from '../store/queries.ts'
import { differing } from './changes.ts'
import { found } from './errors.ts'
import type { CatalogNoun } from './events.ts'
import { forgetDepartment } from './settings.ts'
import type { Reader, Tx } from './tx.ts'

export type Department = DepartmentRow
export type Category = CategoryRow
export type Label = LabelRow
export type Product = ProductRow
export type CannedResponse = CannedResponseRow
export type CustomField = CustomFieldRow
export type KnowledgeCategory = KnowledgeCategoryRow

type Stamps = 'id' | 'createdAt' | 'updatedAt'

/** The fields of a record that are given; those left out keep their value, or have the default. */
export type Given<Row> = { readonly [K in Exclude<keyof Row, Stamps>]?: Row[K] | undefined }

/** The five verbs of a noun that is only a list. */
export type Catalog<Row> = {
  readonly create: (tx: Tx, fields: Given<Row>) => Row
  /** Throws `not_found` when there is none. */
  readonly get: (reader: Reader, id: number | undefined) => Row
  readonly list: (reader: Reader, range: Range) => Page<Row>
  /** Sets what differs; when nothing does, nothing happens. */
  readonly update: (tx: Tx, id: number, fields: Given<Row>) => Row
  readonly remove: (tx: Tx, id: number) => void
  readonly exists: (reader: Reader, id: number) => boolean
}

type Store<Row> = {
  insert(q: Queries, row: never): number
  update(q: Queries, id: number, changes: never): void
  byId(q: Queries, id: number): Row | undefined
  page(q: Queries, range: Range): Page<Row>
  remove(q: Queries, id: number): void
}

type Rules<Row> = {
  readonly noun: CatalogNoun
  readonly store: Store<Row>
  readonly nameOf: (row: Row) => string
  /** Columns that follow from the given ones. */
  readonly derive?: (fields: Given<Row>) => Partial<Row>
  /** What must happen before the record is written. `id` is 0 for a new one. */
  readonly before?: (tx: Tx, fields: Given<Row>, id: number) => void
  /** What must follow once the record is gone. */
  readonly gone?: (tx: Tx, id: number) => void
}

function catalog<Row extends { readonly id: number; readonly updatedAt: Millis }>(
  rules: Rules<Row>,
): Catalog<Row> {
  const { noun, store, nameOf, derive, before, gone } = rules
  const get = (reader: Reader, id: number | undefined) =>
    found(id === undefined ? undefined : store.byId(reader.q, id), 'record')
  return {
    get,
    exists: (reader, id) => store.byId(reader.q, id) !== undefined,
    list: (reader, range) => store.page(reader.q, range),
    create(tx, fields) {
      before?.(tx, fields, 0)
      const stamps = { createdAt: tx.now, updatedAt: tx.now }
      const id = store.insert(tx.q, { ...fields, ...derive?.(fields), ...stamps } as never)
      const row = get(tx, id)
      tx.emit(`${noun}.created`, null, { id, name: nameOf(row) })
      return row
    },
    update(tx, id, fields) {
      const row = get(tx, id)
      if (differing(row, fields).length === 0) return row
      before?.(tx, fields, id)
      store.update(tx.q, id, { ...fields, ...derive?.(fields), updatedAt: tx.now } as never)
      const changed = get(tx, id)
      tx.emit(`${noun}.updated`, null, { id, name: nameOf(changed) })
      return changed
    },
    remove(tx, id) {
      const row = get(tx, id)
      tx.emit(`${noun}.deleted`, null, { id, name: nameOf(row) })
      store.remove(tx.q, id)
      gone?.(tx, id)
    },
  }
}

/** One default at most: who becomes it takes the flag from the others (deskhive.md section 8). */
export const departments = catalog<Department>({
  noun: 'department',
  store: departmentStore,
  nameOf: (row) => row.name,
  before: (tx, { isDefault }, id) => {
    if (isDefault) clearOtherDefaults(tx.q, id)
  },
  gone: forgetDepartment,
})

export const categories = catalog<Category>({
  noun: 'category',
  store: categoryStore,
  nameOf: (row) => row.name,
})

export const labels = catalog<Label>({
  noun: 'label',
  store: labelStore,
  nameOf: (row) => row.name,
})

export const products = catalog<Product>({
  noun: 'product',
  store: productStore,
  nameOf: (row) => row.name,
  derive: ({ name }) => (name === undefined ? {} : { sortName: sortName(name) }),
})

export const cannedResponses = catalog<CannedResponse>({
  noun: 'canned_response',
  store: cannedResponseStore,
  nameOf: (row) => row.title,
})

export const customFields = catalog<CustomField>({
  noun: 'custom_field',
  store: customFieldStore,
  nameOf: (row) => row.label,
})

export const knowledgeCategories = catalog<KnowledgeCategory>({
  noun: 'knowledge_category',
  store: knowledgeCategoryStore,
  nameOf: (row) => row.name,
})

/** The members of a department, by name. */
export function departmentAgents(reader: Reader, id: number) {
  return agentsOfDepartment(reader.q, id)
}

/** The canned responses that are offered to agents. */
export function offeredResponses(reader: Reader): CannedResponse[] {
  return activeCannedResponses(reader.q)
}

/** Whether a category may stand below `parent`: that is there, and neither itself nor below it. */
export function mayBeParent(reader: Reader, parent: number, self: number | undefined): boolean {
  if (!categories.exists(reader, parent)) return false
  return self === undefined || !categoryPath(reader.q, parent).includes(self)
}

/** True when a product other than `self` has the id at the marketplace. */
export function isEnvatoIdTaken(reader: Reader, envatoId: string, self?: number): boolean {
  const holder = productIdByEnvatoId(reader.q, envatoId)
  return holder !== undefined && holder !== self
}
