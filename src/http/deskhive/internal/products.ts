import { z } from 'zod'
import { isEnvatoIdTaken, products } from '../../../domain/catalog.ts'
import { asking } from '../../fields.ts'
import { optionalLongText, optionalNumber, optionalText, text } from '../fields.ts'
import { catalogRows, publication, publicationShape, stamps, stampsShape } from './catalog.ts'

/** deskhive.md section 11. */
export const productEndpoints = catalogRows({
  path: 'products',
  tag: 'Products',
  one: 'a product',
  catalog: products,
  fields: z.object({
    name: text(250),
    envato_id: asking(optionalText(100), {
      rule: 'unique',
      holds: (reader, envatoId: string, self) => !isEnvatoIdTaken(reader, envatoId, self),
    }),
    description: optionalLongText(),
    price: optionalNumber(0),
    status: publication,
  }),
  shape: z.strictObject({
    id: z.int(),
    name: z.string(),
    envato_id: z.string().nullable(),
    description: z.string().nullable(),
    price: z.number().nullable(),
    status: publicationShape,
    ...stampsShape,
  }),
  toRow: ({ envato_id: envatoId, ...same }) => ({ ...same, envatoId }),
  present: (row) => ({
    id: row.id,
    name: row.name,
    envato_id: row.envatoId,
    description: row.description,
    price: row.price,
    status: row.status,
    ...stamps(row),
  }),
})
