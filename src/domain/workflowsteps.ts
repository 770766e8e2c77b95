import { dayMs, hourMs, minuteMs, secondMs, type Millis } from '../lib/time.ts'
import { usualHours, type WorkingHours } from './conditionfields.ts'
import { judge, type Comparison, type Condition } from './conditions.ts'
import type { Fact, Facts } from './facts.ts'
import { renderConfig } from './templates.ts'
import type { Graph, GraphNode } from './workflowgraph.ts'

/** A graph made ready to be walked. */
export type Program = {
  readonly start: string | undefined
  node(id: string): GraphNode | undefined
  /** The node after this one, by the branch it took. */
  after(id: string, branch?: boolean): string | null
}

/** What an action is to do: its kind, and its configuration with every place filled. */
export type Action = {
  readonly type: string
  readonly config: { readonly [name: string]: Fact }
  /** Whether a model wrote a part of the configuration. */
  readonly isFromModel: boolean
}

/** What happens at one node, and where the run goes from there; null is its end. */
export type Step =
  | { readonly kind: 'trigger'; readonly next: string | null }
  | {
      readonly kind: 'condition'
      readonly held: boolean
      readonly comparisons: readonly Comparison[]
      readonly next: string | null
    }
  | { readonly kind: 'action'; readonly action: Action; readonly next: string | null }
  | { readonly kind: 'delay'; readonly delayMs: Millis; readonly next: string | null }
  | { readonly kind: 'end' }
  | { readonly kind: 'broken'; readonly reason: string }

const delayMsMax = 366 * dayMs

const units: { readonly [unit: string]: Millis } = {
  seconds: secondMs,
  minutes: minuteMs,
  hours: hourMs,
  days: dayMs,
}

export function programOf({ nodes, edges }: Graph): Program {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const from = Map.groupBy(edges, (edge) => edge.source)
  return {
    start: nodes.find((node) => node.type === 'trigger')?.id,
    node: (id) => byId.get(id),
    after(id, branch) {
      const out = from.get(id) ?? []
      const taken =
        branch === undefined ? out[0] : out.find((edge) => edge.sourceHandle === String(branch))
      return taken?.target ?? null
    },
  }
}

/**
 * What a run does at a node. Pure: it depends on the graph, the node and the facts of the moment alone, so a
 * simulation takes the same way as a run.
 */
export function stepAt(program: Program, nodeId: string, facts: Facts): Step {
  const node = program.node(nodeId)
  if (!node) return { kind: 'broken', reason: `There is no node ${nodeId}` }
  const data = node.data ?? {}
  switch (node.type) {
    case 'trigger':
      return { kind: 'trigger', next: program.after(nodeId) }
    case 'condition': {
      const mode = data['matchMode'] === 'any' ? 'any' : 'all'
      const judgement = judge(facts, conditionsIn(data), mode, hoursIn(data))
      return { kind: 'condition', ...judgement, next: program.after(nodeId, judgement.held) }
    }
    case 'action':
      return { kind: 'action', action: actionIn(data, facts), next: program.after(nodeId) }
    case 'delay':
      return { kind: 'delay', delayMs: delayIn(data), next: program.after(nodeId) }
    case 'end':
      return { kind: 'end' }
    default:
      return { kind: 'broken', reason: `The node ${nodeId} is of no known type` }
  }
}

type Data = { readonly [name: string]: unknown }

function conditionsIn(data: Data): Condition[] {
  const listed = Array.isArray(data['conditions']) ? data['conditions'] : [data]
  return listed.flatMap((one: unknown) => {
    if (!isObject(one) || typeof one['field'] !== 'string') return []
    const { field, operator, value } = one
    return [{ field, operator: typeof operator === 'string' ? operator : '', value }]
  })
}

function actionIn(data: Data, facts: Facts): Action {
  const { actionType, config } = data
  const type = typeof actionType === 'string' ? actionType : ''
  return { type, ...renderConfig(facts, isObject(config) ? config : {}) }
}

function delayIn({ duration, unit }: Data): Millis {
  const unitMs = units[typeof unit === 'string' ? unit : 'minutes'] ?? minuteMs
  const length = Number(duration)
  if (!(length > 0)) return 0
  return Math.min(delayMsMax, Math.round(length * unitMs))
}

/** `workingHours: { days: [1, 2], from: "09:00", to: "17:00", timezone }`; what is left out is as usual. */
function hoursIn({ workingHours }: Data): WorkingHours {
  if (!isObject(workingHours)) return usualHours
  const { days, from, to, timezone } = workingHours
  return {
    days: Array.isArray(days) ? days.map(Number) : usualHours.days,
    fromMinute: minuteIn(from) ?? usualHours.fromMinute,
    toMinute: minuteIn(to) ?? usualHours.toMinute,
    timezone: typeof timezone === 'string' ? timezone : null,
  }
}

function minuteIn(time: unknown): number | undefined {
  const [, hour, minute] = /^(\d{1,2}):(\d{2})$/.exec(String(time)) ?? []
  return hour === undefined ? undefined : Number(hour) * 60 + Number(minute)
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
