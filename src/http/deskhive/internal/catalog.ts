import { z } from 'zod'
import type { Catalog, Given } from '../../../domain/catalog.ts'
import type { Reader, Tx } from '../../../domain/tx.ts'
import { integerId } from '../../../lib/ids.ts'
import { isoSeconds, type Millis } from '../../../lib/time.ts'
import type { Call, Endpoint } from '../../endpoint.ts'
import { partial, read } from '../../fields.ts'
import {
  created,
  deleted,
  list,
  listed,
  pagingOf,
  pagingQuery,
  single,
  told,
  updated,
} from '../envelope.ts'
import { optionalInteger, optionalOneOf } from '../fields.ts'
import { date } from '../shapes.ts'

const perPage = 15

const publications = ['published', 'draft'] as const

/** Whether a record is offered; one that is not can still be referred to. */
export const publication = optionalOneOf(publications)
export const publicationShape = z.enum(publications)

/** Where a record stands in its list. */
export const sortOrder = optionalInteger(0)

export const stampsShape = { created_at: date, updated_at: date }

export function stamps({ createdAt, updatedAt }: { createdAt: Millis; updatedAt: Millis }) {
  return { created_at: isoSeconds(createdAt), updated_at: isoSeconds(updatedAt) }
}

/** A noun that is only a list: its field table, its shape, and the way between the two. */
export type CatalogNoun<Row, Fields extends z.ZodObject> = {
  /** The path and the stem of its scopes: `canned-responses`. */
  readonly path: string
  readonly tag: string
  /** The noun in a sentence: `a canned response`. */
  readonly one: string
  readonly catalog: Catalog<Row>
  readonly fields: Fields
  readonly shape: z.ZodObject
  readonly present: (row: Row) => object
  readonly toRow: (fields: z.output<Fields>) => Given<Row>
  /** What a single read shows besides, and its shape. */
  readonly more?: {
    readonly shape: z.ZodRawShape
    readonly of: (reader: Reader, row: Row) => object
  }
}

/** The six rows of a catalog noun (deskhive.md sections 8 to 17). */
export function catalogRows<Row extends { readonly id: number }, Fields extends z.ZodObject>(
  noun: CatalogNoun<Row, Fields>,
): readonly Endpoint[] {
  const { path, tag, one, catalog, fields, shape, present, toRow, more } = noun
  const changes = partial(fields) as unknown as Fields
  const idPath = `/${path}/:id`
  const answer = { status: 200, shape: told(shape, updated) }
  const change = ({ tx, params, body }: Call<Tx>, table: Fields) => {
    const { id } = catalog.get(tx, idIn(params))
    const row = catalog.update(tx, id, toRow(read(tx, table, body, id)))
    return { status: 200, body: { data: present(row), message: updated } }
  }
  return [
    {
      method: 'GET',
      path: `/${path}`,
      scope: `${path}:list`,
      tag,
      summary: `List ${tag.toLowerCase()}`,
      query: z.object(pagingQuery(perPage)),
      answer: { status: 200, shape: list(shape) },
      run({ tx, query }) {
        const paging = pagingOf(query, perPage)
        return { status: 200, body: listed(paging, catalog.list(tx, paging.range), present) }
      },
    },
    {
      method: 'POST',
      path: `/${path}`,
      scope: `${path}:create`,
      tag,
      summary: `Add ${one}`,
      body: fields,
      answer: { status: 201, shape: told(shape, created) },
      run({ tx, body }) {
        const row = catalog.create(tx, toRow(read(tx, fields, body)))
        return { status: 201, body: { data: present(row), message: created } }
      },
    },
    {
      method: 'GET',
      path: idPath,
      scope: `${path}:read`,
      tag,
      summary: `Read ${one}`,
      answer: { status: 200, shape: single(more ? shape.extend(more.shape) : shape) },
      run({ tx, params }) {
        const row = catalog.get(tx, idIn(params))
        return { status: 200, body: { data: { ...present(row), ...more?.of(tx, row) } } }
      },
    },
    {
      method: 'PUT',
      path: idPath,
      scope: `${path}:update`,
      tag,
      summary: `Change ${one}; what is required must be given`,
      body: fields,
      answer,
      run: (call) => change(call, fields),
    },
    {
      method: 'PATCH',
      path: idPath,
      scope: `${path}:update`,
      tag,
      summary: `Change ${one}; what is left out stays`,
      body: changes,
      answer,
      run: (call) => change(call, changes),
    },
    {
      method: 'DELETE',
      path: idPath,
      scope: `${path}:delete`,
      tag,
      summary: `Delete ${one}`,
      answer: { status: 200, shape: told(z.null(), deleted) },
      run({ tx, params }) {
        catalog.remove(tx, catalog.get(tx, idIn(params)).id)
        return { status: 200, body: { data: null, message: deleted } }
      },
    },
  ]
}

function idIn(params: { readonly [name: string]: string }): number | undefined {
  return integerId(params['id'] ?? '')
}
