import { publicId, uidOf } from '../lib/ids.ts'
import { labelsOfTickets } from '../store/labels.ts'
import { ticketPriorities, type TicketPriority } from '../store/schema.ts'
import type { Assignee } from './assignments.ts'
import type { Fact } from './facts.ts'
import { labelIdsByName } from './labels.ts'
import { postMessage } from './messages.ts'
import { findStaffByUid } from './staff.ts'
import { getTicketRow, changeTicket, type TicketPatch } from './tickets.ts'
import type { Reader, Tx } from './tx.ts'
import { changesTold, statusOf } from './workflowfacts.ts'
import type { Action } from './workflowsteps.ts'

/** The actions that are done in the desk itself, in the transaction of their step. */
const deskActions = [
  'set_status',
  'set_priority',
  'assign_to',
  'add_tags',
  'remove_tags',
  'add_internal_note',
  'send_reply',
] as const

type DeskAction = (typeof deskActions)[number]

/** What was done, for the record of the step; or why it cannot be, however often it is tried. */
export type Done =
  { readonly result: { readonly [name: string]: Fact } } | { readonly failure: string }

type Config = Action['config']

const nameMax = 250

export function isDeskAction(type: string): type is DeskAction {
  return (deskActions as readonly string[]).includes(type)
}

/**
 * Does an action of the desk. `signature` goes below a reply that asks for it. What changes nothing is done as
 * well, and no event tells of it.
 */
export function doInDesk(
  tx: Tx,
  ticketId: number | null,
  action: Action & { readonly type: DeskAction },
  signature: string,
): Done {
  if (ticketId === null) return { failure: 'The run has no ticket' }
  const { type, config } = action
  if (type === 'send_reply') return say(tx, ticketId, replyIn(config, signature), action)
  if (type === 'add_internal_note') {
    return say(tx, ticketId, textIn(config, 'content', 'note', 'body'), action)
  }
  const patch = patchOf(tx, ticketId, type, config)
  if (typeof patch === 'string') return { failure: patch }
  return { result: { changes: changesTold(tx, changeTicket(tx, ticketId, patch)) } }
}

/** The text of a reply, with the signature when the configuration asks for it. */
export function replyIn(config: Config, signature: string): string {
  const text = textIn(config, 'content', 'body', 'message')
  const isSigned = config['includeSignature'] === true && signature !== '' && text !== ''
  return isSigned ? `${text}\n\n${signature}` : text
}

/** The first of these members that is a text with anything in it. */
export function textIn(config: Config, ...names: readonly string[]): string {
  for (const name of names) {
    const value = config[name]
    if (typeof value === 'string' && value.trim() !== '') return value
  }
  return ''
}

function say(tx: Tx, ticketId: number, body: string, { type, isFromModel }: Action): Done {
  if (body === '') return { failure: `${type} has no text` }
  const message = postMessage(tx, ticketId, {
    body,
    isInternal: type === 'add_internal_note',
    direction: 'outbound',
    isByAi: isFromModel,
    isByWorkflow: true,
  })
  return { result: { messageId: publicId('message', message.uid) } }
}

/** What an action changes in its ticket, or why it cannot be said. */
export function patchOf(
  tx: Tx,
  ticketId: number,
  type: string,
  config: Config,
): TicketPatch | string {
  switch (type) {
    case 'set_status': {
      const status = statusOf(textIn(config, 'status', 'value'))
      return status ? { status } : 'set_status has no known status'
    }
    case 'set_priority': {
      const priority = priorityOf(textIn(config, 'priority', 'value'))
      return priority ? { priority } : 'set_priority has no known priority'
    }
    case 'assign_to': {
      const assignedTo = assigneeIn(tx, config)
      return assignedTo === undefined ? 'assign_to names nobody there is' : { assignedTo }
    }
    default:
      return { labelIds: labelsAfter(tx, ticketId, type === 'add_tags', tagsIn(config)) }
  }
}

export function priorityOf(word: string): TicketPriority | undefined {
  return ticketPriorities.find((priority) => priority === word.trim().toLowerCase())
}

/** The tags of a configuration: a list, or one text with commas. */
export function tagsIn(config: Config): string[] {
  const given = config['tags'] ?? config['tag'] ?? config['value'] ?? []
  const listed = typeof given === 'string' ? given.split(',') : Array.isArray(given) ? given : []
  const names = listed.map((name) => (typeof name === 'string' ? name.trim() : ''))
  return [...new Set(names.filter((name) => name !== '').map((name) => name.slice(0, nameMax)))]
}

export function assigneeWordIn(config: Config): string {
  return textIn(config, 'assignee', 'assignedTo', 'userId', 'value').trim()
}

/** `user_…`, `ai`, or `unassigned`; undefined for anybody else. */
export function assigneeIn(reader: Reader, config: Config): Assignee | undefined {
  const word = assigneeWordIn(config)
  if (word === 'ai') return 'ai'
  if (word === 'unassigned') return null
  const uid = uidOf('staff', word)
  const person = uid === undefined ? undefined : findStaffByUid(reader, uid)
  return person?.id
}

function labelsAfter(tx: Tx, ticketId: number, isAdded: boolean, names: string[]): number[] {
  getTicketRow(tx, ticketId)
  const held = labelsOfTickets(tx.q, [ticketId])
  const added = isAdded ? labelIdsByName(tx, names) : []
  const gone = new Set(isAdded ? [] : names.map((name) => name.toLowerCase()))
  const kept = held.filter(({ name }) => !gone.has(name.toLowerCase()))
  return [...kept.map(({ id }) => id), ...added]
}
