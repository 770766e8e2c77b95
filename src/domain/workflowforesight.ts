import type { Fact, Facts } from './facts.ts'
import { assigneeWordIn, tagsIn, textIn } from './workflowactions.ts'
import type { Action } from './workflowsteps.ts'

// What an action would do, told without doing it: to a simulation, and to the person who is asked first.

export type FactChange = { readonly field: string; readonly from: Fact; readonly to: Fact }

/** The facts as they would be after an action. What a model would have written is not known. */
export function factsAfter(facts: Facts, { type, config }: Action): Facts {
  const { ticket } = facts
  if (type === 'generate_ai_response')
    return saved(facts, textIn(config, 'saveAs') || 'response', '')
  if (type === 'classify_ticket') {
    const unknown = { category: '', sentiment: '', urgency: '' }
    return saved(facts, textIn(config, 'saveAs') || 'classification', unknown)
  }
  if (!ticket) return facts
  const change = (changed: Partial<typeof ticket>) => ({
    ...facts,
    ticket: { ...ticket, ...changed, updatedAt: facts.now },
  })
  switch (type) {
    case 'set_status':
      return change({ status: textIn(config, 'status', 'value') })
    case 'set_priority':
      return change({ priority: textIn(config, 'priority', 'value').toLowerCase() })
    case 'assign_to': {
      const assignee = assigneeWordIn(config)
      return change({ assignedTo: assignee === 'unassigned' ? null : assignee })
    }
    case 'add_tags':
      return change({ tags: [...new Set([...ticket.tags, ...tagsIn(config)])] })
    case 'remove_tags': {
      const gone = new Set(tagsIn(config).map((tag) => tag.toLowerCase()))
      return change({ tags: ticket.tags.filter((tag) => !gone.has(tag.toLowerCase())) })
    }
    default:
      return facts
  }
}

function saved(facts: Facts, name: string, value: Fact): Facts {
  return { ...facts, variables: { ...facts.variables, [name]: { value, isFromModel: true } } }
}

const changeable = ['status', 'priority', 'assignedTo', 'tags'] as const

/** What differs of a ticket that an action may change. */
export function changesBetween(before: Facts, after: Facts): FactChange[] {
  return changeable.flatMap((field) => {
    const from = before.ticket?.[field] ?? null
    const to = after.ticket?.[field] ?? null
    return Bun.deepEquals(from, to) ? [] : [{ field, from, to }]
  })
}
