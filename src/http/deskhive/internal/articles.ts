import { z } from 'zod'
import {
  articleVersionOf,
  createArticle,
  deleteArticle,
  getArticle,
  listArticles,
  updateArticle,
} from '../../../domain/articles.ts'
import { knowledgeCategories } from '../../../domain/catalog.ts'
import type { Reader, Tx } from '../../../domain/tx.ts'
import { integerId } from '../../../lib/ids.ts'
import type { Call, Endpoint } from '../../endpoint.ts'
import { partial, read } from '../../fields.ts'
import { articleShape, articleStatusChange, articleWords, presentArticle } from '../articles.ts'
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
import {
  nullableReference,
  optionalLongText,
  optionalOneOf,
  optionalText,
  text,
} from '../fields.ts'

const perPage = 15

const fields = z.object({
  title: text(250),
  slug: optionalText(250),
  content: optionalLongText(),
  excerpt: optionalText(500),
  category_id: nullableReference(knowledgeCategories.exists),
  status: optionalOneOf(articleWords),
})

const changes = partial(fields)

const changed = { status: 200, shape: told(articleShape, updated), isVersioned: true } as const

/** deskhive.md section 15. */
export const articles: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/knowledge-articles',
    scope: 'knowledge-articles:list',
    tag: 'Knowledge articles',
    summary: 'List articles, newest first',
    query: z.object(pagingQuery(perPage)),
    answer: { status: 200, shape: list(articleShape) },
    run({ tx, query }) {
      const paging = pagingOf(query, perPage)
      const page = listArticles(tx, {}, paging.range)
      return { status: 200, body: listed(paging, page, presentArticle) }
    },
  },
  {
    method: 'POST',
    path: '/knowledge-articles',
    scope: 'knowledge-articles:create',
    tag: 'Knowledge articles',
    summary: 'Add an article',
    body: fields,
    answer: { status: 201, shape: told(articleShape, created), isVersioned: true },
    run({ tx, body }) {
      const { category_id: categoryId, ...given } = read(tx, fields, body)
      const article = createArticle(tx, { ...given, categoryId })
      const { version } = article
      return { status: 201, body: { data: presentArticle(article), message: created }, version }
    },
  },
  {
    method: 'GET',
    path: '/knowledge-articles/:id',
    scope: 'knowledge-articles:read',
    tag: 'Knowledge articles',
    summary: 'Read an article',
    answer: { status: 200, shape: single(articleShape), isVersioned: true },
    run({ tx, params }) {
      const article = getArticle(tx, idIn(params))
      return { status: 200, body: { data: presentArticle(article) }, version: article.version }
    },
  },
  {
    method: 'PUT',
    path: '/knowledge-articles/:id',
    scope: 'knowledge-articles:update',
    tag: 'Knowledge articles',
    summary: 'Change an article; the title must be given',
    body: fields,
    answer: changed,
    version: versionIn,
    run: (call) => change(call, fields),
  },
  {
    method: 'PATCH',
    path: '/knowledge-articles/:id',
    scope: 'knowledge-articles:update',
    tag: 'Knowledge articles',
    summary: 'Change an article; what is left out stays',
    body: changes,
    answer: changed,
    version: versionIn,
    run: (call) => change(call, changes),
  },
  {
    method: 'DELETE',
    path: '/knowledge-articles/:id',
    scope: 'knowledge-articles:delete',
    tag: 'Knowledge articles',
    summary: 'Delete an article',
    answer: { status: 200, shape: told(z.null(), deleted) },
    version: versionIn,
    run({ tx, params }) {
      deleteArticle(tx, getArticle(tx, idIn(params)).id)
      return { status: 200, body: { data: null, message: deleted } }
    },
  },
]

function change({ tx, params, body }: Call<Tx>, table: typeof fields | typeof changes) {
  const { id } = getArticle(tx, idIn(params))
  const { category_id: categoryId, status, ...given } = read(tx, table, body, id)
  const article = updateArticle(tx, id, {
    ...given,
    categoryId,
    status: status && articleStatusChange(status),
  })
  const { version } = article
  return { status: 200, body: { data: presentArticle(article), message: updated }, version }
}

function versionIn({ tx, params }: Call<Reader>): number | undefined {
  return articleVersionOf(tx, idIn(params))
}

function idIn(params: { readonly [name: string]: string }): number | undefined {
  return integerId(params['id'] ?? '')
}
