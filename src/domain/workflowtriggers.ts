import { localMoment } from '../lib/cron.ts'
import { publicId } from '../lib/ids.ts'
import type { Millis } from '../lib/time.ts'
import { customValuesOfTickets } from '../store/customvalues.ts'
import type { TriggerKind } from '../store/schema.ts'
import { runsWaitingOnTicket } from '../store/workflowruns.ts'
import { putTimer, removeTimer } from '../store/workflowtimes.ts'
import type { EventBodies, NewEvent, RecordedEvent } from './events.ts'
import { folded, type Fact } from './facts.ts'
import type { Tx } from './tx.ts'
import { resumeDecided } from './workflowapprovals.ts'
import { changesTold } from './workflowfacts.ts'
import type { TimerBasis, TimerRule, Watching, WatchingList } from './workflowlist.ts'
import { failRun, leadOf, startRun } from './workflowruns.ts'

/** What an event starts: workflows of these triggers, each with its data. */
type Occasion = {
  readonly kind: TriggerKind
  readonly data: Fact
  readonly messageId?: number
}

/**
 * Starts the runs of an event, in its transaction, and keeps the timers of its ticket; lets runs go on that waited
 * for it. With no workflow that is switched on it looks at a list in memory and is done.
 */
export function followWorkflows(tx: Tx, list: WatchingList, event: RecordedEvent): void {
  list.note(event.type)
  if (event.type === 'approval.decided') resumeDecided(tx, event.body.id, event.body.decision)
  if (event.type === 'approval.expired') resumeDecided(tx, event.body.id, 'expired')
  const { ticketId } = event
  if (ticketId === null) return
  if (event.type === 'ticket.deleted') return endWaiting(tx, ticketId)
  const watching = list.get(tx.q)
  if (watching.length === 0) return
  keepTimers(tx, watching, ticketId, event)
  for (const { kind, data, messageId } of occasionsOf(tx, event)) {
    for (const workflow of watching) {
      if (workflow.kind !== kind) continue
      startRun(tx, {
        workflowId: workflow.id,
        version: workflow.version,
        triggerType: workflow.triggerType,
        ticketId,
        messageId: messageId ?? null,
        data,
        cause: `event:${event.sequence}`,
      })
    }
  }
}

/** A proposal goes with its ticket, so nobody will decide it. */
function endWaiting(tx: Tx, ticketId: number): void {
  for (const id of runsWaitingOnTicket(tx.q, ticketId)) failRun(tx, id, 'The ticket was deleted')
}

/** keva.md 8.4 and R5. The opening message is a part of its ticket; a note is nobody's message. */
function occasionsOf(tx: Tx, event: NewEvent): Occasion[] {
  const { type, body } = event
  if (type === 'ticket.created') return [{ kind: 'ticket_created', data: createdData(body) }]
  if (type === 'ticket.updated') return updateOccasions(tx, body)
  if (type === 'ticket.closed') return [{ kind: 'ticket_closed', data: closedData(body) }]
  return type === 'message.created' ? messageOccasions(body) : []
}

function closedData({ uid, ...told }: EventBodies['ticket.closed']): Fact {
  return { ticketId: publicId('ticket', uid), ...told }
}

function createdData(body: EventBodies['ticket.created']): Fact {
  const { uid, ...told } = body
  return { ticketId: publicId('ticket', uid), ...told }
}

function messageOccasions(said: EventBodies['message.created']): Occasion[] {
  if (said.isOpening || said.direction !== 'inbound') return []
  const { messageId, messageUid, ticketUid, direction, senderEmail, body } = said
  const data = {
    ticketId: publicId('ticket', ticketUid),
    messageId: publicId('message', messageUid),
    direction,
    senderEmail,
    body,
  }
  return [{ kind: 'message_received', data, messageId }]
}

/**
 * One update may be an occasion for several triggers, each once. Its data have what was before, in the words of a
 * graph, under `previous` and beside what is now under `changes`.
 */
function updateOccasions(tx: Tx, body: EventBodies['ticket.updated']): Occasion[] {
  const { changes } = body
  const told = changesTold(tx, changes)
  const names = Object.keys(told)
  const data = {
    ticketId: publicId('ticket', body.uid),
    changes: told,
    previous: Object.fromEntries(names.map((name) => [name, told[name]?.from ?? null])),
  }
  const occasions: Occasion[] = [{ kind: 'ticket_updated', data }]
  // One word stands for two stored statuses, between which a graph sees no change.
  if (told['status'] && told['status'].from !== told['status'].to) {
    occasions.push({ kind: 'ticket_status_changed', data: { ...data, ...told['status'] } })
  }
  if (changes.assignedTo && changes.assignedTo.to !== null) {
    occasions.push({ kind: 'ticket_assigned', data: { ...data, ...told['assignedTo'] } })
  }
  const { from = [], to = [] } = changes.labels ?? {}
  const added = to.filter((tag) => !from.includes(tag))
  if (added.length > 0) {
    occasions.push({ kind: 'tag_added', data: { ...data, tag: added[0] ?? '', tags: added } })
  }
  return occasions
}

/** What an event does to the timers of a basis: sets them anew, takes them away, or nothing. */
const timerRules: {
  readonly [B in TimerBasis]: (event: NewEvent) => 'set' | 'remove' | 'keep'
} = {
  created: ({ type }) => (type === 'ticket.created' ? 'set' : 'keep'),
  updated: ({ type }) => (updating.has(type) ? 'set' : 'keep'),
  date_field: (event) => (setsFields(event) ? 'set' : 'keep'),
  no_reply(event) {
    if (event.type === 'ticket.closed') return 'remove'
    if (event.type !== 'message.created') return 'keep'
    return event.body.direction === 'inbound' ? 'set' : 'remove'
  },
}

function setsFields({ type, body }: NewEvent): boolean {
  return type === 'ticket.created' || (type === 'ticket.updated' && !!body.changes.customFields)
}

const updating: ReadonlySet<string> = new Set([
  'ticket.created',
  'ticket.updated',
  'message.created',
  'note.created',
])

/** When a timer comes that is wound up now; undefined for a time that was, or without a date to count from. */
function timerTime(tx: Tx, timer: TimerRule, ticketId: number): Millis | undefined {
  const { basis, afterMs, field, timezone } = timer
  if (basis !== 'date_field') return tx.now + afterMs
  const values = customValuesOfTickets(tx.q, [ticketId])
  const date = values.find(({ label }) => folded(label) === folded(field))?.value
  const at = date === undefined ? undefined : localMoment(date, timezone)
  return at === undefined || at + afterMs <= tx.now ? undefined : at + afterMs
}

function keepTimers(
  tx: Tx,
  watching: readonly Watching[],
  ticketId: number,
  event: NewEvent,
): void {
  for (const { id: workflowId, timer } of watching) {
    if (!timer) continue
    // What a rule does to a ticket must not wind its own clock up again.
    if (tx.actor.run?.workflowId === workflowId) continue
    const change = timerRules[timer.basis](event)
    if (change === 'keep') continue
    const dueAt = change === 'set' ? timerTime(tx, timer, ticketId) : undefined
    if (dueAt === undefined) removeTimer(tx.q, { workflowId, ticketId })
    else putTimer(tx.q, { workflowId, ticketId, dueAt, ...leadOf(tx) })
  }
}
