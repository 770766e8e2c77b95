import { z } from 'zod'
import { labels } from '../../../domain/catalog.ts'
import { hexColor, text } from '../fields.ts'
import {
  catalogRows,
  publication,
  publicationShape,
  sortOrder,
  stamps,
  stampsShape,
} from './catalog.ts'

/** deskhive.md section 10. */
export const labelEndpoints = catalogRows({
  path: 'labels',
  tag: 'Labels',
  one: 'a label',
  catalog: labels,
  fields: z.object({
    name: text(250),
    color: hexColor(),
    status: publication,
    sort_order: sortOrder,
  }),
  shape: z.strictObject({
    id: z.int(),
    name: z.string(),
    color: z.string(),
    status: publicationShape,
    sort_order: z.int(),
    ...stampsShape,
  }),
  toRow: ({ sort_order: sortOrder, ...same }) => ({ ...same, sortOrder }),
  present: (row) => ({
    id: row.id,
    name: row.name,
    color: row.color,
    status: row.status,
    sort_order: row.sortOrder,
    ...stamps(row),
  }),
})
