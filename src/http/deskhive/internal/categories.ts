import { z } from 'zod'
import { categories, mayBeParent } from '../../../domain/catalog.ts'
import { nullableReference, optionalText, text } from '../fields.ts'
import {
  catalogRows,
  publication,
  publicationShape,
  sortOrder,
  stamps,
  stampsShape,
} from './catalog.ts'

/** deskhive.md section 9. */
export const categoryEndpoints = catalogRows({
  path: 'categories',
  tag: 'Categories',
  one: 'a category',
  catalog: categories,
  fields: z.object({
    name: text(250),
    description: optionalText(1000),
    parent_id: nullableReference(mayBeParent),
    status: publication,
    sort_order: sortOrder,
  }),
  shape: z.strictObject({
    id: z.int(),
    name: z.string(),
    description: z.string().nullable(),
    parent_id: z.int().nullable(),
    status: publicationShape,
    sort_order: z.int(),
    ...stampsShape,
  }),
  toRow: ({ parent_id: parentId, sort_order: sortOrder, ...same }) => ({
    ...same,
    parentId,
    sortOrder,
  }),
  present: (row) => ({
    id: row.id,
    name: row.name,
    description: row.description,
    parent_id: row.parentId,
    status: row.status,
    sort_order: row.sortOrder,
    ...stamps(row),
  }),
})
