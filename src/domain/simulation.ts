import type { Millis } from '../lib/time.ts'
import { ticketsBefore, type Place } from '../store/ticketspans.ts'
import type { Comparison } from './conditions.ts'
import { systemActor, type Desk, type Reader } from './tx.ts'
import { replyIn } from './workflowactions.ts'
import { needsApproval, type Autonomy } from './workflowapprovals.ts'
import { isOutside } from './workflowcalls.ts'
import { patternsIn } from './graphchecks.ts'
import { factsOf } from './workflowfacts.ts'
import { changesBetween, factsAfter, type FactChange } from './workflowforesight.ts'
import type { Graph } from './workflowgraph.ts'
import { programOf, stepAt, type Action, type Program } from './workflowsteps.ts'

// What a workflow would do, tried on tickets that there are, without doing anything. It takes the way that a run
// takes, by the same step; what its actions would change is changed in the facts alone.

/** Which tickets: the last so many, or those opened in a span of time. */
export type Span =
  { readonly last: number } | { readonly from: Millis; readonly to: Millis; readonly most?: number }

export type SimulatedStep = {
  readonly nodeId: string
  readonly kind: 'condition' | 'action' | 'delay'
  /** How each comparison of a condition came out. */
  readonly comparisons?: readonly Comparison[]
  readonly held?: boolean
  readonly action?: string
  /** Whether a person would be asked first. */
  readonly asks?: boolean
}

export type SimulatedTicket = {
  readonly ticketId: number
  /** `tkt_…`. */
  readonly id: string
  readonly reference: string
  readonly path: readonly SimulatedStep[]
  readonly changes: readonly FactChange[]
  /** What would go out: replies, notes and calls, as their configuration would be then. */
  readonly sends: readonly { readonly action: string; readonly config: Action['config'] }[]
}

export type Simulation = {
  readonly tickets: number
  readonly matched: number
  /** How many tickets came by each node. */
  readonly visits: { readonly [nodeId: string]: number }
  /** Tickets that something would have been done to, the newest first, so many at most. */
  readonly results: readonly SimulatedTicket[]
}

export type SimulationRules = {
  readonly autonomy: Autonomy
  readonly timezone: string
  readonly triggerType: string
  readonly resultsMost: number
}

const chunkSize = 50
const ticketsMost = 100_000
const nodesMost = 500

/**
 * Tries a graph on past tickets as they are now. It reads a few at a time and lets everybody else go on between, so
 * it is a picture of no single moment.
 */
export async function simulateWorkflow(
  desk: Desk,
  graph: Graph,
  span: Span,
  rules: SimulationRules,
): Promise<Simulation> {
  const program = programOf(graph)
  const tally = { tickets: 0, matched: 0, visits: {} as { [nodeId: string]: number } }
  const results: SimulatedTicket[] = []
  // Patterns of the worst kind take long for a single ticket.
  const atOnce = patternsIn(graph) > 0 ? 1 : chunkSize
  const from = 'from' in span ? span.from : 0
  const most = Math.min('last' in span ? span.last : (span.most ?? ticketsMost), ticketsMost)
  let place: Place | undefined =
    'to' in span ? { createdAt: span.to, id: 0 } : { createdAt: Number.MAX_SAFE_INTEGER, id: 0 }
  while (place && tally.tickets < most) {
    const at: Place = place
    const limit = Math.min(atOnce, most - tally.tickets)
    const chunk = desk.read(systemActor, (reader) => {
      const places = ticketsBefore(reader.q, at, from, limit)
      return { places, tried: places.map(({ id }) => simulateTicket(reader, program, id, rules)) }
    })
    for (const { ticket, visited } of chunk.tried) {
      for (const nodeId of visited) tally.visits[nodeId] = (tally.visits[nodeId] ?? 0) + 1
      if (!ticket) continue
      tally.matched += 1
      if (results.length < rules.resultsMost) results.push(ticket)
    }
    tally.tickets += chunk.places.length
    place = chunk.places.length < limit ? undefined : chunk.places.at(-1)
    await new Promise((resolve) => void setImmediate(resolve))
  }
  return { ...tally, results }
}

type Tried = { readonly ticket: SimulatedTicket | null; readonly visited: readonly string[] }

/** Tries a graph on one ticket; the ticket of the answer is null when nothing would be done to it. */
export function simulateTicket(
  reader: Reader,
  program: Program,
  ticketId: number,
  { autonomy, timezone, triggerType }: SimulationRules,
): Tried {
  const trigger = { type: triggerType, at: reader.now, data: {} }
  const before = factsOf(
    reader,
    { ticketId, messageId: null },
    { timezone, variables: {}, trigger },
  )
  const visited: string[] = []
  const path: SimulatedStep[] = []
  const sends: { action: string; config: Action['config'] }[] = []
  let facts = before
  let nodeId = program.start ?? null
  while (nodeId !== null && visited.length < nodesMost) {
    const step = stepAt(program, nodeId, facts)
    visited.push(nodeId)
    if (step.kind === 'condition') {
      const { held, comparisons } = step
      path.push({ nodeId, kind: 'condition', held, comparisons })
    } else if (step.kind === 'delay') {
      path.push({ nodeId, kind: 'delay' })
      facts = { ...facts, now: facts.now + step.delayMs }
    } else if (step.kind === 'action') {
      const { action } = step
      const asks = needsApproval(action, autonomy, facts)
      path.push({ nodeId, kind: 'action', action: action.type, asks })
      if (isSent(action)) sends.push({ action: action.type, config: action.config })
      facts = factsAfter(facts, action)
    }
    nodeId = 'next' in step ? step.next : null
  }
  const hasActed = path.some(({ kind }) => kind === 'action')
  const { ticket } = before
  if (!hasActed || !ticket) return { ticket: null, visited }
  const { id, reference } = ticket
  const changes = changesBetween(before, facts)
  return { ticket: { ticketId, id, reference, path, changes, sends }, visited }
}

function isSent({ type, config }: Action): boolean {
  if (type === 'send_reply') return replyIn(config, '') !== ''
  return type === 'add_internal_note' || isOutside(type)
}
