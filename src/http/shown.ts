import type { ArticleStatus } from '../domain/articles.ts'
import type { TicketStatus } from '../domain/tickets.ts'

// What Keva's nouns and the payloads of events show alike. Events are told in Keva's words whichever dialect
// they are read in, and a dialect may not ask the other.

export const statusWords = ['open', 'pending', 'solved', 'closed'] as const

export type StatusWord = (typeof statusWords)[number]

/** By which word each stored status of a ticket is shown (keva.md 4.3). */
export const shownStatuses: { readonly [S in TicketStatus]: StatusWord } = {
  open: 'open',
  in_progress: 'open',
  on_hold: 'pending',
  solved: 'solved',
  closed: 'closed',
}

export const entryStatusWords = ['active', 'archived', 'suggested'] as const

export type EntryStatusWord = (typeof entryStatusWords)[number]

/** By which word each stored status of an entry is shown (keva.md 6.3). */
export const shownEntryStatuses: { readonly [S in ArticleStatus]: EntryStatusWord } = {
  published: 'active',
  draft: 'suggested',
  archived: 'archived',
}

/** The fields that a customer is shown with and that may change (keva.md 7.3). */
export const customerFields = [
  'email',
  'name',
  'company',
  'phone',
  'jobTitle',
  'location',
  'timezone',
  'isVip',
  'priorityOverride',
  'tags',
  'notes',
  'salesforceContactId',
  'hubspotContactId',
] as const

export type CustomerField = (typeof customerFields)[number]
