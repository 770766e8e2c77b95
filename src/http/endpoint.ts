import type { z } from 'zod'
import type { Caller } from '../domain/callers.ts'
import type { Blocked, Fault } from '../domain/errors.ts'
import type { Privacy } from '../domain/privacy.ts'
import type { Simulate } from '../domain/simulator.ts'
import type { Reader, Tx } from '../domain/tx.ts'
import type { Passwords } from '../security/password.ts'
import type { Visit } from './gate.ts'
import type { SignIns } from './signins.ts'

/** What a row is given: path parameters and query as sent, the body as parsed but not yet checked. */
export type Call<T extends Reader> = {
  readonly tx: T
  readonly params: { readonly [name: string]: string }
  readonly query: URLSearchParams
  readonly body: unknown
  /** Whoever calls; null where nobody need say so. */
  readonly caller: Caller | null
}

/** What a row answers. A null body is an empty one. */
export type Answer = {
  readonly status: number
  readonly body: object | null
  /** The version of the record that the body shows, which becomes its `ETag`. */
  readonly version?: number
}

type Row = {
  /** Below the surface's prefix, parameters as `:name`. */
  readonly path: string
  /** What the caller must hold; null lets every caller of the surface in. */
  readonly scope: string | null
  /** A scope that suffices as well. */
  readonly orScope?: string
  /** 'public' needs no key; 'person' is for people who have signed in, and for no key. */
  readonly access?: 'public' | 'person'
  readonly tag: string
  readonly summary: string
  readonly query?: z.ZodObject
  readonly body?: z.ZodObject
  /** The success status and the shape of its body. */
  readonly answer: {
    readonly status: number
    /** The other success status of a row that adds a record or finds it. */
    readonly also?: number
    /** Nothing of it is sent with 204. */
    readonly shape: z.ZodType
    /** The answer has an `ETag`; a reader may ask by `If-None-Match`. */
    readonly isVersioned?: true
  }
  /** The version of the record in the path, if there is one: what `If-Match` is held against. */
  readonly version?: (call: Call<Reader>) => number | undefined
  /** Statuses that few rows refuse with, and when. */
  readonly refusals?: { readonly [status: number]: string }
  /** The answer holds a secret: it is kept for replays only under the caller's own key. */
  readonly isSecret?: true
  /** The body may hold a secret: nothing is kept that it could be guessed from. */
  readonly takesSecret?: true
  /** The body is any JSON, not an object alone. */
  readonly takesAnyJson?: true
  /** The row refuses by itself what too many webhooks led to, and something is written down of it. */
  readonly cutsLoops?: true
}

export type ReadEndpoint = Row & {
  readonly method: 'GET'
  run(call: Call<Reader>): Answer
}

/** One message of a stream; `data` is text on one line. */
export type Message = { readonly id: number; readonly event: string; readonly data: string }

/** Something that goes on, read from a position. */
export type Followed = {
  readonly position: number
  /** What is committed past a position, a page of it, and how far that got. */
  next(
    reader: Reader,
    position: number,
  ): { readonly messages: readonly Message[]; readonly position: number; readonly isEnd: boolean }
}

/** A read whose answer goes on, as Server-Sent Events. `answer` shows one message's data. */
export type StreamEndpoint = Row & {
  readonly method: 'GET'
  /** `lastEventId` is the id of the last message that the caller has seen, as it says. */
  follow(call: Call<Reader>, lastEventId: string | null): Followed
}

/** What works outside a transaction, for rows that need it. */
export type Services = {
  readonly passwords: Passwords
  readonly signIns: SignIns
  readonly privacy: Privacy
  /** Keeps the connection of a call whose answer takes more than a few seconds. */
  readonly keepOpen: (request: Request) => void
  /** Why a URL is not one to call, or null. */
  readonly vetUrl: (url: string) => Promise<Blocked | null>
  /** What seals the secrets that the database keeps. */
  readonly sealing: () => string
  /** Tries a graph on past tickets, a few at a time. */
  readonly simulate: Simulate
}

export type WriteEndpoint = Row & {
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** See `withPreparation`. */
  prepare?(call: Call<Reader>, services: Services, visit: Visit): () => Promise<unknown>
  /** A Fault that is returned is answered like one that is thrown, but what was written stays. */
  run(call: Call<Tx>, prepared: unknown): Answer | Fault
}

/**
 * A write with slow work, such as a password to hash, which must not hold the transaction. `prepare` sees
 * a snapshot, refuses what `run` would refuse anyway, and gives the work; `run` gets what that settled
 * with, and checks again, since the snapshot is of before.
 */
export function withPreparation<P>(
  row: Row & {
    readonly method: WriteEndpoint['method']
    prepare(call: Call<Reader>, services: Services, visit: Visit): () => Promise<P>
    run(call: Call<Tx>, prepared: P): Answer | Fault
  },
): WriteEndpoint {
  return { ...row, run: (call, prepared) => row.run(call, prepared as P) }
}

/** An endpoint is a row: a dialect's noun file reads like the contract's own table. */
export type Endpoint = ReadEndpoint | StreamEndpoint | WriteEndpoint

export function isStream(endpoint: Endpoint): endpoint is StreamEndpoint {
  return 'follow' in endpoint
}

/** The scopes of which each suffices for the row; none when every key of the surface may use it. */
export function scopesOf({ scope, orScope }: Pick<Row, 'scope' | 'orScope'>): string[] {
  return [scope, orScope].filter((one) => typeof one === 'string')
}
