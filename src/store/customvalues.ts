import { eq, sql } from 'drizzle-orm'
import { select, value, type Queries } from './queries.ts'
import { customFields, ticketCustomValues } from './schema.ts'

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
