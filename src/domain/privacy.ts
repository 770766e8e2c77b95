import { emailKey } from '../lib/text.ts'
import type { Millis } from '../lib/time.ts'
import { updateCustomer } from '../store/customers.ts'
import type { Store } from '../store/db.ts'
import {
  beginMerge,
  customerRow,
  customValuesOf,
  goOnMerging,
  lastKey,
  places,
  removeCustomValues,
  rowsAbout,
  setTexts,
  stored,
  tracesIn,
  tracesInEvents,
  type FoundRow,
  type Person,
  type Place,
  type StoredRow,
} from '../store/personal.ts'
import { getCustomer, type Customer } from './customers.ts'
import { endOpen } from './openends.ts'
import { erased, leftOf, treated, type Traces } from './treatments.ts'
import type { Actor, Desk } from './tx.ts'

// Everything that is held on one customer: shown, or taken out. Both go through the whole database, in steps
// of which none keeps a call waiting for long.

export type Receipt = {
  readonly customerId: number
  readonly customerUid: string
  readonly erasedAt: Millis
  /** How many rows of each table were changed or removed. */
  readonly counts: { readonly [table: string]: number }
  /** Whether the bytes are out of the write-ahead log as well; else they are once it is next emptied. */
  readonly isLogEmptied: boolean
}

export type Held = {
  /** As it is stored: times in milliseconds, flags as 0 and 1. */
  readonly customer: StoredRow
  /** So are the other rows, by table. */
  readonly records: { readonly [table: string]: readonly StoredRow[] }
}

const keysPerStep = 1000
const rowsPerWrite = 20

type Known = Person & Traces
type Take = (found: FoundRow[]) => void | Promise<void>
type Bounds = { readonly after: number; readonly until: number }

export class Privacy {
  readonly #desk: Desk
  readonly #store: Store

  constructor(desk: Desk, store: Store) {
    this.#desk = desk
    this.#store = store
  }

