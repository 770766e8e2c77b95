import {
  is,
  Param,
  Placeholder,
  sql,
  type SQL,
  type Column,
  type GetColumnData,
  type SQLWrapper,
} from 'drizzle-orm'
import { SQLiteColumn, SQLiteSyncDialect } from 'drizzle-orm/sqlite-core'
import type { Connection, Drizzle } from './connection.ts'

// Drizzle writes the SQL once; the driver then runs it with nothing in between, since Drizzle's own
// mapping costs as much again as SQLite's work on a list of twenty rows.

/**
 * What a closure may ask of the database while its transaction lasts. Afterwards every use throws, so
 * that code which awaited and goes on later cannot write outside a transaction.
 */
export class Queries {
  readonly #connection: Connection
  readonly #groupWork = new Map<GroupWork, number[]>()
  #live = true

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** What this transaction leaves to the end of its group, with the ids of the rows it is for. */
  get groupWork(): ReadonlyMap<GroupWork, readonly number[]> {
    return this.#groupWork
  }

  /** Has `work` done for a row before the group commits; not if this transaction is rolled back. */
  atGroupEnd(work: GroupWork, id: number): void {
    const ids = this.#groupWork.get(work)
    if (ids) ids.push(id)
    else this.#groupWork.set(work, [id])
  }

  prepared<T>(key: object, make: (connection: Connection) => T): T {
    if (!this.#live) throw new Error('The transaction has ended')
    return this.#connection.prepared(key, make)
  }

  end(): void {
    this.#live = false
  }
}

/** Work that is cheaper once for a whole group commit than in each of its transactions. */
export type GroupWork = (q: Queries, ids: readonly number[]) => void

/** Values for the placeholders of a statement, by name. */
export type Values = { readonly [name: string]: unknown }

export type Command = {
  /** Runs the statement; `lastId` is the id of the last row it inserted. */
  run(values: Values): { readonly changes: number; readonly lastId: number }
}

export type Select<Row> = {
  all(values: Values): Row[]
  get(values: Values): Row | undefined
}

type Selection = { readonly [name: string]: SQLiteColumn | SQL }
type Cell<C> = C extends Column ? GetColumnData<C> : C extends SQL<infer T> ? T : never
export type RowOf<S extends Selection> = { -readonly [K in keyof S]: Cell<S[K]> }

/** A statement that changes rows, prepared once per connection. */
export function command(build: (db: Drizzle) => SQLWrapper): (q: Queries) => Command {
  return (q) => q.prepared(build, (connection) => prepareCommand(connection, build))
}

/**
 * A statement that reads rows of the selected columns, prepared once per connection. `build` gets the
 * selection under the names that the rows will have.
 */
export function select<S extends Selection>(
  selection: S,
  build: (db: Drizzle, named: { [K in keyof S]: SQL.Aliased<Cell<S[K]>> }) => SQLWrapper,
): (q: Queries) => Select<RowOf<S>> {
  return (q) => q.prepared(build, (connection) => prepareSelect(connection, selection, build))
}

/**
 * The value of that name, in a condition or a limit. The plus hides it from the planner: this SQLite
 * is built with STAT4, looks at the values that plans depend on, and would prepare the statement anew
 * whenever another one is bound, which costs ten times what running it does.
 */
export function value(name: string): Placeholder {
  return sql`+${sql.placeholder(name)}` as unknown as Placeholder
}

/** The value of that name, to be stored as its column stores it. */
export function cell(name: string): Placeholder {
  return sql.placeholder(name)
}

const dialect = new SQLiteSyncDialect({ casing: 'snake_case' })

function prepareCommand(connection: Connection, build: (db: Drizzle) => SQLWrapper): Command {
  const { text, bind } = compile(build(connection.drizzle))
  const prepared = connection.client.prepare(text)
  return {
    run(values) {
      const { changes, lastInsertRowid } = prepared.run(bind(values))
      return { changes, lastId: Number(lastInsertRowid) }
    },
  }
}

function prepareSelect<S extends Selection>(
  connection: Connection,
  selection: S,
  build: (db: Drizzle, named: { [K in keyof S]: SQL.Aliased<Cell<S[K]>> }) => SQLWrapper,
): Select<RowOf<S>> {
  const named: { [name: string]: SQL.Aliased } = {}
  for (const [name, cell] of Object.entries(selection)) named[name] = sql`${cell}`.as(name)
  const { text, bind } = compile(
    build(connection.drizzle, named as { [K in keyof S]: SQL.Aliased<Cell<S[K]>> }),
  )
  const prepared = connection.client.prepare<unknown[], RowOf<S>>(text)
  const decode = decoderOf(selection)
  return {
    all(values) {
      const rows = prepared.all(bind(values))
      if (decode) for (const row of rows) decode(row)
      return rows
    },
    get(values) {
      const row = prepared.get(bind(values))
      if (decode && row) decode(row)
      return row
    },
  }
}

type Bound = { text: string; bind: (values: Values) => unknown[] }

function compile(statement: SQLWrapper): Bound {
  const { sql: text, params } = dialect.sqlToQuery(statement.getSQL())
  const readers = params.map(readerOf)
  return { text, bind: (values) => readers.map((read) => read(values)) }
}

/** How one parameter gets its value: from the placeholder's name, as the column stores it. */
function readerOf(param: unknown): (values: Values) => unknown {
  if (is(param, Placeholder)) {
    const { name } = param
    return (values) => bindable(values[name])
  }
  if (is(param, Param) && is(param.value, Placeholder)) {
    const { name } = param.value
    const { encoder } = param
    return (values) => {
      const given = values[name]
      return given === null || given === undefined ? null : encoder.mapToDriverValue(given)
    }
  }
  return () => param
}

function bindable(given: unknown): unknown {
  if (typeof given === 'boolean') return given ? 1 : 0
  return given ?? null
}

/** Turns flags and JSON back into values, in place; undefined when the selection has neither. */
function decoderOf(selection: Selection): ((row: object) => void) | undefined {
  const coded = Object.entries(selection).flatMap(([name, cell]) =>
    is(cell, SQLiteColumn) && cell.dataType !== 'string' && cell.dataType !== 'number'
      ? [{ name, decode: (raw: unknown) => cell.mapFromDriverValue(raw) }]
      : [],
  )
  if (coded.length === 0) return undefined
  return (row) => {
    const cells = row as { [name: string]: unknown }
    for (const { name, decode } of coded) {
      const raw = cells[name]
      if (raw !== null) cells[name] = decode(raw)
    }
  }
}

/** A result that may not be a promise: a transaction ends when its closure returns. */
export type Sync<T> = T extends PromiseLike<unknown> ? never : T

/** Throws on a thenable, whose work would run after the transaction. */
export function refusePromise(result: unknown): void {
  if (typeof result !== 'object' || result === null || !('then' in result)) return
  if (typeof result.then !== 'function') return
  // Its rejection is expected (the queries have ended) and has nobody else to hear it.
  Promise.resolve(result as PromiseLike<unknown>).catch(() => {})
  throw new TypeError('A transaction must not return a promise')
}
