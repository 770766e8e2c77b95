import { z } from 'zod'
import { departmentAgents, departments } from '../../../domain/catalog.ts'
import { flag, optionalEmail, optionalText, text } from '../fields.ts'
import {
  catalogRows,
  publication,
  publicationShape,
  sortOrder,
  stamps,
  stampsShape,
} from './catalog.ts'

/** deskhive.md section 8. */
export const departmentEndpoints = catalogRows({
  path: 'departments',
  tag: 'Departments',
  one: 'a department',
  catalog: departments,
  fields: z.object({
    name: text(250),
    description: optionalText(1000),
    email: optionalEmail(250),
    is_default: flag(),
    status: publication,
    sort_order: sortOrder,
  }),
  shape: z.strictObject({
    id: z.int(),
    name: z.string(),
    description: z.string().nullable(),
    email: z.string().nullable(),
    is_default: z.boolean(),
    status: publicationShape,
    sort_order: z.int(),
    ...stampsShape,
  }),
  toRow: ({ is_default: isDefault, sort_order: sortOrder, ...same }) => ({
    ...same,
    isDefault,
    sortOrder,
  }),
  present: (row) => ({
    id: row.id,
    name: row.name,
    description: row.description,
    email: row.email,
    is_default: row.isDefault,
    status: row.status,
    sort_order: row.sortOrder,
    ...stamps(row),
  }),
  more: {
    shape: { agents: z.array(z.strictObject({ id: z.int(), name: z.string() })) },
    of: (reader, { id }) => ({ agents: departmentAgents(reader, id) }),
  },
})
