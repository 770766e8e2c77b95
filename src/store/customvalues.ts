import { and, eq, sql } from 'drizzle-orm'
import { cell, command, select, value, type Queries } from './queries.ts'
import { customFields, ticketCustomValues, type CustomFieldType } from './schema.ts'

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

const put = command((db) =>
  db
    .insert(ticketCustomValues)
    .values({
      ticketId: cell('ticketId'),
      customFieldId: cell('customFieldId'),
      value: cell('value'),
    })
    .onConflictDoUpdate({
      target: [ticketCustomValues.ticketId, ticketCustomValues.customFieldId],
      set: { value: sql`excluded.value` },
    }),
)

const remove = command((db) =>
  db
    .delete(ticketCustomValues)
    .where(
      and(
        eq(ticketCustomValues.ticketId, value('ticketId')),
        eq(ticketCustomValues.customFieldId, value('customFieldId')),
      ),
    ),
)

const types = select({ id: customFields.id, type: customFields.type }, (db, row) =>
  db
    .select(row)
    .from(customFields)
    .where(sql`${customFields.id} IN (SELECT value FROM json_each(${value('ids')}))`),
)

type Place = { readonly ticketId: number; readonly customFieldId: number }

export function putCustomValue(q: Queries, held: Place & { readonly value: string }): void {
  put(q).run(held)
}

export function removeCustomValue(q: Queries, place: Place): void {
  remove(q).run(place)
}

/** The types of those of these custom fields that there are. */
export function customTypes(
  q: Queries,
  ids: readonly number[],
): { id: number; type: CustomFieldType }[] {
  return types(q).all({ ids: JSON.stringify(ids) })
}
