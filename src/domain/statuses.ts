import type { TicketStatus } from '../store/schema.ts'

/** The statuses of a ticket that is done with. */
export const endings: ReadonlySet<TicketStatus> = new Set(['solved', 'closed'])
