import type { TicketRow } from '../store/schema.ts'
import { assigneeUids } from './assignments.ts'
import type { TicketChanges, UpdateCause } from './events.ts'
import { endings } from './statuses.ts'
import type { Tx } from './tx.ts'

/** Tells of a change, and of the end when the change is one. `ticket` is as it is now. */
export function announceUpdate(
  tx: Tx,
  ticket: TicketRow,
  changes: TicketChanges,
  cause: UpdateCause | undefined,
): void {
  const { id, uid, status, resolutionType } = ticket
  tellUpdate(tx, ticket, changes, cause)
  if (!changes.status || !endings.has(status) || endings.has(changes.status.from)) return
  tx.emit('ticket.closed', id, { uid, resolution: status, resolutionType })
}

export function tellUpdate(
  tx: Tx,
  { id, uid, reference }: Pick<TicketRow, 'id' | 'uid' | 'reference'>,
  changes: TicketChanges,
  cause: UpdateCause | undefined,
): void {
  const uids = changes.assignedTo && assigneeUids(tx, changes.assignedTo)
  tx.emit('ticket.updated', id, { uid, reference, changes, assigneeUids: uids, cause })
}
