import type { z } from 'zod'
import type { DiffLine, ProposedChanges } from '../../domain/approvals.ts'
import type { LabelledTicket } from '../../domain/ticketviews.ts'
import { publicId, uidOf } from '../../lib/ids.ts'
import { finding } from '../fields.ts'
import { shownStatuses } from '../shown.ts'
import { change, present, statusChange } from './tickets.ts'

/** What `update_ticket` proposes: the fields of the ticket's own PATCH (keva.md 4.6), at least one. */
export const changesTable = change.refine(
  (changes) => Object.values(changes).some((value) => value !== undefined),
  finding({ rule: 'required' }),
)

type Changes = z.output<typeof changesTable>

/** The changes as they are kept until somebody decides. */
export function storedChanges({ status, assignedTo, tags, ...plain }: Changes): ProposedChanges {
  return {
    ...plain,
    status: status && statusChange(status),
    assigneeUid: assignedTo && assignedTo !== 'ai' ? uidOf('staff', assignedTo) : assignedTo,
    labels: tags,
  }
}

/** The changes as they were sent. */
export function presentChanges({
  status,
  priority,
  assigneeUid,
  labels,
  subject,
  resolutionType,
}: ProposedChanges) {
  return {
    status: status && shownStatuses[status.to],
    priority,
    assignedTo: assigneeUid && assigneeUid !== 'ai' ? publicId('staff', assigneeUid) : assigneeUid,
    tags: labels,
    subject,
    resolutionType,
  }
}

/** What the changes would do to the ticket as it is, for a proposal that does not say. */
export function diffOf(changes: ProposedChanges, ticket: LabelledTicket): DiffLine[] {
  const now: { readonly [field: string]: unknown } = present(ticket)
  return Object.entries(presentChanges(changes)).flatMap(([field, to]) => {
    if (to === undefined) return []
    const [before, after] = [display(now[field]), display(to)]
    return before === after ? [] : [{ field, before, after }]
  })
}

function display(value: unknown): string {
  if (Array.isArray(value)) return value.join(', ')
  return typeof value === 'string' ? value : ''
}
