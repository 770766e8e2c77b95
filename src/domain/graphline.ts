import type { Graph, GraphEdge, GraphNode, NodeData } from './workflowgraph.ts'

/** A node in short. */
export type Step =
  | { readonly label: string; readonly action: string; readonly config?: NodeData }
  | {
      readonly label: string
      readonly conditions: readonly NodeData[]
      readonly matchMode?: 'all' | 'any'
      readonly workingHours?: NodeData
    }
  | { readonly label: string; readonly duration: number; readonly unit: string }

/** A graph of nodes in one line. Where a condition does not hold, the line ends. */
export function line(trigger: NodeData, ...steps: readonly Step[]): Graph {
  const start: GraphNode = { id: 'start', type: 'trigger', data: trigger }
  const middle = steps.map((step, at): GraphNode => ({ id: `step${at + 1}`, ...partsOf(step) }))
  const end: GraphNode = { id: 'end', type: 'end', data: {} }
  const nodes = [start, ...middle, end]
  const edges = nodes.slice(0, -1).flatMap(({ id, type }, at): GraphEdge[] => {
    const source = id
    const target = nodes[at + 1]?.id ?? end.id
    if (type !== 'condition') return [{ id: `${source}-next`, source, target }]
    return [
      { id: `${source}-true`, source, target, sourceHandle: 'true' },
      { id: `${source}-false`, source, target: end.id, sourceHandle: 'false' },
    ]
  })
  return { nodes, edges }
}

function partsOf({ label, ...step }: Step): { readonly type: string; readonly data: NodeData } {
  if ('action' in step) {
    return { type: 'action', data: { label, actionType: step.action, config: step.config ?? {} } }
  }
  if ('duration' in step) return { type: 'delay', data: { label, ...step } }
  return { type: 'condition', data: { label, matchMode: 'all', ...step } }
}

export function raised(priority: string): Step {
  return { label: `Make it ${priority}`, action: 'set_priority', config: { priority } }
}

export function tagged(tags: readonly string[]): Step {
  return { label: 'Tag it', action: 'add_tags', config: { tags } }
}

export function noted(content: string): Step {
  return { label: 'Tell the team', action: 'add_internal_note', config: { content } }
}

export function replied(label: string, content: string): Step {
  return { label, action: 'send_reply', config: { content, includeSignature: true } }
}
