import { z } from 'zod'
import {
  articleVersionByUid,
  createArticle,
  deleteArticle,
  getArticleByUid,
  listArticles,
  rankArticles,
  updateArticle,
  type Article,
  type ArticleStatus,
  type RankedArticle,
} from '../../domain/articles.ts'
import {
  knowledgeCategoryIdByName,
  knowledgeCategoryIdsByName,
} from '../../domain/knowledgecategories.ts'
import type { Reader, Tx } from '../../domain/tx.ts'
import { publicId, uidOf } from '../../lib/ids.ts'
import { isoSeconds } from '../../lib/time.ts'
import type { Call, Endpoint } from '../endpoint.ts'
import { partial, read, readQuery } from '../fields.ts'
import { entryStatusWords, shownEntryStatuses, type EntryStatusWord } from '../shown.ts'
import { line, oneOf, optionalText, text } from './fields.ts'
import { date } from './shapes.ts'
import { byPage, gone, removed, type KevaSurface } from './surface.ts'

const titleMax = 500
const categoryMax = 250

const stored: { readonly [W in EntryStatusWord]: ArticleStatus } = {
  active: 'published',
  suggested: 'draft',
  archived: 'archived',
}

/** keva.md 6.4. */
const fields = z.object({
  title: line(titleMax),
  content: text().meta({ description: 'Markdown, kept as it is sent' }),
  category: optionalText(categoryMax).meta({ description: 'By name, made on its first use' }),
  status: oneOf(entryStatusWords).optional(),
})

const changes = partial(fields)

/** keva.md 6.2. */
const filters = z.object({
  category: z.string().optional(),
  status: oneOf(entryStatusWords).default('active').optional(),
  search: z.string().optional().meta({
    description: 'Words, or beginnings of words, all of them in title and content; best first',
  }),
})

/** keva.md 6.3. */
const shape = z
  .strictObject({
    id: z.string(),
    title: z.string(),
    content: z.string(),
    category: z.string().nullable(),
    status: z.enum(entryStatusWords),
    source: z.enum(['manual', 'ai']),
    createdBy: z.string().nullable(),
    createdAt: date,
    updatedAt: date,
  })
  .meta({ id: 'Entry' })

function present(article: Article) {
  return {
    id: publicId('article', article.uid),
    title: article.title,
    content: article.content ?? '',
    category: article.categoryName,
    status: shownEntryStatuses[article.status],
    source: article.source,
    createdBy: article.authorUid === null ? null : publicId('staff', article.authorUid),
    createdAt: isoSeconds(article.createdAt),
    updatedAt: isoSeconds(article.updatedAt),
  }
}

const reading = { scope: 'kb:read', tag: 'Knowledge base' } as const
const writing = { scope: 'kb:write', tag: 'Knowledge base' } as const

/** keva.md section 6. */
export function entries(on: KevaSurface): readonly Endpoint[] {
  const page = byPage('entries', { usual: 20, most: 50 })
  const list = on.list('kb', page)
  // In another order, so that no cursor of the one is taken for one of the other.
  const found = on.list('kb-search', page)
  const single = on.single(shape)
  return [
    {
      ...reading,
      method: 'GET',
      path: '/kb',
      summary: 'List entries, newest first; active ones unless another status is named',
      query: list.query(filters),
      answer: list.answer(shape),
      run({ tx, query }) {
        const { search = '', ...given } = readQuery(tx, filters, query)
        const filter = filterOf(tx, given)
        const body =
          search.trim() === ''
            ? list.body(query, (window) => listArticles(tx, filter, window), present)
            : found.body(query, (w) => rankArticles(tx, search, filter, w), present, placeInRanking)
        return { status: 200, body }
      },
    },
    {
      ...writing,
      method: 'POST',
      path: '/kb',
      summary: 'Add an entry',
      body: fields,
      answer: { status: 201, shape: single, isVersioned: true },
      run({ tx, body }) {
        const { category, status = 'active', ...given } = read(tx, fields, body)
        const categoryId = category ? knowledgeCategoryIdByName(tx, category) : null
        const source = status === 'suggested' ? 'ai' : 'manual'
        const article = createArticle(tx, { ...given, categoryId, source, status: stored[status] })
        return answerOf(on, article, 201)
      },
    },
    {
      ...reading,
      method: 'GET',
      path: '/kb/:id',
      summary: 'Read an entry',
      answer: { status: 200, shape: single, isVersioned: true },
      run: ({ tx, params }) => answerOf(on, getArticleByUid(tx, uidIn(params))),
    },
    {
      ...writing,
      method: 'PATCH',
      path: '/kb/:id',
      summary: 'Change an entry; what is left out stays',
      body: changes,
      answer: { status: 200, shape: single, isVersioned: true },
      version: versionIn,
      run({ tx, params, body }) {
        const article = getArticleByUid(tx, uidIn(params))
        const { category, status, ...given } = read(tx, changes, body)
        const changed = updateArticle(tx, article.id, {
          ...given,
          categoryId: category === undefined ? undefined : categoryIdOf(tx, article, category),
          status: status && { to: stored[status], unless: [] },
        })
        return answerOf(on, changed)
      },
    },
    {
      ...writing,
      method: 'DELETE',
      path: '/kb/:id',
      summary: 'Delete an entry for good',
      answer: removed,
      version: versionIn,
      run({ tx, params }) {
        deleteArticle(tx, getArticleByUid(tx, uidIn(params)).id)
        return gone
      },
    },
  ]
}

function answerOf(on: KevaSurface, article: Article, status = 200) {
  return { status, body: on.body(present(article)), version: article.version }
}

function placeInRanking({ rank, id }: RankedArticle) {
  return { at: rank, id }
}

/** A blank category is none that is asked for. */
function filterOf(
  reader: Reader,
  { status = 'active', category = '' }: Omit<z.output<typeof filters>, 'search'>,
) {
  const isAny = category.trim() === ''
  return {
    status: stored[status],
    categoryIds: isAny ? undefined : knowledgeCategoryIdsByName(reader, category),
  }
}

/** The article's own category when it has that name, as another may have it, too. */
function categoryIdOf(tx: Tx, article: Article, name: string | null): number | null {
  if (name === null) return null
  if (name.trim() === article.categoryName) return article.categoryId
  return knowledgeCategoryIdByName(tx, name)
}

function versionIn({ tx, params }: Call<Reader>): number | undefined {
  return articleVersionByUid(tx, uidIn(params))
}

function uidIn(params: { readonly [name: string]: string }): string | undefined {
  return uidOf('article', params['id'] ?? '')
}