  /** Everything that is held on a customer. Throws `not_found` when there is no such customer. */
  async held(actor: Actor, customerId: number): Promise<Held> {
    const customer = this.#desk.read<Customer>(actor, (reader) => getCustomer(reader, customerId))
    const person = await this.#person(actor, customer)
    const [own, values] = this.#desk.read<[StoredRow, StoredRow[]]>(actor, ({ q }) => [
      customerRow(q, customerId),
      customValuesOf(q, person.ticketIds),
    ])
    const records: { [table: string]: StoredRow[] } = { ticket_custom_values: values }
    for (const place of places) {
      const rows: StoredRow[] = []
      await this.#walk(actor, place, person, (found) => {
        rows.push(...found.map(stored))
      })
      records[place.table] = rows
    }
    return { customer: own, records }
  }

  /**
   * Takes a customer out of everything: the texts of the person's tickets, the names and addresses wherever
   * they stand, the events and deliveries that told of them, the full-text indexes, and the bytes of them in
   * the file. Tickets, messages and counts stay, of nobody. Cut off, it can be done again.
   */
  async erase(actor: Actor, customerId: number): Promise<Receipt> {
    const customer = this.#desk.read<Customer>(actor, (reader) => getCustomer(reader, customerId))
    const person = await this.#person(actor, customer)
    const counts: { [table: string]: number } = {}
    for (const place of places) {
      counts[place.table] = 0
      await this.#walk(actor, place, person, async (found) => {
        counts[place.table] =
          (counts[place.table] ?? 0) + (await this.#treat(actor, place, found, person))
      })
    }
    const rest = await this.#forget(actor, customer, person)
    await this.#desk.write(actor, ({ q }) => beginMerge(q))
    while (await this.#desk.write<boolean>(actor, ({ q }) => goOnMerging(q)));
    return {
      customerId,
      customerUid: customer.uid,
      erasedAt: rest.at,
      counts: { ...counts, ...rest.counts },
      isLogEmptied: this.#store.emptyLog(),
    }
  }

  /** Changes the rows that have something to change, a few at a time; answers how many. */
  async #treat(
    actor: Actor,
    place: Place,
    found: readonly FoundRow[],
    person: Known,
  ): Promise<number> {
    let changed = 0
    for (let at = 0; at < found.length; at += rowsPerWrite) {
      const keys = found.slice(at, at + rowsPerWrite).map((row) => Number(row[place.key]))
      const bounds = { after: (keys[0] ?? 0) - 1, until: keys.at(-1) ?? 0 }
      changed += await this.#desk.write<number>(actor, (tx) => {
        // As they are now: somebody may have written since they were found.
        const rows = rowsAbout(tx.q, place, person, bounds)
        const changes = rows.map((row) => ({ row, texts: treated(place.table, row, person) }))
        const real = changes.filter(({ texts }) => Object.keys(texts).length > 0)
        for (const { row, texts } of real) setTexts(tx.q, place, Number(row[place.key]), texts)
        for (const { row, texts } of changes) {
          if (row.is_tied || Object.keys(texts).length > 0) endOpen(tx, place.table, row)
        }
        return real.length
      })
    }
    return changed
  }

  /** The customer's own row, last: until then a second try finds everything by it. */
  #forget(actor: Actor, customer: Customer, person: Person) {
    return this.#desk.write(actor, (tx) => {
      const ticket_custom_values = removeCustomValues(tx.q, person.ticketIds)
      const { id, uid, version } = customer
      const left = leftOf(uid)
      const isErased = customer.email === left.email
      if (!isErased) {
        updateCustomer(tx.q, id, { ...left, version: version + 1, updatedAt: tx.now })
        tx.emit('customer.erased', null, { id, uid })
      }
      return { at: tx.now, counts: { ticket_custom_values, customers: isErased ? 0 : 1 } }
    })
  }

  /** What a customer is known by, all over the database. */
  async #person(actor: Actor, customer: Customer): Promise<Known> {
    const { id: customerId, uid: customerUid, email, name } = customer
    const { ticketIds, senders } = this.#desk.read<ReturnType<typeof tracesIn>>(actor, ({ q }) =>
      tracesIn(q, customerId),
    )
    const tickets = new Set(ticketIds)
    const addresses = new Set(
      [email, ...senders.map((sender) => sender.email ?? email)].map(emailKey),
    )
    const names = new Set([name, ...senders.map((sender) => sender.name)].flatMap(folded))
    const known = () => ({
      customerId,
      customerUid,
      ticketIds: [...tickets],
      addresses: [...addresses],
      names: [...names],
    })
    // An address that is found late may be that of a ticket earlier on.
    for (let size = -1; size < addresses.size;) {
      size = addresses.size
      await this.#walkKeys(actor, placeOf('events'), (bounds) => {
        const traces = this.#desk.read<ReturnType<typeof tracesInEvents>>(actor, ({ q }) =>
          tracesInEvents(q, known(), bounds),
        )
        for (const { ticket_id: ticketId, email: other } of traces) {
          if (ticketId !== null) tickets.add(ticketId)
          if (other !== null && other !== erased) addresses.add(emailKey(other))
        }
      })
    }
    return known()
  }

  /** Goes through the rows of a place that speak of the person. */
  #walk(actor: Actor, place: Place, person: Person, take: Take): Promise<void> {
    return this.#walkKeys(actor, place, async (bounds) => {
      const found = this.#desk.read<FoundRow[]>(actor, ({ q }) =>
        rowsAbout(q, place, person, bounds),
      )
      if (found.length > 0) await take(found)
    })
  }

  /** Goes through a place from its first key to its last, so many in a turn. */
  async #walkKeys(
    actor: Actor,
    place: Place,
    look: (bounds: Bounds) => void | Promise<void>,
  ): Promise<void> {
    const last = this.#desk.read<number>(actor, ({ q }) => lastKey(q, place))
    for (let after = 0; after < last; after += keysPerStep) {
      await look({ after, until: after + keysPerStep })
      await nextTurn()
    }
  }
}

function folded(name: string | null | undefined): string[] {
  return name === null || name === undefined || name === erased ? [] : [name.toLowerCase()]
}

function placeOf(table: string): Place {
  const found = places.find((place) => place.table === table)
  if (!found) throw new Error(`There is no place ${table}`)
  return found
}

/** Lets calls that have come meanwhile be answered. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}
