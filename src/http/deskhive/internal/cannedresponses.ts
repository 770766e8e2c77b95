import { z } from 'zod'
import { cannedResponses } from '../../../domain/catalog.ts'
import { flag, optionalLongText, optionalText, text } from '../fields.ts'
import { catalogRows, sortOrder, stamps, stampsShape } from './catalog.ts'

/** deskhive.md section 16. */
export const cannedResponseEndpoints = catalogRows({
  path: 'canned-responses',
  tag: 'Canned responses',
  one: 'a canned response',
  catalog: cannedResponses,
  fields: z.object({
    title: text(250),
    content: optionalLongText(),
    category: optionalText(100),
    shortcut: optionalText(100),
    is_active: flag(),
    sort_order: sortOrder,
  }),
  shape: z.strictObject({
    id: z.int(),
    title: z.string(),
    content: z.string().nullable(),
    category: z.string().nullable(),
    shortcut: z.string().nullable(),
    is_active: z.boolean(),
    sort_order: z.int(),
    ...stampsShape,
  }),
  toRow: ({ is_active: isActive, sort_order: sortOrder, ...same }) => ({
    ...same,
    isActive,
    sortOrder,
  }),
  present: (row) => ({
    id: row.id,
    title: row.title,
    content: row.content,
    category: row.category,
    shortcut: row.shortcut,
    is_active: row.isActive,
    sort_order: row.sortOrder,
    ...stamps(row),
  }),
})
