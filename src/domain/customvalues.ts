import {
  customTypes,
  customValuesOfTickets,
  putCustomValue,
  removeCustomValue,
} from '../store/customvalues.ts'
import type { CustomFieldType } from '../store/schema.ts'
import type { TicketChanges } from './events.ts'
import type { Reader, Tx } from './tx.ts'

export type { CustomFieldType } from '../store/schema.ts'

/** Values by the id of their custom field; null for none. */
export type CustomValues = ReadonlyMap<number, string | null>

/** The types of those of these custom fields that there are. */
export function customFieldTypes(
  reader: Reader,
  ids: readonly number[],
): ReadonlyMap<number, CustomFieldType> {
  return new Map(customTypes(reader.q, ids).map(({ id, type }) => [id, type]))
}

/** Sets what differs of a ticket's custom values, null removing one, and says what that was. */
export function setCustomValues(
  tx: Tx,
  ticketId: number,
  values: CustomValues,
): TicketChanges['customFields'] | undefined {
  const held = customValuesOfTickets(tx.q, [ticketId])
  const before = new Map(held.map(({ id, value }) => [id, value]))
  const changed = [...values].filter(([id, to]) => to !== (before.get(id) ?? null))
  if (changed.length === 0) return undefined
  for (const [customFieldId, to] of changed) {
    if (to === null) removeCustomValue(tx.q, { ticketId, customFieldId })
    else putCustomValue(tx.q, { ticketId, customFieldId, value: to })
  }
  return {
    from: Object.fromEntries(changed.map(([id]) => [id, before.get(id) ?? null])),
    to: Object.fromEntries(changed),
  }
}
