import { eq, type Placeholder } from 'drizzle-orm'
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'
import { cell, command, value, type Command, type Queries } from './queries.ts'

// Whole rows in and out: one statement for each set of columns that is given.

type Changes<Row> = { readonly [K in keyof Row]?: Row[K] | undefined }

type Table = SQLiteTable & { readonly id: SQLiteColumn }

type Row<T extends SQLiteTable> = T['$inferInsert'] & object

/** Inserts the given columns of a row and returns its id; one statement per set of columns. */
export function inserter<T extends SQLiteTable>(table: T): (q: Queries, row: Row<T>) => number {
  const statements = new Map<string, (q: Queries) => Command>()
  return (q, row) => {
    const names = definedNames(row)
    const run = remembered(statements, names, () =>
      command((db) => db.insert(table).values(placeholders(names) as T['$inferInsert'])),
    )
    return run(q).run(row).lastId
  }
}

/** Sets the given columns of the row with that id; one statement per set of columns. */
export function patcher<T extends Table>(
  table: T,
): (q: Queries, id: number, changes: Changes<Row<T>>) => void {
  const statements = new Map<string, (q: Queries) => Command>()
  return (q, id, changes) => {
    const names = definedNames(changes)
    const run = remembered(statements, names, () =>
      command((db) =>
        db
          .update(table)
          .set(placeholders(names) as Partial<Row<T>>)
          .where(eq(table.id, value('rowId'))),
      ),
    )
    run(q).run({ ...changes, rowId: id })
  }
}

function definedNames(row: { readonly [name: string]: unknown }): string[] {
  return Object.keys(row).filter((name) => row[name] !== undefined)
}

function placeholders(names: string[]): { [name: string]: Placeholder } {
  return Object.fromEntries(names.map((name) => [name, cell(name)]))
}

/** What `make` made for these names; callers have few combinations, so nothing is forgotten. */
export function remembered<T>(known: Map<string, T>, names: string[], make: () => T): T {
  const key = names.join()
  const old = known.get(key)
  if (old !== undefined) return old
  const made = make()
  known.set(key, made)
  return made
}
