import { z } from 'zod'
import { customFields } from '../../../domain/catalog.ts'
import { flag, oneOf, optionalText, text } from '../fields.ts'
import {
  catalogRows,
  publication,
  publicationShape,
  sortOrder,
  stamps,
  stampsShape,
} from './catalog.ts'

const types = [
  'date',
  'datetime_local',
  'email',
  'number',
  'tel',
  'text',
  'textarea',
  'time',
  'url',
] as const

/** deskhive.md section 17. */
export const customFieldEndpoints = catalogRows({
  path: 'custom-fields',
  tag: 'Custom fields',
  one: 'a custom field',
  catalog: customFields,
  fields: z.object({
    label: text(250),
    description: optionalText(1000),
    type: oneOf(types),
    is_required: flag(),
    sort_order: sortOrder,
    status: publication,
  }),
  shape: z.strictObject({
    id: z.int(),
    label: z.string(),
    description: z.string().nullable(),
    type: z.enum(types),
    is_required: z.boolean(),
    sort_order: z.int(),
    status: publicationShape,
    ...stampsShape,
  }),
  toRow: ({ is_required: isRequired, sort_order: sortOrder, ...same }) => ({
    ...same,
    isRequired,
    sortOrder,
  }),
  present: (row) => ({
    id: row.id,
    label: row.label,
    description: row.description,
    type: row.type,
    is_required: row.isRequired,
    sort_order: row.sortOrder,
    status: row.status,
    ...stamps(row),
  }),
})
