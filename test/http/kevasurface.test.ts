import { describe, expect, test } from 'bun:test'
import { z } from 'zod'
import type { Endpoint } from '../../src/http/endpoint.ts'
import {
  bare,
  byOffset,
  byPage,
  gone,
  named,
  pages,
  removed,
  v1,
} from '../../src/http/keva/surface.ts'
import { openapi } from '../../src/http/openapi.ts'
import type { Window } from '../../src/lib/page.ts'

// How a noun is shown on each surface of Keva, whatever the noun (keva.md R1, R2).

const made = 61
const rows = Array.from({ length: made }, (_, at) => ({ id: made - at, createdAt: 5 }))

/** The list as a domain would give it: newest first, by number or past a position. */
function pageAt(window: Window) {
  if (!('after' in window)) {
    const { limit, offset } = window
    return { rows: rows.slice(offset, offset + limit), total: made }
  }
  const rest = rows.filter(({ id }) => id < window.after.id)
  return { rows: rest.slice(0, window.limit), total: made }
}

const present = ({ id }: { readonly id: number }) => ({ id })
const down = (first: number, length: number) =>
  Array.from({ length }, (_, at) => ({ id: first - at }))

const sizes = { usual: 20, most: 50 }
const styles = {
  'v1, whatever the page is like': v1.list('things', bare()),
  byPage: pages.list('things', byPage('entries', sizes)),
  byOffset: pages.list('things', byOffset('customers', { usual: 50, most: 100 })),
  named: pages.list('things', named('workflows')),
  bare: pages.list('things', bare()),
}

type Style = keyof typeof styles

const more: unknown = expect.any(String)

const envelope = (data: object[], page: number, perPage: number, nextCursor: unknown) => ({
  data,
  pagination: {
    page,
    perPage,
    total: made,
    nextCursor,
  },
})

const answers: readonly (readonly [style: Style, query: string, body: object])[] = [
  ['v1, whatever the page is like', '', envelope(down(61, 20), 1, 20, more)],
  ['v1, whatever the page is like', 'limit=30&offset=60', envelope(down(1, 1), 3, 30, null)],
  ['byPage', '', { entries: down(61, 20), total: 61, page: 1, totalPages: 4 }],
  ['byPage', 'page=4', { entries: down(1, 1), total: 61, page: 4, totalPages: 4 }],
  ['byPage', 'page=5', { entries: [], total: 61, page: 5, totalPages: 4 }],
  ['byPage', 'limit=51', { entries: down(61, 50), total: 61, page: 1, totalPages: 2 }],
  ['byPage', 'limit=0&page=0', { entries: down(61, 20), total: 61, page: 1, totalPages: 4 }],
  ['byPage', 'per_page=5&offset=9', { entries: down(61, 20), total: 61, page: 1, totalPages: 4 }],
  ['byOffset', '', { customers: down(61, 50), total: 61, limit: 50, offset: 0 }],
  ['byOffset', 'offset=60', { customers: down(1, 1), total: 61, limit: 50, offset: 60 }],
  ['byOffset', 'limit=2&page=3', { customers: down(61, 2), total: 61, limit: 2, offset: 0 }],
  ['named', 'limit=2', { workflows: down(61, 61) }],
  ['bare', 'page=2', down(61, 61)],
]

describe('a list', () => {
  test.each(answers)('%s ?%s', (style, query, body) => {
    const shown = styles[style].body(new URLSearchParams(query), pageAt, present)
    expect(shown).toEqual(body)
    const { shape } = styles[style].answer(z.strictObject({ id: z.int() }))
    expect(shape.safeParse(shown).success).toBe(true)
  })

  test.each(Object.keys(styles) as Style[])(
    '%s declares its paging beside the filters',
    (style) => {
      const filters = z.object({ status: z.string().optional() })
      const declared = Object.keys(styles[style].query(filters).shape)
      const paging = {
        'v1, whatever the page is like': ['page', 'per_page', 'limit', 'offset', 'cursor'],
        byPage: ['page', 'limit'],
        byOffset: ['limit', 'offset'],
        named: [],
        bare: [],
      }
      expect(declared).toEqual([...paging[style], 'status'])
    },
  )
})

test('a record stands in `data` on the one surface and bare on the other', () => {
  expect([v1.body({ id: 1 }), pages.body({ id: 1 })]).toEqual([{ data: { id: 1 } }, { id: 1 }])
  const shape = z.strictObject({ id: z.int() })
  expect(v1.single(shape).safeParse({ data: { id: 1 } }).success).toBe(true)
  expect(pages.single(shape).safeParse({ id: 1 }).success).toBe(true)
})

test('what removes a record is documented and answered as 204 without a body', () => {
  const row: Endpoint = {
    method: 'DELETE',
    path: '/things/:id',
    scope: 'things:write',
    tag: 'Things',
    summary: 'Remove a thing',
    answer: removed,
    run: () => gone,
  }
  const document = openapi({
    title: 'Things',
    description: 'Things.',
    prefix: '/api',
    endpoints: [row],
    security: [{ name: 'bearer', isKey: true, scheme: { type: 'http', scheme: 'bearer' } }],
    refusal: z.strictObject({ error: z.string() }),
    refusals: { 404: 'No such thing' },
  })
  expect(gone).toEqual({ status: 204, body: null })
  expect(document).toMatchObject({
    paths: {
      '/things/{id}': { delete: { responses: { 204: { description: 'Remove a thing' } } } },
    },
  })
  expect(JSON.stringify(document)).not.toContain('"204":{"description":"Remove a thing","content"')
})
