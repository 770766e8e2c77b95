import { eq, sql } from 'drizzle-orm'
import { select, value, type Queries } from './queries.ts'
import { categories, customFields, departments, products, ticketCustomValues } from './schema.ts'

// The nouns that are only lists. What tickets ask of them: is there one with this id.

export const catalogTables = { departments, categories, products, customFields }

export type CatalogNoun = keyof typeof catalogTables

const existing = Object.fromEntries(
  Object.entries(catalogTables).map(([noun, table]) => [
    noun,
    select({ id: table.id }, (db, row) =>
      db
        .select(row)
        .from(table)
        .where(eq(table.id, value('id'))),
    ),
  ]),
)

export function catalogHas(q: Queries, noun: CatalogNoun, id: number): boolean {
  return existing[noun]?.(q).get({ id }) !== undefined
}

/** A custom field's value on a ticket. */
export type TicketCustomValue = {
  readonly ticketId: number
  readonly id: number
  readonly label: string
  readonly type: string
  readonly value: string
}

const valuesOfTickets = select(
  {
    ticketId: ticketCustomValues.ticketId,
    id: customFields.id,
    label: customFields.label,
    type: customFields.type,
    value: ticketCustomValues.value,
  },
  (db, row) =>
    db
      .select(row)
      .from(ticketCustomValues)
      .innerJoin(customFields, eq(customFields.id, ticketCustomValues.customFieldId))
      .where(sql`${ticketCustomValues.ticketId} IN (SELECT value FROM json_each(${value('ids')}))`)
      .orderBy(ticketCustomValues.ticketId, customFields.sortOrder, customFields.id),
)

/** The custom values that these tickets hold, ticket by ticket. */
export function customValuesOfTickets(
  q: Queries,
  ticketIds: readonly number[],
): TicketCustomValue[] {
  return valuesOfTickets(q).all({ ids: JSON.stringify(ticketIds) })
}
