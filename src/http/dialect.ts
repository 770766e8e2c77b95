import type { Fault } from '../domain/errors.ts'
import type { Standing } from '../security/bucket.ts'
import type { Endpoint } from './endpoint.ts'
import type { Gate, Visit } from './gate.ts'

export type Wording = {
  readonly status: number
  readonly body: object
  /** What the refusal says in headers besides. */
  readonly headers?: Headers | undefined
}

/** How one contract admits callers, words refusals and spells its headers. */
export type Dialect = {
  /**
   * Runs the contract's checks in its order, up to the scope. Throws a Fault at the first that fails, or
   * gives a promise of the rest.
   */
  admit(gate: Gate, visit: Visit, endpoint: Endpoint): Promise<void> | undefined
  word(fault: Fault): Wording
  /** What a caller hears of a fault of ours. */
  readonly crash: Wording
  /** Takes forms as well as JSON. */
  readonly acceptsForms: boolean
  /** The contract's rate headers; `isRefused` on 429. */
  rateHeaders(standing: Standing, fullAtSeconds: number, isRefused: boolean): Headers
}

type Headers = { readonly [name: string]: string }

/** The same rows below one more prefix. */
export type Surface = {
  readonly prefix: string
  readonly dialect: Dialect
  readonly endpoints: readonly Endpoint[]
}
