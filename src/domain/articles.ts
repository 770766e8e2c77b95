import type { Page, Position, Window } from '../lib/page.ts'
import { matchExpression } from '../lib/searchterms.ts'
import { firstFree } from '../lib/firstfree.ts'
import { numberedSlug, numberOfSlug, slugOf } from '../lib/slug.ts'
import {
  articleById,
  articleByUid,
  articleIdBySlug,
  articlesById,
  insertArticle,
  removeArticle,
  updateArticle as patchArticle,
  type ArticleView,
} from '../store/articles.ts'
import { articlePage, type ArticleFilter } from '../store/articlelists.ts'
import { matchingArticles, rankedArticleIds } from '../store/articlesearch.ts'
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

/** Throws `not_found` when there is none. */
export function getArticleByUid(reader: Reader, uid: string | undefined): Article {
  return found(uid === undefined ? undefined : articleByUid(reader.q, uid), 'article')
}

/** The version of an article, or undefined when there is none. */
export function articleVersionOf(reader: Reader, id: number | undefined): number | undefined {
  return id === undefined ? undefined : articleById(reader.q, id)?.version
}

/** As `articleVersionOf`, by the public uid. */
export function articleVersionByUid(reader: Reader, uid: string | undefined): number | undefined {
  return uid === undefined ? undefined : articleByUid(reader.q, uid)?.version
}

/** Newest first. */
export function listArticles(reader: Reader, filter: ArticleFilter, window: Window): Page<Article> {
  return articlePage(reader.q, filter, window)
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

/** An article that a search found, and its rank from 1. */
export type RankedArticle = Article & { readonly rank: number }

/**
 * The articles that have every word of the text in title or content, or a word that begins so; best
 * first. What is ranked is what is counted and shown: at most the newest 500 with every word in the title,
 * and the newest 500 with them anywhere. A position is the rank and the id of an article: the window
 * follows it wherever it stands now, or goes on at the rank when it is found no more.
 */
export function rankArticles(
  reader: Reader,
  text: string,
  filter: ArticleFilter & { readonly status: ArticleStatus },
  window: Window,
): Page<RankedArticle> {
  const expression = matchExpression(text)
  const isNowhere = filter.categoryIds?.length === 0
  if (expression === undefined || isNowhere) return { rows: [], total: 0 }
  const ids = rankedArticleIds(reader.q, expression, filter)
  const start = 'after' in window ? startAfter(ids, window.after) : window.offset
  const rows = articlesById(reader.q, ids.slice(start, start + window.limit))
  return { rows: rows.map((row, at) => ({ ...row, rank: start + at + 1 })), total: ids.length }
}

function startAfter(ids: readonly number[], { at: rank, id }: Position): number {
  const place = ids.indexOf(id)
  return place < 0 ? Math.max(0, rank - 1) : place + 1
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
