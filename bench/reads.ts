// The reads that are measured, and the requests that make them.

import { cursorAt } from '../src/http/keva/cursor.ts'
import type { Seeded } from './seed.ts'
import { repliesOfEach, replyMark, replyWord, seldomWords } from './tickets.ts'

export const kevaTickets = '/api/v1/tickets'
const deskhiveTickets = '/api/v1/internal/tickets'

export type Read = {
  readonly name: 'keva-get' | 'keva-list' | 'deskhive-get' | 'deskhive-list'
  readonly title: string
  /** At least this share of the bare server with the same statements. */
  readonly aim: number
}

export const reads: readonly Read[] = [
  { name: 'keva-get', title: 'Keva: get a ticket', aim: 0.6 },
  { name: 'keva-list', title: 'Keva: list 20', aim: 0.7 },
  { name: 'deskhive-get', title: 'DeskHive: get a ticket', aim: 0.6 },
  { name: 'deskhive-list', title: 'DeskHive: list 20', aim: 0.7 },
]

/** Lists of the large desk whose cost is shown without an aim. */
export const longReads = [
  { name: 'status', title: 'Keva: list 20 with a status', path: () => '?status=closed' },
  { name: 'page-100', title: 'Keva: page 100', path: () => '?page=100' },
  {
    name: 'last-page',
    title: 'Keva: the last page',
    path: (tickets: number) => `?page=${Math.ceil(tickets / 20)}`,
  },
] as const

export type Search = {
  readonly name: string
  readonly title: string
  readonly paths: (seeded: Seeded) => readonly string[]
  /** Whether the small desk finds as much, so that the two can be compared. */
  readonly isCompared: boolean
}

const common = replyWord(0)
const alsoCommon = replyWord(1)

/** Searches, and the list read on far from its beginning, which must cost the same on the large desk. */
export const searches: readonly Search[] = [
  {
    name: 'deep-cursor',
    title: 'Keva: list 20 past a cursor in the middle',
    paths: ({ sample }) => {
      const { createdAt, id } = sample[sample.length >> 1] ?? { createdAt: 0, id: 0 }
      return [`${kevaTickets}?cursor=${cursorAt('tickets', { at: createdAt, id })}`]
    },
    isCompared: true,
  },
  {
    name: 'search-rare',
    title: 'Keva: search a word of one message',
    paths: ({ sample }) =>
      sample.map(({ id }) => `${kevaTickets}?q=${replyMark(id * repliesOfEach)}`),
    isCompared: true,
  },
  search('search-common', 'Keva: search a common word', common),
  search('search-two', 'Keva: search two common words', `${common}+${alsoCommon}`),
  search('search-status', 'Keva: search a common word, closed ones', `${common}&status=closed`),
  {
    name: 'search-filters',
    title: 'DeskHive: search two common words, open and high',
    paths: () => [
      `${deskhiveTickets}?per_page=20&q=${common}+${alsoCommon}&status=open&priority=high`,
    ],
    isCompared: true,
  },
  {
    name: 'search-seldom',
    title: 'Keva: search ever other seldom words',
    paths: () => seldomWords(500).map((word) => `${kevaTickets}?q=${word}`),
    isCompared: false,
  },
  {
    name: 'search-seldom-status',
    title: 'Keva: search ever other seldom words, closed ones',
    paths: () => seldomWords(500).map((word) => `${kevaTickets}?q=${word}&status=closed`),
    isCompared: false,
  },
  {
    name: 'search-eight-status',
    title: 'Keva: search ever other eight words, closed ones',
    paths: () =>
      Array.from({ length: 200 }, (_, n) => `${kevaTickets}?q=${eightWords(n)}&status=closed`),
    isCompared: false,
  },
]

/** Words that are none of them rare: each is looked for, and what is read lies far apart. */
function eightWords(n: number): string {
  return Array.from({ length: 8 }, (_, at) => replyWord(100 + n * 4 + at * 17)).join('+')
}

function search(name: string, title: string, q: string): Search {
  return { name, title, paths: () => [`${kevaTickets}?q=${q}`], isCompared: true }
}

/** The requests of a search, by several keys in turn. */
export function searchRequests({ paths }: Search, seeded: Seeded): string[] {
  const { keva, internal } = seeded
  return paths(seeded).flatMap((path) =>
    keva.map((_, n) =>
      get(path, path.startsWith(deskhiveTickets) ? apiKey(internal, n) : bearer(keva, n)),
    ),
  )
}

type Sampled = Seeded['sample'][number]

/** What Deskbox is asked; many tickets and several keys in turn. */
export function requestsOf(name: Read['name'], seeded: Seeded): string[] {
  const { keva, internal, sample } = seeded
  const paths = {
    'keva-get': ({ uid }: Sampled) => `${kevaTickets}/tkt_${uid}`,
    'keva-list': () => kevaTickets,
    'deskhive-get': ({ id }: Sampled) => `${deskhiveTickets}/${id}`,
    'deskhive-list': () => `${deskhiveTickets}?per_page=20`,
  }
  const isKeva = name.startsWith('keva')
  return sample.map((one, n) =>
    get(paths[name](one), isKeva ? bearer(keva, n) : apiKey(internal, n)),
  )
}

/** Keva's list with this query. */
export function listRequests(query: string, { keva }: Seeded): string[] {
  return keva.map((_, n) => get(`${kevaTickets}${query}`, bearer(keva, n)))
}

/** The same tickets, of the bare server with the same statements. */
export function bareRequests(name: Read['name'], { sample }: Seeded): string[] {
  return sample.map(({ id, uid }) => get(`/${name}/${name === 'keva-get' ? uid : id}`, ''))
}

export function staticRequests(name: Read['name']): string[] {
  return [get(`/static/${name}`, '')]
}

function get(path: string, header: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${header}\r\n`
}

function bearer(keys: readonly string[], n: number): string {
  return `Authorization: Bearer ${keys[n % keys.length]}\r\n`
}

function apiKey(keys: readonly string[], n: number): string {
  return `X-API-KEY: ${keys[n % keys.length]}\r\n`
}
