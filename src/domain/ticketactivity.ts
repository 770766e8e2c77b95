import { categoryStore, departmentStore, productStore } from '../store/catalog.ts'
import type { Queries } from '../store/queries.ts'
import { staffById } from '../store/staff.ts'
import type { Entry } from './activity.ts'
import type { EventBodies, TicketChanges } from './events.ts'
import type { Tx } from './tx.ts'

/** What can be said of a ticket. What is set to nothing has no detail. */
export type TicketActivity =
  | 'created'
  | 'status'
  | 'auto_closed'
  | 'reopened'
  | 'priority'
  | 'assignee'
  | 'ai_assigned'
  | 'department'
  | 'category'
  | 'product'
  | 'subject'
  | 'resolved'
  | 'unresolved'
  | 'resolution'
  | 'labels'
  | 'custom_fields'
  | 'replied'
  | 'note_added'
  | 'locked'
  | 'unlocked'
  | 'deleted'
  | 'workflow_cut'
  | 'proposed'
  | 'approved'
  | 'rejected'
  | 'expired'

/** One entry for each change; a ticket that silence closed has one entry, and nothing besides. */
export function updatedTicket(
  { reference, changes, cause }: EventBodies['ticket.updated'],
  { q }: Tx,
): Entry[] {
  if (cause === 'inactivity') return [{ kind: 'ticket.auto_closed', subject: reference }]
  const isByCustomer = cause === 'reply'
  return changeNames.flatMap((name) => {
    const change = changes[name]
    if (!change) return []
    const tell = changeEntries[name] as (to: unknown, q: Queries) => Told
    const { what, detail } =
      isByCustomer && name === 'status' ? { what: 'reopened' as const } : tell(change.to, q)
    return [{ kind: `ticket.${what}` as const, subject: reference, detail, isByCustomer }]
  })
}

type ChangeName = keyof TicketChanges
type To<C extends ChangeName> = Required<TicketChanges>[C]['to']
type Told = { readonly what: TicketActivity; readonly detail?: string | null | undefined }

/** The entry of each change of a ticket, in the order in which they are written. */
const changeEntries: { readonly [C in ChangeName]-?: (to: To<C>, q: Queries) => Told } = {
  subject: (to) => ({ what: 'subject', detail: to }),
  status: (to) => ({ what: 'status', detail: to }),
  priority: (to) => ({ what: 'priority', detail: to }),
  assignedTo: (to, q) =>
    to === 'ai'
      ? { what: 'ai_assigned' }
      : { what: 'assignee', detail: to === null ? null : staffById(q, to)?.name },
  departmentId: (to, q) => ({ what: 'department', detail: nameIn(departmentStore, q, to) }),
  categoryId: (to, q) => ({ what: 'category', detail: nameIn(categoryStore, q, to) }),
  productId: (to, q) => ({ what: 'product', detail: nameIn(productStore, q, to) }),
  isResolved: (to) => ({ what: to ? 'resolved' : 'unresolved' }),
  resolutionType: (to) => ({ what: 'resolution', detail: to }),
  isLocked: (to) => ({ what: to ? 'locked' : 'unlocked' }),
  customFields: () => ({ what: 'custom_fields' }),
  labels: (to) => ({ what: 'labels', detail: to.length === 0 ? null : to.join(', ') }),
}

const changeNames = Object.keys(changeEntries) as ChangeName[]

type Named = { byId(q: Queries, id: number): { readonly name: string } | undefined }

function nameIn(store: Named, q: Queries, id: number | null): string | null | undefined {
  return id === null ? null : store.byId(q, id)?.name
}
