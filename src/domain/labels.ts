import { labelByName, labelsOfTickets, setTicketLabels } from '../store/labels.ts'
import { labels } from './catalog.ts'
import type { TicketChanges } from './events.ts'
import type { Tx } from './tx.ts'

const colorUntilChosen = '#64748b'

/** The ids of the labels with these names, each made on its first use; a repeated name counts once. */
export function labelIdsByName(tx: Tx, names: readonly string[]): number[] {
  return [...new Set(names)].map((name) => {
    const known = labelByName(tx.q, name)
    return known?.id ?? labels.create(tx, { name, color: colorUntilChosen }).id
  })
}

/** Makes these the labels of a ticket, and says what that changed, if anything. */
export function setLabels(
  tx: Tx,
  ticketId: number,
  labelIds: readonly number[],
): TicketChanges['labels'] | undefined {
  const before = labelsOfTickets(tx.q, [ticketId])
  const wanted = [...new Set(labelIds)]
  if (before.map((label) => label.id).join() === wanted.join()) return undefined
  setTicketLabels(tx.q, ticketId, wanted)
  const names = (held: typeof before) => held.map((label) => label.name)
  return { from: names(before), to: names(labelsOfTickets(tx.q, [ticketId])) }
}
