import { z } from 'zod'
import { knowledgeCategories } from '../../../domain/catalog.ts'
import { optionalText, text } from '../fields.ts'
import {
  catalogRows,
  publication,
  publicationShape,
  sortOrder,
  stamps,
  stampsShape,
} from './catalog.ts'

/** deskhive.md section 14. */
export const knowledgeCategoryEndpoints = catalogRows({
  path: 'knowledge-categories',
  tag: 'Knowledge categories',
  one: 'a knowledge category',
  catalog: knowledgeCategories,
  fields: z.object({
    name: text(250),
    description: optionalText(1000),
    icon: optionalText(100),
    status: publication,
    sort_order: sortOrder,
  }),
  shape: z.strictObject({
    id: z.int(),
    name: z.string(),
    description: z.string().nullable(),
    icon: z.string().nullable(),
    status: publicationShape,
    sort_order: z.int(),
    articles_count: z.int(),
    ...stampsShape,
  }),
  toRow: ({ sort_order: sortOrder, ...same }) => ({ ...same, sortOrder }),
  present: (row) => ({
    id: row.id,
    name: row.name,
    description: row.description,
    icon: row.icon,
    status: row.status,
    sort_order: row.sortOrder,
    articles_count: row.articlesCount,
    ...stamps(row),
  }),
})
