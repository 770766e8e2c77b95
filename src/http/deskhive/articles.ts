import { z } from 'zod'
import type { Article, ArticleStatus, ArticleStatusChange } from '../../domain/articles.ts'
import { isoSeconds } from '../../lib/time.ts'
import { date, named, relation } from './shapes.ts'

// What the internal and the external group show of an article alike, and how they call its status.

export const articleWords = ['published', 'draft'] as const

export type ArticleWord = (typeof articleWords)[number]

const shownStatuses: { readonly [S in ArticleStatus]: ArticleWord } = {
  published: 'published',
  draft: 'draft',
  archived: 'draft',
}

const storedStatuses: { readonly [W in ArticleWord]: readonly ArticleStatus[] } = {
  published: ['published'],
  draft: ['draft', 'archived'],
}

/** Sets the status of a word, unless the article is shown by that word already. */
export function articleStatusChange(word: ArticleWord): ArticleStatusChange {
  return { to: word, unless: storedStatuses[word] }
}

const foundKeys = {
  id: z.int(),
  title: z.string(),
  slug: z.string(),
  excerpt: z.string().nullable(),
  content: z.string().nullable(),
  category: named.nullable(),
  views: z.int(),
  status: z.enum(articleWords),
  created_at: date,
}

/** The nine keys of deskhive.md 22.2. */
export const foundArticleShape = z.strictObject(foundKeys).meta({ id: 'Article' })

export function presentFound(article: Article) {
  return {
    id: article.id,
    title: article.title,
    slug: article.slug,
    excerpt: article.excerpt,
    content: article.content,
    category: relation(article.categoryId, article.categoryName),
    views: article.views,
    status: shownStatuses[article.status],
    created_at: isoSeconds(article.createdAt),
  }
}

/** Those and what an admin sees besides (section 15). */
export const articleShape = z
  .strictObject({
    ...foundKeys,
    author: named.nullable(),
    helpful_yes: z.int(),
    helpful_no: z.int(),
    updated_at: date,
  })
  .meta({ id: 'Article' })

export function presentArticle(article: Article) {
  return {
    id: article.id,
    title: article.title,
    slug: article.slug,
    excerpt: article.excerpt,
    content: article.content,
    category: relation(article.categoryId, article.categoryName),
    author: relation(article.authorId, article.authorName),
    views: article.views,
    helpful_yes: article.helpfulYes,
    helpful_no: article.helpfulNo,
    status: shownStatuses[article.status],
    created_at: isoSeconds(article.createdAt),
    updated_at: isoSeconds(article.updatedAt),
  }
}
