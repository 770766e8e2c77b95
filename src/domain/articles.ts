import type { Page, Range } from '../lib/page.ts'
import { matchExpression } from '../lib/searchterms.ts'
import { firstFree } from '../lib/firstfree.ts'
import { numberedSlug, numberOfSlug, slugOf } from '../lib/slug.ts'
import {
  articleById,
  articleIdBySlug,
  insertArticle,
  removeArticle,
  updateArticle as patchArticle,
  type ArticleView,
} from '../store/articles.ts'
import { articlePage, type ArticleFilter } from '../store/articlelists.ts'
import { matchingArticles } from '../store/articlesearch.ts'
import type { ArticleSource, ArticleStatus } from '../store/schema.ts'
import { differing } from './changes.ts'
import { found } from './errors.ts'
import type { Reader, Tx } from './tx.ts'

export type { ArticleFilter } from '../store/articlelists.ts'
export type { ArticleSource, ArticleStatus } from '../store/schema.ts'

/** An article with the names of its category and its author. */
export type Article = ArticleView

type ArticleFields = {
  readonly title?: string | undefined
  /** As somebody wrote it; null, or nothing to make one of, has it made from the title. */
  readonly slug?: string | null | undefined
  readonly content?: string | null | undefined
  readonly excerpt?: string | null | undefined
  readonly categoryId?: number | null | undefined
}

export type NewArticle = ArticleFields & {
  readonly title: string
  readonly status?: ArticleStatus | undefined
  readonly source?: ArticleSource | undefined
}

/** A status to set, unless the article has one that the caller's dialect shows by the same word. */
export type ArticleStatusChange = {
  readonly to: ArticleStatus
  readonly unless: readonly ArticleStatus[]
}

export type ArticlePatch = ArticleFields & { readonly status?: ArticleStatusChange | undefined }

// For a title without any letter or digit.
const slugOfNothing = 'article'

const searchMost = 20

/** Adds an article; its author is the person behind the caller. */
export function createArticle(tx: Tx, fields: NewArticle): Article {
  const wanted = wantedSlug(fields.slug, fields.title)
  const id = insertArticle(tx.q, {
    ...fields,
    slug: freeSlug(tx, wanted),
    uid: tx.uid(),
    authorId: tx.actor.staffId,
    createdAt: tx.now,
    updatedAt: tx.now,
  })
  const article = getArticle(tx, id)
  tx.emit('article.created', null, told(article))
  return article
}

/** Throws `not_found` when there is none. */
export function getArticle(reader: Reader, id: number | undefined): Article {
  return found(id === undefined ? undefined : articleById(reader.q, id), 'article')
}

/** The version of an article, or undefined when there is none. */
export function articleVersionOf(reader: Reader, id: number | undefined): number | undefined {
  return id === undefined ? undefined : articleById(reader.q, id)?.version
}

/** Newest first. */
export function listArticles(reader: Reader, filter: ArticleFilter, range: Range): Page<Article> {
  return articlePage(reader.q, filter, range)
}

/** Sets what differs; when nothing does, nothing happens. The slug stays unless one is given. */
export function updateArticle(tx: Tx, id: number, patch: ArticlePatch): Article {
  const article = getArticle(tx, id)
  const { status, slug, ...plain } = patch
  const changes = {
    ...plain,
    status: status && !status.unless.includes(article.status) ? status.to : article.status,
    slug: slug === undefined ? article.slug : changedSlug(tx, article, patch),
  }
  if (differing(article, changes).length === 0) return article
  patchArticle(tx.q, article, { ...changes, updatedAt: tx.now })
  const changed = getArticle(tx, id)
  tx.emit('article.updated', null, told(changed))
  return changed
}

/** Deletes an article for good. */
export function deleteArticle(tx: Tx, id: number): void {
  tx.emit('article.deleted', null, told(getArticle(tx, id)))
  removeArticle(tx.q, id)
}

/** The published articles that have every word of the text, or a word that begins so; best first. */
export function searchArticles(reader: Reader, text: string): Article[] {
  const expression = matchExpression(text)
  if (expression === undefined) return []
  return matchingArticles(reader.q, expression, { status: 'published', limit: searchMost })
}

function told({ id, uid, title, status }: Article) {
  return { id, uid, title, status }
}

function wantedSlug(slug: string | null | undefined, title: string): string {
  return (slug && slugOf(slug)) || slugOf(title) || slugOfNothing
}

/** An article that has the slug with a number keeps the number while another has the bare slug. */
function changedSlug(tx: Tx, article: Article, { slug, title = article.title }: ArticlePatch) {
  const wanted = wantedSlug(slug, title)
  const isNumbered = numberOfSlug(article.slug, wanted) !== undefined
  const isTaken = isNumbered && articleIdBySlug(tx.q, wanted) !== undefined
  return isTaken || wanted === article.slug ? article.slug : freeSlug(tx, wanted)
}

/** The slug, or with the lowest number that comes after taken ones (deskhive.md section 15). */
function freeSlug(tx: Tx, slug: string): string {
  const isFree = (n: number) =>
    articleIdBySlug(tx.q, n === 0 ? slug : numberedSlug(slug, n)) === undefined
  const n = firstFree(isFree)
  return n === 0 ? slug : numberedSlug(slug, n)
}
