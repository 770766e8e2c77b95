// The reads that are measured, and the requests that make them.

import type { Seeded } from './seed.ts'

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

export const kevaTickets = '/api/v1/tickets'
const deskhiveTickets = '/api/v1/internal/tickets'

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
