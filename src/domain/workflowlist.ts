import { dayMs, hourMs, minuteMs, type Millis } from '../lib/time.ts'
import { foreignChanges } from '../store/keys.ts'
import type { Queries } from '../store/queries.ts'
import type { TriggerKind } from '../store/schema.ts'
import { activeWorkflows, type ActiveWorkflowRow } from '../store/workflowruns.ts'
import type { EventName } from './events.ts'
import type { Graph } from './workflowgraph.ts'

/** What a rule with a time counts from. */
export type TimerBasis = 'no_reply' | 'created' | 'updated' | 'date_field'

/** `afterMs` is negative for a time before. */
export type TimerRule = {
  readonly basis: TimerBasis
  readonly afterMs: Millis
  /** The label of the custom field with the date, for that basis. */
  readonly field: string
  readonly timezone: string
}

/** A workflow that is switched on, as far as a start of it depends on. */
export type Watching = {
  readonly id: number
  readonly version: number
  readonly triggerType: string
  readonly kind: TriggerKind
  /** What it waits for on each ticket, when its times are those of tickets and not of a calendar. */
  readonly timer: TimerRule | undefined
}

/**
 * The workflows that are switched on, in memory, so that an event of a desk without workflows costs one look at a
 * list. A transaction that changes a workflow makes the list be read anew, in that transaction and after it,
 * whatever becomes of it. Each transaction that announces something asks once whether another process has changed
 * the database, as the outbox does.
 */
export class WatchingList {
  #all: readonly Watching[] | undefined
  #foreign = -1
  #checked: Queries | undefined

  /** Those that are switched on. */
  get(q: Queries): readonly Watching[] {
    if (this.#checked !== q) this.#check(q)
    this.#all ??= activeWorkflows(q).map(watchingOf)
    return this.#all
  }

  #check(q: Queries): void {
    this.#checked = q
    const foreign = foreignChanges(q)
    if (foreign !== this.#foreign) this.#all = undefined
    this.#foreign = foreign
  }

  /** To be told of each event as it is announced, and of those of a transaction that came to nothing. */
  note(type: EventName): void {
    if (type.startsWith('workflow.')) this.#all = undefined
  }
}

const unitsMs: { readonly [unit: string]: Millis } = {
  minutes: minuteMs,
  hours: hourMs,
  days: dayMs,
}

const bases: ReadonlySet<unknown> = new Set<TimerBasis>([
  'no_reply',
  'created',
  'updated',
  'date_field',
])

function watchingOf(row: ActiveWorkflowRow): Watching {
  const { id, version, triggerType, triggerKind, graph, timezone } = row
  return { id, version, triggerType, kind: triggerKind, timer: timerIn(graph, timezone ?? 'UTC') }
}

/**
 * `timer: { basis, duration, unit }` in the data of the trigger: so long after a ticket was created, after it was
 * last changed, or after its customer wrote and nobody has replied; with `field` and `direction`, so long before or
 * after the date in a custom field.
 */
function timerIn(text: string, timezone: string): TimerRule | undefined {
  const { nodes } = JSON.parse(text) as Graph
  const timer = nodes.find((node) => node.type === 'trigger')?.data?.['timer']
  if (typeof timer !== 'object' || timer === null) return undefined
  const { basis, duration, unit, direction, field } = timer as { readonly [name: string]: unknown }
  const unitMs = unitsMs[typeof unit === 'string' ? unit : 'minutes']
  if (!bases.has(basis) || unitMs === undefined || !(Number(duration) > 0)) return undefined
  const lengthMs = Math.round(Number(duration) * unitMs)
  return {
    basis: basis as TimerBasis,
    afterMs: direction === 'before' ? -lengthMs : lengthMs,
    field: typeof field === 'string' ? field : '',
    timezone,
  }
}
